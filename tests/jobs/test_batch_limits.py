"""Limits of a batch: the costs that count, and the jobs that its next attempt submits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_viapi.errors import PermissionDenied, ServiceError
from airflow_provider_viapi.jobs.batch.ledger import Item
from airflow_provider_viapi.jobs.batch.limits import CostLimits
from airflow_provider_viapi.jobs.batch.runner import BatchRunner
from airflow_provider_viapi.jobs.batch.wait import FinishedJobs
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome, RequestNonce
from airflow_provider_viapi.jobs.usage_and_cost import Usage
from jobs.test_batch import Backend, Clock, EndlessJobs, Service, TimedJobs, batch, items
from operators.run_batch import Store, WorkerLost


class MeasuringBackend(Backend):
    """Backend whose jobs produce a minute each, and cost 1."""

    def usage(self, result: Mapping[str, Any]) -> Usage:
        return Usage(jobs=1, output_seconds=60, measured=1, cost=1.0)

    def estimate(self, item: Item) -> Usage:
        return self.usage({})


class Interrupted(BaseException):
    """As Airflow's execution_timeout."""


def limited(
    service: Service, store: Store, names: str, try_number: int = 1, *, max_cost: float, **config: Any
) -> BatchRunner:
    """Return a batch of items with one-letter names, whose jobs cost 1 each."""
    runner = batch(service, store, items(list(names)), try_number, max_in_flight=10, **config)
    runner.cost_limits = CostLimits(max_cost=max_cost)
    runner.backend = MeasuringBackend(service, runner.ledger, runner.context)
    return runner


def fail(job: Job) -> JobReport:
    return JobReport(job.id, "PROCESS_FAILED", Outcome.FAILED, error_code="X", error_message="y")


def wait_in_queue(job: Job) -> JobReport:
    return JobReport(job.id, "QUEUING", Outcome.WAITING)


def refuse(item: Item, report: JobReport) -> Mapping[str, Any]:
    raise ServiceError("the disk is full", code="ResultNotStored")


def finish(runner: BatchRunner, service: Service) -> None:
    """Submit and collect until the batch has nothing more to do."""
    for _ in range(100):
        runner.submit(EndlessJobs())
        if runner.is_finished:
            return
        runner.collect(FinishedJobs([service.report(job) for job in runner.jobs]))
    raise AssertionError("the batch does not end")


def retry_after_all_have_failed(**config: Any) -> tuple[Service, BatchRunner]:
    """Return the second attempt of a batch of six items whose jobs have failed since the first one."""
    service, store, wanted = Service(Clock(), []), Store(), items(list("abcdef"))
    batch(service, store, wanted, 1, max_in_flight=6).submit(EndlessJobs())
    service.report = fail  # type: ignore[method-assign]
    return service, batch(service, store, wanted, 2, **config)


def cancelled_by(runner: BatchRunner) -> list[str]:
    """Return the list to which the ids of cancelled jobs will be added."""
    cancelled: list[str] = []

    def cancel(jobs: Collection[Job]) -> Collection[str]:
        cancelled.extend(job.id for job in jobs)
        return [job.id for job in jobs]

    runner.backend.cancel = cancel  # type: ignore[method-assign]
    return cancelled


def test_jobs_whose_results_cannot_be_stored_count() -> None:
    service = Service(Clock(), [])
    runner = limited(service, Store(), "abcdefghij", max_cost=2.5)
    runner.backend.collect = refuse  # type: ignore[method-assign]

    finish(runner, service)

    assert len(service.jobs) == 2


def test_jobs_that_run_on_after_their_timeout_count() -> None:
    service = Service(Clock(), [])
    runner = limited(service, Store(), "abcdefghij", max_cost=2.5, job_timeout=timedelta(minutes=10))
    service.report = lambda job: JobReport(job.id, "PROCESSING", Outcome.WAITING)  # type: ignore[method-assign]

    while not runner.is_finished:
        runner.submit(EndlessJobs())
        service.clock.sleep(700)
        runner.expire_overdue()

    assert len(service.jobs) == 2


def test_jobs_that_failed_do_not_count() -> None:
    service = Service(Clock(), [])
    runner = limited(service, Store(), "abcdefghij", max_cost=2.5)
    service.report = fail  # type: ignore[method-assign]

    finish(runner, service)

    assert len(service.jobs) == 10


