"""When a waiting batch continues, and what its wait returns."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from airflow_provider_viapi.errors import CredentialsRejected, InvalidRequest
from airflow_provider_viapi.jobs.batch.wait import (
    MAX_BYTES,
    MAX_REPORT_BYTES,
    FinishedJobs,
    QuietLog,
    wait_for_finished_jobs,
)
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome

FOREVER = 3600.0


class Ends:
    """Jobs that end when the test says so."""

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


async def waited(ends: Ends, **arguments: Any) -> FinishedJobs:
    defaults = {"min_finished": 2, "max_wait": FOREVER, "timeout": FOREVER}
    return await wait_for_finished_jobs(ends.jobs, ends.wait, **{**defaults, **arguments})


def test_the_wait_returns_all_ended_jobs_when_enough_have_ended() -> None:
    async def play() -> FinishedJobs:
        ends = Ends(5)
        ends.end(0, 2, 4)
        return await waited(ends)

    assert {report.job_id for report in asyncio.run(play()).reports} == {"J-0", "J-2", "J-4"}


def test_the_wait_ends_when_all_jobs_have_ended() -> None:
    async def play() -> FinishedJobs:
        ends = Ends(2)
        ends.end(0, 1)
        return await waited(ends, min_finished=100)

    assert len(asyncio.run(play())) == 2


@pytest.mark.parametrize("arguments", [{"max_wait": 0.05}, {"timeout": 0.05}])
def test_the_wait_ends_with_fewer_jobs_after_its_time(arguments: dict[str, float]) -> None:
    async def play() -> FinishedJobs:
        ends = Ends(5)
        ends.end(3)
        return await waited(ends, **arguments)

    assert [report.job_id for report in asyncio.run(play()).reports] == ["J-3"]


def test_without_jobs_the_wait_only_lasts() -> None:
    async def play() -> FinishedJobs:
        return await waited(Ends(0), timeout=0.01)

    assert len(asyncio.run(play())) == 0


def test_the_size_of_completions_is_bounded() -> None:
    async def play() -> FinishedJobs:
        ends = Ends(1000)
        ends.result = {"VideoUrl": "http://h/" + "x" * 1000}
        ends.end(*range(1000))
        return await waited(ends, min_finished=1000)

    fields = asyncio.run(play()).as_dict()
    assert len(json.dumps(fields)) < MAX_BYTES + MAX_REPORT_BYTES + 5000
    assert len(fields["reports"]) > 50


def test_a_result_that_is_too_long_is_left_to_the_worker() -> None:
    async def play() -> FinishedJobs:
        ends = Ends(1)
        ends.result = {"Words": "x" * MAX_REPORT_BYTES}
        ends.end(0)
        return await waited(ends)

    assert asyncio.run(play()) == FinishedJobs(unread=["J-0"])


def test_a_job_that_cannot_be_polled_is_reported_and_a_rejected_key_ends_the_wait() -> None:
    async def play(error: Exception) -> FinishedJobs:
        ends = Ends(3)
        ends.errors[ends.jobs[1]] = error
        ends.end(1)
        return await waited(ends, min_finished=3, timeout=0.05)

    unknown = asyncio.run(play(InvalidRequest("no such job", code="InvalidParameter")))
    refused = asyncio.run(play(CredentialsRejected("no", code="InvalidAccessKeyId")))
    assert unknown.errors["J-1"].code == "InvalidParameter"
    assert (
        FinishedJobs.from_dict(json.loads(json.dumps(refused.as_dict()))).errors["J-1"].code
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
        quiet.warning("could not be polled")

    assert lines == ["could not be polled"]
