"""Rate limiters of polls and submissions, by slots that all triggerers and workers share.

Polls of a process are sent from one event loop; submissions from workers, which are a process for each task.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from airflow_provider_viapi.jobs.attempt_context import SubmitLimiter
from airflow_provider_viapi.jobs.polling.rate_limiter import Permit, RateLimiter
from airflow_provider_viapi.quota.counters import CountersUnavailable
from airflow_provider_viapi.quota.slots import MAX_RENEWALS, Slot, SlotReservations

LEAD = 1.0
"""Seconds before its slot at which a submission is recorded, which takes some calls of Airflow's API."""

MAX_WAIT_FOR_POLL = 5.0
"""Longest time in seconds that a worker waits for the slot of a poll."""

MAX_RECORDING = 8.0
"""Longest time in seconds before its slot at which a submission is recorded."""


class SharedSubmitLimiter(SubmitLimiter):
    """Limits the submissions of one action of one account to reserved slots.

    :param sources: slots in a shared storage, if there is one, then those of this machine for when it fails
    :param pause: sleeps for seconds
    """

    def __init__(self, sources: Sequence[SlotReservations], pause: Callable[[float], None]) -> None:
        self._sources = sources
        self._pause = pause
        self._slots: SlotReservations | None = None
        self._slot: Slot | None = None
        # Seconds that recording takes; 0 as long as no slot was missed for it.
        self._recording = 0.0
        self._near_since = 0.0
        self._missed = 0

    def seconds_to_slot(self) -> float:
        """Return the seconds until the slot, or until the one that it would be if it were taken now."""
        self._give_up_if_lost()
        if self._slot is None:
            for slots in self._sources:
                with suppress(CountersUnavailable):
                    return slots.seconds_to_free()
        return self._seconds_left()

    def reserve(self) -> float:
        """Take a slot, unless there is one, and return the seconds until it."""
        self._give_up_if_lost()
        if self._slot is None:
            self._take_slot()
        return self._seconds_left()

    def saved_slot(self) -> Mapping[str, Any]:
        """Return the slot as JSON values, for another process that continues this task; empty if there is none."""
        if self._slots is None or self._slot is None:
            return {}
        # Counted from the end, where this machine's slots are: both sources have the same keys.
        source = self._sources.index(self._slots) - len(self._sources)
        return {"source": source, "key": self._slots.key, "number": self._slot.number, "at": self._slot.at}

    def restore_slot(self, slot: Mapping[str, Any]) -> None:
        """Use a slot that this task took in another process, unless it was missed."""
        for source, slots in enumerate(self._sources, -len(self._sources)):
            if slot.get("source") == source and slot.get("key") == slots.key:
                self._slots, self._slot = slots, Slot(slot["number"], slot["at"])
                self._slot.distance = max(0.0, slots.seconds_until(self._slot))

    def wait_until_near(self) -> bool:
        """Wait until shortly before the slot, with time to record the submission; false if it was missed."""
        with suppress(CountersUnavailable):
            for seconds in self._pauses(early=max(LEAD, self._recording)):
                self._pause(seconds)
                # Not for ever: a process that always wakes up late would never send anything.
                if self._missed < MAX_RENEWALS and self._give_up_if_lost():
                    self._missed += 1
                    return False
        self._near_since = time.monotonic()
        return True

    def wait_for_slot(self) -> bool:
        """Wait for the slot; false if it was missed, and nothing is to be sent."""
        if self._slots is None or self._slot is None:
            return True
        try:
            is_late = self._slots.is_missed(self._slot)
            is_lost = is_late and self._recording < MAX_RECORDING
            if is_lost or self._slots.was_set_back(self._slot):
                self._slots.give_up(self._slot)
                self._slot = None
                took = time.monotonic() - self._near_since
                self._recording = min(MAX_RECORDING, max(2 * self._recording, 1.5 * took))
                return False
            for seconds in self._pauses():
                self._pause(seconds)
        except CountersUnavailable:
            # It had a slot; the storage failed while it waited for the call before it.
            self._slot = None
        return True

    def release(self, *, throttled: bool, answered_at: datetime | None = None) -> None:
        """Record that the response has arrived, or that none will; without a slot do nothing."""
        slots, slot, self._slot = self._slots, self._slot, None
        if slots is None or slot is None:
            return
        self._missed = 0
        with suppress(CountersUnavailable):
            slots.release(slot, None if answered_at is None else answered_at.timestamp())
            if throttled:
                slots.on_throttled()

    def _pauses(self, early: float = 0.0) -> Iterator[float]:
        if self._slots is None or self._slot is None:
            return iter(())
        return self._slots.pauses(self._slot, early, renew=False)

    def _give_up_if_lost(self) -> bool:
        """Give up a slot that was missed, or that the clock was set back from; return whether that was so."""
        slots, slot = self._slots, self._slot
        if slots is None or slot is None or not (slots.is_missed(slot) or slots.was_set_back(slot)):
            return False
        self._slot = None
        with suppress(CountersUnavailable):
            # The next calls of the chain do not wait for this one.
            slots.give_up(slot)
        return True

    def _take_slot(self) -> None:
        for slots in self._sources:
            with suppress(CountersUnavailable):
                self._slot, self._slots = slots.reserve(self._recording), slots
                return

    def _seconds_left(self) -> float:
        if self._slots is None or self._slot is None:
            return 0.0
        return max(0.0, self._slots.seconds_until(self._slot))


