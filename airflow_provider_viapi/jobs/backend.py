"""The seam between the waiting and a cloud: whatever has these can be waited for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.delay_queue import Log


@dataclass(frozen=True)
class Ending:
    """When a job has ended, as far as a list tells.

    :param ago: seconds before the look
    :param took: seconds from its submission on; ``None`` if the list does not tell
    """

    ago: float
    took: float | None


@dataclass(frozen=True)
class ListSnapshot:
    """What one look into an account's list of jobs has shown.

    :param outcomes: of the jobs that were asked for, those that the look came across
    :param scan_complete: the look was the last of a row that together would have shown every job that the list has
    :param endings: of those that have ended, when, if the list tells
    """

    outcomes: Mapping[str, Outcome]
    scan_complete: bool
    endings: Mapping[str, Ending] = field(default_factory=dict)


class JobBackend(Protocol):
    """A cloud's jobs, asked after from an event loop.

    :param list_interval: how seldom the list may be looked into; ``None`` if there is no list
    """

    list_interval: float | None

    async def look(self, job_ids: Collection[str]) -> ListSnapshot:
        """Look once into the account's list for many jobs; it tells how they stand, not their results.

        :raises TransientError: not now
        :raises ServiceError: the list is not to be had
        """
        ...

    async def report(self, job: Job) -> JobReport:
        """How one job stands, with its result once it succeeded.

        :raises TransientError: not now; asking again later may tell
        :raises ServiceError: asking again would not help
        """
        ...

    async def cancel(self, job: Job) -> bool:
        """Cancel the job if it still queues; false when it goes on, to its end and to its bill.

        :raises ServiceError: it cannot be known
        """
        ...


class JobHook(Protocol):
    """What a task and its trigger need of a cloud's hook."""

    def report(self, job: Job) -> JobReport:
        """How a job stands, by one look."""
        ...

    async def cancel(self, job: Job, log: Log) -> bool:
        """Cancel a job if it still queues; false when it goes on. The log is told which of the two."""
        ...

    async def wait_for(self, job: Job, *, until: datetime, log: Log) -> JobReport:
        """Wait until it has ended.

        :raises JobTimedOut: it had not by then
        :raises ServiceError: asking again would not help
        """
        ...
