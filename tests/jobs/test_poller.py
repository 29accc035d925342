"""The waiting: what ends it, what does not, and how often it asks."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Collection
from contextvars import ContextVar
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_viapi.errors import (
    ConnectionFailed,
    JobTimedOut,
    PermissionDenied,
    ResponseLost,
    ServiceError,
    Throttled,
)
from airflow_provider_viapi.jobs import poller
from airflow_provider_viapi.jobs.backend import Ending, ListSnapshot
from airflow_provider_viapi.jobs.backoff import Backoff
from airflow_provider_viapi.jobs.delay_queue import PendingJob
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.poller import Poller
from airflow_provider_viapi.jobs.rate_limiter import RateLimiter

JOB = Job("J-1", "videoenhan.EraseVideoSubtitles")
QUICK = Backoff(first=0.002, longest=0.01)
QUEUING = JobReport("J-1", "QUEUING", Outcome.WAITING)
PROCESSING = JobReport("J-1", "PROCESSING", Outcome.WAITING)
DONE = JobReport("J-1", "PROCESS_SUCCESS", Outcome.SUCCEEDED, {"VideoUrl": "http://h/out.mp4"})
FAILED = JobReport("J-1", "PROCESS_FAILED", Outcome.FAILED, error_code="InvalidFile.Decode")


class Script:
    """A job service without a list that answers in order, the last answer again and again."""

    list_interval = None

    def __init__(self, *answers: JobReport | ServiceError) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def report(self, job: Job) -> JobReport:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ServiceError):
            raise answer
        return answer


def wait(service: Script, seconds: float = 30) -> JobReport:
    until = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return asyncio.run(wait_with(Poller(service, QUICK, RateLimiter(1000)), until))


async def wait_with(waiting: Poller, until: datetime) -> JobReport:
    try:
        return await waiting.wait(JOB, until=until)
    finally:
        await waiting.close()


@pytest.mark.parametrize("end", [DONE, FAILED])
def test_the_waiting_ends_with_the_job(end: JobReport) -> None:
    assert wait(Script(QUEUING, PROCESSING, PROCESSING, end)) == end


@pytest.mark.parametrize(
    "fault", [Throttled("slow down"), ResponseLost("garbage"), ConnectionFailed("nobody there")]
)
def test_no_fault_that_passes_ends_the_waiting(fault: ServiceError) -> None:
    assert wait(Script(fault, QUEUING, fault, fault, DONE)) == DONE


def test_an_error_that_cannot_pass_ends_it_at_once() -> None:
    service = Script(QUEUING, PermissionDenied("not yours"), DONE)

    with pytest.raises(PermissionDenied):
        wait(service)

    assert service.asked == 2


@pytest.mark.parametrize("answer", [PROCESSING, Throttled("slow down")])
def test_the_deadline_ends_it(answer: JobReport | ServiceError) -> None:
    with pytest.raises(JobTimedOut, match="J-1") as caught:
        wait(Script(answer), seconds=0.05)

    assert caught.value.job_id == "J-1"


def test_a_job_that_ended_before_a_deadline_long_past_is_still_found() -> None:
    assert wait(Script(DONE), seconds=-3600) == DONE


def test_while_it_waits_the_log_tells_what_is_new_and_nothing_twice(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    wait(Script(QUEUING, QUEUING, PROCESSING, Throttled("slow down"), Throttled("slow down"), DONE))

    assert [record.getMessage() for record in caplog.records] == [
        "Job J-1 is QUEUING",
        "Job J-1 is PROCESSING",
        "Job J-1 could not be asked after: slow down",
    ]


@given(st.integers(min_value=0, max_value=10**9))
def test_intervals_grow_up_to_a_bound_and_are_never_nothing(questions: int) -> None:
    interval = Backoff(first=2, growth=1.5, longest=30).interval(questions)

    assert 1 <= interval <= 30


def test_jobs_submitted_together_drift_apart_from_the_first_question_on() -> None:
    firsts = {Backoff().interval(0) for _ in range(20)}

    assert len(firsts) > 15


class Account:
    """Many jobs that end at their own times, with a list of pages and a quota, as the service has them.

    :param ends: job id to the second at which it ends
    :param page: jobs on a page of the list
    :param results_per_second: more questions than that in any second are throttled
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
        self.looks = self.questions = self.throttled = 0
        self._ends, self._page, self._unlisted, self._list_error = ends, page, unlisted, list_error
        self._next_page = 0
        self._rate, self._lately = results_per_second, list[float]()
        self._began: float | None = None

    def _now(self) -> float:
        loop_time = asyncio.get_running_loop().time()
        self._began = self._began or loop_time
        return loop_time - self._began

    def _outcome(self, job_id: str) -> Outcome:
        return Outcome.SUCCEEDED if self._now() >= self._ends[job_id] else Outcome.WAITING

    async def look(self, job_ids: Collection[str]) -> ListSnapshot:
        self.looks += 1
        if self._list_error is not None:
            raise self._list_error
        listed = [job_id for job_id in self._ends if job_id not in self._unlisted]
        shown = listed[self._next_page * self._page : (self._next_page + 1) * self._page]
        self._next_page += 1
        complete = self._next_page * self._page >= len(listed)
        if complete:
            self._next_page = 0
        return ListSnapshot(
            {job_id: self._outcome(job_id) for job_id in shown if job_id in job_ids}, complete
        )

    async def report(self, job: Job) -> JobReport:
        self.questions += 1
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
    account: Account, pace: Backoff = QUICK, rate: float = 10_000, **options: Any
) -> list[JobReport]:
    async def crowd() -> list[JobReport]:
        waiting = Poller(account, pace, RateLimiter(rate), **options)
        until = datetime.now(timezone.utc) + timedelta(seconds=60)
        jobs = [Job(job_id, "videoenhan.EraseVideoSubtitles") for job_id in account._ends]
        try:
            return await asyncio.gather(*(waiting.wait(job, until=until) for job in jobs))
        finally:
            await waiting.close()

    return asyncio.run(crowd())


