"""Many jobs of one action as one piece of work: which items are submitted when, and what becomes of each.

Items are submitted one after the other, so that at any moment at most one submission is out of which it is not known
whether it was accepted. The waiting in between is somebody else's, in another process perhaps: all that a batch knows
it has from its ledger.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone

from airflow_provider_viapi.errors import (
    ConfigurationError,
    CredentialsRejected,
    JobTimedOut,
    PermissionDenied,
    ServiceError,
    Throttled,
    TransientError,
)
from airflow_provider_viapi.jobs.batch_collecting import collected, failed_row
from airflow_provider_viapi.jobs.batch_ledger import BatchLedger, Item, Row
from airflow_provider_viapi.jobs.batch_terms import BatchBackend, BatchConfig, Progress
from airflow_provider_viapi.jobs.completions import ENDS_ALL, Completions
from airflow_provider_viapi.jobs.model import Job, JobReport

ROWS_AT_ONCE = 20
"""So many rows are written down together; a worker lost before that collects their results again."""

LONGEST_SUBMITTING = 300.0
"""Seconds after which finished jobs are seen to before more are submitted: links to results die after 30 minutes."""

PAUSE = 0.5
"""Seconds after a submission that the service was not to be had for; twice as many after each further one."""

STUMBLES = 5
"""After so many of them in a row the batch does something else, or is put aside for a while."""

SECONDS_BETWEEN_TELLING = 30.0
"""How often the log says how far the batch is, while it submits."""


@dataclass
class Batch:
    """One try of a batch, or the part of it between two waitings.

    :param running: the items whose jobs are waited for, by the job's id
    :param stopped: why nothing more is submitted, if the service refuses all
    :param stumbles: how often in a row the service was not to be had for a submission
    """

    items: Sequence[Item]
    ledger: BatchLedger
    terms: BatchConfig
    means: BatchBackend
    running: dict[str, Item] = field(default_factory=dict)
    stopped: PermissionDenied | None = None
    stumbles: int = 0

    def __post_init__(self) -> None:
        by_standing: dict[str, list[Item]] = {}
        for item in self.items:
            by_standing.setdefault(self.ledger.standing(item.name), []).append(item)
        for item in by_standing.get("running", ()):
            entry = self.ledger.entry(item.name)
            self.running[str(entry and entry.job_id)] = item
        # What is in doubt is settled before more jobs make the account's list longer.
        self._left = deque([*by_standing.get("open", ()), *by_standing.get("fresh", ())])
        self._done = len(by_standing.get("delivered", ()))
        self._failed = len(by_standing.get("failed", ()))

    @property
    def progress(self) -> Progress:
        """How far the batch is."""
        return Progress(self._done, self._failed, len(self.running), len(self._left))

    @property
    def is_drained(self) -> bool:
        """Whether nothing more will be submitted in this try."""
        return (
            not self._left
            or self.stopped is not None
            or self._failed > self.terms.max_failed
            or _now() >= self.terms.until
        )

    @property
    def is_stumbling(self) -> bool:
        """Whether the service was not to be had so often in a row that a worker had better not wait for it."""
        return self.stumbles >= STUMBLES

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to do in this try."""
        return self.is_drained and not self.running

    @property
    def jobs(self) -> list[Job]:
        """The jobs that are waited for."""
        return [self._job(job_id) for job_id in self.running]

    def take_up(self) -> None:
        """See to what earlier tries have left: cancel what is not asked for any more, look at what runs.

        :raises CredentialsRejected, ConfigurationError: nothing can be done with this key
        """
        self._cancel_what_is_not_wanted()
        earlier, self.running = self.running, {}
        for job_id, item in earlier.items():
            if not self.means.goes_on():
                self.running[job_id] = item
            elif not self._begin(item):
                self._left.append(item)

    def submit(self) -> None:
        """Submit at the quota's pace until enough jobs run, nothing is left or the service is not to be had.

        :raises CredentialsRejected, ConfigurationError: nothing can be done with this key
        """
        began = told = time.monotonic()
        while not self.is_drained and len(self.running) < self.terms.max_in_flight:
            if self.running and time.monotonic() - began > LONGEST_SUBMITTING:
                return
            time.sleep(max(0.0, self.means.quota.reserve()))
            if not self.means.goes_on():
                return
            if not self._begin(self._left[0]):
                self.stumbles += 1
                if self.is_stumbling:
                    return
                time.sleep(random.uniform(0.5, 1) * PAUSE * 2**self.stumbles)  # noqa: S311
                continue
            self.stumbles = 0
            if self.stopped is None:
                self._left.popleft()
            if time.monotonic() - told > SECONDS_BETWEEN_TELLING:
                told = time.monotonic()
                self.tell()

    def take_in(self, ended: Completions) -> None:
        """See to jobs that have ended: collect their results, write down what became of them.

        :raises CredentialsRejected, PermissionDenied: the jobs cannot be asked after; the next try goes on with them
        """
        unread = self._look([job_id for job_id in ended.unread if job_id in self.running])
        reports = [report for report in (*ended.reports, *unread) if report.job_id in self.running]
        for start in range(0, len(reports), ROWS_AT_ONCE):
            if not self.means.goes_on():
                return
            self._collect(reports[start : start + ROWS_AT_ONCE])
        rows: dict[str, Row] = {}
        refused = [error for error in ended.errors.values() if isinstance(error, ENDS_ALL)]
        for job_id, error in ended.errors.items():
            if error not in refused and job_id in self.running:
                item = self.running.pop(job_id)
                rows[item.name] = failed_row(self.means, error, job_id=job_id, resumable=True)
        self._keep(rows)
        if refused:
            raise refused[0]

    def _collect(self, reports: Sequence[JobReport]) -> None:
        self._keep(collected([(self.running[report.job_id], report) for report in reports], self.means))
        for report in reports:
            del self.running[report.job_id]

    def expire_overdue(self) -> None:
        """See to jobs whose time is over: those that still queue are cancelled, the others are for a later try."""
        late = [job_id for job_id, item in self.running.items() if _now() >= self.deadline_of(item)]
        self.take_in(Completions([report for report in self._look(late) if report.is_final]))
        given_up = {job_id: self.running.pop(job_id) for job_id in late if job_id in self.running}
        rows = {}
        for job_id, item in given_up.items():
            why = f"had not ended after {self.terms.job_timeout}, or when the task's own time was over"
            error = JobTimedOut(f"job {job_id} {why}", job_id=job_id)
            rows[item.name] = failed_row(self.means, error, job_id=job_id, resumable=True)
        self._keep(rows)
        self._withdraw(given_up)

    def withdraw(self) -> None:
        """Cancel what can be cancelled of the jobs that run: a person has ended the task, or its time is over."""
        self._withdraw(self.running)

    def _withdraw(self, jobs: Mapping[str, Item]) -> None:
        for job_id in self._cancel({job_id: item.name for job_id, item in jobs.items()}):
            self.means.release_inputs(jobs[job_id])

    def deadline_of(self, item: Item) -> datetime:
        """When waiting for an item's job ends."""
        entry = self.ledger.entry(item.name)
        signed_at = entry.sent_at if entry else self.terms.began
        return min(max(signed_at, self.terms.began) + self.terms.job_timeout, self.terms.until)

    def tell(self) -> None:
        """Log how far the batch is."""
        told = self.progress.told(self.terms.began, self.terms.at_first)
        self.means.log.info("Batch of %d: %s", len(self.items), told)

    def _begin(self, item: Item) -> bool:
        """Have an item's job accepted or taken up; false when the service is not to be had now."""
        submitting = self.means.submitting(item, self.ledger.open_ledger(item))
        try:
            job, report = submitting.resume_or_submit()
        except TransientError as passing:
            if isinstance(passing, Throttled):
                self.means.quota.refused()
            return self._still_runs(item)
        except (CredentialsRejected, ConfigurationError):
            raise
        except PermissionDenied as error:
            self.stopped = error
            self._still_runs(item)
        except ServiceError as refusal:
            # What is written down of a job, or of a submission in doubt, is for the next try.
            is_out = self.ledger.entry(item.name) is not None
            if not is_out:
                self.means.release_inputs(item)
            self._keep({item.name: failed_row(self.means, refusal, resumable=is_out)})
        else:
            self.means.quota.granted()
            self.running[job.id] = item
            if report is not None:
                self.take_in(Completions([report]))
        return True

    def _still_runs(self, item: Item) -> bool:
        """Whether an item has a job after all; how that stands will be seen by whoever waits for it."""
        entry = self.ledger.entry(item.name)
        if entry is None or not entry.job_id:
            return False
        self.running[entry.job_id] = item
        return True

    def _look(self, job_ids: Collection[str]) -> Iterator[JobReport]:
        """How jobs stand, as far as that is to be had."""
        for job_id in job_ids:
            try:
                yield self.means.look(self._job(job_id))
            except TransientError as passing:
                self.means.log.warning("Jobs could not be asked after: %s", passing)
                return
            except ENDS_ALL:
                raise
            except ServiceError as error:
                self.means.log.warning("Job %s could not be asked after: %s", job_id, error)

    def _keep(self, rows: Mapping[str, Row]) -> None:
        self.ledger.keep(rows)
        failed = sum(row.error is not None for row in rows.values())
        self._failed += failed
        self._done += len(rows) - failed

    def _cancel(self, names: Mapping[str, str]) -> Collection[str]:
        """Cancel jobs that still queue, note it and return their ids; from a job's id to its item's name."""
        if not names:
            return ()
        gone = self.means.cancel([self._job(job_id) for job_id in names])
        self.ledger.cancelled([names[job_id] for job_id in gone])
        return gone

    def _cancel_what_is_not_wanted(self) -> None:
        wanted = {item.name for item in self.items}
        entries = {name: self.ledger.entry(name) for name in self.ledger.names() if name not in wanted}
        jobs = {entry.job_id: name for name, entry in entries.items() if entry and entry.job_id}
        if jobs:
            self.means.log.info("The list has changed: %d jobs of earlier tries are not wanted", len(jobs))
            self._cancel(jobs)
        in_doubt = sum(entry is not None and not entry.job_id for entry in entries.values())
        if in_doubt:
            self.means.log.warning(
                "%d items that are not in the list any more left submissions without an answer: "
                "their jobs may be running",
                in_doubt,
            )

    def _job(self, job_id: str) -> Job:
        return Job(job_id, self.terms.action)


def _now() -> datetime:
    return datetime.now(timezone.utc)
