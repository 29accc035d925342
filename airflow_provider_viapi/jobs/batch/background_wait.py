"""Wait for the jobs of a batch in a thread while its worker submits more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from typing_extensions import Self

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.jobs.batch.wait import FinishedJobs
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome


class BackgroundWait:
    """Waits for jobs in an event loop of its own; a context manager.

    :param wait: waits until one job has ended
    """

    def __init__(self, wait: Callable[[Job], Awaitable[JobReport]]) -> None:
        self._wait = wait
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="viapi-batch-wait", daemon=True)
        self._one_more = threading.Condition()
        self._finished = FinishedJobs()
        self._waits: set[asyncio.Task[None] | None] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._cancel(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def add(self, job: Job) -> None:
        """Wait for one more job."""
        asyncio.run_coroutine_threadsafe(self._wait_for(job), self._loop)

    @property
    def finished_count(self) -> int:
        """Number of jobs that have finished and were not drained yet."""
        return len(self._finished)

    @property
    def has_failures(self) -> bool:
        """True if one of them has failed or cannot be polled."""
        with self._one_more:
            reports, errors = self._finished.reports, self._finished.errors
            return bool(errors) or any(report.outcome is not Outcome.SUCCEEDED for report in reports)

    def drain(self) -> FinishedJobs:
        """Return the jobs that have ended since the last call."""
        with self._one_more:
            drained, self._finished = self._finished, FinishedJobs()
        return drained

    def wait(self, seconds: float) -> None:
        """Wait until one more job has ended, or for so many seconds."""
        with self._one_more:
            before = len(self._finished)
            self._one_more.wait_for(lambda: len(self._finished) > before, seconds)

    async def _wait_for(self, job: Job) -> None:
        this = asyncio.current_task()
        self._waits.add(this)
        try:
            report = await self._wait(job)
        except ServiceError as error:
            with self._one_more:
                self._finished.errors[job.id] = error
                self._one_more.notify_all()
        else:
            with self._one_more:
                self._finished.reports.append(report)
                self._one_more.notify_all()
        finally:
            self._waits.discard(this)

    async def _cancel(self) -> None:
        # First the waits, the last of which closes the poller: a poll that is cancelled itself counts as failed. Then
        # what they shared, such as a key that is being fetched.
        await _cancel_all(self._waits)
        await _cancel_all(asyncio.all_tasks() - {asyncio.current_task()})


async def _cancel_all(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    unfinished = [each for each in tasks if each]
    for each in unfinished:
        each.cancel()
    await asyncio.gather(*unfinished, return_exceptions=True)
