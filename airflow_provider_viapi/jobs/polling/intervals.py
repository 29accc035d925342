"""Intervals between two polls of a job, and between two reads of the job list."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

from airflow_provider_viapi.retrying import jittered

RECENT_READS = 12
"""Reads of the list, accepted or throttled, that show whether too many processes read it."""


@dataclass(frozen=True)
class Backoff:
    """Growing, jittered intervals in seconds.

    :param first: longest wait before the first poll; the actual wait is between half of it and all of it
    :param growth: factor from one interval to the next
    :param longest: upper bound of all intervals
    """

    first: float = 2.0
    growth: float = 1.5
    longest: float = 10.0

    def interval(self, polls: int) -> float:
        """Return the seconds to wait after so many polls, jittered so that jobs submitted together spread out."""
        # The exponent is bounded: a job may wait for days, and the power must not overflow a float.
        longest = min(self.longest, self.first * self.growth ** min(polls, 64))
        return jittered(longest)


class AdaptiveInterval:
    """Interval between two reads of a list that an account may read once in so many seconds.

    How many other processes read the list is unknown. A throttled reader retries soon, until its read falls between
    those of the others; then another one is throttled. So each learns of the others and reads less often.

    :param seconds: shortest interval that the service allows the account
    """

    max_share = 16.0
    """The interval never exceeds this multiple of ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._readers = 1.0
        self._was_throttled = False
        self._recent: deque[bool] = deque(maxlen=RECENT_READS)

    @property
    def is_crowded(self) -> bool:
        """True if the service throttled most of the recent reads: other processes read the list often enough."""
        return len(self._recent) == RECENT_READS and sum(self._recent) > RECENT_READS / 2

    def interval(self) -> float:
        """Return the seconds from one read to the next."""
        return random.uniform(1.01, 1.08) * self._seconds * self._readers  # noqa: S311

    def on_success(self) -> float:
        """Record a read, and return the seconds until the next one."""
        self._was_throttled = False
        self._recent.append(False)
        self._readers = max(1.0, self._readers * 0.99)
        return self.interval()

    def on_throttled(self) -> float:
        """Record a throttled read, and return the seconds until it is retried; several in a row count as one."""
        self._recent.append(True)
        if not self._was_throttled:
            self._was_throttled = True
            self._readers = min(self.max_share, max(2.0, self._readers * 1.3))
        return random.uniform(0.05, 0.3) * self._seconds  # noqa: S311