def many(count: int, seconds: float = 1.0) -> dict[str, float]:
    return {f"J-{number}": seconds * (0.3 + 0.7 * number / count) for number in range(count)}


def test_many_jobs_cost_about_one_call_each_and_none_is_lost() -> None:
    account = Account(many(1000), page=500)

    reports = wait_for_all(account)

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert account.questions + account.looks <= 1.1 * 1000


def test_a_few_jobs_are_asked_after_without_the_list() -> None:
    account = Account(many(poller.LIST_THRESHOLD, seconds=0.1))

    wait_for_all(account)

    assert account.looks == 0


def test_the_list_is_never_looked_into_where_the_author_says_so() -> None:
    account = Account(many(20, seconds=0.1))

    reports = wait_for_all(account, list_jobs="never")

    assert len(reports) == 20
    assert account.looks == 0


def test_jobs_that_the_list_does_not_show_are_asked_after_directly() -> None:
    ends = many(50, seconds=0.3)
    account = Account(ends, unlisted=frozenset(list(ends)[::10]), list_interval=0.02)

    reports = wait_for_all(account)

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}


def test_a_forbidden_list_is_given_up_for_good_with_one_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    account = Account(many(20, seconds=0.3), list_error=PermissionDenied("not yours", code="Forbidden.RAM"))

    reports = wait_for_all(account)

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert account.looks == 1
    assert caplog.text.count("not to be had") == 1


def test_a_list_that_stumbles_is_looked_into_again() -> None:
    account = Account(many(20, seconds=0.3), list_error=Throttled("once in 5 s"), list_interval=0.01)

    wait_for_all(account, Backoff(first=0.2, longest=0.2))

    assert account.looks > 1


def test_a_quota_a_tenth_of_the_configured_one_is_settled_with_and_nothing_is_lost() -> None:
    account = Account(many(100, seconds=0.2), results_per_second=30)

    reports = wait_for_all(account, rate=300)

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert account.throttled < 100


def test_two_who_wait_for_the_same_job_are_both_told() -> None:
    account = Account({"J-1": 0.05})

    async def both() -> list[JobReport]:
        waiting = Poller(account, QUICK, RateLimiter(1000))
        until = datetime.now(timezone.utc) + timedelta(seconds=60)
        try:
            return await asyncio.gather(
                *(waiting.wait(Job("J-1", "videoenhan.X"), until=until) for _ in "ab")
            )
        finally:
            await waiting.close()

    assert [report.outcome for report in asyncio.run(both())] == [Outcome.SUCCEEDED] * 2


def test_a_waiter_that_leaves_is_forgotten_and_its_job_no_longer_asked_after() -> None:
    service = Script(PROCESSING)

    async def leave() -> tuple[int, int]:
        waiting = Poller(service, QUICK, RateLimiter(1000))
        until = datetime.now(timezone.utc) + timedelta(seconds=60)
        going = asyncio.ensure_future(waiting.wait(JOB, until=until))
        while not service.asked:
            await asyncio.sleep(0.001)
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        assert not waiting._watches
        before = service.asked
        await asyncio.sleep(0.05)
        await waiting.close()
        return before, service.asked

    before, after = asyncio.run(leave())

    assert after <= before + 1


