"""Turns of submissions, which are sent from workers: a process for each task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from airflow_provider_viapi.quota.counters import CountersUnavailable
from airflow_provider_viapi.quota.turns import Turn, Turns

RECORDING = 1.0
"""Seconds before its turn at which a submission is recorded; doubled when that was too late."""

MAX_RECORDING = 8.0
"""From then on a submission that missed its turn is sent at the next one."""


class TurnPace:
    """Pace of the submissions of one action of one account; see ``jobs.task_run.SubmitPace``.

    :param sources: turns in a shared storage, if there is one, then those of this machine for when it fails
    :param pause: sleeps for seconds
    """

    def __init__(self, sources: Sequence[Turns], pause: Callable[[float], None]) -> None:
        self._sources = sources
        self._pause = pause
        self._turns: Turns | None = None
        self._turn: Turn | None = None
        self._recording = RECORDING

    def reserve(self) -> float:
        """Take a turn, unless there is one, and return the seconds until it."""
        if self._turn is None:
            self._take_turn()
        return self._seconds_left()

    def approach(self) -> None:
        """Wait until shortly before the turn."""
        while (seconds := self.reserve() - self._recording) > 0:
            self._pause(seconds)

    def begin(self) -> bool:
        """Wait for the turn; false if it was missed, and nothing is to be sent."""
        if self._turns is None or self._turn is None:
            return True
        try:
            if self._turns.is_missed(self._turn) and self._recording < MAX_RECORDING:
                self._turn = None
                self._recording *= 2
                return False
            for seconds in self._turns.begin(self._turn):
                self._pause(seconds)
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

    def _take_turn(self) -> None:
        for turns in self._sources:
            with suppress(CountersUnavailable):
                self._turn, self._turns = turns.reserve(), turns
                return

    def _seconds_left(self) -> float:
        if self._turns is None or self._turn is None:
            return 0.0
        return max(0.0, self._turns.seconds_until(self._turn))
