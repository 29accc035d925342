"""The jobs that are waited for, and the queue of their polls."""

from __future__ import annotations

import asyncio
import heapq
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import count

from airflow_provider_viapi.jobs.backend import Ending
from airflow_provider_viapi.jobs.model import Job, JobReport, Log, OnState
from airflow_provider_viapi.jobs.polling.intervals import Backoff

MAX_AGO = 30 * 86400.0
"""Seconds since the end of a job beyond which a list is wrong: it shows the jobs of the last day."""


FINISHED_PRIORITY = 300.0
"""Seconds by which finished jobs precede jobs that are only due: neither kind can hold up the other for ever."""


ANNOUNCED_POLL_FACTOR = 10
"""Factor by which a job is polled less often, and the list read less often, while messages announce its end."""


@dataclass(eq=False)
class PendingJob:
    """One wait for a job.

    :param until: the deadline
    :param result: receives the final report, or the error that ends the wait
    :param last_scan: number of the scan of the job list that last showed the job, or during which the wait began
    :param polls: how often the job was polled
    :param due: time of the next poll, on the event loop's clock
    :param is_late: the deadline has passed, and the next poll is the last
    :param unexpected_errors: how many polls in a row ended with an error that is no ``ServiceError``
    :param finished_at: when the job list first showed that the job has ended; the result is still missing
    :param ending: what the job list says about the end
    :param seen: when each state of the job was first seen, ISO 8601
    :param seen_waiting_at: when a poll or the job list last showed that the job has not ended
    :param was_announced: a message named the job as finished before a poll or the list showed its end
    :param is_polling: a poll has begun and is not answered yet
    :param is_named: a message named the job, and no poll has begun since
    :param false_announcements: how many polls because of a message found that the job has not ended
    :param on_state: receives ``seen`` after each change
    """

    job: Job
    log: Log
    until: datetime
    result: asyncio.Future[JobReport]
    last_scan: int
    polls: int = 0
    due: float = 0.0
    is_late: bool = False
    unexpected_errors: int = 0
    finished_at: float | None = None
    ending: Ending | None = None
    seen: dict[str, str] = field(default_factory=dict)
    seen_waiting_at: float | None = None
    was_announced: bool = False
    is_polling: bool = False
    is_named: bool = False
    false_announcements: int = 0
    on_state: OnState | None = None
    _queued_for: float | None = None
    _logged: str | None = None
    # Airflow finds the task of a log line by the context of the caller, and one poller serves many tasks.
    _context: Context = field(default_factory=copy_context, repr=False)

    @property
    def is_finished(self) -> bool:
        """True if the job list shows, or a message says, that the job has ended."""
        return self.finished_at is not None

    def mark_finished(self, ending: Ending | None) -> None:
        """Record that the job list shows the end of the job."""
        self.finished_at, self.ending = now(), ending

    def mark_announced(self) -> None:
        """Record that a message says that the job has ended."""
        self.was_announced = self.is_named = True
        self.mark_finished(None)

    def mark_waiting(self) -> None:
        """Record that the job itself reports that it has not ended, whatever the list or an earlier message says."""
        self.seen_waiting_at = now()
        if not self.is_named:
            self.false_announcements += self.was_announced
            self.was_announced = False
            self.finished_at = self.ending = None

    def mark_seen(self, state: str) -> None:
        """Record that the job was seen in a state; a receiver that fails must not end the wait."""
        if state not in self.seen:
            self.seen[state] = _utc(0.0)
            if self.on_state is not None:
                with suppress(Exception):
                    self.on_state(dict(self.seen))

    def resolve(self, outcome: JobReport | Exception) -> None:
        """End the wait, if it has not ended already."""
        if self.result.done():
            return
        if isinstance(outcome, Exception):
            self.result.set_exception(outcome)
        else:
            self.result.set_result(replace(outcome, times=self._times()))

    def _times(self) -> dict[str, str]:
        times = {**self.seen, "noticed": _utc(0.0)}
        # A list may state impossible times.
        if self.ending is not None and self.finished_at is not None and 0 <= self.ending.ago < MAX_AGO:
            times["finished"] = _utc(self.ending.ago + now() - self.finished_at)
        return times

    def discard(self) -> None:
        """Mark an error as retrieved that arrives while the caller leaves, or asyncio logs it as never retrieved."""
        if not self.result.cancel() and not self.result.cancelled():
            self.result.exception()

    def log_once(self, text: str, *, warning: bool = False) -> None:
        """Log a line about the job unless it repeats the previous one; a log that fails must not end the wait."""
        if text != self._logged:
            self._logged = text
            log = self.log.warning if warning else self.log.info
            with suppress(Exception, asyncio.CancelledError):
                self._context.run(log, "Job %s %s", self.job.id, text)


