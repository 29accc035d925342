"""Examples that no other test runs: a chain with its defaults, watchers, and a deadline."""

from __future__ import annotations

import asyncio
import runpy
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import media_samples
from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.emulator.server import EmulatorServer
from how_to_dags import Outputs
from run_task import run_task
from smtp_server import SENDER, smtp_server

EXAMPLES = Path(__file__).parents[1] / "dags_examples"


@pytest.mark.parametrize("example", ["land_finished_jobs", "new_sources", "vias_alarm_events"])
def test_an_example_with_a_watcher_loads_and_defines_no_dag_before_airflow_3(example: str) -> None:
    names = runpy.run_path(str(EXAMPLES / f"{example}.py"))

    assert (names["AssetWatcher"] is None) is (AIRFLOW_VERSION < (3,))


def test_the_chain_on_s3_needs_only_a_source_and_a_target(
    viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    dag = runpy.run_path(str(EXAMPLES / "s3_chain.py"))["create_db"].dag
    media_samples.burn_subtitles(
        media_samples.big_buck_bunny(), tmp_path / "film.mp4", seconds=1, size=(320, 180)
    )
    files = {"source": (tmp_path / "film.mp4").as_uri(), "target": f"{tmp_path.as_uri()}/out/"}
    run = SimpleNamespace(start_date=datetime(2026, 1, 1, tzinfo=timezone.utc))
    outputs = Outputs()
    for task in dag.topological_sort():
        params = {**{name: dag.params[name] for name in dag.params if name not in files}, **files}
        context: Any = {"params": params, "dag_run": run, "ti": outputs, "expanded_ti_count": None}
        task.render_template_fields(context)
        outcome = run_task(task)
        outputs.put(task.task_id, outcome.result, outcome.pushed)

    (found,) = outputs.xcom_pull("search", "MatchList")
    assert found["ExtraData"] == files["source"]


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
