"""Many jobs of one action as one task: when each item is submitted, and how its result is collected.

Items are submitted one after the other, so that at most one submission at a time has an unknown outcome. The wait in
between may happen in another process: everything that a batch knows it has from its ledger.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from airflow_provider_viapi.errors import (
    ConfigurationError,
    CredentialsRejected,
    JobFailed,
    JobTimedOut,
    PermissionDenied,
    ServiceError,
    StopRequested,
    Throttled,
    TransientError,
)
from airflow_provider_viapi.jobs.batch.background_wait import Unwatched, Watch
from airflow_provider_viapi.jobs.batch.budget import Budget
from airflow_provider_viapi.jobs.batch.interfaces import BatchBackend, BatchConfig, Meter
from airflow_provider_viapi.jobs.batch.ledger import BatchLedger, Item, Row
from airflow_provider_viapi.jobs.batch.report import Progress, describe_error, describe_item, failed_row
from airflow_provider_viapi.jobs.batch.wait import AFFECTS_ALL_JOBS, FinishedJobs, WaitPolicy
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.task_run import TaskRun
from airflow_provider_viapi.jobs.usage import Usage

ROWS_PER_WRITE = 20
"""Rows that are recorded together; if a worker is lost before that, their results are fetched again."""

CONCURRENT_DOWNLOADS = 4

MAX_SUBMITTING = timedelta(seconds=300)
"""After so long finished jobs are processed before more are submitted: links of results expire after 30 minutes."""

INITIAL_BACKOFF = 0.5
"""Seconds after a failed submission; doubled after each further one."""

MAX_FAILED_SUBMISSIONS = 5
"""After so many failed submissions in a row the batch stops submitting for a while."""

COLLECTED_TOGETHER = 10
"""Number of jobs that have ended after which their results are collected before more are submitted."""

PROGRESS_INTERVAL = timedelta(seconds=30)
"""Between two log lines about the progress while the batch submits."""

MAX_LOGGED_FAILURES = 100
"""Failed items of an attempt that have a log line each."""

MAX_WAIT = 180.0
"""Seconds for which a finished job waits for others; links of results expire after 30 minutes."""

LANDED_TOGETHER = 25
"""Number of finished jobs that are worth a worker which lands their results."""

SUBMIT_AGAIN = timedelta(seconds=30)
"""When a batch that could not submit everything continues; later, the longer the service fails."""

MAX_TIMEOUT_GRACE = timedelta(minutes=1)
"""Time after the first timeout of a job in which other jobs may time out too, to be handled together."""


@dataclass
class Batch:
    """One attempt of a batch, or the part of it between two waits.

    :param items: the items of the attempt
    :param ledger: their record
    :param config: limits
    :param backend: submits, polls and collects
    :param run: the task's attempt
    :param is_closed: submit nothing, only collect what was submitted
    :param running: items whose jobs are waited for, by job id
    :param refusal: why nothing more is submitted, if the service refuses every submission
    :param failed_submissions: number of failed submissions in a row
    :param logged_failures: number of failed items that have been logged
    :param budget: limits of length and cost
    :param meter: measures what the budget limits; default: nothing is measured
    :param ended: items that ended since it was emptied, with their rows
    """

    items: Sequence[Item]
    ledger: BatchLedger
    config: BatchConfig
    backend: BatchBackend
    run: TaskRun
    is_closed: bool = False
    refusal: PermissionDenied | None = None
    failed_submissions: int = 0
    logged_failures: int = 0
    budget: Budget = field(default_factory=Budget)
    meter: Meter | None = None
    ended: list[tuple[Item, Row]] = field(default_factory=list)
    running: dict[str, Item] = field(default_factory=dict)

    def __post_init__(self) -> None:
        by_status: dict[str, list[Item]] = {}
        for item in self.items:
            by_status.setdefault(self.ledger.status(item.name), []).append(item)
        for item in by_status.get("running", ()):
            self.running[self._job_of(item).id] = item
        # Unknown outcomes are resolved first: every further job makes it harder to assign a listed job.
        self._left = deque([*by_status.get("unknown", ()), *by_status.get("new", ())])
        self._done = len(by_status.get("delivered", ()))
        self._failed = len(by_status.get("failed", ()))
        self._is_blocked = False
        self._longest: timedelta | None = None
        self._watch: Watch = Unwatched()

    @property
    def progress(self) -> Progress:
        """Number of items by status."""
        left = self.ledger.count - self._done - self._failed - len(self.running)
        return Progress(self._done, self._failed, len(self.running), left)

    @property
    def is_drained(self) -> bool:
        """True if this attempt submits nothing more."""
        return (
            not self._left
            or self.is_closed
            or self.refusal is not None
            or bool(self.budget.exhausted)
            or self._failed > self.config.max_failed
            or self.run.timing.now() >= self.config.until
        )

    @property
    def is_over(self) -> bool:
        """True if this attempt has nothing more to do."""
        return self.is_drained and not self.running

    @property
    def jobs(self) -> list[Job]:
        """The jobs to wait for."""
        return [self._job_of(item) for item in self.running.values()]

    def resume(self) -> None:
        """Continue previous attempts: cancel jobs that are no longer in the list, check those that run.

        :raises CredentialsRejected, ConfigurationError: the key cannot be used
        """
        self._cancel_unwanted()
        earlier, self.running = self.running, {}
        for job_id, item in earlier.items():
            if self.run.stop_requested():
                self.running[job_id] = item
            elif not self._begin(item):
                self._left.append(item)

    def submit(self, watch: Watch | None = None) -> None:
        """Submit at the limiter's rate until enough jobs run, nothing is left or the service keeps failing.

        :param watch: sees jobs end meanwhile, which make way for others; default: none
        :raises CredentialsRejected, ConfigurationError: the key cannot be used
        :raises PermissionDenied: jobs cannot be polled; the next attempt resumes them
        """
        self._watch = watch or Unwatched()
        try:
            for job in self.jobs:
                self._watch.add(job)
            self._submit()
            self.collect(self._watch.take())
            if watch is not None and self.is_drained:
                self._wait_for_last()
                self.collect(self._watch.take())
        finally:
            self._watch = Unwatched()

    def _submit(self) -> None:
        began = logged = self.run.timing.now()
        while not self.is_drained and self._has_capacity():
            if self._watch.ended >= COLLECTED_TOGETHER or self._watch.has_failures:
                self.collect(self._watch.take())
                self.expire_overdue()
            if self.running and self.run.timing.now() - began > MAX_SUBMITTING:
                return
            if self.is_drained or not self._may_submit(self._left[0]):
                return
            self.run.pause(max(0.0, self.backend.limiter.reserve()))
            if self.run.stop_requested():
                return
            if not self._begin(self._left[0]):
                self.failed_submissions += 1
                if self.failed_submissions >= MAX_FAILED_SUBMISSIONS:
                    return
                jitter = random.uniform(0.5, 1)  # noqa: S311
                self.run.pause(jitter * INITIAL_BACKOFF * 2**self.failed_submissions)
                continue
            self.failed_submissions = 0
            if self.refusal is None:
                self._left.popleft()
            if self.run.timing.now() - logged > PROGRESS_INTERVAL:
                logged = self.run.timing.now()
                self.log_progress()

    def _wait_for_last(self) -> None:
        """Wait for the last jobs if they will end soon: between a worker and a triggerer no result is fetched."""
        while self._ends_soon() and not self.run.stop_requested():
            self._watch.wait(1.0)
            if self._watch.ended >= min(COLLECTED_TOGETHER, len(self.running)) or self._watch.has_failures:
                self.collect(self._watch.take())
            self.expire_overdue()

    def _ends_soon(self) -> bool:
        """Return whether all running jobs will probably end soon: none takes longer than the longest so far."""
        entries = [entry for item in self.running.values() if (entry := self.ledger.entry(item.name))]
        if self._longest is None or not entries:
            return False
        left = max(entry.sent_at for entry in entries) + self._longest - self.run.timing.now()
        return timedelta(0) < left <= timedelta(seconds=self.run.timing.last_wait)

    @property
    def can_submit(self) -> bool:
        """True if nothing keeps the batch from submitting now."""
        is_full = len(self.running) >= self.config.max_in_flight
        return not (self.is_drained or self._is_blocked or is_full or self.failed_submissions)

    def _has_capacity(self) -> bool:
        """Return whether one more job may run; waits a moment for one to end."""
        left = self.run.timing.full_wait
        while (is_full := len(self.running) - self._watch.ended >= self.config.max_in_flight) and left > 0:
            if self.run.stop_requested():
                break
            self._watch.wait(min(1.0, left))
            left -= 1.0
        return not is_full

    def _may_submit(self, item: Item) -> bool:
        """Return whether the budget admits an item now; a submission whose outcome is unknown is resolved anyway."""
        if not self.budget.is_limited or self.ledger.entry(item.name) is not None:
            return True
        estimate = None if self.meter is None else self.meter.estimate(item)
        may_submit = self.budget.admits(estimate, len(self.running))
        self._is_blocked = not may_submit and bool(self.running)
        return may_submit

    def collect(self, finished: FinishedJobs) -> None:
        """Collect the results of jobs that have ended, and record the outcomes.

        :raises CredentialsRejected, PermissionDenied: jobs cannot be polled; the next attempt resumes them
        """
        unread = self._reports([job_id for job_id in finished.unread if job_id in self.running])
        reports = [report for report in (*finished.reports, *unread) if report.job_id in self.running]
        for start in range(0, len(reports), ROWS_PER_WRITE):
            if self.run.stop_requested():
                return
            some = reports[start : start + ROWS_PER_WRITE]
            with ThreadPoolExecutor(CONCURRENT_DOWNLOADS) as pool:
                rows = list(pool.map(self._row, some))
            items = [self.running[report.job_id] for report in some]
            self._note_durations(items)
            self._record(dict(zip(items, rows, strict=True)))
            for report in some:
                del self.running[report.job_id]
        refused = [error for error in finished.errors.values() if isinstance(error, AFFECTS_ALL_JOBS)]
        failed: dict[Item, Row] = {}
        for job_id, error in finished.errors.items():
            if error not in refused and job_id in self.running:
                failed[self.running.pop(job_id)] = self._failed_row(error, job_id, is_resumable=True)
        self._record(failed)
        if refused:
            raise refused[0]

    def _note_durations(self, items: Collection[Item]) -> None:
        entries = [entry for item in items if (entry := self.ledger.entry(item.name))]
        taken = [self.run.timing.now() - entry.sent_at for entry in entries]
        self._longest = max([*taken, self._longest or timedelta(0)])

    def expire_overdue(self) -> None:
        """Stop waiting for jobs that are late: queued ones are cancelled, others are left to the next attempt."""
        now = self.run.timing.now()
        late = [job_id for job_id, item in self.running.items() if now >= self.deadline_of(item)]
        self.collect(FinishedJobs([report for report in self._reports(late) if report.is_final]))
        expired = {job_id: self.running.pop(job_id) for job_id in late if job_id in self.running}
        rows = {}
        for job_id, item in expired.items():
            limit = f"after {self.config.job_timeout} (job_timeout), or at the end of execution_timeout"
            error = JobTimedOut(f"job {job_id} had not ended {limit}", job_id=job_id)
            rows[item] = self._failed_row(error, job_id, is_resumable=True)
        self._record(rows)
        self._cancel_and_release(expired)

    def cancel(self) -> None:
        """Cancel the running jobs that are still queued: a user has ended the task, or its time is over."""
        self._cancel_and_release(self.running)

    def deadline_of(self, item: Item) -> datetime:
        """Return when waiting for an item's job ends."""
        entry = self.ledger.entry(item.name)
        sent_at = entry.sent_at if entry else self.config.began
        return min(max(sent_at, self.config.began) + self.config.job_timeout, self.config.until)

    def wait_policy(self, *, lands: bool) -> WaitPolicy:
        """Return how long to wait now.

        :param lands: results are downloaded, which many workers could share
        """
        config, now = self.config, self.run.timing.now()
        # While there is more to submit, a tenth of the jobs make way for the next ones.
        enough = len(self.running)
        if not self.is_drained:
            enough = max(1, min(enough, config.max_in_flight // 10))
        until = config.until
        if self.running:
            first = min(self.deadline_of(item) for item in self.running.values())
            until = min(until, first + min(MAX_TIMEOUT_GRACE, config.job_timeout / 10))
        if not self.is_drained and not self._is_blocked and len(self.running) < config.max_in_flight:
            factor = min(10, max(1, self.failed_submissions - MAX_FAILED_SUBMISSIONS))
            until = min(until, now + factor * SUBMIT_AGAIN)
        return WaitPolicy(min(enough, LANDED_TOGETHER) if lands else enough, MAX_WAIT, until)

    def log_progress(self) -> None:
        """Log how many items are done."""
        elapsed = self.run.timing.now() - self.config.began
        self.run.log.info(
            "Batch of %d: %s", self.ledger.count, self.progress.describe(elapsed, self.config.done_before)
        )

    def _begin(self, item: Item) -> bool:
        """Resume or submit an item's job; false if the service fails now."""
        try:
            job, report = self.backend.resume_or_submit(item)
        except TransientError as error:
            if isinstance(error, Throttled):
                self.backend.limiter.on_throttled()
            if self._is_running(item):
                return True
            if self.failed_submissions == 0:
                self.run.log.warning(
                    "Not submitted now, and retried later: %s: %s", describe_item(item), error
                )
            return False
        except (CredentialsRejected, ConfigurationError, StopRequested):
            raise
        except PermissionDenied as error:
            self.refusal = error
            self._is_running(item)
        except ServiceError as error:
            # A recorded job, or a submission whose outcome is unknown, is for the next attempt.
            is_recorded = self.ledger.entry(item.name) is not None
            if not is_recorded:
                self.backend.release_inputs(item)
            self._record({item: self._failed_row(error, is_resumable=is_recorded)})
        else:
            self.backend.limiter.on_success()
            self.running[job.id] = item
            if report is not None:
                self.collect(FinishedJobs([report]))
            else:
                self._watch.add(job)
        return True

    def _is_running(self, item: Item) -> bool:
        """Return whether the item has a job after all; its state is found out by polling."""
        if self.ledger.status(item.name) != "running":
            return False
        self.running[self._job_of(item).id] = item
        return True

    def _reports(self, job_ids: Collection[str]) -> Iterator[JobReport]:
        """Yield the states of jobs, as far as they can be polled now."""
        for job_id in job_ids:
            try:
                yield self.backend.report(self._job_of(self.running[job_id]))
            except TransientError as error:
                self.run.log.warning("Jobs could not be polled now and count as unfinished: %s", error)
                return
            except AFFECTS_ALL_JOBS:
                raise
            except ServiceError as error:
                self.run.log.warning(
                    "Job %s could not be polled now and counts as unfinished: %s", job_id, error
                )

    def _row(self, report: JobReport) -> Row:
        item = self.running[report.job_id]
        self.backend.release_inputs(item)
        try:
            report.result_or_raise()
            result = self.backend.collect(item, report)
        except JobFailed as error:
            return self._failed_row(error, report.job_id, report.state)
        except ServiceError as error:
            return self._failed_row(error, report.job_id, report.state, is_resumable=True)
        usage = None if self.meter is None else self.meter.usage(result)
        return Row(report.job_id, report.state, result, usage=None if usage is None else usage.as_dict())

    def _failed_row(
        self,
        error: ServiceError,
        job_id: str | None = None,
        state: str | None = None,
        *,
        is_resumable: bool = False,
    ) -> Row:
        is_permanent = self.backend.is_permanent(error)
        return failed_row(
            error, is_permanent=is_permanent, job_id=job_id, state=state, is_resumable=is_resumable
        )

    def _record(self, rows: Mapping[Item, Row]) -> None:
        self.ledger.record_rows({item.name: row for item, row in rows.items()})
        self.ended += rows.items()
        for item, row in rows.items():
            if row.error is None:
                self._done += 1
                self.budget.add(Usage.from_dict(row.usage) if row.usage else None)
                continue
            self._failed += 1
            self.logged_failures += 1
            if self.logged_failures <= MAX_LOGGED_FAILURES:
                self.run.log.warning("Failed: %s: %s", describe_item(item), describe_error(row.error))

    def _cancel_and_release(self, running: Mapping[str, Item]) -> None:
        for job_id in self._cancel(running.values()):
            self.backend.release_inputs(running[job_id])

    def _cancel(self, items: Collection[Item]) -> Collection[str]:
        """Cancel the jobs of items, record those that were cancelled, and return their ids."""
        if not items:
            return ()
        names = {self._job_of(item).id: item.name for item in items}
        cancelled = self.backend.cancel([self._job_of(item) for item in items])
        self.ledger.record_cancelled([names[job_id] for job_id in cancelled])
        return cancelled

    def _cancel_unwanted(self) -> None:
        wanted = {item.name for item in self.items}
        unwanted = [Item(-1, name) for name in self.ledger.names() if name not in wanted]
        entries = {item: entry for item in unwanted if (entry := self.ledger.entry(item.name))}
        jobs = [item for item, entry in entries.items() if entry.job_id]
        if jobs:
            self.run.log.info("The list has changed: %d jobs of previous attempts are not in it", len(jobs))
            self._cancel(jobs)
        if len(jobs) < len(entries):
            self.run.log.warning(
                "The outcome of %d submissions of items that are no longer in the list is unknown: their jobs may be "
                "running",
                len(entries) - len(jobs),
            )

    def _job_of(self, item: Item) -> Job:
        entry = self.ledger.entry(item.name)
        assert entry is not None and entry.job_id is not None, item.name  # noqa: S101
        return Job(entry.job_id, self.config.action, entry.scope)
