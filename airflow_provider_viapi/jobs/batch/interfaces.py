"""Interfaces of a batch: its limits, and what it needs of its cloud and its task."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from airflow_provider_viapi.errors import (
    ServiceError,
)
from airflow_provider_viapi.jobs.batch.ledger import Item
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.jobs.usage import Usage


@dataclass(frozen=True)
class BatchConfig:
    """Limits of a batch.

    :param action: as ``service.Action``
    :param max_in_flight: number of jobs that run at the same time
    :param max_failed: when more items than that have failed, no more are submitted
    :param job_timeout: how long an attempt waits for one job
    :param began: when the attempt began, an aware time
    :param until: when the attempt has to end, an aware time
    :param done_before: number of items that had ended before the attempt
    """

    action: str
    max_in_flight: int
    max_failed: int
    job_timeout: timedelta
    began: datetime
    until: datetime
    done_before: int = 0


class BatchBackend(Protocol):
    """What a batch needs of its cloud and its task.

    :param limiter: rate of submissions
    """

    limiter: RateLimiter

    def resume_or_submit(self, item: Item) -> tuple[Job, JobReport | None]:
        """Resume or submit an item's job, with one attempt to submit; see ``jobs.submission``."""
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
