"""The waiting: what ends it, what does not, and how often it asks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_viapi.alibaba.errors import (
    AnswerLost,
    JobTimedOut,
    PermissionDenied,
    Throttled,
    Unreachable,
    ViapiError,
)
from airflow_provider_viapi.jobs.job import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.poller import Pace, Poller, shared_poller

JOB = Job("J-1", "videoenhan.EraseVideoSubtitles")
QUICK = Pace(first=0.002, longest=0.01)
QUEUING = JobReport("J-1", "QUEUING", Outcome.WAITING)
PROCESSING = JobReport("J-1", "PROCESSING", Outcome.WAITING)
DONE = JobReport("J-1", "PROCESS_SUCCESS", Outcome.SUCCEEDED, {"VideoUrl": "http://h/out.mp4"})
FAILED = JobReport("J-1", "PROCESS_FAILED", Outcome.FAILED, error_code="InvalidFile.Decode")


class Script:
    """A job service that answers in order, the last answer again and again."""

    def __init__(self, *answers: JobReport | ViapiError) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def report(self, job: Job) -> JobReport:
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, ViapiError):
            raise answer
        return answer


def wait(service: Script, seconds: float = 30) -> JobReport:
    until = datetime.now(timezone.utc) + timedelta(seconds=seconds)
    return asyncio.run(Poller(service, QUICK).wait(JOB, until=until))


@pytest.mark.parametrize("end", [DONE, FAILED])
def test_the_waiting_ends_with_the_job(end: JobReport) -> None:
    assert wait(Script(QUEUING, PROCESSING, PROCESSING, end)) == end


@pytest.mark.parametrize(
    "fault", [Throttled("slow down"), AnswerLost("garbage"), Unreachable("nobody there")]
)
def test_no_fault_that_passes_ends_the_waiting(fault: ViapiError) -> None:
    assert wait(Script(fault, QUEUING, fault, fault, DONE)) == DONE


def test_an_error_that_cannot_pass_ends_it_at_once() -> None:
    service = Script(QUEUING, PermissionDenied("not yours"), DONE)

    with pytest.raises(PermissionDenied):
        wait(service)

    assert service.asked == 2


@pytest.mark.parametrize("answer", [PROCESSING, Throttled("slow down")])
def test_the_deadline_ends_it(answer: JobReport | ViapiError) -> None:
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
    interval = Pace(first=2, growth=1.5, longest=30).interval(questions)

    assert 1 <= interval <= 30


def test_jobs_submitted_together_drift_apart_from_the_first_question_on() -> None:
    firsts = {Pace().interval(0) for _ in range(20)}

    assert len(firsts) > 15


class Doors:
    """Counts how often the way to the service was opened and closed."""

    def __init__(self, fails: int = 0) -> None:
        self.opened = self.closed = 0
        self.fails = fails

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Script]:
        await asyncio.sleep(0.001)
        if self.fails:
            self.fails -= 1
            raise Unreachable("nobody there")
        self.opened += 1
        try:
            yield Script(PROCESSING, DONE)
        finally:
            self.closed += 1


async def use(doors: Doors, seconds: float = 0.01) -> Poller:
    async with shared_poller("viapi_default", doors.open) as poller:
        await asyncio.sleep(seconds)
        return poller


def test_all_jobs_of_a_connection_share_one_poller_and_the_last_closes_it() -> None:
    doors = Doors()

    async def crowd() -> list[Poller]:
        return await asyncio.gather(*(use(doors, seconds=0.001 * i) for i in range(50)))

    pollers = asyncio.run(crowd())

    assert len(set(map(id, pollers))) == 1
    assert (doors.opened, doors.closed) == (1, 1)


def test_a_poller_that_could_not_be_opened_does_not_block_the_next_one() -> None:
    doors = Doors(fails=1)

    async def two() -> list[Poller | BaseException]:
        return await asyncio.gather(use(doors), use(doors), return_exceptions=True)

    first, second = asyncio.run(two())

    assert isinstance(first, Unreachable)
    assert isinstance(second, Poller)
    assert (doors.opened, doors.closed) == (1, 1)


def test_a_cancelled_waiter_leaves_the_others_their_poller() -> None:
    doors = Doors()

    async def one_goes() -> Poller:
        going = asyncio.create_task(use(doors, seconds=10))
        staying = asyncio.create_task(use(doors, seconds=0.02))
        await asyncio.sleep(0.01)
        going.cancel()
        return await staying

    asyncio.run(one_goes())

    assert (doors.opened, doors.closed) == (1, 1)