@pytest.mark.parametrize(
    ("limits", "estimate"),
    [
        (CostLimits(max_seconds=60), Usage(jobs=1, measured=0, cost=1.0)),
        (CostLimits(max_cost=5), Usage(jobs=1, output_seconds=5, measured=1, cost=None)),
    ],
    ids=["length", "cost"],
)
def test_while_nothing_is_known_of_what_is_limited_jobs_are_submitted_one_at_a_time(
    limits: CostLimits, estimate: Usage
) -> None:
    assert limits.admits(estimate, running=0)
    assert not limits.admits(estimate, running=1)


def test_a_price_of_0_is_known() -> None:
    limits = CostLimits(max_cost=5)

    assert limits.admits(Usage(jobs=1, measured=0, cost=0.0), running=100)


def test_what_was_counted_is_known_to_an_attempt_that_knows_only_the_ledger() -> None:
    service, store = Service(Clock(), []), Store()
    runner = limited(service, store, "abc", max_cost=10)
    runner.submit(EndlessJobs())
    runner.collect(FinishedJobs([service.report(job) for job in runner.jobs[:2]]))

    later = limited(service, store, "abc", 2, max_cost=10)

    assert list(later.ledger.counted()) == [(60, 1.0), (60, 1.0)]


def test_a_limit_that_cannot_be_kept_stays_exhausted_for_an_attempt_that_knows_only_the_ledger() -> None:
    limits = CostLimits(max_seconds=600)
    counted = limits.add(None)
    assert counted is not None

    later = CostLimits(max_seconds=600)
    later.count(counted)

    assert "could not be measured" in later.exhausted
    assert not later.admits(None, running=0)


def test_an_output_of_0_seconds_is_known() -> None:
    limits = CostLimits(max_seconds=600)
    limits.add(Usage(jobs=1, output_seconds=0.0, measured=1))

    assert limits.exhausted == ""


def test_an_unknown_submission_is_resolved_although_the_limit_is_exhausted() -> None:
    service, store = Service(Clock(), ["accepted", "worker lost"]), Store()
    with pytest.raises(WorkerLost):
        limited(service, store, "ab", max_cost=10).submit(EndlessJobs())
    service.clock.sleep(600)

    retry = limited(service, store, "ab", 2, max_cost=10)
    retry.cost_limits.exhausted = "nothing is left"
    retry.resume()
    retry.submit(EndlessJobs())

    assert retry.submits_nothing_more
    assert "unknown" not in {retry.ledger.status(item.name) for item in retry.items}


def test_cancelling_goes_on_after_it_was_interrupted() -> None:
    service = Service(Clock(), [])
    runner = batch(
        service, Store(), items(list("abcd")), 1, max_in_flight=6, job_timeout=timedelta(seconds=10)
    )
    runner.submit(EndlessJobs())
    service.report = wait_in_queue  # type: ignore[method-assign]
    service.clock.sleep(20)
    cancelled: list[str] = []

    def cancel(jobs: Collection[Job]) -> Collection[str]:
        first = next(iter(jobs)).id
        cancelled.append(first)
        return [first]

    def interrupt(item: Item) -> None:
        raise Interrupted

    runner.backend.cancel = cancel  # type: ignore[method-assign]
    runner.backend.release_inputs = interrupt  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        runner.expire_overdue()
    for _ in range(3):
        with pytest.raises(Interrupted):
            runner.cancel()

    assert cancelled == ["J-0", "J-1", "J-2", "J-3"]
    assert not runner.running


def test_a_retry_submits_failed_jobs_again_within_the_limit() -> None:
    service, store = Service(Clock(), []), Store()
    limited(service, store, "abcdef", max_cost=6.5).submit(EndlessJobs())
    service.report = fail  # type: ignore[method-assign]

    retry = limited(service, store, "abcdef", 2, max_cost=2.5)
    retry.resume()
    assert len(service.jobs) == 6
    retry.submit(EndlessJobs())

    assert len(service.jobs) == 8


def test_a_retry_submits_failed_jobs_again_with_as_many_in_flight_as_it_allows() -> None:
    _, retry = retry_after_all_have_failed(max_in_flight=2)
    retry.resume()
    retry.submit(EndlessJobs())

    assert len(retry.running) == 2


def test_a_retry_submits_nothing_again_after_too_many_have_failed() -> None:
    service, store = Service(Clock(), []), Store()
    batch(service, store, items(list("abcdef")), 1, max_in_flight=6, max_failed=0).submit(EndlessJobs())
    report = service.report
    service.report = lambda job: report(job) if job.id == "J-0" else fail(job)  # type: ignore[method-assign]

    retry = batch(service, store, items(list("abcdef")), 2, max_in_flight=6, max_failed=0)
    retry.backend.collect = refuse  # type: ignore[method-assign]
    retry.resume()
    retry.submit(EndlessJobs())

    assert len(service.jobs) == 6


