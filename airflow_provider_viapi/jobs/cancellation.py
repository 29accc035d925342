"""Cancelling many jobs at once, when nobody will wait for them any more."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from airflow_provider_viapi.errors import ServiceError, TransientError
from airflow_provider_viapi.jobs.backend import JobBackend
from airflow_provider_viapi.jobs.model import Job, Log

AT_ONCE = 8
"""Cancelled at the same time; how many calls a second the service takes for this is not documented."""

PATIENCE = 10.0
"""Seconds over which one job's cancelling is tried again."""


async def cancel_each(service: JobBackend, jobs: Collection[Job], log: Log) -> set[str]:
    """Cancel those jobs that still queue, and return their ids; the others go on, to their end and to their bill.

    :param log: told once, how many of each kind there are
    """
    gate = asyncio.Semaphore(AT_ONCE)

    async def cancelled(job: Job) -> bool:
        async with gate:
            return await _patiently(service, job)

    answers = await asyncio.gather(*(cancelled(job) for job in jobs))
    gone = {job.id for job, is_gone in zip(jobs, answers, strict=True) if is_gone}
    if gone:
        log.info("Cancelled %d jobs that were still queued", len(gone))
    if len(gone) < len(jobs):
        log.warning(
            "%d jobs are past queueing, or could not be cancelled: they go on and are billed",
            len(jobs) - len(gone),
        )
    return gone


async def _patiently(service: JobBackend, job: Job) -> bool:
    from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

    trying = AsyncRetrying(
        retry=retry_if_exception_type(TransientError),
        wait=wait_random_exponential(multiplier=0.5, max=4),
        stop=stop_after_delay(PATIENCE),
        reraise=True,
    )
    try:
        return await trying(service.cancel, job)
    except ServiceError:
        return False
