"""A batch whose slot to submit is far off: it logs that, collects what has ended, and ends in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_viapi.jobs.attempt_context import SubmitLimiter
from airflow_provider_viapi.jobs.batch.ledger import Item
from airflow_provider_viapi.jobs.batch.runner import MAX_WAIT_OF_ITEM, BatchRunner
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.submission import Submission
from jobs.test_batch import Backend, Clock, Log, Service, TimedJobs, batch, items
from operators.run_batch import Store


class Queue(SubmitLimiter):
    """Slots of which each is so many seconds after the submission before it; the last number repeats."""

    def __init__(self, clock: Clock, *seconds: float) -> None:
        self.clock, self.seconds = clock, list(seconds)
        self.release(throttled=False)

    def seconds_to_slot(self) -> float:
        return max(0.0, (self.next - self.clock.now()).total_seconds())

    reserve = seconds_to_slot

    def wait_until_near(self) -> bool:
        self.clock.sleep(self.seconds_to_slot())
        return True

    def release(self, *, throttled: bool, answered_at: datetime | None = None) -> None:
        seconds = self.seconds.pop(0) if len(self.seconds) > 1 else self.seconds[0]
        self.next = self.clock.now() + timedelta(seconds=seconds)


class QueuedBackend(Backend):
    """Backend whose submissions wait for slots as those of a task do.

    :param preparing: seconds that preparing a request takes
    """

    queue = SubmitLimiter()
    preparing = 0.0
    _preparation = 0.0

    def resume_or_submit(self, item: Item) -> tuple[Job, JobReport | None]:
        submission = self._submission(item)
        try:
            return submission.resume_or_submit()
        finally:
            self._preparation = submission.preparation

    def _submission(self, item: Item) -> Submission:
        def prepare_request() -> Mapping[str, Any]:
            self.service.clock.sleep(self.preparing)
            return item.request or {}

        submission = super()._submission(item)
        return replace(
            submission,
            limiter=self.queue,
            policy=replace(submission.policy, max_wait_for_slot=MAX_WAIT_OF_ITEM),
            prepare_request=prepare_request,
            preparation=self._preparation,
        )


class RunningForever(Service):
    """Service whose jobs do not end."""

    def report(self, job: Job) -> JobReport:
        return JobReport(job.id, "PROCESSING", Outcome.WAITING)


def queued(
    service: Service,
    queue: Queue,
    names: str,
    log: Log | None = None,
    *,
    preparing: float = 0.0,
    **config: Any,
) -> BatchRunner:
    running = batch(service, Store(), items(list(names)), 1, log, **{"max_in_flight": 50, **config})
    running.backend = backend = QueuedBackend(service, running.ledger, running.context)
    backend.queue, backend.preparing, backend.deadline = queue, preparing, running.config.deadline
    return running


def submit_all(running: BatchRunner, service: Service) -> None:
    """Submit in the process that began, until it has nothing to submit or defers."""
    running.submit(TimedJobs(service, [1e6] * 9))
    while running.can_submit:
        running.submit(TimedJobs(service, [1e6] * 9))


def test_a_batch_logs_when_it_may_submit_at_most_once_a_minute() -> None:
    service, log = Service(Clock(), []), Log()
    running = queued(service, Queue(service.clock, 200, 20), "abcdef", log)

    running.submit(TimedJobs(service, [1e6] * 6))

    assert len(running.running) == 6
    waits = [line for line in log.lines if line.startswith("Rate limit: ")]
    # 190 s for the first item, and then 100 s for five more.
    assert 4 <= len(waits) <= 6
    assert waits[0] == "Rate limit: the next item is submitted in 200 s, at 2026-01-01T00:03:20+00:00"


def test_a_batch_that_waits_for_a_slot_collects_the_results_of_jobs_that_end() -> None:
    service = Service(Clock(), [])
    running = queued(service, Queue(service.clock, *[0] * 12, 3600), "abcdefghijklm")
    began = service.clock.now()

    running.submit(TimedJobs(service, [5.0] * 11 + [1e6] * 2))

    assert (running.progress.done, len(running.running)) == (11, 1)
    assert service.clock.now() - began < timedelta(minutes=10)


def test_a_batch_that_waits_for_a_slot_ends_at_its_deadline() -> None:
    service = Service(Clock(), [])
    queue, began = Queue(service.clock, 3600), service.clock.now()
    running = queued(service, queue, "ab", deadline=began + timedelta(minutes=10))

    while not running.submits_nothing_more:
        running.submit(TimedJobs(service, []))

    assert timedelta(0) <= service.clock.now() - running.config.deadline <= timedelta(seconds=2)
    assert service.jobs == {}
    assert running.is_finished


def test_a_job_that_is_late_while_the_batch_waits_for_a_slot_is_given_up_at_its_job_timeout() -> None:
    service = RunningForever(Clock(), [])
    running = queued(service, Queue(service.clock, 0, 3600), "ab", job_timeout=timedelta(seconds=100))
    began = service.clock.now()

    running.submit(TimedJobs(service, [1e6] * 2))

    assert timedelta(seconds=100) <= service.clock.now() - began <= timedelta(seconds=103)
    running.expire_overdue()
    assert (running.running, running.progress.failed) == ({}, 1)


def test_a_batch_that_is_stopped_while_it_waits_for_a_slot_ends_within_two_seconds() -> None:
    service = Service(Clock(), [])
    running = queued(service, Queue(service.clock, 3600), "ab")
    stopped_at = service.clock.now() + timedelta(seconds=30)
    running.context = replace(running.context, stop_requested=lambda: service.clock.now() >= stopped_at)

    running.submit(TimedJobs(service, []))

    assert timedelta(0) <= service.clock.now() - stopped_at <= timedelta(seconds=2)
    assert service.jobs == {}


def test_a_batch_with_a_throttled_submission_does_not_defer_until_the_end_of_the_queue() -> None:
    """Its next process would take another slot, again at the end."""
    service = RunningForever(Clock(), ["accepted", "throttled"])
    running = queued(service, Queue(service.clock, 0, 0, 3600), "abc")

    submit_all(running, service)

    assert (len(running.running), running.has_items_left) == (3, False)


def test_a_batch_whose_request_is_prepared_until_after_its_deadline_does_not_submit_it() -> None:
    service, log = Service(Clock(), []), Log()
    deadline = service.clock.now() + timedelta(seconds=100)
    running = queued(service, Queue(service.clock, 0), "ab", log, preparing=300, deadline=deadline)

    submit_all(running, service)

    assert (service.jobs, running.is_finished, running.progress.left) == ({}, True, 2)
    assert any("300 s to prepare" in line and "execution_timeout" in line for line in log.lines)


def test_a_slow_preparation_does_not_keep_a_batch_from_its_running_jobs_while_it_waits_for_a_slot() -> None:
    service = RunningForever(Clock(), [])
    timeout = timedelta(seconds=100)
    running = queued(service, Queue(service.clock, 0, 400), "ab", preparing=200, job_timeout=timeout)

    running.submit(TimedJobs(service, [1e6] * 2))

    (item,) = running.running.values()
    assert timedelta(0) <= service.clock.now() - running.deadline_of(item) <= timedelta(seconds=2)


def test_a_batch_does_not_count_long_waits_for_slots_as_time_in_which_the_service_fails() -> None:
    service = Service(Clock(), ["unreachable", "unreachable"])
    running = queued(service, Queue(service.clock, 0, 1200), "abc")

    submit_all(running, service)

    assert (running.refusal, len(running.running)) == (None, 3)


def test_a_batch_gives_up_although_it_waits_for_slots_if_the_service_fails_each_time() -> None:
    service = Service(Clock(), ["unreachable"] * 100)
    running = queued(service, Queue(service.clock, 0, 1200), "abc")

    submit_all(running, service)

    assert str(running.refusal) == "refused"
    # With the first minute after each failure, of 10.
    assert 9 <= 100 - len(service.fates) <= 12
