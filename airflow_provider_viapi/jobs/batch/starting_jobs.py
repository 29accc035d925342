"""Start of the jobs of a batch: an item's job is resumed or submitted, and what a failure means for the batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from airflow_provider_viapi.best_effort import logging_failure
from airflow_provider_viapi.errors import (
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    ServiceError,
    StopRequested,
    Throttled,
    TransientError,
)
from airflow_provider_viapi.jobs.batch.background_wait import BackgroundWait
from airflow_provider_viapi.jobs.batch.failures import failed_row
from airflow_provider_viapi.jobs.batch.ledger import Item
from airflow_provider_viapi.jobs.batch.report import describe_item
from airflow_provider_viapi.jobs.batch.running_jobs import ROWS_PER_WRITE, RunningJobs
from airflow_provider_viapi.jobs.batch.wait import FinishedJobs
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.submit_slot import AFTER_DEADLINE

Begin = Callable[[Item], tuple[Job, JobReport | None] | None]
"""Resumes or submits an item's job; see ``jobs.batch.running_jobs.BatchBackend``."""


@dataclass
class StartingJobs(RunningJobs):
    """Jobs that are resumed or submitted.

    Takes what :class:`~airflow_provider_viapi.jobs.batch.running_jobs.RunningJobs` takes, and:

    :param refusal: why nothing more is submitted, if the service refuses every submission or cannot be reached
    :param failed_submissions: number of failed submissions in a row
    :param failing_since: time of the first one of those that were not throttled, an aware time; later by the time
        in which the batch only waited for slots
    """

    refusal: ServiceError | None = None
    failed_submissions: int = 0
    failing_since: datetime | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        # Unknown outcomes are resolved first: every further job makes it harder to assign a listed job.
        self._left = deque([*self.items_with("unknown"), *self.items_with("new")])

    def resume(self) -> None:
        """Continue previous attempts: cancel jobs that are no longer in the list, check those that run.

        :raises CredentialsRejected, ConfigurationError: the key cannot be used
        """
        self._cancel_unwanted()
        # All count as running until one is found to have ended: if this is interrupted, the task cancels them.
        ended: dict[str, Item] = {}
        reports: list[JobReport] = []

        def resume(item: Item) -> tuple[Job, JobReport | None] | None:
            begun = self.backend.resume(item)
            if begun is None or begun[1] is None:
                return begun
            # Collected with others, which are downloaded at the same time and recorded with one write.
            reports.append(begun[1])
            return begun[0], None

        try:
            for job_id, item in tuple(self.running.items()):
                if self.context.stop_requested():
                    break
                if not self._begin(item, resume):
                    ended[job_id] = item
                if len(reports) >= ROWS_PER_WRITE:
                    self.collect(FinishedJobs(reports[:]))
                    reports.clear()
            else:
                self.collect(FinishedJobs(reports))
        except BaseException:
            # What ends the resume matters more, such as Airflow's execution_timeout.
            problem = "It could not be recorded which jobs have failed (%s): the next attempt finds out"
            with logging_failure(self.context.log, problem):
                self._leave(ended)
            raise
        self._leave(ended)

    def _leave(self, ended: Mapping[str, Item]) -> None:
        """Leave items whose jobs have ended without a result to be submitted again, within the limits like new ones.

        :param ended: by job id; perhaps a later process of this attempt submits them
        """
        self.ledger.forget_jobs([item.name for item in ended.values()])
        for job_id, item in ended.items():
            del self.running[job_id]
            self._left.append(item)

    def _begin(self, item: Item, begin: Begin, waits: BackgroundWait | None = None) -> bool:
        """Resume or submit an item's job; false if the service fails now, or there is no job to resume.

        :param waits: waits for the job from now on; default: nothing does yet
        """
        try:
            begun = begin(item)
        except TransientError as error:
            if isinstance(error, Throttled):
                self.backend.limiter.on_throttled()
            if self._keep_recorded_job(item):
                return True
            self._note_failure(item, error)
            return False
        except (CredentialsRejected, ConfigurationError, StopRequested):
            raise
        except PermissionDenied as error:
            self.refusal = error
            self._keep_recorded_job(item)
        except ServiceError as error:
            # A recorded job, or a submission whose outcome is unknown, is for the next attempt.
            entry = self.ledger.entry(item.name)
            if entry is None:
                self.backend.release_inputs(item)
            elif entry.job_id is not None:
                self.running.pop(entry.job_id, None)
            self._record({item: failed_row(error, self.backend.is_permanent, is_billed=entry is not None)})
        except BaseException:
            # Whoever stops the task cancels its running jobs: a job whose owner was being checked is one of them.
            self._keep_recorded_job(item)
            raise
        else:
            self.backend.limiter.on_success()
            if begun is None:
                return False
            job, report = begun
            self.running[job.id] = item
            if report is not None:
                self.collect(FinishedJobs([report]))
            elif waits is not None:
                waits.add(job)
        return True

    def _note_failure(self, item: Item, error: TransientError) -> None:
        """Submit nothing more if the service was unreachable for so long that a later attempt should try again."""
        now = self.context.timing.now()
        # A throttled submission has reached the service.
        self.failing_since = None if isinstance(error, Throttled) else self.failing_since or now
        if self.failing_since and now - self.failing_since >= self.config.submit_timeout:
            self.context.log.warning(
                "No submission was accepted within %s (submit_timeout), this attempt submits nothing more: %s",
                self.config.submit_timeout,
                error,
            )
            self.refusal = error
        elif self.failed_submissions == 0:
            what = "Not submitted" if error.code == AFTER_DEADLINE else "Not submitted now, and retried later"
            self.context.log.warning("%s: %s: %s", what, describe_item(item), error)

    def _keep_recorded_job(self, item: Item) -> bool:
        """Return whether the item has a job after all; its state is found out by polling."""
        if self.ledger.status(item.name) != "running":
            return False
        self.running[self._job_of(item).id] = item
        return True

    def _cancel_unwanted(self) -> None:
        wanted = {item.name for item in self.items}
        unwanted = [Item(-1, name) for name in self.ledger.names() if name not in wanted]
        entries = {item: entry for item in unwanted if (entry := self.ledger.entry(item.name))}
        jobs = [item for item, entry in entries.items() if entry.job_id]
        if jobs:
            self.context.log.info(
                "The list has changed: %d jobs of previous attempts are not in it", len(jobs)
            )
            self._cancel(jobs)
        if len(jobs) < len(entries):
            self.context.log.warning(
                "The outcome of %d submissions of items that are no longer in the list is unknown: their jobs may be "
                "running",
                len(entries) - len(jobs),
            )
