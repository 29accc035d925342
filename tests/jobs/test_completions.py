"""When a batch that waits is gone on with, and how much it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from airflow_provider_viapi.errors import CredentialsRejected, InvalidRequest
from airflow_provider_viapi.jobs.completions import (
    LONGEST_REPORT,
    MOST_BYTES,
    Completions,
    QuietLog,
    wait_for_completions,
)
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome

FOREVER = 3600.0


class Ends:
    """Jobs that end when a test says so."""

    def __init__(self, count: int) -> None:
        self.jobs = [Job(f"J-{number}", "videoenhan.EraseVideoSubtitles") for number in range(count)]
        self.ended = {job: asyncio.Event() for job in self.jobs}
        self.errors: dict[Job, Exception] = {}
        self.result = {"VideoUrl": "http://h/a.mp4"}

    async def wait(self, job: Job) -> JobReport:
        await self.ended[job].wait()
        if job in self.errors:
            raise self.errors[job]
        return JobReport(job.id, "PROCESS_SUCCESS", Outcome.SUCCEEDED, self.result)

    def end(self, *numbers: int) -> None:
        for number in numbers:
            self.ended[self.jobs[number]].set()


async def waited(ends: Ends, **arguments: Any) -> Completions:
    defaults = {"enough": 2, "patience": FOREVER, "seconds": FOREVER}
    return await wait_for_completions(ends.jobs, ends.wait, **{**defaults, **arguments})


def test_it_returns_when_enough_have_ended_with_all_that_have() -> None:
    async def play() -> Completions:
        ends = Ends(5)
        ends.end(0, 2, 4)
        return await waited(ends)

    assert {report.job_id for report in asyncio.run(play()).reports} == {"J-0", "J-2", "J-4"}


def test_it_waits_for_no_more_than_there_are() -> None:
    async def play() -> Completions:
        ends = Ends(2)
        ends.end(0, 1)
        return await waited(ends, enough=100)

    assert len(asyncio.run(play())) == 2


@pytest.mark.parametrize("arguments", [{"patience": 0.05}, {"seconds": 0.05}])
def test_few_have_to_do_after_a_while(arguments: dict[str, float]) -> None:
    async def play() -> Completions:
        ends = Ends(5)
        ends.end(3)
        return await waited(ends, **arguments)

    assert [report.job_id for report in asyncio.run(play()).reports] == ["J-3"]


def test_with_nothing_to_wait_for_it_only_lets_time_pass() -> None:
    async def play() -> Completions:
        return await waited(Ends(0), seconds=0.01)

    assert len(asyncio.run(play())) == 0


def test_what_it_tells_has_a_bound_however_many_have_ended() -> None:
    async def play() -> Completions:
        ends = Ends(1000)
        ends.result = {"VideoUrl": "http://h/" + "x" * 1000}
        ends.end(*range(1000))
        return await waited(ends, enough=1000)

    told = asyncio.run(play()).as_dict()
    assert len(json.dumps(told)) < MOST_BYTES + LONGEST_REPORT + 5000
    assert len(told["reports"]) > 50


def test_a_result_that_is_too_long_is_left_for_the_worker_to_ask_for() -> None:
    async def play() -> Completions:
        ends = Ends(1)
        ends.result = {"Words": "x" * LONGEST_REPORT}
        ends.end(0)
        return await waited(ends)

    assert asyncio.run(play()) == Completions(unread=["J-0"])


def test_a_job_that_cannot_be_asked_after_is_told_and_a_bad_key_ends_the_waiting() -> None:
    async def play(error: Exception) -> Completions:
        ends = Ends(3)
        ends.errors[ends.jobs[1]] = error
        ends.end(1)
        return await waited(ends, enough=3, seconds=0.05)

    unknown = asyncio.run(play(InvalidRequest("no such job", code="InvalidParameter")))
    refused = asyncio.run(play(CredentialsRejected("no", code="InvalidAccessKeyId")))
    assert unknown.errors["J-1"].code == "InvalidParameter"
    assert (
        Completions.from_dict(json.loads(json.dumps(refused.as_dict()))).errors["J-1"].code
        == "InvalidAccessKeyId"
    )


def test_many_jobs_do_not_fill_the_log() -> None:
    lines: list[str] = []

    class Log:
        def info(self, message: str, /, *values: object) -> None:
            lines.append(message)

        warning = info

    quiet = QuietLog(Log())
    for _ in range(1000):
        quiet.info("is PROCESSING")
        quiet.warning("could not be asked after")

    assert lines == ["could not be asked after"]
