"""The account's rate limit for thousands of calls in a row, of which some are throttled by accident."""

from __future__ import annotations

import asyncio

from airflow_provider_viapi.jobs.rate_limiter import RateLimiter

TOLERATED_SHARE = 1 / 50
"""Share of calls that may be throttled before the rate is reduced. Calls that are sent evenly do not arrive evenly,
so at the full rate one of many is throttled and nothing is wrong; each reduction costs about two seconds."""

TOLERATED_SECONDS = 0.2
"""Seconds over which all calls may be throttled at the full rate: what was delayed together is throttled together."""


class TolerantLimiter:
    """One call after the other, at a rate that is reduced only by throttling that is no accident.

    :param quota: calls per second
    """

    def __init__(self, quota: RateLimiter) -> None:
        self._quota = quota
        # A waiting call does not notice that the rate has changed, so only one waits at a time.
        self._lock = asyncio.Lock()
        self._max_credit = max(1.0, quota.ceiling * TOLERATED_SECONDS)
        self._credit = 1.0

    async def acquire(self) -> None:
        """Wait until the next call may be sent."""
        async with self._lock:
            # The response time is mostly work on the image, and says nothing about when the call arrived.
            await self._quota.wait()

    def on_success(self) -> None:
        """Record a call that was accepted."""
        self._credit = min(self._max_credit, self._credit + TOLERATED_SHARE)
        self._quota.on_success()

    def on_throttled(self) -> None:
        """Record a call that was throttled; unless that is rare, reduce the rate."""
        if self._credit >= 1:
            self._credit -= 1
        else:
            self._quota.on_throttled()
