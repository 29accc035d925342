"""Polling: what ends a wait, what does not, and how many calls it costs."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Collection, Mapping
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.errors import (
    ConnectionFailed,
    JobTimedOut,
    PermissionDenied,
    ResponseLost,
    ServiceError,
    Throttled,
)
from airflow_provider_viapi.jobs.backend import Ending, ListSnapshot
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.polling import list_reader, supervised_loops
from airflow_provider_viapi.jobs.polling.intervals import Backoff
from airflow_provider_viapi.jobs.polling.pending_jobs import PendingJob
from airflow_provider_viapi.jobs.polling.poller import GRACE, Poller
from airflow_provider_viapi.jobs.polling.rate_limiter import Permit, RateLimiter
from jobs import virtual_time

logger = logging.getLogger(__name__)

JOB = Job("J-1", "videoenhan.EraseVideoSubtitles")
QUICK = Backoff(first=0.002, longest=0.01)
QUEUING = JobReport("J-1", "QUEUING", Outcome.WAITING)
PROCESSING = JobReport("J-1", "PROCESSING", Outcome.WAITING)
DONE = JobReport("J-1", "PROCESS_SUCCESS", Outcome.SUCCEEDED, {"VideoUrl": "http://h/out.mp4"})
FAILED = JobReport("J-1", "PROCESS_FAILED", Outcome.FAILED, error_code="InvalidFile.Decode")


class Script:
    """Backend without a job list that returns or raises these responses in order, the last one repeatedly."""

    list_interval = None

    def __init__(self, *responses: Any) -> None:
        self.responses = list(responses)
        self.polls = 0

    async def report(self, job: Job) -> JobReport:
        self.polls += 1
        response = self.responses.pop(0) if len(self.responses) > 1 else self.responses[0]
        if isinstance(response, BaseException):
            raise response
        report: JobReport = response
        return report


def wait(service: Script, seconds: float = 30, log: Any = logger) -> JobReport:
    deadline = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return asyncio.run(wait_with(Poller(service, QUICK, RateLimiter(1000)), deadline, log))


async def wait_with(waiting: Poller, deadline: datetime, log: Any = logger) -> JobReport:
    try:
        return await waiting.wait(JOB, deadline=deadline, log=log)
    finally:
        await waiting.close()


@pytest.mark.parametrize("end", [DONE, FAILED])
def test_a_final_state_ends_the_wait(end: JobReport) -> None:
    assert wait(Script(QUEUING, PROCESSING, PROCESSING, end)) == end


@pytest.mark.parametrize(
    "fault", [Throttled("slow down"), ResponseLost("garbage"), ConnectionFailed("connection refused")]
)
def test_a_transient_error_does_not_end_the_wait(fault: ServiceError) -> None:
    assert wait(Script(fault, QUEUING, fault, fault, DONE)) == DONE


def test_a_permanent_error_ends_the_wait_at_once() -> None:
    service = Script(QUEUING, PermissionDenied("not yours"), DONE)

    with pytest.raises(PermissionDenied):
        wait(service)

    assert service.polls == 2


@pytest.mark.parametrize("answer", [PROCESSING, Throttled("slow down")])
def test_the_deadline_ends_the_wait(answer: JobReport | ServiceError) -> None:
    async def until_the_deadline() -> float:
        deadline = datetime.now(timezone.utc) + timedelta(seconds=60)
        with pytest.raises(JobTimedOut, match="J-1") as caught:
            await wait_with(Poller(Script(answer), limiter=RateLimiter(1000)), deadline)
        assert caught.value.job_id == "J-1"
        return asyncio.get_running_loop().time()

    assert 59 <= virtual_time.run(until_the_deadline()) <= 60 + GRACE + 1


@pytest.mark.parametrize(
    "fault",
    [
        ResponseLost("garbage"),
        ConnectionFailed("connection refused"),
        Throttled("slow down"),
        ValueError("unexpected"),
        asyncio.CancelledError(),
        None,
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_failed_poll_at_the_deadline_does_not_hide_that_the_job_has_ended(
    fault: BaseException | None,
) -> None:
    async def until_the_deadline() -> JobReport:
        waiting = Poller(Script(fault, fault, DONE), Backoff(first=300, longest=300), RateLimiter(1000))
        return await wait_with(waiting, datetime.now(timezone.utc) + timedelta(seconds=60))

    assert virtual_time.run(until_the_deadline()) == DONE


@pytest.mark.parametrize("seconds", [60, 1000])
@pytest.mark.parametrize("fault", [None, Throttled("slow down")], ids=["at once", "throttled"])
def test_a_partial_report_is_completed_at_once_also_at_the_deadline(
    seconds: float, fault: ServiceError | None
) -> None:
    partial = replace(DONE, is_partial=True)
    service = Script(partial, *([] if fault is None else [fault]), DONE)

    async def complete() -> tuple[JobReport, float]:
        waiting = Poller(service, Backoff(first=300, longest=300), RateLimiter(1000))
        report = await wait_with(waiting, datetime.now(timezone.utc) + timedelta(seconds=seconds))
        return report, asyncio.get_running_loop().time()

    report, ended_at = virtual_time.run(complete())

    assert report == DONE
    assert ended_at < min(seconds, 300) + 5


def test_a_job_is_polled_once_even_if_the_deadline_has_long_passed() -> None:
    assert wait(Script(DONE), seconds=-3600) == DONE


def test_the_log_has_each_change_of_state_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    wait(Script(QUEUING, QUEUING, PROCESSING, Throttled("slow down"), Throttled("slow down"), DONE))

    assert [record.getMessage() for record in caplog.records] == [
        "Job J-1 is QUEUING",
        "Job J-1 is PROCESSING",
        "Job J-1 could not be polled, retrying: slow down",
    ]


@given(st.integers(min_value=0, max_value=10**9))
def test_intervals_grow_up_to_a_bound_and_are_never_zero(polls: int) -> None:
    interval = Backoff(first=2, growth=1.5, longest=30).interval(polls)

    assert 1 <= interval <= 30


def test_the_first_polls_of_jobs_submitted_together_are_spread() -> None:
    firsts = {Backoff().interval(0) for _ in range(20)}

    assert len(firsts) > 15


class Account:
    """Backend of many jobs that end at their own times, with a paged list and a quota.

    :param ends: job id to the second at which it ends
    :param page: jobs on a page of the list
    :param results_per_second: more polls in any second are throttled
    :param unlisted: jobs that the list does not show
    """

    def __init__(
        self,
        ends: dict[str, float],
        *,
        page: int = 500,
        results_per_second: float = 1e9,
        unlisted: frozenset[str] = frozenset(),
        list_error: ServiceError | None = None,
        list_interval: float = 0.05,
    ) -> None:
        self.list_interval = list_interval
        self.list_reads = self.polls = self.throttled = 0
        self.ends, self._page, self._unlisted, self._list_error = ends, page, unlisted, list_error
        self._next_page = 0
        self._rate, self._lately = results_per_second, list[float]()
        self._began: float | None = None

    def _now(self) -> float:
        loop_time = asyncio.get_running_loop().time()
        self._began = self._began or loop_time
        return loop_time - self._began

    def _outcome(self, job_id: str) -> Outcome:
        return Outcome.SUCCEEDED if self._now() >= self.ends[job_id] else Outcome.WAITING

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        self.list_reads += 1
        if self._list_error is not None:
            raise self._list_error
        listed = [job_id for job_id in self.ends if job_id not in self._unlisted]
        shown = listed[self._next_page * self._page : (self._next_page + 1) * self._page]
        self._next_page += 1
        complete = self._next_page * self._page >= len(listed)
        if complete:
            self._next_page = 0
        outcomes = {job_id: self._outcome(job_id) for job_id in shown if job_id in job_ids}
        states = dict.fromkeys(outcomes, "PROCESSING")
        return ListSnapshot(outcomes, complete, states=states)

    async def report(self, job: Job) -> JobReport:
        self.polls += 1
        now = self._now()
        self._lately = [when for when in self._lately if when > now - 1] + [now]
        if len(self._lately) > self._rate:
            self.throttled += 1
            raise Throttled("too fast", code="Throttling.User")
        outcome = self._outcome(job.id)
        return JobReport(job.id, "PROCESS_SUCCESS" if outcome is Outcome.SUCCEEDED else "PROCESSING", outcome)

    async def cancel(self, job: Job) -> bool:
        return False


def wait_for_all(
    account: Account, backoff: Backoff = QUICK, rate: float = 10_000, **options: Any
) -> list[JobReport]:
    async def crowd() -> list[JobReport]:
        waiting = Poller(account, backoff, RateLimiter(rate), **options)
        deadline = datetime.now(timezone.utc) + timedelta(seconds=60)
        jobs = [Job(job_id, "videoenhan.EraseVideoSubtitles") for job_id in account.ends]
        try:
            return await asyncio.gather(*(waiting.wait(job, deadline=deadline) for job in jobs))
        finally:
            await waiting.close()

    return asyncio.run(crowd())


def many(count: int, seconds: float = 1.0) -> dict[str, float]:
    return {f"J-{number}": seconds * (0.3 + 0.7 * number / count) for number in range(count)}


def test_many_jobs_cost_about_one_call_each_and_none_is_lost() -> None:
    account = Account(many(1000), page=500)

    reports = wait_for_all(account)

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert account.polls + account.list_reads <= 1.1 * 1000


def test_a_few_jobs_are_polled_without_the_list() -> None:
    account = Account(many(list_reader.LIST_THRESHOLD, seconds=0.1))

    wait_for_all(account)

    assert account.list_reads == 0


@pytest.mark.parametrize("count", [1, 20], ids=["polled individually", "found in the list"])
def test_the_states_of_a_job_are_reported_while_it_is_pending(count: int) -> None:
    seen: dict[str, list[str]] = {}

    async def crowd() -> None:
        account = Account(many(count, seconds=0.3), list_interval=0.02)
        poller = Poller(account, QUICK, RateLimiter(10_000))
        deadline = datetime.now(timezone.utc) + timedelta(seconds=60)

        async def wait(job: Job) -> None:
            await poller.wait(
                job, deadline=deadline, on_state=lambda states: seen.setdefault(job.id, []).extend(states)
            )

        try:
            await asyncio.gather(*(wait(Job(job_id, "a.B")) for job_id in account.ends))
        finally:
            await poller.close()

    asyncio.run(crowd())
    assert list(seen.values()) == [["PROCESSING"]] * count


def test_a_receiver_of_states_that_fails_does_not_end_the_wait() -> None:
    def fail(states: Mapping[str, str]) -> None:
        raise RuntimeError("the receiver is broken")

    async def wait() -> JobReport:
        account = Account(many(1, seconds=0.1))
        poller = Poller(account, QUICK, RateLimiter(10_000))
        deadline = datetime.now(timezone.utc) + timedelta(seconds=60)
        try:
            return await poller.wait(Job("J-0", "a.B"), deadline=deadline, on_state=fail)
        finally:
            await poller.close()

    assert asyncio.run(wait()).outcome is Outcome.SUCCEEDED


def test_list_jobs_never_reads_no_list() -> None:
    account = Account(many(20, seconds=0.1))

    reports = wait_for_all(account, list_jobs="never")

    assert len(reports) == 20
    assert account.list_reads == 0


def test_jobs_that_the_list_does_not_show_are_polled_individually() -> None:
    ends = many(50, seconds=0.3)
    account = Account(ends, unlisted=frozenset(list(ends)[::10]), list_interval=0.02)

    reports = wait_for_all(account)

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}


def test_a_forbidden_list_is_abandoned_with_one_log_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    account = Account(many(20, seconds=0.3), list_error=PermissionDenied("not yours", code="Forbidden.RAM"))

    reports = wait_for_all(account)

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert account.list_reads == 1
    assert caplog.text.count("The job list cannot be used") == 1


def test_a_throttled_list_is_read_again() -> None:
    account = Account(many(20, seconds=0.3), list_error=Throttled("once in 5 s"), list_interval=0.01)

    wait_for_all(account, Backoff(first=0.2, longest=0.2))

    assert account.list_reads > 1


def test_the_rate_adapts_to_a_tenth_of_the_configured_quota_and_no_job_is_lost() -> None:
    account = Account(many(100, seconds=0.2), results_per_second=30)

    reports = wait_for_all(account, rate=300)

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert account.throttled < 100


def test_two_waits_for_the_same_job_both_get_its_report() -> None:
    account = Account({"J-1": 0.05})

    async def both() -> list[JobReport]:
        waiting = Poller(account, QUICK, RateLimiter(1000))
        deadline = datetime.now(timezone.utc) + timedelta(seconds=60)
        try:
            return await asyncio.gather(
                *(waiting.wait(Job("J-1", "videoenhan.X"), deadline=deadline) for _ in "ab")
            )
        finally:
            await waiting.close()

    assert [report.outcome for report in asyncio.run(both())] == [Outcome.SUCCEEDED] * 2


def test_the_job_of_a_cancelled_wait_is_not_polled_any_more() -> None:
    service = Script(PROCESSING)

    async def leave() -> tuple[int, int]:
        waiting = Poller(service, QUICK, RateLimiter(1000))
        deadline = datetime.now(timezone.utc) + timedelta(seconds=60)
        going = asyncio.ensure_future(waiting.wait(JOB, deadline=deadline))
        while not service.polls:
            await asyncio.sleep(0.001)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        before = service.polls
        await asyncio.sleep(0.05)
        await waiting.close()
        return before, service.polls

    before, after = asyncio.run(leave())

    assert after <= before + 1


def test_an_error_that_arrives_while_the_caller_leaves_is_not_logged_by_asyncio(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def leave() -> None:
        pending = PendingJob(JOB, logger, datetime.now(timezone.utc), asyncio.Future(), last_scan=0)
        pending.resolve(PermissionDenied("not yours"))
        pending.discard()
        del pending
        gc.collect()

    asyncio.run(leave())

    assert "never retrieved" not in caplog.text


def test_a_log_line_about_a_job_is_logged_in_the_context_of_its_waiter() -> None:
    task: ContextVar[str] = ContextVar("task")
    logged: list[tuple[str, str]] = []

    class Recording(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append((task.get(), record.getMessage()))

    log = logging.getLogger("test_context")
    log.setLevel(logging.INFO)
    log.addHandler(Recording())

    async def two() -> None:
        waiting = Poller(Script(PROCESSING), QUICK, RateLimiter(1000))
        deadline = datetime.now(timezone.utc) + timedelta(seconds=0.1)

        async def wait_as(name: str) -> None:
            task.set(name)
            await waiting.wait(Job(name, "videoenhan.X"), deadline=deadline, log=log)

        await asyncio.gather(wait_as("a"), wait_as("b"), return_exceptions=True)
        await waiting.close()

    asyncio.run(two())

    assert sorted(logged) == [("a", "Job a is PROCESSING"), ("b", "Job b is PROCESSING")]


def test_a_poll_that_a_proxy_sent_twice_does_not_end_the_wait() -> None:
    assert wait(Script(ServiceError("seen before", code="SignatureNonceUsed"), DONE)) == DONE


def test_a_result_that_stays_unreadable_is_polled_at_intervals() -> None:
    class Garbled(Account):
        async def report(self, job: Job) -> JobReport:
            self.polls += 1
            raise ResponseLost("garbage")

    account = Garbled(many(10, seconds=0.01), list_interval=0.02)

    async def wait_a_while() -> None:
        waiting = Poller(account, Backoff(first=0.2, longest=0.2), RateLimiter(10_000))
        deadline = datetime.now(timezone.utc) + timedelta(seconds=10)
        jobs = [Job(job_id, "videoenhan.X") for job_id in account.ends]
        await asyncio.gather(*(waiting.wait(job, deadline=deadline) for job in jobs), return_exceptions=True)
        await waiting.close()

    virtual_time.run(wait_a_while())

    # At most one in a tenth of a second for each job, and the last polls after the deadline.
    assert account.polls <= 10 * 10 * (10 + GRACE + 1)


def test_the_stats_get_the_number_of_waiting_jobs_and_the_times_that_the_list_shows() -> None:
    class Recorder:
        def __init__(self) -> None:
            self.gauges: list[tuple[str, str, int]] = []
            self.durations: list[tuple[str, str, float]] = []

        def count(self, name: str, action: str) -> None: ...

        def gauge(self, name: str, action: str, value: int) -> None:
            self.gauges.append((name, action, value))

        def duration(self, name: str, action: str, seconds: float) -> None:
            self.durations.append((name, action, seconds))

    class Dated(Account):
        async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
            snapshot = await super().list_states(job_ids)
            ended = {
                job_id: Ending(ago=2.0, took=90.0)
                for job_id, outcome in snapshot.outcomes.items()
                if outcome is not Outcome.WAITING
            }
            return ListSnapshot(snapshot.outcomes, snapshot.scan_complete, ended)

    stats = Recorder()

    wait_for_all(Dated(many(20, seconds=0.2), list_interval=0.01), Backoff(first=60), stats=stats)

    action = "videoenhan.EraseVideoSubtitles"
    assert stats.gauges[0] == ("viapi.jobs_waiting", action, 20)
    assert stats.gauges[-1] == ("viapi.jobs_waiting", action, 0)
    assert [each for each in stats.durations if each[0] == "viapi.submit_to_finish"] == [
        ("viapi.submit_to_finish", action, 90.0)
    ] * 20
    noticed = [seconds for name, _, seconds in stats.durations if name == "viapi.finish_to_noticed"]
    assert len(noticed) == 20
    assert min(noticed) >= 2.0


class BrokenLog:
    """A log whose handler fails."""

    def info(self, message: str, /, *values: object) -> None:
        raise OSError("no space left on device")

    warning = info


def test_a_log_call_that_raises_does_not_end_the_wait() -> None:
    assert wait(Script(QUEUING, Throttled("slow down"), PROCESSING, DONE), log=BrokenLog()) == DONE


UNEXPECTED: list[Any] = [
    asyncio.CancelledError(),
    TypeError("'int' object is not subscriptable"),
    KeyError("Data"),
    OSError("too many open files"),
    GeneratorExit(),
    StopAsyncIteration(),
    RecursionError("maximum recursion depth exceeded"),
    MemoryError(),
    TimeoutError(),
    LookupError("unknown encoding"),
    type("Odd", (BaseException,), {})(),
    None,
    "done",
    {},
]


@pytest.mark.parametrize("fault", UNEXPECTED, ids=repr)
def test_an_unexpected_error_of_a_poll_does_not_silence_the_wait(fault: Any) -> None:
    assert wait(Script(fault, QUEUING, fault, fault, DONE)) == DONE


@pytest.mark.parametrize("fault", UNEXPECTED, ids=repr)
def test_an_unexpected_error_that_persists_ends_the_wait_and_is_named(fault: Any) -> None:
    service = Script(fault)

    with pytest.raises(ServiceError, match=r"job J-1 could not be polled: unexpected .* 5 times in a row"):
        wait(service)

    assert service.polls == supervised_loops.MAX_UNEXPECTED_ERRORS


def test_an_unexpected_error_shows_no_signature() -> None:
    with pytest.raises(ServiceError) as caught:
        wait(Script(ValueError("cannot read https://b.oss-cn-shanghai.aliyuncs.com/a.mp4?Signature=s3cr3t")))

    assert "s3cr3t" not in str(caught.value)
    assert "a.mp4" in str(caught.value)


class BrokenList(Account):
    """An account whose job list fails, or returns something else."""

    def __init__(self, fault: Any, reads: int = 10**9) -> None:
        super().__init__(many(20, seconds=100), list_interval=5)
        self.fault, self.broken_reads = fault, reads

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        if self.list_reads >= self.broken_reads:
            return await super().list_states(job_ids)
        self.list_reads += 1
        if isinstance(self.fault, BaseException):
            raise self.fault
        snapshot: ListSnapshot = self.fault
        return snapshot


async def wait_in_virtual_time(account: Account, **options: Any) -> list[JobReport]:
    waiting = Poller(account, limiter=RateLimiter(1000, asyncio.get_running_loop().time), **options)
    deadline = datetime.now(timezone.utc) + timedelta(hours=6)
    jobs = [Job(job_id, "videoenhan.EraseVideoSubtitles") for job_id in account.ends]
    try:
        return await asyncio.gather(*(waiting.wait(job, deadline=deadline) for job in jobs))
    finally:
        await waiting.close()


@pytest.mark.parametrize("fault", UNEXPECTED, ids=repr)
def test_a_list_that_keeps_failing_unexpectedly_is_abandoned_and_each_job_is_polled(fault: Any) -> None:
    account = BrokenList(fault)

    reports = virtual_time.run(wait_in_virtual_time(account))

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert account.list_reads == supervised_loops.MAX_UNEXPECTED_ERRORS


@pytest.mark.parametrize("fault", UNEXPECTED, ids=repr)
def test_a_list_that_failed_unexpectedly_is_read_again(fault: Any) -> None:
    account = BrokenList(fault, reads=2)

    reports = virtual_time.run(wait_in_virtual_time(account))

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert account.list_reads > 10


@pytest.mark.parametrize("ago", [float("nan"), float("inf"), float("-inf")])
def test_a_list_with_impossible_times_does_not_silence_a_wait(ago: float) -> None:
    class Undated(Account):
        async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
            snapshot = await super().list_states(job_ids)
            endings = {job_id: Ending(ago, ago) for job_id in snapshot.outcomes}
            return ListSnapshot(snapshot.outcomes, snapshot.scan_complete, endings)

    reports = virtual_time.run(wait_in_virtual_time(Undated(many(20, seconds=100), list_interval=5)))

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}


def test_a_list_that_never_comes_to_an_end_does_not_silence_a_wait() -> None:
    class Endless(Account):
        """Claims ``TotalPage: Infinity``: every page is empty, and none is the last."""

        async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
            self.list_reads += 1
            return ListSnapshot({}, scan_complete=False)

    account = Endless(many(20, seconds=100), list_interval=5)

    async def timed() -> float:
        await wait_in_virtual_time(account)
        return asyncio.get_running_loop().time()

    assert virtual_time.run(timed()) < 2 * list_reader.POLL_ANYWAY_AFTER


class BrokenStats:
    """Receiver of metrics that fails."""

    def count(self, name: str, action: str) -> None:
        raise RuntimeError("no statsd")

    def gauge(self, name: str, action: str, value: int) -> None:
        raise RuntimeError("no statsd")

    def duration(self, name: str, action: str, seconds: float) -> None:
        raise RuntimeError("no statsd")


def test_stats_that_raise_do_not_end_a_wait() -> None:
    class Dated(Account):
        async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
            snapshot = await super().list_states(job_ids)
            endings = {job_id: Ending(1.0, 2.0) for job_id in snapshot.outcomes}
            return ListSnapshot(snapshot.outcomes, snapshot.scan_complete, endings)

    account = Dated(many(20, seconds=100), list_interval=5)

    reports = virtual_time.run(wait_in_virtual_time(account, stats=BrokenStats()))

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}


def test_a_loop_that_failed_is_restarted() -> None:
    class BrokenLimiter(RateLimiter):
        failures = 3

        async def acquire(self) -> Permit:
            if self.failures:
                self.failures -= 1
                raise RuntimeError("out of order")
            return await super().acquire()

    async def play() -> JobReport:
        limiter = BrokenLimiter(1000, asyncio.get_running_loop().time)
        deadline = datetime.now(timezone.utc) + timedelta(hours=1)
        return await wait_with(Poller(Script(QUEUING, DONE), limiter=limiter), deadline)

    assert virtual_time.run(play()) == DONE


def test_closing_a_poller_leaves_no_task_behind() -> None:
    async def play() -> int:
        waiting = Poller(Script(PROCESSING), QUICK, RateLimiter(1000))
        going = asyncio.ensure_future(
            waiting.wait(JOB, deadline=datetime.now(timezone.utc) + timedelta(hours=1))
        )
        await asyncio.sleep(0.02)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        await waiting.close()
        return len(asyncio.all_tasks())

    assert asyncio.run(play()) == 1
