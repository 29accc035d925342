"""Submissions wait for their slot: before they are recorded, and with the record for a moment only."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from airflow_provider_viapi.errors import StopRequested, Throttled
from airflow_provider_viapi.jobs.attempt_context import Intent
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.jobs.submit_slot import SlotIsLater
from airflow_provider_viapi.quota.limiters import (
    LEAD,
    MAX_WAIT_FOR_POLL,
    SharedSubmitLimiter,
    wait_for_near_slot,
)
from airflow_provider_viapi.quota.slots import SlotReservations
from airflow_provider_viapi.state.stores import MemoryStore
from jobs.scripted_backend import ScriptedBackend, ScriptedClaims, submission
from quota.processes import BrokenCounters, DictCounters, ReadOnlyCounters
from skipping_clock import SkippingClock


class SlowStore(MemoryStore):
    """A store that takes long to write."""

    def __init__(self, clock: SkippingClock, seconds: list[float]) -> None:
        super().__init__()
        self.clock, self.seconds = clock, seconds

    def set(self, key: str, value: object) -> None:
        self.clock.sleep(self.seconds.pop(0) if self.seconds else 0)
        super().set(key, value)  # type: ignore[arg-type]


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


def limited(clock: SkippingClock, *sources: DictCounters, rate: float = 0.1) -> SharedSubmitLimiter:
    now = lambda: clock.now().timestamp()  # noqa: E731
    return SharedSubmitLimiter([SlotReservations(each, "a:x", rate, now) for each in sources], clock.sleep)


def test_tasks_submit_one_after_the_other(clock: SkippingClock) -> None:
    counters, sent = DictCounters(), []
    for number in range(3):
        backend = ScriptedBackend(clock, [f"J-{number}"])
        replace(submission(backend), limiter=limited(clock, counters)).resume_or_submit()
        sent.append(clock.now())

    assert (sent[2] - sent[0]).total_seconds() >= 20


def test_media_are_staged_before_a_slot_is_taken(clock: SkippingClock) -> None:
    counters = DictCounters()
    slots: list[int] = []

    def stage() -> dict[str, str]:
        clock.sleep(40)
        slots.append(sum(":slot:" in key for key in counters.values))
        return {}

    backend = ScriptedBackend(clock, ["J-1"])
    replace(
        submission(backend, prepare_request=cache(stage)), limiter=limited(clock, counters)
    ).resume_or_submit()

    assert slots == [0]


def test_a_throttled_submission_takes_another_slot(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, [Throttled("no", code="Throttling.User"), "J-1"])
    counters = DictCounters()

    job, _ = replace(submission(backend), limiter=limited(clock, counters)).resume_or_submit()

    assert job.id == "J-1"
    assert any(":throttled-at:" in key for key in counters.values)
    # It is signed, and recorded, up to LEAD before its slot.
    assert (backend.sent[1].at - backend.sent[0].at).total_seconds() >= 9.9 - LEAD


def test_a_submission_is_recorded_before_its_slot_so_that_slow_recording_does_not_miss_it(
    clock: SkippingClock,
) -> None:
    counters = DictCounters()
    others = SlotReservations(counters, "a:x", 10, lambda: clock.now().timestamp())
    for _ in range(50):
        others.reserve()
    # Ten slots a second: one is missed after half a second.
    ledger, backend = Ledger(SlowStore(clock, [0.9])), ScriptedBackend(clock, ["J-1"])

    replace(submission(backend, ledger=ledger), limiter=limited(clock, counters, rate=10)).resume_or_submit()

    assert len(backend.sent) == 1
    assert sum(":slot:" in key for key in counters.values) == 51


def test_a_slot_that_passed_while_the_submission_was_recorded_sends_nothing(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, ["J-1"])
    ledger = Ledger(SlowStore(clock, [30.0]))
    limiter = limited(clock, DictCounters())

    job, _ = replace(submission(backend, ledger=ledger), limiter=limiter).resume_or_submit()

    # What was sent has a nonce of its own, with its own time.
    assert len(backend.sent) == 1
    assert (clock.now() - backend.sent[0].at).total_seconds() < 5
    assert (entry := ledger.read()) is not None
    assert entry.job_id == job.id


def test_a_task_that_is_stopped_while_it_waits_has_recorded_and_sent_nothing(clock: SkippingClock) -> None:
    def stop(seconds: float) -> None:
        raise StopRequested("stopped")

    backend, ledger = ScriptedBackend(clock, ["J-1"]), Ledger(MemoryStore())
    slots = SlotReservations(DictCounters(), "a:x", 0.1, lambda: clock.now().timestamp())
    slots.reserve()
    with pytest.raises(StopRequested):
        replace(
            submission(backend, ledger=ledger), limiter=SharedSubmitLimiter([slots], stop)
        ).resume_or_submit()

    assert backend.sent == []
    assert ledger.read() is None


def test_without_the_shared_storage_the_machines_own_counters_are_used(clock: SkippingClock) -> None:
    own = DictCounters()
    backend = ScriptedBackend(clock, ["J-1"])

    replace(submission(backend), limiter=limited(clock, BrokenCounters(), own)).resume_or_submit()

    assert own.values


def test_a_task_does_not_leave_its_worker_for_a_slot_that_the_shared_storage_shows_and_cannot_give(
    clock: SkippingClock,
) -> None:
    spacing = SlotReservations(DictCounters(), "a:x", 0.1).spacing
    full, own = ReadOnlyCounters(taken=int(clock.now().timestamp() / spacing) + 50), DictCounters()
    backend = ScriptedBackend(clock, ["J-1"])
    task = submission(backend)

    replace(
        task, limiter=limited(clock, full, own), policy=replace(task.policy, max_wait_for_slot=60)
    ).resume_or_submit()

    assert len(backend.sent) == 1
    assert sum(":slot:" in key for key in own.values) == 1


def test_without_any_counters_tasks_submit_at_once(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, ["J-1"])

    replace(submission(backend), limiter=limited(clock, BrokenCounters())).resume_or_submit()

    assert len(backend.sent) == 1


def polls(clock: SkippingClock, counters: DictCounters, count: int, rate: float = 1.0) -> list[float]:
    """Return how long each of some polls of a worker waits."""
    slots = SlotReservations(counters, "a:results", rate, lambda: clock.now().timestamp())
    waits = []
    for _ in range(count):
        began = clock.now()
        if (slot := wait_for_near_slot(slots, clock.sleep)) is not None:
            slots.release(slot)
        waits.append((clock.now() - began).total_seconds())
    return waits


def test_polls_of_a_worker_wait_for_their_slots(clock: SkippingClock) -> None:
    waits = polls(clock, DictCounters(), 10)

    assert 8.5 <= sum(waits) <= 12


def test_polls_of_many_workers_wait_for_seconds_and_never_hold_up_a_triggerer_for_long(
    clock: SkippingClock,
) -> None:
    counters = DictCounters()
    triggerer = SlotReservations(counters, "a:results", 10.0, lambda: clock.now().timestamp())

    # Sensors of 500 tasks poll in the same moment, each with a clock of its own.
    waits = [wait for _ in range(500) for wait in polls(SkippingClock(), counters, 1, rate=10.0)]

    assert max(waits) <= MAX_WAIT_FOR_POLL + 0.1
    assert triggerer.seconds_to_free() <= MAX_WAIT_FOR_POLL + 1


def test_without_counters_a_poll_of_a_worker_does_not_wait(clock: SkippingClock) -> None:
    assert max(polls(clock, BrokenCounters(), 5)) < 0.1


@pytest.mark.parametrize("rate", [0.01, 0.02, 0.06])
def test_a_task_that_ended_in_its_slot_delays_the_next_one_but_fails_none_of_its_submissions(
    clock: SkippingClock, rate: float
) -> None:
    counters = DictCounters()
    SlotReservations(counters, "a:x", rate, lambda: clock.now().timestamp()).reserve()
    intents: list[Intent] = []

    class Claims(ScriptedClaims):
        def open(self, intent: Intent) -> None:
            intents.append(intent)

    backend = ScriptedBackend(clock, ["J-1"])

    replace(
        submission(backend, claims=Claims()), limiter=limited(clock, counters, rate=rate)
    ).resume_or_submit()

    # The intent was recorded once, and shortly before it was sent.
    assert len(intents) == len(backend.sent) == 1
    assert (clock.now() - backend.sent[0].at).total_seconds() < 30


def test_a_kept_slot_that_is_missed_while_media_are_staged_does_not_mean_to_wait_out_the_queue(
    clock: SkippingClock,
) -> None:
    counters = DictCounters()
    earlier, others = (
        limited(clock, counters),
        SlotReservations(counters, "a:x", 0.1, lambda: clock.now().timestamp()),
    )
    earlier.reserve()
    for _ in range(25):
        others.reserve()
    kept = limited(clock, counters)
    kept.restore_slot(earlier.saved_slot())
    backend = ScriptedBackend(clock, ["J-1"])
    waiting = submission(backend, prepare_request=lambda: clock.sleep(40) or {})
    policy = replace(waiting.policy, max_wait_for_slot=60)

    with pytest.raises(SlotIsLater) as later:
        replace(waiting, limiter=kept, policy=policy).resume_or_submit()

    assert later.value.seconds > 150
    assert (clock.slept, backend.sent) == (40, [])


@pytest.mark.parametrize(
    "is_shared", [True, False], ids=["shared storage", "machine, while the storage failed"]
)
def test_a_slot_that_another_process_continues_with_is_used_where_it_was_taken(
    clock: SkippingClock, is_shared: bool
) -> None:
    shared, own = DictCounters(), DictCounters()
    taken_in, other = (shared, own) if is_shared else (own, shared)
    earlier = limited(clock, shared if is_shared else BrokenCounters(), own)
    earlier.reserve()
    kept = limited(clock, shared, own)
    kept.restore_slot(earlier.saved_slot())
    backend = ScriptedBackend(clock, [Throttled("no", code="Throttling.User")])
    once = submission(backend)

    with pytest.raises(Throttled):
        replace(once, limiter=kept, policy=replace(once.policy, once=True)).resume_or_submit()

    # The calls after it wait for its response, and it counts as throttled, where they take their slots.
    kinds = [key.split(":")[3] for key in taken_in.values]
    assert {"slot", "answered", "throttled-at"} <= set(kinds)
    assert kinds.count("slot") == 1
    assert other.values == {}