class DelayQueue:
    """Priority queue by time; postponing a job is free until its earlier time comes."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, PendingJob]] = []
        self._order = count()
        self._earlier = asyncio.Event()

    def schedule(self, pending: PendingJob, seconds: float) -> None:
        """Schedule the next poll of a job; replaces the time that was scheduled before.

        :param seconds: from now; negative values give priority over jobs that became due later
        """
        # NaN would corrupt the order of the heap.
        pending.due = now() + (seconds if math.isfinite(seconds) else 0.0)
        if pending._queued_for is None or pending.due < pending._queued_for:
            self._push(pending)

    def _push(self, pending: PendingJob) -> None:
        pending._queued_for = pending.due
        heapq.heappush(self._heap, (pending.due, next(self._order), pending))
        self._earlier.set()

    async def wait_until_due(self) -> None:
        """Wait until a job is due."""
        while (seconds := self._until_first()) is None or seconds > 0:
            self._earlier.clear()
            await wait_for_event(self._earlier, seconds)

    def pop(self) -> PendingJob | None:
        """Remove and return the job that has been due for longest; ``None`` if none is due."""
        seconds = self._until_first()
        if seconds is None or seconds > 0:
            return None
        pending = heapq.heappop(self._heap)[2]
        pending._queued_for = None
        return pending

    def _until_first(self) -> float | None:
        """Seconds until the first job is due; drops jobs that nobody waits for and outdated times on the way."""
        while self._heap:
            when, _, pending = self._heap[0]
            if not pending.result.done() and pending._queued_for == when == pending.due:
                return when - now()
            heapq.heappop(self._heap)
            if not pending.result.done() and pending._queued_for == when:
                self._push(pending)
        return None


class PendingJobs:
    """All waits of one connection by job, and the queue of their polls.

    :param backoff: intervals between two polls of one job
    :param is_covered: returns whether a message will announce the end of a job
    """

    def __init__(
        self, backoff: Backoff, is_covered: Callable[[PendingJob], bool] = lambda pending: False
    ) -> None:
        self.backoff = backoff
        self._is_covered = is_covered
        self.queue = DelayQueue()
        self._by_id: dict[str, list[PendingJob]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[PendingJob]:
        return (pending for waits in self._by_id.values() for pending in waits)

    def add(self, pending: PendingJob) -> None:
        """Add a wait."""
        self._by_id.setdefault(pending.job.id, []).append(pending)

    def remove(self, pending: PendingJob) -> None:
        """Remove a wait."""
        waits = self._by_id[pending.job.id]
        waits.remove(pending)
        if not waits:
            del self._by_id[pending.job.id]

    def of(self, job_id: str) -> Sequence[PendingJob]:
        """Return the waits for a job."""
        return self._by_id.get(job_id, ())

    def unfinished(self) -> set[str]:
        """Return the jobs that the list has not shown as ended."""
        return {job_id for job_id, waits in self._by_id.items() if not waits[0].is_finished}

    def are_covered(self) -> bool:
        """Return whether messages will announce the end of all jobs that have not been shown as ended."""
        return all(pending.is_finished or self._is_covered(pending) for pending in self)

    def interval(self, pending: PendingJob) -> float:
        """Return the seconds until the next individual poll of a job."""
        if self._is_covered(pending):
            return ANNOUNCED_POLL_FACTOR * random.uniform(self.backoff.longest / 2, self.backoff.longest)  # noqa: S311
        return self.backoff.interval(pending.polls)

    def poll_individually(self, jobs: Iterable[PendingJob]) -> None:
        """Schedule polls of these jobs at individual intervals, unless they come sooner."""
        for pending in jobs:
            seconds = self.interval(pending)
            if pending.due > now() + seconds:
                self.queue.schedule(pending, seconds)


async def wait_for_event(event: asyncio.Event, seconds: float | None) -> None:
    """Wait until an event is set, or for so many seconds.

    ``asyncio.wait_for`` before Python 3.12 drops a cancellation that arrives together with the event.
    """
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=seconds)
    finally:
        waiting.cancel()


def _utc(ago: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(seconds=ago)).isoformat(timespec="milliseconds")


def now() -> float:
    """Return the time of the running event loop, in seconds."""
    return asyncio.get_running_loop().time()
