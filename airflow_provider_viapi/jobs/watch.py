"""One waiting of the poller's, and the order in which waitings are due."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import time
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from airflow_provider_viapi.jobs.job import Job, JobReport


class Log(Protocol):
    """What the waiting is told to: a logger of the standard library's or of Airflow's making."""

    def info(self, message: str, /, *values: object) -> None:
        """Take note of it."""
        ...

    def warning(self, message: str, /, *values: object) -> None:
        """Take note of something that is not as it should be."""
        ...


@dataclass(eq=False)
class Watch:
    """A job, whom to tell how it ends, and when it is asked after next.

    :param ended: gets the last report, or the error that ends the waiting
    :param sweep: number of the last sweep of the job list in which the job was seen, or at which the waiting began
    """

    job: Job
    log: Log
    ended: asyncio.Future[JobReport]
    sweep: int
    asked: int = 0
    due: float = 0.0
    _queued_for: float | None = None
    _told: str | None = None

    def tell(self, text: str, *, warning: bool = False) -> None:
        """Log what is new about the job, and nothing twice in a row."""
        if text != self._told:
            self._told = text
            (self.log.warning if warning else self.log.info)("Job %s %s", self.job.id, text)


class DueQueue:
    """Waitings in the order in which they are due; a later date costs nothing until the earlier one comes."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Watch]] = []
        self._order = count()
        self._sooner = asyncio.Event()

    def plan(self, watch: Watch, seconds: float) -> None:
        """Have a waiting come up in so many seconds, and no more at the time that was planned before."""
        watch.due = time.monotonic() + seconds
        if watch._queued_for is None or watch.due < watch._queued_for:
            self._push(watch)

    def _push(self, watch: Watch) -> None:
        watch._queued_for = watch.due
        heapq.heappush(self._heap, (watch.due, next(self._order), watch))
        self._sooner.set()

    async def take(self) -> Watch:
        """The next waiting that is due, once it is; those that have ended never come up."""
        while True:
            seconds = self._until_first()
            if seconds is not None and seconds <= 0:
                watch = heapq.heappop(self._heap)[2]
                watch._queued_for = None
                return watch
            self._sooner.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._sooner.wait(), seconds)

    def _until_first(self) -> float | None:
        while self._heap:
            when, _, watch = self._heap[0]
            if not watch.ended.done() and watch._queued_for == when == watch.due:
                return when - time.monotonic()
            heapq.heappop(self._heap)
            if not watch.ended.done() and watch._queued_for == when:
                self._push(watch)
        return None
