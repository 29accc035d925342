"""Reserved slots for one kind of call: processes that share the counters together stay within the rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

ARRIVAL_MARGIN = 0.08
"""Seconds by which a window of calls is longer than the rate demands: calls are not all in transit equally long."""

TOLERATED = 0.5
"""Seconds by which a call may always be late: the next ones of its chain wait for it."""

UNANSWERED_SECONDS = 5.0
"""Longest time in seconds that a call waits for the response to the one whose place in the rate it takes."""

MAX_UNANSWERED_EARLY = 10.0
"""Longest part in seconds of that wait for which a call may be recorded: it could turn out not to be sent."""

RECHECK_SECONDS = 0.05
"""Seconds between two checks for that response."""

MAX_RENEWALS = 2
"""Missed slots after which a call is sent late: a process that always wakes up late would never send one."""

CLOCK_STEP = 1.0
"""Seconds by which a slot may become more distant while it is waited for; more means that the clock was set back."""

KEPT_SECONDS = 30
"""Seconds for which a slot is remembered after its time, besides the windows of calls in which it counts."""

THROTTLED_SECONDS = 10
"""Seconds in which throttled calls are counted; at a low rate longer, see :meth:`SlotReservations.on_throttled`."""

THROTTLED_SHARE = 0.15
"""If so large a share of the calls that the rate allows in that time is throttled, the rate is too high.

A few are throttled although it is right: on a busy machine a call may arrive late, together with the next ones. Half
of the rate for a minute would cost more than the few repeated calls.
"""

MIN_THROTTLED = 4
"""So many calls at least must be throttled."""

SLOWDOWN_SECONDS = 60
"""Seconds for which throttled calls make all processes slower, or twice as long as they are counted."""

MAX_SLOWDOWN = 15
"""Most times that the processes are made slower: the rate never falls below a sixteenth."""


class Counters(Protocol):
    """Counters that several processes share; those of the library ``limits`` have the same methods."""

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Add to a counter and return its new value.

        :param expiry: seconds after which it is forgotten, from its first use
        """
        ...

    def get(self, key: str) -> int:
        """Return the value of a counter; 0 if it is not there."""
        ...


@dataclass
class Slot:
    """A reserved time for one call.

    :param number: each number belongs to one call
    :param at: when the slot begins, in Unix time
    :param sent_at: when the call was sent
    :param distance: seconds until it when it was taken
    """

    number: int
    at: float
    sent_at: float = 0.0
    distance: float = math.inf


