"""Rate limiter: even spacing, lower rate after throttling, slow recovery."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.jobs.polling.rate_limiter import MIN_RATE, Permit, RateLimiter
from jobs import virtual_time


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_calls_are_evenly_spaced() -> None:
    limiter = RateLimiter(10, Clock())

    assert [round(limiter.reserve(), 6) for _ in range(4)] == [0, 0.1, 0.2, 0.3]


def test_unused_time_does_not_allow_a_burst() -> None:
    clock = Clock()
    limiter = RateLimiter(10, clock)
    limiter.reserve()

    clock.now = 60

    assert [round(limiter.reserve(), 6) for _ in range(2)] == [0, 0.1]


def test_a_throttled_call_halves_the_rate_and_pauses() -> None:
    limiter = RateLimiter(10, Clock())

    limiter.on_throttled()

    assert limiter.rate == 5
    assert 1 <= limiter.reserve() <= 2


def test_a_rarely_throttled_call_reduces_the_rate_a_little() -> None:
    clock = Clock()
    limiter = RateLimiter(10, clock)
    clock.now = 60

    limiter.on_throttled()

    assert limiter.rate == 8.5


def test_the_rate_grows_in_small_steps_close_to_the_throttled_rate() -> None:
    clock = Clock()
    limiter = RateLimiter(10, clock)
    clock.now = 60
    limiter.on_throttled()

    limiter.on_success()

    assert 8.5 < limiter.rate < 8.51


def test_a_slow_call_delays_later_calls_so_that_arrivals_stay_within_the_limit() -> None:
    async def arrivals() -> list[float]:
        clock = asyncio.get_running_loop().time
        limiter, arrived = RateLimiter(10, clock), []

        async def call(permit: Permit, seconds: float) -> None:
            await asyncio.sleep(seconds)
            arrived.append(clock())
            limiter.release(permit)

        calls = []
        for number in range(200):
            permit = await limiter.acquire()
            calls.append(asyncio.ensure_future(call(permit, 0.3 if number % 7 == 0 else 0.01)))
        await asyncio.gather(*calls)
        return sorted(arrived)

    arrived = virtual_time.run(arrivals())

    assert all(later - earlier > 0.999 for earlier, later in zip(arrived, arrived[10:], strict=False))
    assert arrived[-1] < 1.3 * 20


def test_one_slow_call_does_not_slow_down_all_later_ones() -> None:
    async def last_arrival() -> float:
        clock = asyncio.get_running_loop().time
        limiter = RateLimiter(1, clock)

        async def call(permit: Permit, seconds: float) -> None:
            await asyncio.sleep(seconds)
            limiter.release(permit)

        calls = []
        for number in range(21):
            permit = await limiter.acquire()
            calls.append(asyncio.ensure_future(call(permit, 1.5 if number == 3 else 0.05)))
        await asyncio.gather(*calls)
        return clock()

    assert virtual_time.run(last_arrival()) < 1.3 * 20


def test_calls_throttled_together_count_as_one() -> None:
    limiter = RateLimiter(10, Clock())

    for _ in range(16):
        limiter.on_throttled()

    assert limiter.rate == 5


def test_the_rate_recovers_slowly_and_never_exceeds_the_ceiling() -> None:
    limiter = RateLimiter(10, Clock())
    limiter.on_throttled()

    limiter.on_success()
    assert 5 < limiter.rate < 6
    for _ in range(1000):
        limiter.on_success()

    assert limiter.rate == 10


@given(
    st.lists(
        st.tuples(st.sampled_from(["reserve", "on_throttled", "on_success"]), st.floats(0, 5)), max_size=200
    )
)
def test_the_rate_stays_within_bounds_and_calls_keep_their_distance(events: list[tuple[str, float]]) -> None:
    clock = Clock()
    limiter = RateLimiter(8, clock)
    starts = []

    for event, seconds in events:
        clock.now += seconds
        if event == "reserve":
            starts.append(clock.now + limiter.reserve())
        else:
            getattr(limiter, event)()

    assert MIN_RATE <= limiter.rate <= 8
    assert all(later - earlier >= 1 / 8 - 1e-9 for earlier, later in pairwise(starts))


def test_a_successful_call_ends_a_series_of_throttled_ones() -> None:
    clock = Clock()
    limiter = RateLimiter(2, clock)
    for _ in range(10):
        clock.now += 10
        limiter.on_throttled()
    assert limiter.rate == 0.1

    limiter.on_success()

    assert limiter.rate == 0.5


def test_a_maximum_below_the_lowest_rate_is_not_exceeded() -> None:
    limiter = RateLimiter(0.05, Clock())

    limiter.on_throttled()
    limiter.on_success()

    assert limiter.rate == 0.05


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_is_no_positive_number_is_rejected(rate: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        RateLimiter(rate)
