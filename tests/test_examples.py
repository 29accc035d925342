"""Examples of what only newer versions of Airflow have: watchers, which other versions ignore, and a deadline."""

from __future__ import annotations

import asyncio
import runpy
from pathlib import Path
from typing import Any

import pytest

from airflow_database import AIRFLOW_VERSION
from smtp_server import SENDER, smtp_server

EXAMPLES = Path(__file__).parents[1] / "dags_examples"


@pytest.mark.parametrize("example", ["land_finished_jobs", "new_sources", "vias_alarm_events"])
def test_an_example_with_a_watcher_loads_and_defines_no_dag_before_airflow_3(example: str) -> None:
    names = runpy.run_path(str(EXAMPLES / f"{example}.py"))

    assert (names["AssetWatcher"] is None) is (AIRFLOW_VERSION < (3,))


@pytest.mark.skipif(AIRFLOW_VERSION < (3, 2), reason="Airflow has DeadlineAlert since 3.2")
def test_the_callback_of_the_deadline_sends_a_mail_that_names_the_late_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.api_fastapi.core_api.datamodels.dag_run import DAGRunResponse
    from airflow.triggers.callback import CallbackTrigger

    callback = runpy.run_path(str(EXAMPLES / "films_by_assets.py"))["DEADLINE"]["deadline"].callback
    # What the scheduler passes is the run as the API describes it.
    run = {"dag_run_id": "late-run", "dag_id": "reframe_films"}
    assert set(run) <= set(DAGRunResponse.model_fields)
    trigger = CallbackTrigger(callback.path, {**callback.kwargs, "context": {"dag_run": run}})

    async def events() -> list[dict[str, Any]]:
        return [event.payload async for event in trigger.run()]

    with smtp_server() as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", server.connection_json)
        states = [event["state"] for event in asyncio.run(events())]
        mail = server.mails.get(timeout=10)

    assert states == ["running", "success"]
    assert (mail["from"], mail["to"], mail["subject"]) == (
        SENDER,
        "media-team@example.com",
        "Films are late",
    )
    body = mail.get_body(("html",))
    assert body is not None
    assert "The run late-run of reframe_films takes too long." in body.get_content()
