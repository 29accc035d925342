"""The running jobs of a batch: collect their results, give up those that are late, cancel them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from airflow_provider_viapi.errors import JobFailed, JobTimedOut, ServiceError, TransientError
from airflow_provider_viapi.jobs.attempt_context import AttemptContext
from airflow_provider_viapi.jobs.batch.failures import describe_row_error, failed_row
from airflow_provider_viapi.jobs.batch.ledger import BatchLedger, Item, Row
from airflow_provider_viapi.jobs.batch.limits import BatchConfig, CostLimits
from airflow_provider_viapi.jobs.batch.report import Progress, describe_item
from airflow_provider_viapi.jobs.batch.wait import AFFECTS_ALL_JOBS, FinishedJobs
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.jobs.usage_and_cost import Usage

ROWS_PER_WRITE = 20
"""Rows that are recorded together; if a worker is lost before that, their results are fetched again."""

CONCURRENT_DOWNLOADS = 4

STOP_INTERVAL = 0.5
"""Seconds between two checks, during downloads, whether Airflow stops the task."""

MAX_LOGGED_FAILURES = 100
"""Failed items of an attempt that have a log line each."""


class BatchBackend(Protocol):
    """Interface of a batch to its cloud and its task.

    :param limiter: rate of submissions
    """

    limiter: RateLimiter

    def resume_or_submit(self, item: Item) -> tuple[Job, JobReport | None]:
        """Resume or submit an item's job, with one attempt to submit; see ``jobs.submission``.

        :raises SlotIsLater: the slot to submit is far off; nothing was accepted
        """
        ...

    def resume(self, item: Item) -> tuple[Job, JobReport | None] | None:
        """Resume an item's job, or find out whether it has one; ``None`` if a new one is to be submitted."""
        ...

    def report(self, job: Job) -> JobReport:
        """Return the state of a job, with one call."""
        ...

    def cancel(self, jobs: Collection[Job]) -> Collection[str]:
        """Cancel the jobs that are still queued, and return their ids."""
        ...

    def collect(self, item: Item, report: JobReport) -> Mapping[str, Any]:
        """Return the result of a job that succeeded; called from several threads."""
        ...

    def usage(self, result: Mapping[str, Any]) -> Usage | None:
        """Return the usage of a job by its collected result; ``None`` if unknown. Called from several threads."""
        ...

    def estimate(self, item: Item) -> Usage | None:
        """Return the usage that an item's job will have if its output is like its input; ``None`` if unknown."""
        ...

    def release_inputs(self, item: Item) -> None:
        """Remove what was staged for an item alone; called from several threads."""
        ...

    def is_permanent(self, error: ServiceError) -> bool:
        """Return whether no retry of the task can succeed after an error."""
        ...

    def publish(self, jobs: Collection[Job]) -> None:
        """Publish the running jobs, so that other tasks do not adopt them."""
        ...


