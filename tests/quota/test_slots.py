"""Reserved slots: the rate holds for any number of processes, with any delays of the network and the machines."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from airflow_provider_viapi.quota.slots import (
    MAX_SLOWDOWN,
    SLOWDOWN_SECONDS,
    SlotReservations,
)
from quota.processes import Account, DictCounters, ExpiringCounters, Simulation, caller, uniform


def run(
    *,
    processes: int,
    calls: int,
    rate: float,
    quota: int,
    latency: float = 0.05,
    late: float = 0.02,
    seed: int = 1,
) -> tuple[Account, float, DictCounters]:
    """Let processes share a quota, and return the account, the seconds it took and the counters."""
    simulation = Simulation()
    counters = ExpiringCounters(simulation.clock)
    account = Account(simulation, quota)
    began = simulation.now
    for number in range(processes):
        slots = SlotReservations(counters, "a:submit", rate, simulation.clock)
        latencies = uniform(seed + number, 0.005, latency)
        process = caller(slots, account, calls, latencies, uniform(seed - number, 0, late))
        simulation.start(process, at=number * 0.01)
    simulation.run()
    return account, simulation.now - began, counters


@pytest.mark.parametrize(("processes", "rate", "quota"), [(8, 2, 2), (2, 10, 10), (30, 5, 5), (4, 1, 1)])
def test_processes_that_share_a_quota_are_never_throttled_and_use_nearly_all_of_it(
    processes: int, rate: float, quota: int
) -> None:
    account, seconds, _ = run(processes=processes, calls=40, rate=rate, quota=quota)

    assert account.throttled == 0
    assert seconds <= 1.15 * processes * 40 / rate


@given(
    processes=st.integers(1, 12),
    rate=st.sampled_from([0.5, 1, 2, 2.5, 3, 7, 10]),
    latency=st.floats(0.01, 0.3),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60)
def test_no_mix_of_latencies_is_throttled_as_long_as_requests_and_responses_take_equally_long(
    processes: int, rate: float, latency: float, seed: int
) -> None:
    simulation, counters = Simulation(), DictCounters()
    account = Account(simulation, math.ceil(rate))
    for number in range(processes):
        slots = SlotReservations(counters, "a:submit", rate, simulation.clock)
        # Each process is as far from the service as it is, and wakes up as late as its machine is busy.
        distance = uniform(seed + number, 0.005, latency)()
        steady = uniform(0, distance, distance)
        simulation.start(caller(slots, account, 10, steady, uniform(seed, 0, 0.2)))

    simulation.run()

    assert account.accepted == processes * 10
    # A process that is nearer than the one before it may overtake that one's request.
    assert account.throttled <= (0 if latency <= 0.08 else processes * 2)


def test_an_account_with_less_quota_than_configured_throttles_few_calls() -> None:
    account, _, _ = run(processes=6, calls=50, rate=4, quota=2)

    assert account.accepted == 300
    assert account.throttled <= 0.1 * 300


def test_each_slot_belongs_to_one_of_many_processes() -> None:
    simulation, counters = Simulation(), DictCounters()
    waiting = [SlotReservations(counters, "a", 2, simulation.clock) for _ in range(200)]

    reserved = [slots.reserve() for slots in waiting]

    assert len({slot.number for slot in reserved}) == 200
    assert reserved[-1].at - simulation.now == pytest.approx(200 * waiting[0].spacing, abs=2)
    # Finding the end of a long queue takes few calls.
    assert counters.calls < 200 * 25


def test_kinds_of_calls_and_accounts_do_not_share_slots() -> None:
    simulation, counters = Simulation(), DictCounters()

    slots = [SlotReservations(counters, key, 1, simulation.clock).reserve() for key in ("a:x", "a:y", "b:x")]

    assert len({slot.at for slot in slots}) == 1


def test_a_slot_that_was_missed_is_replaced_with_the_next_free_one() -> None:
    simulation = Simulation()
    slots = SlotReservations(DictCounters(), "a", 2, simulation.clock)
    slot = slots.reserve()
    missed = slot.number
    simulation.now = slot.at + 5

    for seconds in slots.pauses(slot):
        simulation.now += seconds

    assert slot.number > missed
    assert abs(slot.at - simulation.now) <= slots.spacing


def test_a_process_that_died_holds_up_others_for_a_few_seconds_at_most() -> None:
    simulation, counters = Simulation(), DictCounters()
    dead, slots = (SlotReservations(counters, "a", 1, simulation.clock) for _ in range(2))
    for _ in dead.pauses(dead.reserve()):
        pass
    slept = 0.0
    for seconds in slots.pauses(slots.reserve()):
        simulation.now += seconds
        slept += seconds

    assert slept <= 8


def spacing(simulation: Simulation, slots: SlotReservations) -> float:
    """Return the mean distance of slots, which are free again afterwards."""
    reserved = [slots.reserve().at for _ in range(5)]
    simulation.now = reserved[-1] + 1
    return (reserved[-1] - reserved[1]) / 3


@pytest.mark.parametrize(("rate", "limit", "within"), [(2, 4, 14), (10, 15, 10), (0.2, 4, 134)])
def test_few_throttled_calls_slow_down_nobody_and_many_halve_the_rate_for_a_while(
    rate: float, limit: int, within: int
) -> None:
    simulation = Simulation()
    slots = SlotReservations(ExpiringCounters(simulation.clock), "a", rate, simulation.clock)

    for _ in range(5):
        for _ in range(limit - 1):
            slots.on_throttled()
        simulation.now += within
        assert spacing(simulation, slots) == pytest.approx(slots.spacing)
    for _ in range(limit):
        slots.on_throttled()
        simulation.now += 0.99 * within / limit
    assert spacing(simulation, slots) == pytest.approx(2 * slots.spacing)
    simulation.now += max(SLOWDOWN_SECONDS, 2 * within)
    assert spacing(simulation, slots) == pytest.approx(slots.spacing)


def test_calls_that_were_throttled_at_a_higher_rate_do_not_reduce_the_next_one() -> None:
    simulation = Simulation()
    slots = SlotReservations(ExpiringCounters(simulation.clock), "a", 2, simulation.clock)
    for _ in range(4 + 3):
        slots.on_throttled()

    assert spacing(simulation, slots) == pytest.approx(2 * slots.spacing)


@pytest.mark.parametrize("rate", [2, 5, 10])
def test_calls_of_a_busy_machine_that_arrive_late_cost_little_of_the_rate(rate: int) -> None:
    def delayed(seed: int, longest: float) -> Callable[[], float]:
        usual, chance = uniform(seed, 0, longest), random.Random(seed)
        return lambda: usual() + (chance.uniform(0, 0.6) if chance.random() < 0.03 else 0.0)

    simulation = Simulation()
    counters, account = ExpiringCounters(simulation.clock), Account(simulation, rate)
    began = simulation.now
    for number in range(6):
        slots = SlotReservations(counters, "a", rate, simulation.clock)
        process = caller(slots, account, 100, delayed(number, 0.05), delayed(-number, 0.02))
        simulation.start(process, at=number * 0.01)
    simulation.run()

    assert account.throttled > 0
    assert simulation.now - began <= 1.2 * 600 / rate


def test_throttled_calls_never_stop_a_process() -> None:
    simulation = Simulation()
    slots = SlotReservations(ExpiringCounters(simulation.clock), "a", 1, simulation.clock)
    for _ in range(100):
        slots.on_throttled()
        simulation.now += 3

    assert slots.reserve().at - simulation.now <= (MAX_SLOWDOWN + 2) * slots.spacing


@pytest.mark.parametrize(("processes", "rate"), [(8, 10), (30, 10), (8, 1)])
def test_processes_that_always_wake_up_late_make_their_calls(processes: int, rate: int) -> None:
    simulation, counters = Simulation(), DictCounters()
    account = Account(simulation, rate)
    for number in range(processes):
        slots = SlotReservations(counters, "a", rate, simulation.clock)
        lateness = uniform(number, 1.4, 1.6)
        simulation.start(caller(slots, account, 20, uniform(number, 0.01, 0.05), lateness), at=number * 0.01)

    began = simulation.now
    simulation.run()

    assert account.accepted == 20 * processes
    assert account.throttled <= 0.05 * account.accepted
    assert simulation.now - began < 10 * 20 * processes / rate + 60


def test_a_clock_that_is_set_forward_during_a_call_holds_up_other_processes_for_seconds_only() -> None:
    simulation, counters, wrong = Simulation(), DictCounters(), [0.0]
    other = SlotReservations(counters, "a", 1, lambda: simulation.now + wrong[0])
    slot = other.reserve()
    assert list(other.pauses(slot)) == []
    wrong[0] = 3600.0
    simulation.now += 0.1
    other.release(slot)

    own = SlotReservations(counters, "a", 1, simulation.clock)
    slot = own.reserve()
    simulation.now = max(simulation.now, slot.at)

    assert next(own.pauses(slot), 0.0) < 10


def test_a_clock_that_is_set_back_costs_a_new_slot_and_no_wait() -> None:
    simulation = Simulation()
    slots = SlotReservations(DictCounters(), "a", 1, simulation.clock)
    slot = slots.reserve()
    simulation.now -= 3600

    assert next(slots.pauses(slot), 0.0) < 10


@pytest.mark.parametrize("seconds", [2, 10, 50, 100])
def test_a_late_call_delays_the_next_one_however_low_the_rate_is(seconds: float) -> None:
    simulation = Simulation()
    slots = SlotReservations(ExpiringCounters(simulation.clock), "a:submit", 1 / seconds, simulation.clock)
    sent = []

    for number in range(6):
        slot = slots.reserve()
        # Every other process wakes up late, but not so late that its slot counts as missed.
        simulation.now = max(simulation.now, slot.at) + (1.2 * seconds if number % 2 == 0 else 0)
        for pause in slots.pauses(slot):
            simulation.now += pause
        sent.append(simulation.now)
        simulation.now += 0.2
        slots.release(slot)

    assert min(after - before for before, after in pairwise(sent)) >= seconds


@pytest.mark.parametrize("early", [5, 60, 300])
def test_a_slot_that_is_given_up_long_before_its_time_holds_up_no_call(early: float) -> None:
    simulation = Simulation()
    slots = SlotReservations(ExpiringCounters(simulation.clock), "a:submit", 1, simulation.clock)
    # The queue is as long as that: the last two slots are those of a task that is stopped, and of the next one.
    while (stopped := slots.reserve()).at < simulation.now + 300:
        slots.release(stopped)
    after = slots.reserve()

    simulation.now = stopped.at - early
    slots.release(stopped)
    simulation.now = after.at

    assert next(slots.pauses(after), 0.0) == 0.0
