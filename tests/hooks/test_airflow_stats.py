"""Metrics of calls and waiting jobs in Airflow's stats: a real StatsD client and a socket that listens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from airflow_provider_viapi.hooks.airflow_stats import AirflowStats
from scripted_server import Answer, scripted_server
from statsd_socket import statsd_socket

PROGRAM = """
import sys
# As in a triggerer, which alone reports how many jobs wait.
import airflow.jobs.triggerer_job_runner
import asyncio
from datetime import datetime, timedelta, timezone
from airflow.models.trigger import Trigger
from airflow_provider_viapi.alibaba.job_backend import ViapiJobBackend
from airflow_provider_viapi.triggers.job import ViapiJobTrigger

ViapiJobBackend.list_interval = 0.1
deadline = (datetime.now(timezone.utc) + timedelta(seconds=60)).isoformat()

async def one(number):
    trigger = ViapiJobTrigger(
        job_id=f"J{number}", action="videoenhan.EraseVideoSubtitles", deadline=deadline
    )
    # A triggerer decodes the arguments; with what that imports Airflow 3.2 configures the metrics of the process.
    stored = Trigger(*trigger.serialize())
    return [event async for event in ViapiJobTrigger(**stored.kwargs).run()]

async def all():
    await asyncio.gather(*(one(number) for number in range(5)))

asyncio.run(all())
"""


def listed(number: int) -> dict[str, str]:
    return {
        "JobId": f"J{number}",
        "PopProduct": "videoenhan",
        "PopApiName": "EraseVideoSubtitles",
        "Status": "PROCESS_SUCCESS",
        "GmtCreate": "2026-11-20 12:00:00",
        "EndTime": "2026-11-20 12:01:30",
    }


LIST = {"RequestId": "R", "Data": {"TotalPage": 1, "Result": [listed(number) for number in range(5)]}}
DONE = {"RequestId": "R", "Data": {"Status": "PROCESS_SUCCESS", "Result": '{"VideoUrl": "http://h/o.mp4"}'}}
THROTTLED = Answer(429, '{"RequestId": "R", "Code": "Throttling.User", "Message": "slow down"}')


def test_a_statsd_server_hears_of_calls_throttles_levels_and_times() -> None:
    pytest.importorskip("statsd")
    with scripted_server() as server, statsd_socket() as statsd:
        server.by_name["QueryAsyncJobList"] = [Answer(body=json.dumps(LIST))]
        server.by_name["GetAsyncJobResult"] = [THROTTLED, Answer(body=json.dumps(DONE))]
        connection = {
            "conn_type": "viapi",
            "login": "id",
            "password": "secret",
            "extra": {"endpoint": server.url, "list_jobs": "always", "poll_qps": 100},
        }
        environment = statsd.environment | {"AIRFLOW_CONN_VIAPI_DEFAULT": json.dumps(connection)}
        subprocess.run([sys.executable, "-c", PROGRAM], env=os.environ | environment, check=True, timeout=120)
        heard = statsd.received()

    action = "videoenhan.EraseVideoSubtitles"
    lists = heard["airflow.viapi.calls.viapi.QueryAsyncJobList"]
    assert set(lists) == {"1|c"}
    assert len(heard["airflow.viapi.calls.videoenhan.GetAsyncJobResult"]) == 6
    assert heard["airflow.viapi.throttled.videoenhan.GetAsyncJobResult"] == ["1|c"]
    assert heard[f"airflow.viapi.submit_to_finish.{action}"] == ["90000.000000|ms"] * 5
    assert len(heard[f"airflow.viapi.finish_to_noticed.{action}"]) == 5
    host = socket.gethostname().replace(".", "_")
    assert int(heard[f"airflow.viapi.jobs_waiting.{host}.{action}"][0].removesuffix("|g")) > 0
    assert heard[f"airflow.viapi.jobs_waiting.{host}.{action}"][-1] == "0|g"
    assert len(heard["airflow.viapi.calls"]) == len(lists) + 6


def test_stats_that_fail_are_logged_once_and_disturb_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def incr(self, *_: object, **__: object) -> None:
            raise OSError("no socket left")

    stats = AirflowStats()
    stats.receiver = Broken()

    for _ in range(3):
        stats.count("viapi.calls", "viapi.QueryAsyncJobList")

    assert caplog.text.count("no socket left") == 1


def test_a_counter_of_no_action_has_a_plain_name_and_no_tags() -> None:
    sent: list[object] = []

    class Receiver:
        def incr(self, *arguments: object, **tags: object) -> None:
            sent.append((arguments, tags))

    stats = AirflowStats()
    stats.__dict__["receiver"] = Receiver()

    stats.count("viapi.quota_unavailable", None)

    assert sent == [(("viapi.quota_unavailable", 1), {})]