@dataclass
class RunningJobs:
    """Jobs of one attempt of a batch that were submitted and have not ended, and the outcomes of those that have.

    :param items: the items of the attempt
    :param ledger: their record
    :param config: limits of jobs, failures and time
    :param backend: submits, polls, collects and measures
    :param context: of the task's attempt
    :param logged_failures: number of failed items that have been logged
    :param cost_limits: limits of length and cost
    :param ended: items that ended since it was emptied, with their rows
    :param running: items whose jobs are waited for, by job id
    """

    items: Sequence[Item]
    ledger: BatchLedger
    config: BatchConfig
    backend: BatchBackend
    context: AttemptContext
    logged_failures: int = 0
    cost_limits: CostLimits = field(default_factory=CostLimits)
    ended: list[tuple[Item, Row]] = field(default_factory=list)
    running: dict[str, Item] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in self.items_with("running"):
            self.running[self._job_of(item).id] = item
        self._done = len(self.items_with("delivered"))
        self._failed = len(self.items_with("failed"))
        self._longest_duration = timedelta(0)

    def items_with(self, status: str) -> list[Item]:
        """Return the items that have a status in the ledger."""
        return [item for item in self.items if self.ledger.status(item.name) == status]

    @property
    def progress(self) -> Progress:
        """Number of items by status."""
        left = self.ledger.count - self._done - self._failed - len(self.running)
        return Progress(self._done, self._failed, len(self.running), left)

    @property
    def jobs(self) -> list[Job]:
        """The jobs to wait for."""
        return [self._job_of(item) for item in self.running.values()]

    def collect(self, finished: FinishedJobs) -> None:
        """Collect the results of jobs that have ended, and record the outcomes.

        :raises CredentialsRejected, PermissionDenied: jobs cannot be polled; the next attempt resumes them
        """
        unread = self._reports([job_id for job_id in finished.unread if job_id in self.running])
        reports = [report for report in (*finished.reports, *unread) if report.job_id in self.running]
        for start in range(0, len(reports), ROWS_PER_WRITE):
            if self.context.stop_requested():
                return
            some = reports[start : start + ROWS_PER_WRITE]
            rows = self._collect_rows(some)
            self._note_durations(report for report in some if report.job_id in rows)
            self._record({self.running[job_id]: row for job_id, row in rows.items()})
            for job_id in rows:
                del self.running[job_id]
        refused = [error for error in finished.errors.values() if isinstance(error, AFFECTS_ALL_JOBS)]
        failed: dict[Item, Row] = {}
        for job_id, error in finished.errors.items():
            if error not in refused and job_id in self.running:
                failed[self.running.pop(job_id)] = failed_row(
                    error, self.backend.is_permanent, job_id, is_billed=True
                )
        self._record(failed)
        if refused:
            raise refused[0]

    def _collect_rows(self, reports: Collection[JobReport]) -> dict[str, Row]:
        """Return rows by job id; without those of unfinished downloads if Airflow stops the task."""
        # A retry submits them again, and would pay for both.
        stopped = self._cancel([self.running[each.job_id] for each in reports if each.may_continue])
        pool = ThreadPoolExecutor(CONCURRENT_DOWNLOADS)
        try:
            rows = {each.job_id: pool.submit(self._row, each, each.job_id in stopped) for each in reports}
            while wait(rows.values(), timeout=STOP_INTERVAL).not_done and not self.context.stop_requested():
                pass
            return {job_id: row.result() for job_id, row in rows.items() if row.done()}
        finally:
            # Without waiting: a task that is stopped, or late, has queued jobs to cancel, and no time for downloads.
            pool.shutdown(wait=False, cancel_futures=True)

    def _note_durations(self, reports: Iterable[JobReport]) -> None:
        """Remember the longest time from a submission of this attempt to the notice that its job has ended."""
        for report in reports:
            entry = self.ledger.entry(self.running[report.job_id].name)
            noticed = report.times.get("noticed")
            if noticed and entry and entry.signed_time >= self.config.began:
                duration = datetime.fromisoformat(noticed) - entry.signed_time
                self._longest_duration = max(self._longest_duration, duration)

    def expire_overdue(self) -> None:
        """Stop waiting for jobs that are late: queued ones are cancelled, others are left to the next attempt."""
        now = self.context.timing.now()
        late = [job_id for job_id, item in self.running.items() if now >= self.deadline_of(item)]
        self.collect(FinishedJobs([report for report in self._reports(late) if report.is_final]))
        expired = {job_id: self.running[job_id] for job_id in late if job_id in self.running}
        set_by = f"job_timeout={self.config.job_timeout}"
        if now >= self.config.deadline:
            set_by = "execution_timeout of the batch"
        # Those that are cancelled are removed from the ledger, and with them the time of their submission.
        deadlines = {job_id: self.deadline_of(item) for job_id, item in expired.items()}
        # They stay in running until they are cancelled: if this is interrupted, the task cancels what runs.
        cancelled = self._cancel_and_release(expired)
        rows = {}
        for job_id, item in expired.items():
            error = JobTimedOut.at_deadline(job_id, self.config.action, deadlines[job_id], set_by=set_by)
            rows[item] = failed_row(
                error, self.backend.is_permanent, job_id, is_billed=job_id not in cancelled
            )
            self.running.pop(job_id, None)
        self._record(rows)

    def cancel(self) -> None:
        """Cancel the running jobs that are still queued: a user has ended the task, or its time is over."""
        self._cancel_and_release(self.running)

    def deadline_of(self, item: Item) -> datetime:
        """Return when waiting for an item's job ends."""
        entry = self.ledger.entry(item.name)
        begin = max(entry.signed_time, self.config.began) if entry else self.config.began
        return min(begin + self.config.job_timeout, self.config.deadline)

    def log_progress(self) -> None:
        """Log how many items are done."""
        elapsed = self.context.timing.now() - self.config.began
        self.context.log.info(
            "Batch of %d: %s", self.ledger.count, self.progress.describe(elapsed, self.config.done_before)
        )

    def _reports(self, job_ids: Collection[str]) -> Iterator[JobReport]:
        """Yield the states of jobs, as far as they can be polled now."""
        for job_id in job_ids:
            try:
                yield self.backend.report(self._job_of(self.running[job_id]))
            except TransientError as error:
                self.context.log.warning("Jobs could not be polled now and count as unfinished: %s", error)
                return
            except AFFECTS_ALL_JOBS:
                raise
            except ServiceError as error:
                self.context.log.warning(
                    "Job %s could not be polled now and counts as unfinished: %s", job_id, error
                )

    def _row(self, report: JobReport, is_stopped: bool) -> Row:
        item = self.running[report.job_id]
        self.backend.release_inputs(item)
        try:
            report.result_or_raise()
            result = self.backend.collect(item, report)
        except JobFailed as error:
            # If it could not be stopped, the next attempt stops it before it is replaced, or resumes it.
            continues = report.may_continue and not is_stopped
            return failed_row(
                error, self.backend.is_permanent, report.job_id, report.state, is_billed=continues
            )
        except ServiceError as error:
            return failed_row(error, self.backend.is_permanent, report.job_id, report.state, is_billed=True)
        usage = self.backend.usage(result)
        return Row(report.job_id, report.state, result, usage=None if usage is None else usage.as_dict())

    def _record(self, rows: Mapping[Item, Row]) -> None:
        rows = {item: self._counted(item, row) for item, row in rows.items()}
        self.ledger.record_rows({item.name: row for item, row in rows.items()})
        self.ended += rows.items()
        for item, row in rows.items():
            if row.error is None:
                self._done += 1
                continue
            self._failed += 1
            self.logged_failures += 1
            if self.logged_failures <= MAX_LOGGED_FAILURES:
                self.context.log.warning("Failed: %s: %s", describe_item(item), describe_row_error(row.error))

    def _counted(self, item: Item, row: Row) -> Row:
        if row.error is not None and not row.is_billed:
            return row
        usage = Usage.from_dict(row.usage) if row.usage else None
        if self.cost_limits.is_limited and not (usage and usage.measured):
            # An earlier process may have submitted it, with an estimate that this one does not know.
            self.cost_limits.expect(self.backend.estimate(item))
        return replace(row, counted=self.cost_limits.add(usage))

    def _cancel_and_release(self, running: Mapping[str, Item]) -> Collection[str]:
        items = dict(running)
        cancelled = self._cancel(items.values())
        for job_id in cancelled:
            self.running.pop(job_id, None)
        for job_id in cancelled:
            self.backend.release_inputs(items[job_id])
        return cancelled

    def _cancel(self, items: Collection[Item]) -> Collection[str]:
        """Cancel the jobs of items, record those that were cancelled, and return their ids."""
        # If this is called because other work was interrupted, the jobs of some may have been forgotten already.
        recorded = [item for item in items if (entry := self.ledger.entry(item.name)) and entry.job_id]
        if not recorded:
            return ()
        names = {self._job_of(item).id: item.name for item in recorded}
        cancelled = self.backend.cancel([self._job_of(item) for item in recorded])
        self.ledger.forget_jobs([names[job_id] for job_id in cancelled])
        return cancelled

    def _job_of(self, item: Item) -> Job:
        entry = self.ledger.entry(item.name)
        assert entry is not None and entry.job_id is not None, item.name  # noqa: S101
        return Job(entry.job_id, self.config.action, entry.scope)
