"""How often one job is asked after, and how often the list is looked into."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Growing, jittered intervals, in seconds.

    :param first: longest wait before the first question; the actual one is drawn between half of it and all
    :param growth: each wait is that many times as long as the one before
    :param longest: no wait is longer
    """

    first: float = 2.0
    growth: float = 1.5
    longest: float = 10.0

    def interval(self, questions_asked: int) -> float:
        """Seconds to wait after so many questions, jittered so that jobs submitted together drift apart."""
        # The exponent is bounded so that a wait of days does not overflow a float.
        whole = min(self.longest, self.first * self.growth ** min(questions_asked, 64))
        return random.uniform(whole / 2, whole)  # noqa: S311


class AdaptiveInterval:
    """How often a list is looked into that the whole account may look into only once in so many seconds.

    NoAuth tells how many others look into it. Whoever is refused tries again soon, until it falls into somebody's
    gap; that one is refused then, so that both learn of each other, and each leaves longer gaps from then on.

    :param seconds: between two looks of the account
    """

    most_shared = 16.0
    """Gaps are never longer than so many times ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._shared_by = 1.0
        self._was_refused = False

    def interval(self) -> float:
        """Seconds from one look to the next."""
        return random.uniform(1.01, 1.08) * self._seconds * self._shared_by  # noqa: S311

    def granted(self) -> float:
        """A look was allowed: seconds until the next one."""
        self._was_refused = False
        self._shared_by = max(1.0, self._shared_by * 0.99)
        return self.interval()

    def refused(self) -> float:
        """A look was throttled: seconds until it is tried again; refusals in a row count as one."""
        if not self._was_refused:
            self._was_refused = True
            self._shared_by = min(self.most_shared, max(2.0, self._shared_by * 1.3))
        return random.uniform(0.05, 0.3) * self._seconds  # noqa: S311
