"""Rate of the calls of a connection: evenly spaced, fewer after the service throttles, slowly more again."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

SLOW_START_THRESHOLD = 0.85
"""From this share of the rate that was throttled last, the rate grows a twentieth as fast."""

MIN_RATE = 0.1
"""Calls per second that throttling leaves at least, unless the maximum is lower."""

RECOVERED_RATE = 0.5
"""Calls per second at least after a successful call, unless the maximum is lower.

Where another process uses the whole quota, every call of this one may be throttled, however rare it is. When the
other one has finished, a rate that grows with each successful call would take minutes to recover.
"""

RARE_AFTER = 20
"""After so many successful calls a throttled one is rare: the rate is a little too high, not far."""

MIN_SAMPLES = 50
"""Number of responses after which the shortest latency that was seen is trusted as the latency of the network."""

MAX_ARRIVAL_JITTER = 2.0
"""Longest time in seconds that later calls wait because an earlier one may have arrived late."""

RECHECK_INTERVAL = 0.1
"""Seconds between two checks for the response to an earlier call."""


@dataclass(eq=False)
class Permit:
    """Permission for one call.

    :param acquired: when the call was allowed, on the limiter's clock
    :param released: when its response arrived; ``None`` until then
    """

    acquired: float
    released: float | None = None


class RateLimiter:
    """Rate of one kind of call on one connection.

    The rate decreases by a factor when the service throttles and increases by small steps after successful calls, so
    several processes that share an account settle near equal shares. Close to the rate that was throttled last the
    steps are smaller.

    :param rate: calls per second that are never exceeded; above 0
    :param clock: monotonic time in seconds
    :raises ValueError: the rate is not a number above 0
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not 0 < rate < math.inf:
            raise ValueError(f"rate is {rate}; allowed: more than 0 calls per second")
        self.ceiling = rate
        self.rate = rate
        self._clock = clock
        self._next = clock()
        self._ignore_until = self._next
        self._throttled_rate = math.inf
        self._permits: deque[Permit] = deque(maxlen=math.ceil(rate))
        self._min_latency = math.inf
        self._samples = 0

    async def wait(self) -> None:
        """Wait until the next call is allowed; callers are served in order of arrival."""
        self.release(await self.acquire())

    async def acquire(self) -> Permit:
        """Wait until the next call is allowed, and return its permit, to be released with the response.

        The service counts calls when they arrive. A call that was delayed in the network arrives together with later
        ones and exceeds the limit. So requests are spaced by estimated arrival time, for which the limiter needs to
        know how long calls take.
        """
        await asyncio.sleep(max(0.0, self.reserve()))
        while (seconds := self._seconds_to_spacing()) > 0:
            # The response to the earlier call may arrive meanwhile and show that the next one may be sent sooner.
            await asyncio.sleep(min(seconds, RECHECK_INTERVAL))
        permit = Permit(self._clock())
        self._permits.append(permit)
        return permit

    def reserve(self) -> float:
        """Reserve the next call and return the seconds to wait before making it."""
        now = self._clock()
        start = max(now, self._next)
        self._next = start + 1 / self.rate
        return start - now

    def release(self, permit: Permit) -> None:
        """Record that the response arrived, or that none will arrive."""
        permit.released = self._clock()
        latency = permit.released - permit.acquired
        self._samples += 1
        # A network that has become slower is learned gradually.
        decayed = self._min_latency + (latency - self._min_latency) / 1024
        self._min_latency = latency if latency < self._min_latency else decayed

    def on_success(self) -> None:
        """Increase the rate a little; after about a hundred calls it is back where it was."""
        is_close = SLOW_START_THRESHOLD * self._throttled_rate <= self.rate <= self._throttled_rate
        grown = self.rate + self.ceiling / (2000 if is_close else 100)
        self.rate = min(self.ceiling, max(RECOVERED_RATE, grown))

    def on_throttled(self) -> None:
        """Pause, and reduce the rate: a little if this is rare, otherwise by half.

        Several throttled calls within the pause count as one, since they were sent at the same rate.
        """
        now = self._clock()
        if now < self._ignore_until:
            return
        is_rare = now - self._ignore_until > RARE_AFTER / self.rate
        factor = SLOW_START_THRESHOLD if is_rare else 0.5
        self._throttled_rate = self.rate
        self.rate = max(min(MIN_RATE, self.ceiling), self.rate * factor)
        pause = random.uniform(1, 2)  # noqa: S311
        self._ignore_until = now + pause
        self._next = max(self._next, now + pause)

    def _seconds_to_spacing(self) -> float:
        """Seconds until the next call cannot arrive within a second of more calls than the rate allows."""
        window = math.ceil(self.rate)
        if len(self._permits) < window:
            return 0.0
        earlier = self._permits[-window]
        return earlier.acquired + window / self.rate + self._arrival_jitter(earlier) - self._clock()

    def _arrival_jitter(self, permit: Permit) -> float:
        """Seconds by which a call may have arrived later than the next one may."""
        if permit.released is None:
            return MAX_ARRIVAL_JITTER
        # The next call may be faster than the fastest that was seen, above all while few were seen.
        fastest = self._min_latency / 2 if self._samples >= MIN_SAMPLES else 0.0
        return min(MAX_ARRIVAL_JITTER, max(0.0, permit.released - permit.acquired - fastest))
