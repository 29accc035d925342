"""Two triggerers, each a process of its own, share the quota of one account through one storage."""

from __future__ import annotations

import json
import os
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


def run_programs(name: str, *arguments: list[str]) -> list[str]:
    """Run a program of this folder in as many processes, and return the lines that they print."""
    tests = Path(__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": f"{tests.parent}:{tests}"}
    started = [
        subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name(name)), *each],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for each in arguments
    ]
    return [line for process in started for line in process.communicate(timeout=280)[0].splitlines()]


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

        lines = run_programs("wait_for_jobs.py", job_ids[::2], job_ids[1::2])
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


@pytest.mark.parametrize("has_storage", [True, False], ids=["shared storage", "one machine"])
def test_workers_in_four_processes_submit_within_one_quota(
    has_storage: bool, served: ServedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    (served.path / "quota.mp4").write_bytes(b"a clip")
    with (
        EmulatorServer(
            transforms=fake_media.TRANSFORMS, calls_per_second={"EraseVideoSubtitles": 2}
        ) as emulator,
        redis_server() as port,
    ):
        connection: dict[str, Any] = json.loads(emulator.connection_json())
        if has_storage:
            connection["extra"]["quota_url"] = f"redis://127.0.0.1:{port}/0"
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(connection))

        lines = run_programs("submit_jobs.py", *[[served.address("quota.mp4"), "5"]] * 4)
        calls = emulator.calls()["EraseVideoSubtitles"]

    assert sum(line.startswith("submitted ") for line in lines) == 20
    assert calls["accepted"] == 20
    # 5 %, and one: a machine that is busy with other things may delay a request by more than the quota leaves.

    assert calls["rejected"] <= 2
