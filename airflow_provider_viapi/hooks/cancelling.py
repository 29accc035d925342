"""Base of the clouds' hooks as far as they cancel jobs, in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.hooks.base import CloudHook

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.backend import JobBackend
    from airflow_provider_viapi.jobs.model import Job, Log

CANCEL_RETRY_SECONDS = 30.0
"""Seconds over which the cancellation of a job is retried: what is not cancelled continues and is billed."""

CANCEL_RETRY_SECONDS_OF_MANY = 10.0
"""Likewise, for each of many jobs: a trigger that is stopped has 25 s for all of them."""

MAX_CONCURRENT_CANCELS = 8
"""Cancellations at the same time; the service documents no limit per second."""

MAX_NAMED = 10
"""Jobs that one line of the log names."""


class CancellingHook(CloudHook):
    """Hook that cancels jobs; ``task_instance.cancel_decision`` decides whether those of a stopped task are."""

    def open_jobs(self) -> AbstractAsyncContextManager[JobBackend]:
        """Open the account's jobs for the running event loop; leaving the context closes the client."""
        raise NotImplementedError

    async def cancel(self, job: Job, log: Log) -> bool:
        """Cancel a job and return true; false if it continues and is billed. Logs which of the two happened."""
        (outcome,) = await self._cancel([job], log, CANCEL_RETRY_SECONDS)
        if isinstance(outcome, ServiceError):
            log.warning("Job %s could not be cancelled (%s): it continues and is billed", job.id, outcome)
        elif outcome:
            log.info("Cancelled job %s", job.id)
        else:
            log.warning("Job %s cannot be cancelled in its current state: it continues and is billed", job.id)
        return outcome is True

    async def cancel_jobs(self, jobs: Collection[Job], log: Log) -> set[str]:
        """Cancel many jobs and return the ids of those that are; the others continue and are billed.

        Logs how many were cancelled, and how many not.
        """
        from airflow_provider_viapi.jobs.batch.wait import QuietLog

        outcomes = await self._cancel(jobs, QuietLog(log), CANCEL_RETRY_SECONDS_OF_MANY)
        cancelled = {job.id for job, outcome in zip(jobs, outcomes, strict=True) if outcome is True}
        if cancelled:
            log.info("Cancelled %d jobs", len(cancelled))
        if left := len(jobs) - len(cancelled):
            errors = [outcome for outcome in outcomes if isinstance(outcome, ServiceError)]
            reason = errors[0] if len(errors) == left else "such as those that run already"
            named = [job.id for job in jobs if job.id not in cancelled][:MAX_NAMED]
            named += [f"and {left - MAX_NAMED} more"] if left > MAX_NAMED else []
            message = "%d jobs could not be cancelled (%s): they continue and are billed: %s"
            log.warning(message, left, reason, ", ".join(named))
        return cancelled

    async def _cancel(self, jobs: Collection[Job], log: Log, max_seconds: float) -> list[bool | ServiceError]:
        """Return for each job whether it was cancelled, or why that is unknown."""
        from airflow_provider_viapi.retrying import READ, aretry_call

        semaphore = asyncio.Semaphore(MAX_CONCURRENT_CANCELS)

        async def cancel(job: Job, backend: JobBackend) -> bool | ServiceError:
            async with semaphore:
                try:
                    # A second cancellation changes nothing, so every transient error may be retried.
                    return await aretry_call(
                        lambda: backend.cancel(job), policy=READ, max_seconds=max_seconds, log=log
                    )
                except ServiceError as error:
                    return error

        try:
            async with self.open_jobs() as backend:
                return await asyncio.gather(*(cancel(job, backend) for job in jobs))
        except ServiceError as error:
            return [error] * len(jobs)
