"""How far a long piece of work is: how many, how fast, how much longer."""

from __future__ import annotations

import time
from collections.abc import Callable


class Progress:
    """Tells of the pace since it was last asked, so that a pause or a throttled stretch shows.

    :param total: how many pictures there are to work through
    :param clock: seconds, steadily growing
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.done = 0
        self._total = total
        self._clock = clock
        self._then = clock()
        self._done_then = 0

    def tell(self) -> str:
        """A line for the log, such as ``1,200 of 5,000 (24 %), 49.8 a second, about 1 min 16 s left``."""
        now = self._clock()
        seconds = now - self._then
        rate = (self.done - self._done_then) / seconds if seconds > 0 else 0.0
        self._then, self._done_then = now, self.done
        share = 100 * self.done / self._total if self._total else 100
        left = f"about {_spoken((self._total - self.done) / rate)} left" if rate else "no end in sight"
        return f"{self.done:,} of {self._total:,} ({share:.0f} %), {rate:.1f} a second, {left}"


def _spoken(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