def test_a_retry_that_is_refused_sends_one_request() -> None:
    service, retry = retry_after_all_have_failed(max_in_flight=6)
    sent: list[RequestNonce] = []

    def submit(request: Mapping[str, Any], nonce: RequestNonce) -> Job:
        sent.append(nonce)
        raise PermissionDenied("not purchased", code="InvalidApi.NotPurchase")

    service.submit = submit  # type: ignore[method-assign]
    retry.resume()
    retry.submit(EndlessJobs())

    assert len(sent) == 1


@pytest.mark.parametrize("at", [0, 3])
def test_all_jobs_are_cancelled_if_a_resume_is_interrupted(at: int) -> None:
    service, store = Service(Clock(), []), Store()
    batch(service, store, items(list("abcdef")), 1, max_in_flight=6).submit(EndlessJobs())
    retry = batch(service, store, items(list("abcdef")), 2, max_in_flight=6)
    cancelled = cancelled_by(retry)

    def report(job: Job) -> JobReport:
        if job.id == f"J-{at}":
            raise Interrupted
        return wait_in_queue(job)

    service.report = report  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        retry.resume()
    retry.cancel()

    assert sorted(cancelled) == [f"J-{n}" for n in range(6)]


def test_what_interrupts_a_resume_is_raised_although_the_store_fails() -> None:
    service, retry = retry_after_all_have_failed(max_in_flight=6)
    failing = service.report

    def unavailable(*_: object) -> None:
        raise ConnectionError("the API server is not available")

    def report(job: Job) -> JobReport:
        if job.id == "J-3":
            retry.ledger.forget_jobs = unavailable  # type: ignore[method-assign]
            raise Interrupted
        return failing(job)

    service.report = report  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        retry.resume()


def test_jobs_that_are_late_are_cancelled_if_recording_them_is_interrupted() -> None:
    service = Service(Clock(), [])
    runner = batch(
        service, Store(), items(list("abcd")), 1, max_in_flight=6, job_timeout=timedelta(seconds=10)
    )
    runner.submit(EndlessJobs())
    service.report = wait_in_queue  # type: ignore[method-assign]
    service.clock.sleep(20)
    cancelled = cancelled_by(runner)

    def interrupt(rows: object) -> None:
        raise Interrupted

    runner.ledger.record_rows = interrupt  # type: ignore[method-assign]
    with pytest.raises(Interrupted):
        runner.expire_overdue()
    runner.cancel()

    assert sorted(cancelled) == ["J-0", "J-1", "J-2", "J-3"]


def test_a_stop_during_a_resume_keeps_the_jobs_that_were_not_reached() -> None:
    service, store = Service(Clock(), []), Store()
    batch(service, store, items(list("abcd")), 1, max_in_flight=6).submit(EndlessJobs())
    retry = batch(service, store, items(list("abcd")), 2, max_in_flight=6)
    polls: list[str] = []
    retry.context = replace(retry.context, stop_requested=lambda: len(polls) == 2)

    def report(job: Job) -> JobReport:
        polls.append(job.id)
        return fail(job) if job.id == "J-0" else wait_in_queue(job)

    service.report = report  # type: ignore[method-assign]
    retry.resume()

    assert list(retry.running) == ["J-1", "J-2", "J-3"]


def test_jobs_that_were_given_up_while_others_are_submitted_free_no_capacity_twice() -> None:
    service = Service(Clock(), [])
    names = [f"v{n}" for n in range(30)]
    runner = batch(service, Store(), items(names), 1, max_in_flight=12, job_timeout=timedelta(seconds=20))
    # The first two take longer than they may, ten end a second after that, and all others later.
    waits = TimedJobs(service, [40, 40, *[21] * 10, *[1000] * 100])
    report = service.report

    def report_when_ended(job: Job) -> JobReport:
        if waits.ends[job] <= service.clock.now():
            return report(job)
        return JobReport(job.id, "PROCESSING", Outcome.WAITING)

    service.report = report_when_ended  # type: ignore[method-assign]
    runner.context = replace(runner.context, timing=replace(runner.context.timing, full_wait=60))
    while runner.can_submit:
        runner.submit(waits)
        assert len(runner.running) <= 12
        waits = TimedJobs(service, [1000] * 100)
