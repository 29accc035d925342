"""The account's quota as thousands of calls in a row use it."""

from __future__ import annotations

import asyncio

from airflow_provider_viapi.jobs.rate_limiter import RateLimiter

TOLERATED = 1 / 50
"""Share of calls that may be refused before the quota gives way. Calls that leave evenly do not arrive evenly, so at
full pace one of many is refused and nothing is wrong; each time, giving way costs about two seconds."""

IN_A_ROW = 0.2
"""Seconds: so long may all calls be refused at full pace. What was held up together is refused together."""


class Pace:
    """One turn after the other, and a quota that gives way only to refusals that are no accident.

    :param quota: calls per second
    """

    def __init__(self, quota: RateLimiter) -> None:
        self._quota = quota
        # Whoever holds a turn already does not notice that the pace has changed, so one waits at a time.
        self._turns = asyncio.Lock()
        self._most_saved = max(1.0, quota.ceiling * IN_A_ROW)
        self._saved = 1.0

    async def turn(self) -> None:
        """Wait for the next call's turn."""
        async with self._turns:
            # The time to an answer is mostly work on the picture, and tells nothing of when the call arrived.
            await self._quota.wait()

    def granted(self) -> None:
        """A call went through."""
        self._saved = min(self._most_saved, self._saved + TOLERATED)
        self._quota.on_success()

    def refused(self) -> None:
        """A call was throttled; unless that is rare, the quota gives way."""
        if self._saved >= 1:
            self._saved -= 1
        else:
            self._quota.on_throttled()
