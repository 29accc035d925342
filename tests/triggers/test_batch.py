"""Triggers of batches: wait for some of many jobs, cancel queued ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.providers.common.compat import connection as compat_connection

from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.task_instance import cancel_decision
from airflow_provider_viapi.triggers.batch import ViapiBatchTrigger
from run_task import run_task

EVERY = "EraseVideoSubtitles"


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any) -> Any:
    fields = json.loads(viapi_emulator.connection_json())
    fields["extra"] |= {"list_jobs": "never", "poll_qps": 100}
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
    return viapi_emulator


@pytest.fixture
def submitted(viapi_emulator: Any) -> Callable[[int], list[str]]:
    def submit(count: int) -> list[str]:
        task = EraseVideoSubtitlesOperator(
            task_id="erase", video_url="http://127.0.0.1:9/a.mp4", wait_for_completion=False
        )
        return [run_task(task).result for _ in range(count)]

    return submit


def trigger(job_ids: list[str], **arguments: Any) -> ViapiBatchTrigger:
    continue_at = datetime.now(timezone.utc) + timedelta(seconds=arguments.pop("seconds", 60))
    path, made = ViapiBatchTrigger(
        job_ids=job_ids,
        action=f"videoenhan.{EVERY}",
        continue_at=continue_at.isoformat(),
        **{"min_finished": 1, "max_wait": 60, **arguments},
    ).serialize()
    assert path == "airflow_provider_viapi.triggers.batch.ViapiBatchTrigger"
    return ViapiBatchTrigger(**json.loads(json.dumps(made)))


async def fired(waiting: ViapiBatchTrigger) -> dict[str, Any]:
    async for event in waiting.run():
        payload: dict[str, Any] = event.payload
        return payload
    raise AssertionError("no event")


def test_the_event_has_the_reports_of_the_jobs_that_have_ended(
    viapi_emulator: Any, submitted: Callable[[int], list[str]]
) -> None:
    viapi_emulator.fault(action=EVERY, job={"queued": 60}, times=2)
    job_ids = submitted(3)

    event = asyncio.run(fired(trigger(job_ids)))

    (report,) = event["finished"]["reports"]
    assert (report["job_id"], report["state"]) == (job_ids[2], "PROCESS_FAILED")


def test_the_trigger_fires_at_its_time(viapi_emulator: Any, submitted: Callable[[int], list[str]]) -> None:
    viapi_emulator.fault(action=EVERY, job={"queued": 60})

    event = asyncio.run(fired(trigger(submitted(1), seconds=0.2)))

    assert event == {"finished": {"reports": [], "unread": [], "errors": {}}}


def test_a_missing_connection_is_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    event = asyncio.run(fired(trigger(["J"], viapi_conn_id="missing", seconds=0)))

    assert event["error"]["class"] == "ConfigurationError"


@pytest.mark.parametrize("is_over", [True, False])
def test_queued_jobs_are_cancelled_only_if_the_task_has_ended(
    viapi_emulator: Any,
    submitted: Callable[[int], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    is_over: bool,
) -> None:
    viapi_emulator.fault(action=EVERY, job={"queued": 60}, times=3)
    job_ids = submitted(3)
    monkeypatch.setattr(cancel_decision, "current_state", lambda _: "failed" if is_over else "deferred")
    waiting = trigger(job_ids)
    monkeypatch.setattr(ViapiBatchTrigger, "task_instance", object(), raising=False)

    async def kill() -> None:
        killing = asyncio.ensure_future(waiting.on_kill())
        for _ in range(3):
            await asyncio.sleep(0.01)
            killing.cancel()
        await asyncio.wait({killing})

    asyncio.run(kill())

    states = {job["status"] for job in viapi_emulator.jobs()}
    assert states == ({"JOB_CANCELED"} if is_over else {"QUEUING"})


def test_the_arguments_for_a_thousand_jobs_are_small() -> None:
    waiting = trigger([f"{number:08d}-0000-0000-0000-000000000000" for number in range(1000)])

    assert len(json.dumps(waiting.serialize())) < 45_000


def test_the_connection_is_read_once_for_all_jobs(
    viapi_emulator: Any, submitted: Callable[[int], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = compat_connection.get_async_connection
    monkeypatch.setattr(
        compat_connection, "get_async_connection", lambda conn_id: reads.append(conn_id) or read(conn_id)
    )

    asyncio.run(fired(trigger(submitted(5), min_finished=5)))

    assert reads == ["viapi_default"]
