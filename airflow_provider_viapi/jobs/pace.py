"""How often one job is asked after."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Growing, jittered intervals, in seconds.

    :param first: longest wait before the first question; the actual one is drawn between half of it and all
    :param growth: each wait is that many times as long as the one before
    :param longest: no wait is longer
    """

    first: float = 2.0
    growth: float = 1.5
    longest: float = 30.0

    def interval(self, questions_asked: int) -> float:
        """Seconds to wait after so many questions, jittered so that jobs submitted together drift apart."""
        # The exponent is bounded so that a wait of days does not overflow a float.
        whole = min(self.longest, self.first * self.growth ** min(questions_asked, 64))
        return random.uniform(whole / 2, whole)  # noqa: S311
