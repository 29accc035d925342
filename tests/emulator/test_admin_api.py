"""The administrative interface: jobs, calls and reset."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator.signing_caller import Caller

Source = Callable[[str], str]


def test_jobs_are_listed_with_their_request_and_without_the_callers_signature(
    emulator: EmulatorServer, caller: Caller, source: Source
) -> None:
    address = source("refuse")
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=address, BX="0.0", BY=0.75)["RequestId"]
    caller.result(job_id)

    (job,) = httpx.get(f"{emulator.url}/_emulator/jobs").json()
    assert job["job_id"] == job_id
    assert (job["action"], job["status"]) == ("EraseVideoSubtitles", "PROCESS_FAILED")
    assert (job["error_code"], job["error_message"]) == ("InvalidFile.Decode", "this is no video")
    assert job["request"] == {"VideoUrl": address, "BX": "0.0", "BY": "0.75"}
    assert datetime.fromisoformat(job["created_at"]).utcoffset() is not None


def test_calls_are_counted_by_action_accepted_and_rejected(emulator: EmulatorServer, caller: Caller) -> None:
    caller.call("ListImageDbs")
    caller.call("ListImageDbs")
    caller.refused("ListImageDbs", system={"AccessKeyId": "nobody"})
    caller.refused("GetAsyncJobResult", JobId="nobody's")
    caller.refused("ErasePlanets")

    assert httpx.get(f"{emulator.url}/_emulator/calls").json() == {
        "GetAsyncJobResult": {"accepted": 0, "rejected": 1},
        "ListImageDbs": {"accepted": 2, "rejected": 1},
        "unknown": {"accepted": 0, "rejected": 1},
    }


def test_a_reset_forgets_everything(emulator: EmulatorServer, caller: Caller, source: Source) -> None:
    nonce = {"SignatureNonce": "once"}
    caller.call("CreateImageDb", Name="photos", system=nonce)
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source("a film"))["RequestId"]
    link = json.loads(caller.result(job_id)["Result"])["VideoUrl"]

    assert httpx.post(f"{emulator.url}/_emulator/reset").status_code == 204

    assert emulator.calls() == {}
    assert emulator.jobs() == []
    assert caller.call("ListImageDbs", system=nonce)["Data"] == {"DbList": []}
    assert caller.refused("GetAsyncJobResult", JobId=job_id) == (400, "InvalidParameter.BadRequest")
    assert httpx.get(link).status_code == 404


def test_a_reset_stops_running_work_and_new_jobs_are_processed(
    emulator: EmulatorServer, caller: Caller, source: Source, tmp_path: Path
) -> None:
    address = source(f"wait-for {tmp_path / 'never'}")
    ids = [caller.call("EraseVideoSubtitles", VideoUrl=address)["RequestId"] for _ in range(3)]
    caller.result(ids[0], until=("PROCESSING",))

    emulator.reset()

    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source("a film"))["RequestId"]
    assert caller.result(job_id)["Status"] == "PROCESS_SUCCESS"
    assert [job["job_id"] for job in emulator.jobs()] == [job_id]


@pytest.mark.parametrize("held", ["queued", "processing"])
def test_a_reset_forgets_jobs_that_are_held_and_no_worker_takes_them(
    emulator: EmulatorServer, caller: Caller, source: Source, tmp_path: Path, held: str
) -> None:
    never = source(f"wait-for {tmp_path / 'never'}")
    emulator.fault(action="*", times=None, job={held: 3600})
    for _ in range(4):
        caller.call("EraseVideoSubtitles", VideoUrl=never)

    emulator.reset()

    ids = [caller.call("EraseVideoSubtitles", VideoUrl=source("a film"))["RequestId"] for _ in range(3)]
    assert {caller.result(job_id)["Status"] for job_id in ids} == {"PROCESS_SUCCESS"}
