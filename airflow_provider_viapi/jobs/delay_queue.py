"""One waiting of the poller's, and the order in which waitings are due."""

from __future__ import annotations

import asyncio
import heapq
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Protocol

from airflow_provider_viapi.jobs.model import Job, JobReport

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.backend import Ending


class Log(Protocol):
    """What the waiting is told to: a logger of the standard library's or of Airflow's making."""

    def info(self, message: str, /, *values: object) -> None:
        """Take note of it."""
        ...

    def warning(self, message: str, /, *values: object) -> None:
        """Take note of something that is not as it should be."""
        ...


@dataclass(eq=False)
class PendingJob:
    """A job, whom to tell how it ends, and when it is asked after next.

    :param until: the deadline
    :param ended: gets the last report, or the error that ends the waiting
    :param sweep: number of the last sweep of the job list in which the job was seen, or at which the waiting began
    :param asked: how many questions there were
    :param due: when it is asked after next, on the event loop's clock
    :param is_late: the deadline has passed: the next answer is the last
    :param seen_ended_at: when a list has shown that the job has ended
    :param ending: what that list has told of the ending
    """

    job: Job
    log: Log
    until: datetime
    ended: asyncio.Future[JobReport]
    sweep: int
    asked: int = 0
    due: float = 0.0
    is_late: bool = False
    seen_ended_at: float | None = None
    ending: Ending | None = None
    _queued_for: float | None = None
    _told: str | None = None
    # Airflow finds a line's task by the context of the one who logs, and the poller serves many.
    _context: Context = field(default_factory=copy_context, repr=False)

    @property
    def is_known_to_have_ended(self) -> bool:
        """Whether only the result is missing."""
        return self.seen_ended_at is not None

    def seen_ended(self, ending: Ending | None) -> None:
        """A list shows that the job has ended."""
        self.seen_ended_at, self.ending = _now(), ending

    def seen_waiting(self) -> None:
        """The job itself says that it has not ended, whatever a list has shown."""
        self.seen_ended_at = self.ending = None

    def end(self, how: JobReport | Exception) -> None:
        """End the waiting, unless it has ended before."""
        if self.ended.done():
            return
        if isinstance(how, Exception):
            self.ended.set_exception(how)
        else:
            self.ended.set_result(how)

    def forget(self) -> None:
        """NoAuth waits any more."""
        if not self.ended.cancel() and not self.ended.cancelled():
            # Or asyncio complains that nobody has heard of an error that came as the waiter left.
            self.ended.exception()

    def tell(self, text: str, *, warning: bool = False) -> None:
        """Log what is new about the job, and nothing twice in a row."""
        if text != self._told:
            self._told = text
            log = self.log.warning if warning else self.log.info
            self._context.run(log, "Job %s %s", self.job.id, text)


async def wait_for_event(event: asyncio.Event, seconds: float | None) -> None:
    """Return when an event is set, or after so many seconds.

    ``asyncio.wait_for`` would do but for Python before 3.12, where it drops a cancellation that comes with the event.
    """
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=seconds)
    finally:
        waiting.cancel()


class DelayQueue:
    """Waitings in the order in which they are due; a later date costs nothing until the earlier one comes."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, PendingJob]] = []
        self._order = count()
        self._sooner = asyncio.Event()

    def plan(self, watch: PendingJob, seconds: float) -> None:
        """Have a waiting come up in so many seconds, and no more at the time that was planned before.

        :param seconds: fewer than none put it before what has been due for less long
        """
        watch.due = _now() + seconds
        if watch._queued_for is None or watch.due < watch._queued_for:
            self._push(watch)

    def _push(self, watch: PendingJob) -> None:
        watch._queued_for = watch.due
        heapq.heappush(self._heap, (watch.due, next(self._order), watch))
        self._sooner.set()

    async def any_due(self) -> None:
        """Return when one is due."""
        while (seconds := self._until_first()) is None or seconds > 0:
            self._sooner.clear()
            await wait_for_event(self._sooner, seconds)

    def pop(self) -> PendingJob | None:
        """The one that has been due for longest; those that have ended never come up."""
        seconds = self._until_first()
        if seconds is None or seconds > 0:
            return None
        watch = heapq.heappop(self._heap)[2]
        watch._queued_for = None
        return watch

    def _until_first(self) -> float | None:
        while self._heap:
            when, _, watch = self._heap[0]
            if not watch.ended.done() and watch._queued_for == when == watch.due:
                return when - _now()
            heapq.heappop(self._heap)
            if not watch.ended.done() and watch._queued_for == when:
                self._push(watch)
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()
