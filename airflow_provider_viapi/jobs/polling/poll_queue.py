"""The queue of polls: each is due at a time, and of those that are due the most urgent one comes first."""

from __future__ import annotations

import asyncio
import heapq
import math
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.polling.pending_jobs import PendingJob


class PollQueue:
    """Priority queue of jobs; postponing a job is free until its earlier time comes.

    A job is in one of two heaps: until it is due, by that time; from then on by ``PendingJob.priority``. Outdated
    entries stay in the heaps and are skipped when they reach the top.
    """

    def __init__(self) -> None:
        self._delayed: list[tuple[float, int, PendingJob]] = []
        self._due: list[tuple[float, int, PendingJob]] = []
        self._order = count()
        self._earlier = asyncio.Event()

    def schedule(self, pending: PendingJob, seconds: float = 0.0) -> None:
        """Schedule the next poll of a job; replaces the time that was scheduled before.

        :param seconds: from now; default: at once
        """
        # NaN would corrupt the order of the heap.
        pending.due = now() + (seconds if math.isfinite(seconds) else 0.0)
        if pending.queued_for is None or pending.due < pending.queued_for:
            self._delay(pending)
        elif pending.queued_priority is not None and pending.priority < pending.queued_priority:
            # It is due already, and has become more urgent.
            self._make_due(pending)

    async def wait_until_due(self) -> None:
        """Wait until a job is due."""
        while (seconds := self._until_first()) is None or seconds > 0:
            self._earlier.clear()
            await wait_for_event(self._earlier, seconds)

    def pop(self) -> PendingJob | None:
        """Remove and return the most urgent job that is due; ``None`` if none is due."""
        if self._until_first() != 0.0:
            return None
        pending = heapq.heappop(self._due)[2]
        pending.queued_for = pending.queued_priority = None
        return pending

    def _delay(self, pending: PendingJob) -> None:
        pending.queued_for, pending.queued_priority = pending.due, None
        heapq.heappush(self._delayed, (pending.due, next(self._order), pending))
        self._earlier.set()

    def _make_due(self, pending: PendingJob) -> None:
        pending.queued_priority = pending.priority
        heapq.heappush(self._due, (pending.queued_priority, next(self._order), pending))

    def _until_first(self) -> float | None:
        """Return the seconds until a job is due: 0 if the top of the second heap is one, ``None`` without jobs."""
        while self._delayed and self._delayed[0][0] <= now():
            when, _, pending = heapq.heappop(self._delayed)
            if pending.result.done() or pending.queued_for != when or pending.queued_priority is not None:
                continue
            if pending.due > now():
                self._delay(pending)
            else:
                self._make_due(pending)
        while self._due:
            priority, _, pending = self._due[0]
            is_current = not pending.result.done() and pending.queued_priority == priority
            if is_current and pending.due <= now():
                return 0.0
            heapq.heappop(self._due)
            if is_current:
                # It was postponed after it was due.
                self._delay(pending)
        return max(self._delayed[0][0] - now(), 1e-9) if self._delayed else None


async def wait_for_event(event: asyncio.Event, seconds: float | None) -> None:
    """Wait until an event is set, or for so many seconds.

    ``asyncio.wait_for`` before Python 3.12 drops a cancellation that arrives together with the event.
    """
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=seconds)
    finally:
        waiting.cancel()


def now() -> float:
    """Return the time of the running event loop, in seconds."""
    return asyncio.get_running_loop().time()
