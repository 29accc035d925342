"""The seam between the waiting and a cloud: whatever has these can be waited for."""

from __future__ import annotations

from typing import Protocol

from airflow_provider_viapi.jobs.job import Job, JobReport


class JobService(Protocol):
    """A cloud's jobs, asked after from an event loop."""

    async def report(self, job: Job) -> JobReport:
        """How the job stands, with its result once it succeeded.

        :raises TransientError: not now; asking again later may tell
        :raises ViapiError: asking again would not help
        """
        ...

    async def cancel(self, job: Job) -> bool:
        """Cancel the job if it still queues; false when it goes on, to its end and to its bill.

        :raises ViapiError: it cannot be known
        """
        ...
