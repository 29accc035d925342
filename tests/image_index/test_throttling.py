"""When throttling reduces the rate limit."""

from __future__ import annotations

import asyncio

from airflow_provider_viapi.image_index.indexer import TolerantLimiter
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter


def test_a_throttled_call_among_many_does_not_slow_it_down() -> None:
    limiter = RateLimiter(50)
    tolerant = TolerantLimiter(limiter)

    for _ in range(20):
        for _ in range(60):
            tolerant.on_success()
        tolerant.on_throttled()

    assert limiter.rate == 50


def test_throttled_calls_in_a_row_halve_the_rate() -> None:
    limiter = RateLimiter(50)
    tolerant = TolerantLimiter(limiter)

    tolerant.on_throttled()
    tolerant.on_throttled()

    assert limiter.rate == 25


def test_no_more_than_one_in_50_calls_counts_as_an_accident() -> None:
    class Counting(RateLimiter):
        reductions = 0

        def on_throttled(self) -> None:
            self.reductions += 1

    limiter = Counting(50)
    tolerant = TolerantLimiter(limiter)

    for _ in range(100):
        for _ in range(9):
            tolerant.on_success()
        tolerant.on_throttled()

    assert 80 <= limiter.reductions <= 90


def test_those_who_wait_for_their_turn_notice_that_the_pace_has_changed() -> None:
    async def calls_after_a_throttled_one() -> int:
        tolerant = TolerantLimiter(RateLimiter(200))
        taken = []

        async def take() -> None:
            await tolerant.acquire()
            taken.append(True)

        waiting = [asyncio.ensure_future(take()) for _ in range(40)]
        await asyncio.sleep(0.02)
        tolerant.on_throttled()
        tolerant.on_throttled()
        before = len(taken)
        await asyncio.sleep(0.5)
        for each in waiting:
            each.cancel()
        return len(taken) - before

    assert asyncio.run(calls_after_a_throttled_one()) <= 1
