"""The trigger: what it stores, and what happens to the job of a task that a user ends."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta, timezone
from pkgutil import resolve_name
from typing import Any

import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.task_instance import cancel_decision
from airflow_provider_viapi.triggers.job import HuaweiCloudJobTrigger
from operators.huawei_tasks import WATCH, connect, in_haste


@pytest.fixture
def task_id(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> str:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return str(HuaweiCloudHook().call("vias.CreateTask", WATCH)["tasks"][0]["id"])


def trigger(job_id: str, **arguments: Any) -> HuaweiCloudJobTrigger:
    deadline = datetime.now(timezone.utc) + timedelta(seconds=30)
    return HuaweiCloudJobTrigger(
        job_id=job_id, action="vias.CreateTask", deadline=deadline.isoformat(), **arguments
    )


def test_what_is_stored_makes_the_trigger_again_and_holds_no_secret() -> None:
    path, arguments = trigger(
        "t", target_state="RUNNING", scope="room", huaweicloud_conn_id="team"
    ).serialize()

    again = resolve_name(path)(**json.loads(json.dumps(arguments)))

    assert again.serialize() == (path, arguments)
    assert set(arguments) == {
        *("job_id", "action", "deadline", "cancel_on_kill", "survives_clear"),
        *("huaweicloud_conn_id", "target_state", "scope"),
    }
    assert (again.hook().huaweicloud_conn_id, again.hook().target_state, again.hook().scope) == (
        "team",
        "RUNNING",
        "room",
    )


def test_it_fires_once_with_the_state_of_the_job(task_id: str) -> None:
    async def events() -> list[Any]:
        return [event.payload async for event in trigger(task_id, target_state="RUNNING").run()]

    (event,) = asyncio.run(events())

    assert (event["report"]["outcome"], event["report"]["state"]) == ("succeeded", "RUNNING")


@pytest.mark.parametrize(
    ("state", "target_state", "cancel_on_kill", "stops"),
    [
        ("failed", "RUNNING", True, True),
        ("failed", "RUNNING", False, False),
        ("success", "RUNNING", True, False),
        ("success", None, True, True),
        ("queued", None, True, False),
    ],
)
def test_whether_the_job_ends_with_its_task_depends_on_who_ended_that_and_how(
    task_id: str,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    target_state: str,
    cancel_on_kill: bool,
    stops: bool,
) -> None:
    monkeypatch.setattr(cancel_decision, "current_state", lambda _: state)

    asyncio.run(trigger(task_id, target_state=target_state, cancel_on_kill=cancel_on_kill).on_kill())

    state = HuaweiCloudHook().call("vias.ShowTaskInfo", {"task_id": task_id})["state"]
    assert (state in ("STOPPING", "STOPPED")) is stops