class SharedRateLimiter(RateLimiter):
    """Rate limiter that also waits for the call's slot among all processes.

    While the counters cannot be used it is the adaptive rate limiter of one process, which it is based on.

    :param slots: shared with other processes
    """

    def __init__(
        self, rate: float, slots: SlotReservations, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(rate, clock)
        self._slots = slots
        self._taken: dict[Permit, Slot] = {}
        self._recording: set[asyncio.Future[None]] = set()

    async def acquire(self) -> Permit:
        """Wait until the next call is allowed, and return its permit, to be released with the response."""
        permit = await super().acquire()
        with suppress(CountersUnavailable):
            self._taken[permit] = await take_slot(self._slots)
        permit.acquired = self._clock()
        return permit

    def release(self, permit: Permit) -> None:
        """Record that the response arrived, or that none will arrive."""
        super().release(permit)
        if slot := self._taken.pop(permit, None):
            self._record(lambda: self._slots.release(slot))

    def on_throttled(self) -> None:
        """Pause, and reduce the rate, here and in all processes."""
        super().on_throttled()
        self._record(self._slots.on_throttled)

    def _record(self, function: Callable[[], None]) -> None:
        def record() -> None:
            with suppress(CountersUnavailable):
                function()

        # The storage is called in a thread: it may block.
        recording = asyncio.ensure_future(asyncio.to_thread(record))
        self._recording.add(recording)
        recording.add_done_callback(self._recording.discard)


def wait_for_near_slot(slots: SlotReservations, pause: Callable[[float], None]) -> Slot | None:
    """Take a slot for a call that is not held up for long, and wait for it, on a worker.

    If the next free slot is later than ``MAX_WAIT_FOR_POLL`` the call is sent without one. If it took that slot,
    workers that poll more often than the rate allows would move the slots of triggerers ever further away.

    :param pause: sleeps for seconds
    :returns: ``None`` if the call has no slot
    """
    slot, left = None, MAX_WAIT_FOR_POLL
    with suppress(CountersUnavailable):
        if slots.seconds_to_free() > left:
            return None
        slot = slots.reserve()
        for seconds in slots.pauses(slot):
            if (left := left - seconds) < 0:
                break
            pause(seconds)
    return slot


async def take_slot(slots: SlotReservations) -> Slot:
    """Wait for a slot and return it, in an event loop.

    :raises CountersUnavailable: the counters cannot be used now
    """
    slot = await asyncio.to_thread(slots.reserve)
    steps = slots.pauses(slot)
    while (seconds := await asyncio.to_thread(next, steps, None)) is not None:
        await asyncio.sleep(seconds)
    return slot