def test_an_error_that_comes_as_the_waiter_leaves_is_not_complained_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def leave() -> None:
        watch = PendingJob(JOB, logging.getLogger(), datetime.now(timezone.utc), asyncio.Future(), sweep=0)
        watch.end(PermissionDenied("not yours"))
        watch.forget()
        del watch
        gc.collect()

    asyncio.run(leave())

    assert "never retrieved" not in caplog.text


def test_a_line_about_a_job_is_logged_in_the_context_of_who_waits_for_it() -> None:
    whose: ContextVar[str] = ContextVar("whose")
    told: list[tuple[str, str]] = []

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append((whose.get(), record.getMessage()))

    log = logging.getLogger("test_context")
    log.setLevel(logging.INFO)
    log.addHandler(Listening())

    async def two() -> None:
        waiting = Poller(Script(PROCESSING), QUICK, RateLimiter(1000))
        until = datetime.now(timezone.utc) + timedelta(seconds=0.1)

        async def wait_as(name: str) -> None:
            whose.set(name)
            await waiting.wait(Job(name, "videoenhan.X"), until=until, log=log)

        await asyncio.gather(wait_as("a"), wait_as("b"), return_exceptions=True)
        await waiting.close()

    asyncio.run(two())

    assert sorted(told) == [("a", "Job a is PROCESSING"), ("b", "Job b is PROCESSING")]


def test_a_question_that_a_proxy_has_sent_twice_does_not_end_the_waiting() -> None:
    assert wait(Script(ServiceError("seen before", code="SignatureNonceUsed"), DONE)) == DONE


def test_a_look_that_fails_in_a_way_nobody_thought_of_leaves_no_job_behind() -> None:
    account = Account(many(20, seconds=0.3), list_error=ValueError("nobody thought of it"))  # type: ignore[arg-type]

    reports = wait_for_all(account)

    assert {report.outcome for report in reports} == {Outcome.SUCCEEDED}
    assert account.looks == 1


def test_a_result_that_stays_garbled_is_asked_for_at_growing_intervals() -> None:
    class Garbled(Account):
        async def report(self, job: Job) -> JobReport:
            self.questions += 1
            raise ResponseLost("garbage")

    account = Garbled(many(10, seconds=0.01), list_interval=0.02)

    async def wait_a_while() -> None:
        waiting = Poller(account, Backoff(first=0.2, longest=0.2), RateLimiter(10_000))
        until = datetime.now(timezone.utc) + timedelta(seconds=0.5)
        jobs = [Job(job_id, "videoenhan.X") for job_id in account._ends]
        await asyncio.gather(*(waiting.wait(job, until=until) for job in jobs), return_exceptions=True)
        await waiting.close()

    asyncio.run(wait_a_while())

    # At most one in a tenth of a second for each job, and the last look.
    assert account.questions <= 10 * (5 + 2)


def test_the_stats_are_told_how_many_wait_and_how_long_those_took_that_the_list_has_shown() -> None:
    class Told:
        def __init__(self) -> None:
            self.levels: list[tuple[str, str, int]] = []
            self.durations: list[tuple[str, str, float]] = []

        def count(self, name: str, of: str) -> None: ...

        def level(self, name: str, of: str, value: int) -> None:
            self.levels.append((name, of, value))

        def duration(self, name: str, of: str, seconds: float) -> None:
            self.durations.append((name, of, seconds))

    class Dated(Account):
        async def look(self, job_ids: Collection[str]) -> ListSnapshot:
            sighting = await super().look(job_ids)
            ended = {
                job_id: Ending(ago=2.0, took=90.0)
                for job_id, outcome in sighting.outcomes.items()
                if outcome is not Outcome.WAITING
            }
            return ListSnapshot(sighting.outcomes, sighting.scan_complete, ended)

    told = Told()

    wait_for_all(Dated(many(20, seconds=0.2), list_interval=0.01), Backoff(first=60), stats=told)

    action = "videoenhan.EraseVideoSubtitles"
    assert told.levels[0] == ("viapi.jobs_waiting", action, 20)
    assert told.levels[-1] == ("viapi.jobs_waiting", action, 0)
    assert [each for each in told.durations if each[0] == "viapi.submit_to_finish"] == [
        ("viapi.submit_to_finish", action, 90.0)
    ] * 20
    noticed = [seconds for name, of, seconds in told.durations if name == "viapi.finish_to_noticed"]
    assert len(noticed) == 20
    assert min(noticed) >= 2.0
