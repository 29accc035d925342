"""Two triggerers, each a process of its own, share the quota of one account through one storage."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.hooks.viapi import ViapiHook
from emulator import fake_media
from quota.test_counters import redis_server
from served_folder import ServedFolder

JOBS = 12


def submit(served: ServedFolder) -> list[str]:
    (served.path / "quota.mp4").write_bytes(b"a clip")
    request = {"VideoUrl": served.address("quota.mp4")}
    hook = ViapiHook()
    return [hook.call("videoenhan.EraseVideoSubtitles", request)["RequestId"] for _ in range(JOBS)]


def wait_in_processes(job_ids: list[str], processes: int) -> list[str]:
    program = Path(__file__).with_name("wait_for_jobs.py")
    started = [
        subprocess.Popen(
            [sys.executable, str(program), *job_ids[number::processes]],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(processes)
    ]
    return [line for process in started for line in process.communicate(timeout=240)[0].splitlines()]


@pytest.mark.parametrize("is_up", [True, False], ids=["storage up", "storage down"])
def test_pollers_in_two_processes_stay_within_one_quota(
    is_up: bool, served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {"GetAsyncJobResult": 2}
    with (
        EmulatorServer(transforms=fake_media.TRANSFORMS, calls_per_second=limits) as emulator,
        redis_server() as port,
    ):
        connection: dict[str, Any] = json.loads(emulator.connection_json())
        url = f"redis://127.0.0.1:{port if is_up else 1}/0"
        connection["extra"] |= {"poll_qps": 2, "list_jobs": "always", "quota_url": url}
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(connection))
        emulator.fault(action="EraseVideoSubtitles", job={"processing": 6}, times=JOBS)
        job_ids = submit(served)

        lines = wait_in_processes(job_ids, 2)
        calls = emulator.calls()

    ended = [line for line in lines if line.endswith(" PROCESS_SUCCESS")]
    assert sorted(ended) == sorted(f"{job_id} PROCESS_SUCCESS" for job_id in job_ids)
    # One line for each process.
    assert sum("quota_url cannot be used" in line for line in lines) == (0 if is_up else 2)
    if is_up:
        polls, lists = calls["GetAsyncJobResult"], calls["QueryAsyncJobList"]
        # A machine that is busy with other things may delay a request by more than the quota leaves.
        assert polls["rejected"] <= 2
        assert lists["rejected"] <= 1
        assert sum(polls.values()) <= 1.5 * JOBS
