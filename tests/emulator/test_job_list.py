"""The account's list of jobs, and cancelling those that wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator.clock import Clock
from emulator.signing_caller import Caller

Source = Callable[[str], str]
NOWHERE = "http://127.0.0.1:9/a.mp4"


def submit(caller: Caller, action: str = "EraseVideoSubtitles", **parameters: Any) -> str:
    return str(caller.call(action, VideoUrl=NOWHERE, **parameters)["RequestId"])


def listed(caller: Caller, clock: Clock, **filters: Any) -> list[str]:
    clock.time += 5
    return [job["JobId"] for job in caller.call("QueryAsyncJobList", **filters)["Data"]["Result"]]


@pytest.fixture
def waiting(emulator: EmulatorServer) -> None:
    """Jobs stay in the queue."""
    emulator.fault(action="*", times=None, job={"queued": 3600})


def test_a_job_is_listed_with_its_state_and_times_in_beijing(
    caller: Caller, source: Source, clock: Clock
) -> None:
    clock.time = 1_800_000_000  # 2027-01-15 08:00 UTC
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source("a film"))["RequestId"]
    caller.result(job_id)

    answer = caller.call("QueryAsyncJobList")

    assert (answer["Success"], answer["HttpCode"]) == (True, "200")
    assert answer["Data"] == {
        "CurrentPage": 1,
        "PageSize": 20,
        "TotalPage": 1,
        "TotalRecord": 1,
        "Result": [
            {
                "JobId": job_id,
                "CallerParentId": "1000000000000000",
                "PopProduct": "videoenhan",
                "PopApiName": "EraseVideoSubtitles",
                "Status": "PROCESS_SUCCESS",
                "GmtCreate": "2027-01-15 16:00:00",
                "StartTime": "2027-01-15 16:00:00",
                "EndTime": "2027-01-15 16:00:00",
            }
        ],
    }


def test_a_job_that_waits_has_no_other_time_than_that_of_its_submission(
    caller: Caller, waiting: None
) -> None:
    submit(caller)

    (job,) = caller.call("QueryAsyncJobList")["Data"]["Result"]

    assert job["Status"] == "QUEUING"
    assert job.keys().isdisjoint({"StartTime", "EndTime"})


def test_the_newest_job_comes_first_in_pages(caller: Caller, clock: Clock, waiting: None) -> None:
    ids = [submit(caller) for _ in range(5)]
    newest_first = ids[::-1]

    pages = [listed(caller, clock, PageNum=number, PageSize=2) for number in (1, 2, 3, 4)]

    assert pages == [newest_first[:2], newest_first[2:4], newest_first[4:], []]
    clock.time += 5
    data = caller.call("QueryAsyncJobList", PageNum=2, PageSize=2)["Data"]
    assert (data["CurrentPage"], data["PageSize"], data["TotalPage"], data["TotalRecord"]) == (2, 2, 3, 5)


def test_jobs_are_filtered_by_their_fields(caller: Caller, clock: Clock, waiting: None) -> None:
    erase = submit(caller)
    resize = submit(caller, "ChangeVideoSize", Width=64, Height=64)
    caller.call("CancelWaitingAsyncJob", JobId=erase)

    assert listed(caller, clock, JobId=erase) == [erase]
    assert listed(caller, clock, PopProduct="videoenhan", PopApiName="ChangeVideoSize") == [resize]
    assert listed(caller, clock, PopProduct="videorecog") == []
    assert listed(caller, clock, Status="JOB_CANCELED") == [erase]
    assert listed(caller, clock, Status="QUEUING", JobId=erase) == []


def test_jobs_are_found_by_the_second_of_their_submission(
    caller: Caller, clock: Clock, waiting: None
) -> None:
    clock.time = 1_800_000_000.7
    early = submit(caller)
    clock.time += 60
    late = submit(caller)

    assert listed(caller, clock, StartTime="2027-01-15 16:00:00", EndTime="2027-01-15 16:00:00") == [early]
    assert listed(caller, clock, StartTime="2027-01-15 16:00:01") == [late]
    assert listed(caller, clock, StartTime="2027-01-15 16:00:00", EndTime="2027-01-15 16:01:00") == [
        late,
        early,
    ]


def test_jobs_older_than_24_hours_are_not_listed_but_still_known(
    caller: Caller, clock: Clock, waiting: None
) -> None:
    job_id = submit(caller)
    clock.time += 24 * 3600 - 10

    assert listed(caller, clock) == [job_id]
    clock.time += 6
    assert listed(caller, clock, StartTime="2000-01-01 00:00:00") == []
    assert caller.result(job_id, until=("QUEUING",))["JobId"] == job_id


def test_the_list_can_be_called_once_in_5_seconds(caller: Caller, clock: Clock) -> None:
    caller.call("QueryAsyncJobList")

    clock.time += 4.9
    assert caller.refused("QueryAsyncJobList") == (429, "Throttling.User")
    clock.time += 0.1
    assert caller.call("QueryAsyncJobList")["Data"]["Result"] == []


@pytest.mark.parametrize(
    "filters",
    [
        {"PageSize": 501},
        {"PageSize": 0},
        {"PageNum": 0},
        {"StartTime": "yesterday"},
        {"EndTime": "2027-01-15"},
    ],
)
def test_filters_that_make_no_sense_are_refused(caller: Caller, filters: dict[str, Any]) -> None:
    assert caller.refused("QueryAsyncJobList", **filters) == (400, "InvalidParameter")


def test_a_job_in_the_queue_is_cancelled_and_never_worked_on(
    caller: Caller, emulator: EmulatorServer, source: Source, tmp_path: Path
) -> None:
    release = tmp_path / "release"
    held = [
        caller.call("EraseVideoSubtitles", VideoUrl=source(f"wait-for {release}"))["RequestId"]
        for _ in range(2)
    ]
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source("a film"))["RequestId"]

    answer = caller.call("CancelWaitingAsyncJob", JobId=job_id)
    release.touch()

    assert (answer["Success"], answer["Message"]) == (True, "Cancel job success")
    assert {caller.result(each)["Status"] for each in held} == {"PROCESS_SUCCESS"}
    assert caller.result(job_id) == {"JobId": job_id, "Status": "JOB_CANCELED"}


@pytest.mark.parametrize("state", ["PROCESSING", "PROCESS_SUCCESS", "JOB_CANCELED"])
def test_a_job_that_does_not_wait_is_not_cancelled_and_the_answer_says_so(
    caller: Caller, source: Source, tmp_path: Path, emulator: EmulatorServer, state: str
) -> None:
    release = tmp_path / "release"
    if state == "JOB_CANCELED":
        emulator.fault(action="EraseVideoSubtitles", job={"queued": 3600})
    if state != "PROCESSING":
        release.touch()
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source(f"wait-for {release}"))["RequestId"]
    if state == "JOB_CANCELED":
        caller.call("CancelWaitingAsyncJob", JobId=job_id)
    caller.result(job_id, until=(state,))

    answer = caller.call("CancelWaitingAsyncJob", JobId=job_id)

    assert answer["Success"] is False
    assert state in answer["Message"]
    release.touch()
    assert caller.result(job_id)["Status"] == (
        "JOB_CANCELED" if state == "JOB_CANCELED" else "PROCESS_SUCCESS"
    )


def test_an_unknown_job_cannot_be_cancelled(caller: Caller) -> None:
    assert caller.refused("CancelWaitingAsyncJob", JobId="nobody's") == (400, "InvalidParameter.BadRequest")


def test_the_jobs_service_reports_jobs_of_every_service(caller: Caller, waiting: None) -> None:
    job_id = submit(caller)

    answer = caller.call("GetAsyncJobResult", JobId=job_id, system={"Version": "2023-01-17"})

    assert answer["Data"] == {"JobId": job_id, "Status": "QUEUING"}
