"""Calls per second: evenly spaced, fewer when refused, slowly more again."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_viapi.jobs.rate_limiter import Permit, RateLimiter
from jobs import virtual_time


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_turns_are_evenly_spaced() -> None:
    quota = RateLimiter(10, Clock())

    assert [round(quota.reserve(), 6) for _ in range(4)] == [0, 0.1, 0.2, 0.3]


def test_time_that_nobody_used_is_not_saved_up() -> None:
    clock = Clock()
    quota = RateLimiter(10, clock)
    quota.reserve()

    clock.now = 60

    assert [round(quota.reserve(), 6) for _ in range(2)] == [0, 0.1]


def test_a_refusal_halves_the_pace_and_pauses() -> None:
    quota = RateLimiter(10, Clock())

    quota.refused()

    assert quota.rate == 5
    assert 1 <= quota.reserve() <= 2


def test_a_rare_refusal_costs_little_of_the_pace() -> None:
    clock = Clock()
    quota = RateLimiter(10, clock)
    clock.now = 60

    quota.refused()

    assert quota.rate == 8.5


def test_close_to_where_it_was_refused_the_pace_grows_in_small_steps() -> None:
    clock = Clock()
    quota = RateLimiter(10, clock)
    clock.now = 60
    quota.refused()

    quota.granted()

    assert 8.5 < quota.rate < 8.51


def test_a_call_that_was_long_on_its_way_keeps_its_distance_from_the_next_ones() -> None:
    async def arrivals() -> list[float]:
        clock = asyncio.get_running_loop().time
        quota, arrived = RateLimiter(10, clock), []

        async def call(turn: Permit, seconds: float) -> None:
            await asyncio.sleep(seconds)
            arrived.append(clock())
            quota.answered(turn)

        calls = []
        for number in range(200):
            turn = await quota.begin()
            calls.append(asyncio.ensure_future(call(turn, 0.3 if number % 7 == 0 else 0.01)))
        await asyncio.gather(*calls)
        return sorted(arrived)

    arrived = virtual_time.run(arrivals())

    assert all(later - earlier > 0.999 for earlier, later in zip(arrived, arrived[10:], strict=False))
    assert arrived[-1] < 1.3 * 20


def test_refusals_that_come_together_count_as_one() -> None:
    quota = RateLimiter(10, Clock())

    for _ in range(16):
        quota.refused()

    assert quota.rate == 5


def test_the_pace_comes_back_slowly_and_never_above_what_was_allowed() -> None:
    quota = RateLimiter(10, Clock())
    quota.refused()

    quota.granted()
    assert 5 < quota.rate < 6
    for _ in range(1000):
        quota.granted()

    assert quota.rate == 10


@given(st.lists(st.tuples(st.sampled_from(["take", "refused", "granted"]), st.floats(0, 5)), max_size=200))
def test_the_pace_stays_within_its_bounds_and_turns_never_go_back(events: list[tuple[str, float]]) -> None:
    clock = Clock()
    quota = RateLimiter(8, clock)
    turns = []

    for event, seconds in events:
        clock.now += seconds
        if event == "take":
            turns.append(clock.now + quota.reserve())
        else:
            getattr(quota, event)()

    assert 8 * RateLimiter.lowest_share <= quota.rate <= 8
    assert all(later - earlier >= 1 / 8 - 1e-9 for earlier, later in pairwise(turns))


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_quota_of_nothing_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        RateLimiter(rate)
