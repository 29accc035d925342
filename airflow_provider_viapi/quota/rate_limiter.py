"""The poller's rate limiter, with turns that all triggerers and workers share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from airflow_provider_viapi.jobs.rate_limiter import Permit, RateLimiter
from airflow_provider_viapi.quota.counters import CountersUnavailable
from airflow_provider_viapi.quota.turns import Turn, Turns


class SharedRateLimiter(RateLimiter):
    """Rate limiter that also waits for the call's turn among all processes.

    While the counters cannot be used it is the adaptive rate limiter of one process, which it is based on.

    :param turns: shared with other processes
    """

    def __init__(self, rate: float, turns: Turns, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(rate, clock)
        self._turns = turns
        self._taken: dict[Permit, Turn] = {}
        self._recording: set[asyncio.Future[None]] = set()

    async def acquire(self) -> Permit:
        """Wait until the next call is allowed, and return its permit, to be released with the response."""
        permit = await super().acquire()
        with suppress(CountersUnavailable):
            self._taken[permit] = await take_turn(self._turns)
        permit.acquired = self._clock()
        return permit

    def release(self, permit: Permit) -> None:
        """Record that the response arrived, or that none will arrive."""
        super().release(permit)
        if turn := self._taken.pop(permit, None):
            self._record(lambda: self._turns.end(turn))

    def on_throttled(self) -> None:
        """Pause, and reduce the rate, here and in all processes."""
        super().on_throttled()
        self._record(self._turns.refused)

    def _record(self, function: Callable[[], None]) -> None:
        def record() -> None:
            with suppress(CountersUnavailable):
                function()

        # The storage is called in a thread: it may block.
        recording = asyncio.ensure_future(asyncio.to_thread(record))
        self._recording.add(recording)
        recording.add_done_callback(self._recording.discard)


async def take_turn(turns: Turns) -> Turn:
    """Wait for a turn and return it, in an event loop.

    :raises CountersUnavailable: the counters cannot be used now
    """
    turn = await asyncio.to_thread(turns.reserve)
    steps = turns.begin(turn)
    while (seconds := await asyncio.to_thread(next, steps, None)) is not None:
        await asyncio.sleep(seconds)
    return turn
