"""Calls per second: evenly spaced, fewer when the service refuses, slowly more again when it does not."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

SLOW_START_THRESHOLD = 0.85
"""From this share of the pace at which the last refusal came, the pace grows a twentieth as fast."""

RARE_AFTER = 20
"""A refusal after so many calls that went through is a rare one: the pace was a little too fast, not far."""

ENOUGH_ANSWERS = 50
"""So many answers tell how long the way takes at least."""

LONGEST_DETOUR = 2.0
"""Seconds that one call may have been under way longer than others, at most, for the next ones to wait for it."""


@dataclass(eq=False)
class Permit:
    """A call that was let go.

    :param sent: when, on the quota's clock
    :param answered: when its answer was there, whichever; ``None`` until then
    """

    sent: float
    answered: float | None = None


class RateLimiter:
    """The pace of one kind of call on one connection.

    Several processes that share an account each give way and come back in the same manner (down by a share, up by
    small steps), which settles near equal shares. Close to the pace that was refused last the steps are smaller.

    The service counts calls when they arrive, which is not when they leave: one that was held up on its way comes
    together with those after it. So a call also keeps its distance, a second at full pace, from where the call as
    many places before it may have arrived at the latest; :meth:`begin` tells of that one by its :class:`Permit`.

    :param rate: calls per second that are never exceeded
    :param clock: seconds, steadily growing
    """

    lowest_share = 1 / 64
    """No refusal brings the pace below this share of ``rate``: somebody has to notice when the service recovers."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        if not 0 < rate < math.inf:
            raise ValueError(f"a quota is more than 0 calls per second, not {rate}")
        self.ceiling = rate
        self.rate = rate
        self._clock = clock
        self._next = clock()
        self._deaf_until = self._next
        self._refused_at = math.inf
        self._turns: deque[Permit] = deque(maxlen=math.ceil(rate))
        self._quickest = math.inf
        self._answers = 0

    async def take(self) -> None:
        """Wait for the next call's turn; callers are served in the order of their coming."""
        self.answered(await self.begin())

    async def begin(self) -> Permit:
        """The same for a caller who will say with :meth:`answered` when the answer was there."""
        await asyncio.sleep(max(0.0, self.reserve()))
        while (seconds := self._until_distance()) > 0:
            await asyncio.sleep(seconds)
        turn = Permit(self._clock())
        self._turns.append(turn)
        return turn

    def reserve(self) -> float:
        """Seconds from now until the turn that is hereby taken."""
        now = self._clock()
        turn = max(now, self._next)
        self._next = turn + 1 / self.rate
        return turn - now

    def answered(self, turn: Permit) -> None:
        """The call's answer is there, or it is known that none will come."""
        turn.answered = self._clock()
        took = turn.answered - turn.sent
        self._answers += 1
        # A way that has become longer for good is learned by and by.
        self._quickest = took if took < self._quickest else self._quickest + (took - self._quickest) / 1024

    def granted(self) -> None:
        """A call went through: after a hundred of them, or a little later, the pace is back where it was."""
        is_careful = SLOW_START_THRESHOLD * self._refused_at <= self.rate <= self._refused_at
        self.rate = min(self.ceiling, self.rate + self.ceiling / (2000 if is_careful else 100))

    def refused(self) -> None:
        """A call was throttled: a pause, and a slower pace, half of it if that happens again and again.

        Refusals that come together count as one.
        """
        now = self._clock()
        if now < self._deaf_until:
            return
        is_rare = now - self._deaf_until > RARE_AFTER / self.rate
        self._refused_at = self.rate
        self.rate = max(
            self.ceiling * self.lowest_share, self.rate * (SLOW_START_THRESHOLD if is_rare else 0.5)
        )
        pause = random.uniform(1, 2)  # noqa: S311
        self._deaf_until = now + pause
        self._next = max(self._next, now + pause)

    def _until_distance(self) -> float:
        places = math.ceil(self.rate)
        if len(self._turns) < places:
            return 0.0
        earlier = self._turns[-places]
        return earlier.sent + places / self.rate + self._detour(earlier) - self._clock()

    def _detour(self, turn: Permit) -> float:
        """How much later a call may have arrived than the next one may."""
        if turn.answered is None:
            return LONGEST_DETOUR
        # There may be quicker ways than the quickest that was seen, above all in the beginning.
        quickest = self._quickest / 2 if self._answers >= ENOUGH_ANSWERS else 0.0
        return min(LONGEST_DETOUR, max(0.0, turn.answered - turn.sent - quickest))
