"""The seam between the waiting and a cloud: whatever has these can be waited for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from airflow_provider_viapi.jobs.job import Job, JobReport, Outcome


@dataclass(frozen=True)
class Sighting:
    """What one look into an account's list of jobs has shown.

    :param outcomes: of the jobs that were asked for, those that the look came across
    :param completes_sweep: the look was the last of a row that together have gone through the whole list
    """

    outcomes: Mapping[str, Outcome]
    completes_sweep: bool


class JobService(Protocol):
    """A cloud's jobs, asked after from an event loop.

    :param seconds_between_looks: how seldom the list may be looked into; ``None`` if there is no list
    """

    seconds_between_looks: float | None

    async def look(self, job_ids: Collection[str]) -> Sighting:
        """Look once into the account's list for many jobs; it tells how they stand, not their results.

        :raises TransientError: not now
        :raises ViapiError: the list is not to be had
        """
        ...

    async def report(self, job: Job) -> JobReport:
        """How one job stands, with its result once it succeeded.

        :raises TransientError: not now; asking again later may tell
        :raises ViapiError: asking again would not help
        """
        ...

    async def cancel(self, job: Job) -> bool:
        """Cancel the job if it still queues; false when it goes on, to its end and to its bill.

        :raises ViapiError: it cannot be known
        """
        ...