class SlotReservations:
    """Reserved slots for one kind of call of one account.

    Time is divided into slots, a little longer than the rate demands. A slot belongs to the process that increments
    its counter first, so processes need no order among them and nothing has to be given back. A rate of n calls per
    second forms n chains of slots; a call is not sent until the time of the window has passed since the one before
    it in its chain arrived, however long that was in transit. So no window ever holds more than n calls.

    Clocks of machines that share counters may differ by some hundredths of a second, as NTP keeps them.

    :param counters: shared by all processes
    :param key: names account and kind of call; holds no secret
    :param rate: calls per second
    :param clock: Unix time
    """

    def __init__(
        self, counters: Counters, key: str, rate: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._counters = counters
        self._clock = clock
        self._rate = rate
        self._chains = math.ceil(rate)
        self._window = self._chains / rate
        self.spacing = 1 / rate + ARRIVAL_MARGIN / self._chains
        # How late a call may be sent before its slot counts as missed, or may arrive because it waited for another.
        self._tolerated = max(1.5 * self.spacing, TOLERATED)
        self._answered_within = max(self._window, self._tolerated) + UNANSWERED_SECONDS
        # A call looks at the slots of up to two windows before its own.
        self._kept_for = math.ceil(KEPT_SECONDS + 2 * self._window)
        # Slots of another rate have other numbers.
        self.key = f"{key}:{round(self.spacing * 1e6)}"

    def seconds_until(self, slot: Slot) -> float:
        """Return the seconds until a slot; negative if it has passed."""
        return slot.at - self._clock()

    def seconds_to_free(self) -> float:
        """Return the seconds until the first slot that is free now, without taking it."""
        step, multiple = self._first(0.0)
        if self._counters.get(self._slot_key(multiple * step)):
            multiple = self._find_free(multiple, step)
        return max(0.0, multiple * step * self.spacing - self._clock())

    def reserve(self, after: float = 0.0) -> Slot:
        """Take the first free slot.

        :param after: seconds from now; default: at once
        """
        step, multiple = self._first(after)
        if not self._take(multiple * step):
            multiple = self._find_free(multiple, step)
            while not self._take(multiple * step):
                multiple += 1
        at = multiple * step * self.spacing
        return Slot(multiple * step, at, distance=max(0.0, at - self._clock()))

    def _first(self, after: float) -> tuple[int, int]:
        """Return the step from one slot that may be taken to the next, and the first one as a multiple of it."""
        step = self._step()
        # In steps, so that processes that are slowed down take the same slots.
        multiple = math.floor((self._clock() + after) / self.spacing / step)
        # The slot of this moment will do if it is free: a call may be late.
        return step, multiple + (step > 1)

    def pauses(self, slot: Slot, early: float = 0.0, *, renew: bool = True) -> Iterator[float]:
        """Yield seconds to sleep until the call may be sent.

        :param early: seconds before that at which to end
        :param renew: replace a slot that is missed with the next one, at most twice
        """
        renewals = 0
        while True:
            if renew and (self.was_set_back(slot) or (renewals < MAX_RENEWALS and self.is_missed(slot))):
                # Also if earlier calls took so long: the slots that are given up let the others catch up.
                self.give_up(slot)
                again = self.reserve()
                slot.number, slot.at, slot.distance = again.number, again.at, again.distance
                renewals += 1
            seconds = self.seconds_until(slot)
            if seconds <= early:
                seconds = self._until_window_is_over(slot, early)
                if seconds <= early:
                    break
            yield seconds - early
        slot.sent_at = self._clock()

    def is_missed(self, slot: Slot) -> bool:
        """Return whether a slot is so long ago that its call would take the place of a later one."""
        return self._clock() - slot.at > self._tolerated

    def was_set_back(self, slot: Slot) -> bool:
        """Return whether the clock was set back since a slot was taken, which is further away than it was then."""
        return self.seconds_until(slot) > slot.distance + CLOCK_STEP

    def give_up(self, slot: Slot) -> None:
        """Record that a slot is not used."""
        self._answer(slot.number, 1)

    def release(self, slot: Slot, answered_at: float | None = None) -> None:
        """Record that the response has arrived, or that none will.

        :param answered_at: when it arrived, in Unix time; default: now
        """
        arrived_at = (slot.sent_at + (answered_at or self._clock())) / 2
        # Bounded, since the clock of this machine may have been set meanwhile, and others wait accordingly.
        late = min(arrived_at - slot.at, self._answered_within)
        self._answer(slot.number, max(1, math.ceil(late * 1000)))

    def on_throttled(self) -> None:
        """Record that the service throttled a call: if many are, for a while all processes take fewer slots."""
        step = self._step()
        rate = self._rate / step
        # At a low rate longer, since few calls are made.
        seconds = math.ceil(max(THROTTLED_SECONDS, MIN_THROTTLED / THROTTLED_SHARE / rate))
        limit = max(MIN_THROTTLED, math.floor(THROTTLED_SHARE * seconds * rate))
        # For each step: calls that were throttled at a higher rate do not say that the present one is too high.
        if self._counters.incr(f"{self.key}:throttled-at:{step}", seconds) == limit:
            self._counters.incr(f"{self.key}:throttled", max(SLOWDOWN_SECONDS, 2 * seconds))

    def _step(self) -> int:
        """Return by how many slots the ones that may be taken are apart: 1, or more after throttled calls."""
        return 1 + min(MAX_SLOWDOWN, self._counters.get(f"{self.key}:throttled"))

    def _slot_key(self, number: int) -> str:
        return f"{self.key}:slot:{number}"

    def _answered_key(self, number: int) -> str:
        return f"{self.key}:answered:{number}"

    def _take(self, number: int) -> bool:
        return self._counters.incr(self._slot_key(number), self._expiry(number)) == 1

    def _answer(self, number: int, milliseconds: int) -> None:
        """Record that the call of a slot has arrived so long after the slot, or that there will be none."""
        self._counters.incr(self._answered_key(number), self._expiry(number), milliseconds)

    def _expiry(self, number: int) -> int:
        """Return the seconds for which what is known about a slot, which may be far off, is kept."""
        return math.ceil(max(0.0, number * self.spacing - self._clock())) + self._kept_for

    def _find_free(self, taken: int, step: int) -> int:
        """Return a free slot after a taken one, by doubling the distance and then halving it."""
        distance = 1
        while self._counters.get(self._slot_key((taken + distance) * step)):
            distance *= 2
        low, high = taken + distance // 2, taken + distance
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._counters.get(self._slot_key(middle * step)) else (low, middle)
        return high

    def _until_window_is_over(self, slot: Slot, early: float) -> float:
        """Return the seconds to sleep because of the calls before this one in its chain.

        :param early: see :meth:`pauses`
        """
        now = self._clock()
        # Two of them, because the second may have been so late that the first was given up.
        for number in (slot.number - self._chains, slot.number - 2 * self._chains):
            before_at = number * self.spacing
            if late := self._counters.get(self._answered_key(number)):
                if (seconds := before_at + late / 1000 + self._window - now) > 0:
                    return seconds
            elif (left := before_at + self._answered_within - now) >= 0 and self._counters.get(
                self._slot_key(number)
            ):
                return RECHECK_SECONDS if left <= MAX_UNANSWERED_EARLY else early + RECHECK_SECONDS
        return 0.0
