"""Calls per second: evenly spaced, fewer when the service refuses, slowly more again when it does not."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable


class Quota:
    """The pace of one kind of call on one connection.

    Several processes that share an account each give way and come back in the same manner (halve at once, return by
    small steps), which settles near equal shares.

    :param rate: calls per second that are never exceeded
    :param clock: seconds, steadily growing
    """

    lowest_share = 1 / 64
    """No refusal brings the pace below this share of ``rate``: somebody has to notice when the service recovers."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not rate > 0:
            raise ValueError(f"a quota is more than 0 calls per second, not {rate}")
        self.ceiling = rate
        self.rate = rate
        self._clock = clock
        self._next = clock()
        self._deaf_until = self._next

    async def take(self) -> None:
        """Wait for the next call's turn; callers are served in the order of their coming."""
        turn = self.reserve()
        if turn > 0:
            await asyncio.sleep(turn)

    def reserve(self) -> float:
        """Seconds from now until the turn that is hereby taken."""
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + 1 / self.rate
        return turn - now

    def granted(self) -> None:
        """A call went through: after a hundred of them the pace is what it was allowed to be at most."""
        self.rate = min(self.ceiling, self.rate + self.ceiling / 100)

    def refused(self) -> None:
        """A call was throttled: half the pace, and a pause. Refusals that come together count as one."""
        now = self._clock()
        if now < self._deaf_until:
            return
        self.rate = max(self.ceiling * self.lowest_share, self.rate / 2)
        pause = random.uniform(1, 2)  # noqa: S311
        self._deaf_until = now + pause
        self._next = max(self._next, now + pause)
