"""Pace of polls and submissions, by turns that all triggerers and workers share.

Polls of a process are sent from one event loop; submissions from workers, which are a process for each task.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from airflow_provider_viapi.jobs.attempt_context import SubmitPace
from airflow_provider_viapi.jobs.polling.rate_limiter import Permit, RateLimiter
from airflow_provider_viapi.quota.counters import CountersUnavailable
from airflow_provider_viapi.quota.turns import Turn, Turns

LEAD = 1.0
"""Seconds before its turn at which a submission is recorded, which takes some calls of Airflow's API."""

MAX_RECORDING = 8.0
"""Longest time in seconds before its turn at which a submission is recorded."""


class TurnPace(SubmitPace):
    """Pace of the submissions of one action of one account.

    :param sources: turns in a shared storage, if there is one, then those of this machine for when it fails
    :param pause: sleeps for seconds
    """

    def __init__(self, sources: Sequence[Turns], pause: Callable[[float], None]) -> None:
        self._sources = sources
        self._pause = pause
        self._turns: Turns | None = None
        self._turn: Turn | None = None
        # Seconds that recording takes; 0 as long as no turn was missed for it.
        self._recording = 0.0
        self._approached_at = 0.0

    def expect(self) -> float:
        """Return the seconds until the turn, or until the one that it would be if it were taken now."""
        if self._turn is None:
            for turns in self._sources:
                with suppress(CountersUnavailable):
                    return turns.seconds_to_free()
        return self._seconds_left()

    def reserve(self) -> float:
        """Take a turn, unless there is one, and return the seconds until it."""
        if self._turn is None:
            self._take_turn()
        return self._seconds_left()

    def turn(self) -> Mapping[str, Any]:
        """Return the turn as JSON values, for another process that continues this task; empty if there is none."""
        if self._turns is None or self._turn is None:
            return {}
        return {"key": self._turns.key, "slot": self._turn.slot, "at": self._turn.at}

    def keep(self, turn: Mapping[str, Any]) -> None:
        """Use a turn that this task took in another process, unless it was missed."""
        for turns in self._sources:
            kept = Turn(turn["slot"], turn["at"]) if turn.get("key") == turns.key else None
            if kept is not None:
                kept.distance = max(0.0, turns.seconds_until(kept))
            if kept is not None and not turns.is_missed(kept):
                self._turns, self._turn = turns, kept
                return

    def approach(self) -> None:
        """Wait until shortly before the turn: the submission is recorded, then it waits for the turn itself."""
        self.reserve()
        with suppress(CountersUnavailable):
            self._sleep(early=max(LEAD, self._recording))
        self._approached_at = time.monotonic()

    def begin(self) -> bool:
        """Wait for the turn; false if it was missed, and nothing is to be sent."""
        if self._turns is None or self._turn is None:
            return True
        try:
            is_late = self._turns.is_missed(self._turn)
            is_lost = is_late and self._recording < MAX_RECORDING
            if is_lost or self._turns.was_set_back(self._turn):
                self._turns.give_up(self._turn)
                self._turn = None
                took = time.monotonic() - self._approached_at
                self._recording = min(MAX_RECORDING, max(2 * self._recording, 1.5 * took))
                return False
            self._sleep(renew=False)
        except CountersUnavailable:
            # It had a turn; the storage failed while it waited for the call before it.
            self._turn = None
        return True

    def end(self, *, throttled: bool) -> None:
        """Record that the response has arrived, or that none will."""
        turns, turn, self._turn = self._turns, self._turn, None
        if turns is None or turn is None:
            return
        with suppress(CountersUnavailable):
            turns.end(turn)
            if throttled:
                turns.refused()

    def _sleep(self, early: float = 0.0, *, renew: bool = True) -> None:
        if self._turns is not None and self._turn is not None:
            for seconds in self._turns.begin(self._turn, early, renew=renew):
                self._pause(seconds)

    def _take_turn(self) -> None:
        for turns in self._sources:
            with suppress(CountersUnavailable):
                self._turn, self._turns = turns.reserve(self._recording), turns
                return

    def _seconds_left(self) -> float:
        if self._turns is None or self._turn is None:
            return 0.0
        return max(0.0, self._turns.seconds_until(self._turn))


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
