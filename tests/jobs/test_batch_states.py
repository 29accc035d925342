"""A batch over processes, attempts, clears and lost workers: one job per item, within its limits, and no lost id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airflow_provider_viapi.jobs.attempt_context import Attempt, AttemptContext
from airflow_provider_viapi.jobs.batch.ledger import BatchLedger, Item
from airflow_provider_viapi.jobs.batch.limits import BatchConfig, CostLimits
from airflow_provider_viapi.jobs.batch.runner import BatchRunner
from airflow_provider_viapi.jobs.batch.wait import FinishedJobs
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from jobs.test_batch import ACTION, FATES, Clock, EndlessJobs, ItemClaims, Log, Service, items
from jobs.test_batch_limits import MeasuringBackend
from operators.run_batch import Store, WorkerLost

LISTS = st.lists(st.sampled_from("abc"), max_size=4)
LOST_AT = st.one_of(st.none(), st.none(), st.none(), st.integers(1, 12))
"""Number of the write at which the worker is lost."""


class StatefulService(Service):
    """Service whose jobs wait in its queue until a test starts or ends them; only queued ones can be cancelled."""

    def __init__(self) -> None:
        super().__init__(Clock(), [])
        self.started: set[str] = set()
        self.ended: dict[str, Outcome] = {}

    def report(self, job: Job) -> JobReport:
        outcome = self.ended.get(job.id, Outcome.WAITING)
        request, _ = self.jobs[job.id]
        result = {"VideoUrl": request["VideoUrl"]} if outcome is Outcome.SUCCEEDED else None
        code = "X" if outcome is Outcome.FAILED else None
        return JobReport(job.id, outcome.name, outcome, result, error_code=code, error_message=code)

    @property
    def unfinished(self) -> list[str]:
        return [job_id for job_id in self.jobs if job_id not in self.ended]

    def cancel_all(self, jobs: Collection[Job]) -> Collection[str]:
        cancelled = [job.id for job in jobs if job.id in self.unfinished and job.id not in self.started]
        self.ended |= dict.fromkeys(cancelled, Outcome.CANCELLED)
        return cancelled

    def is_billed(self, job_id: str) -> bool:
        return self.ended.get(job_id, Outcome.SUCCEEDED) is Outcome.SUCCEEDED


class BatchStates(RuleBasedStateMachine):
    """A batch whose processes are lost, continued, retried and cleared while its jobs end."""

    def __init__(self) -> None:
        super().__init__()
        self.service, self.store = StatefulService(), Store()
        self.runner: BatchRunner | None = None
        self.attempt = Attempt(1, 100)
        self.before_clear: set[str] = set()
        self.most: Counter[str] = Counter()

    @initialize(names=LISTS, in_flight=st.integers(1, 4), max_cost=st.one_of(st.none(), st.integers(1, 6)))
    def begin(self, names: list[str], in_flight: int, max_cost: int | None) -> None:
        self.in_flight, self.max_cost = in_flight, max_cost
        self._take_list(names)
        self._begin_attempt()

    def _take_list(self, names: list[str]) -> None:
        self.wanted = items(names)
        # No round may have more jobs of a request than its longest list has items.
        self.most |= Counter(_url(item) for item in self.wanted)

    def _begin_attempt(self) -> None:
        # Jobs of an earlier attempt are too old to be candidates of this one.
        self.service.clock.sleep(600)
        self._open_process(begins=True)
        assert self.runner is not None
        # Whatever failed in an earlier attempt, also in one of the same number, is tried again.
        assert self.runner.items_with("failed") == []
        self.runner.resume()

    def _open_process(self, *, begins: bool) -> None:
        """Begin or continue the attempt in a process of its own."""
        self._lose_worker(None)
        clock, ledger = self.service.clock, BatchLedger(self.store, self.attempt)
        if begins or not ledger.is_same_as_begun(self.wanted):
            ledger.begin_attempt(self.wanted, clock.now())
        began = ledger.began or clock.now()
        config = BatchConfig(
            ACTION,
            max_in_flight=self.in_flight,
            max_failed=100,
            job_timeout=timedelta(minutes=10),
            began=began,
            deadline=began + timedelta(days=1),
        )
        context = AttemptContext(
            self.attempt, ItemClaims(ledger, (*self.wanted, Item(0, ""))[0]), Log(), clock.timing
        )
        limits = CostLimits(max_cost=self.max_cost)
        for counted in ledger.counted():
            limits.count(counted)
        backend = MeasuringBackend(self.service, ledger, context)
        backend.cancel = self.service.cancel_all  # type: ignore[method-assign]
        self.runner = BatchRunner(self.wanted, ledger, config, backend, context, cost_limits=limits)

    def _lose_worker(self, at_write: int | None, *, after: bool = False) -> None:
        self.store.writes.clear()
        self.store.lost_at_write, self.store.lost_after = at_write, after

    def _run(self, work: str, *arguments: Any) -> None:
        try:
            getattr(self.runner, work)(*arguments)
        except WorkerLost:
            self.runner = None

    @precondition(lambda self: self.runner is not None)
    @rule(fates=FATES, lost_at=LOST_AT, after=st.booleans())
    def submit(self, fates: list[str], lost_at: int | None, after: bool) -> None:
        jobs, had_unknown = len(self.service.jobs), bool(self._unknown())
        self.service.fates = fates
        self._lose_worker(lost_at, after=after)
        self._run("submit", EndlessJobs())
        self.service.fates = []
        # Jobs of another list may run beyond the limits, and what was sent before is found out at any limit.
        if self.runner is not None and len(self.service.jobs) > jobs and not had_unknown:
            running = len(self.runner.running)
            assert running <= self.in_flight
            delivered = sum(self.runner.ledger.status(item.name) == "delivered" for item in self.wanted)
            assert self.max_cost is None or running + delivered <= self.max_cost

    @precondition(lambda self: self.service.unfinished)
    @rule(data=st.data())
    def start_a_job(self, data: st.DataObject) -> None:
        self.service.started.add(data.draw(st.sampled_from(self.service.unfinished)))

    @precondition(lambda self: self.service.unfinished)
    @rule(data=st.data(), outcome=st.sampled_from([Outcome.SUCCEEDED, Outcome.FAILED]))
    def end_a_job(self, data: st.DataObject, outcome: Outcome) -> None:
        self.service.ended[data.draw(st.sampled_from(self.service.unfinished))] = outcome

    @precondition(lambda self: self.runner is not None)
    @rule(lost_at=LOST_AT, after=st.booleans())
    def collect(self, lost_at: int | None, after: bool) -> None:
        assert self.runner is not None
        reports = [self.service.report(job) for job in self.runner.jobs]
        self._lose_worker(lost_at, after=after)
        self._run("collect", FinishedJobs([report for report in reports if report.is_final]))

    @precondition(lambda self: self.runner is not None and self.runner.running)
    @rule(seconds=st.sampled_from([300, 700]))
    def give_up_late_jobs(self, seconds: int) -> None:
        self.service.clock.sleep(seconds)
        self._lose_worker(None)
        self._run("expire_overdue")

    @precondition(lambda self: self.runner is not None and self.runner.running)
    @rule()
    def cancel(self) -> None:
        """A user ends the task."""
        self._lose_worker(None)
        self._run("cancel")
        self.runner = None

    @precondition(lambda self: self.runner is not None and self.runner.running)
    @rule()
    def continue_in_another_process(self) -> None:
        self._open_process(begins=False)

    @precondition(lambda self: self.runner is None or self.runner.running or self.runner.is_finished)
    @rule(names=st.one_of(st.none(), LISTS), max_cost=st.integers(1, 6))
    def retry(self, names: list[str] | None, max_cost: int) -> None:
        """Begin another attempt, perhaps with another list or a higher limit."""
        if names is not None:
            self._take_list(names)
        self.max_cost = None if self.max_cost is None else max(self.max_cost, max_cost)
        self.attempt = replace(self.attempt, number=self.attempt.number + 1)
        self._begin_attempt()

    @precondition(lambda self: self.runner is None or self.runner.running or self.runner.is_finished)
    @rule()
    def create_the_run_again(self) -> None:
        """A user deletes the DAG run and creates it again: its attempts count from 1."""
        self.attempt = Attempt(1, 100)
        self._begin_attempt()

    @precondition(lambda self: self.runner is not None and self.runner.is_finished)
    @rule()
    def return_rows_and_clear(self) -> None:
        """Return the rows; then a user clears the task, which gets new jobs."""
        assert self.runner is not None
        if len(self.runner.ledger.rows(self.wanted)) < len(self.wanted):
            return
        self._lose_worker(None)
        self.runner.ledger.mark_delivered()
        self.before_clear = set(self.service.jobs)
        self.most = Counter(_url(item) for item in self.wanted)
        number = self.attempt.number + 1
        self.attempt = Attempt(number, number + 99, clear_number=self.attempt.clear_number + 1)
        self._begin_attempt()

    @invariant()
    def no_item_has_two_jobs(self) -> None:
        jobs = Counter(
            request["VideoUrl"]
            for job_id, (request, _) in self.service.jobs.items()
            if job_id not in self.before_clear and self.service.is_billed(job_id)
        )
        assert jobs <= self.most, (jobs, self.most)

    @invariant()
    def every_job_is_recorded_or_its_submission_is(self) -> None:
        unrecorded = self.service.jobs.keys() - BatchLedger(self.store, self.attempt).job_ids()
        assert len(unrecorded) <= len(self._unknown()), (unrecorded, self._unknown())

    def _unknown(self) -> list[str]:
        """Return the items whose submissions have an unknown outcome."""
        ledger = BatchLedger(self.store, self.attempt)
        return [name for name in ledger.names() if (entry := ledger.entry(name)) and entry.job_id is None]


def _url(item: Item) -> str:
    return str((item.request or {})["VideoUrl"])


BatchStates.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
test_any_sequence_of_events = BatchStates.TestCase
