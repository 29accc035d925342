"""Data that a task publishes for the UI: sources, files, times, usage, errors; and limits of a batch."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

import media_samples
from airflow_provider_viapi.jobs.attempt_context import Timing
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator
from operators.run_batch import Store, run_batch
from run_task import run_task
from served_folder import ServedFolder

PRICES = {"currency": "CNY", "actions": {"videoenhan.*": {"per_minute": 30}}}


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any) -> Any:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    return viapi_emulator


@pytest.fixture(scope="module")
def clip(served: ServedFolder) -> str:
    target = served.path / "two-seconds.mp4"
    media_samples.clean_copy(media_samples.big_buck_bunny(), target, seconds=2, size=(640, 360))
    return served.address(target.name)


def reframe(clip: str, **arguments: Any) -> ChangeVideoSizeOperator:
    return ChangeVideoSizeOperator(task_id="task", video_url=clip, width=320, height=240, **arguments)


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_task_shows_its_sources_files_times_and_usage(
    clip: str, monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__PRICES", json.dumps(PRICES))
    signed = f"{clip}?Expires=1&OSSAccessKeyId=key&Signature=s3cr3t"

    outcome = run_task(reframe(signed, deferrable=deferrable), Store())

    view = outcome.pushed["viapi_view"]
    assert view["action"] == "videoenhan.ChangeVideoSize"
    assert view["job_id"] == outcome.pushed["job_id"]
    assert [source["parameter"] for source in view["sources"]] == ["VideoUrl"]
    assert view["sources"][0]["address"].startswith(clip)
    assert "s3cr3t" not in json.dumps(outcome.pushed["viapi_view"])
    files = {file["key"]: file for file in view["files"]}
    assert files["VideoUrl"]["expires_at"] > view["timeline"]["noticed"]
    assert outcome.result["VideoUrl"].startswith(files["VideoUrl"]["address"].partition("?")[0])
    steps = ["rendered", "staged", "submitted", "noticed"]
    times = [datetime.fromisoformat(view["timeline"][step]) for step in steps]
    assert times == sorted(times)
    assert outcome.pushed["usage"] == view["usage"]
    assert view["usage"]["resolution"] == "320x240"
    assert view["usage"]["output_seconds"] == pytest.approx(2, abs=0.2)
    assert view["usage"]["cost"] == pytest.approx(view["usage"]["output_seconds"] / 2)


def test_a_task_that_waits_shows_its_sources_its_job_and_the_times_so_far(clip: str) -> None:
    with pytest.raises(TaskDeferred):
        run_task_and_keep(reframe(clip, deferrable=True), pushed := {})

    view = pushed["viapi_view"]
    assert view["job_id"] == pushed["job_id"]
    assert [source["address"] for source in view["sources"]] == [clip]
    assert list(view["timeline"]) == ["rendered", "staged", "submitted"]
    assert view["files"] == []


def test_a_landed_file_is_shown_where_it_lies(clip: str, tmp_path: Path) -> None:
    outcome = run_task(reframe(clip, land_to=f"file://{tmp_path}/"), Store())

    files = {file["key"]: file for file in outcome.pushed["viapi_view"]["files"]}
    assert files["VideoUrl"]["landed"] == outcome.result["landed"]["VideoUrl"]
    assert "landed" in outcome.pushed["viapi_view"]["timeline"]
    assert outcome.pushed["usage"]["resolution"] == "320x240"


def test_a_task_that_fails_shows_why(clip: str, connection: Any) -> None:
    with pytest.raises(AirflowFailException):
        run_task_and_keep(operator := reframe(clip.replace("two", "no")), pushed := {})

    error = pushed["viapi_view"]["error"]
    assert (error["class"], error["code"]) == ("InvalidMedia", "InvalidFile.Download")
    assert "nothing was submitted" in error["message"]
    assert operator.action.full_name == pushed["viapi_view"]["action"]


def run_task_and_keep(operator: Any, pushed: dict[str, Any]) -> None:
    from types import SimpleNamespace

    from run_task import TaskInstance

    instance = TaskInstance(pushed=pushed)
    operator.execute({"ti": instance, "task_instance": instance, "dag": SimpleNamespace(tasks=[])})


def test_prices_that_cannot_be_read_are_found_before_anything_is_submitted(
    clip: str, monkeypatch: pytest.MonkeyPatch, connection: Any
) -> None:
    jobs = len(connection.jobs())
    monkeypatch.setenv("AIRFLOW__VIAPI__PRICES", "{")

    with pytest.raises(Exception, match=r"\[viapi\] prices"):
        run_task(reframe(clip), Store())
    assert len(connection.jobs()) == jobs


def batch(
    clips: list[str], kind: type[ViapiBatchOperator] = ViapiBatchOperator, **arguments: Any
) -> ViapiBatchOperator:
    return kind(
        task_id="task",
        operator=EraseVideoSubtitlesOperator,
        items=[{"video_url": clip} for clip in clips],
        deferrable=True,
        **arguments,
    )


def test_a_batch_shows_its_items_page_by_page_and_its_usage(clip: str) -> None:
    run = run_batch(lambda: batch([f"{clip}?{n}" for n in range(3)]), Store())

    pages = [value for key, value in sorted(run.pushed.items()) if key.startswith("items_")]
    rows = {row["index"]: row for page in pages for row in page["rows"]}
    assert sorted(rows) == [0, 1, 2]
    assert rows[0]["name"] == "two-seconds.mp4"
    assert rows[0]["state"] == "PROCESS_SUCCESS"
    assert rows[0]["file"].partition("?")[0] == run.rows[0]["result"]["VideoUrl"].partition("?")[0]
    assert run.rows[0]["result"]["VideoUrl"] not in json.dumps(pages)
    # On a busy machine a job may end before the first page.
    shown_first = [item["index"] for item in (*pages[0]["rows"], *pages[0]["running"])]
    assert sorted(shown_first) == [0, 1, 2]
    assert pages[-1]["running"] == []
    assert run.pushed["usage"]["jobs"] == run.pushed["usage"]["measured"] == 3
    assert run.pushed["usage"]["output_seconds"] == pytest.approx(6, abs=0.6)
    assert run.rows[0]["usage"]["resolution"] == "640x360"


class WaitsInTheTriggerer(ViapiBatchOperator):
    """A batch that waits for no job on its worker."""

    timing = Timing(full_wait=0, last_wait=0)


@pytest.mark.parametrize("kind", [ViapiBatchOperator, WaitsInTheTriggerer])
@pytest.mark.parametrize("passes_kwargs", [True, False], ids=["a deployment", "dag.test()"])
@pytest.mark.parametrize("max_in_flight", [1, 50])
def test_a_batch_stops_before_its_limit_is_exceeded(
    clip: str, connection: Any, kind: type[ViapiBatchOperator], passes_kwargs: bool, max_in_flight: int
) -> None:
    jobs = len(connection.jobs())
    limits = {"max_output_minutes": 0.12, "max_in_flight": max_in_flight}

    with pytest.raises(
        AirflowFailException, match=r"3 of 6 items were not submitted: .*max_output_minutes=0.12"
    ):
        run_batch(
            lambda: batch([f"{clip}?{n}" for n in range(6)], kind, **limits),
            Store(),
            passes_kwargs=passes_kwargs,
        )

    assert len(connection.jobs()) - jobs == 3


def test_a_batch_that_fails_shows_why(clip: str) -> None:
    pushed: dict[str, Any] = {}
    with pytest.raises(Exception, match="BatchFailed"):
        run_task_and_keep(batch([clip], max_output_minutes=0.01), pushed)
    assert pushed["viapi_view"]["error"]["class"] == "BatchFailed"
    assert "max_output_minutes=0.01" in pushed["viapi_view"]["error"]["message"]


def test_a_batch_with_a_cost_limit_needs_a_price(clip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Exception, match=r"no price of videoenhan\.EraseVideoSubtitles"):
        run_batch(lambda: batch([clip], max_cost=5), Store())

    monkeypatch.setenv("AIRFLOW__VIAPI__PRICES", json.dumps(PRICES))
    with pytest.raises(AirflowFailException, match=r"2 of 4 items were not submitted: .*max_cost=2.5"):
        run_batch(lambda: batch([f"{clip}?{n}" for n in range(4)], max_cost=2.5), Store())


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), True, "5"])
def test_a_limit_that_is_none_is_refused_when_the_dag_is_parsed(clip: str, limit: Any) -> None:
    with pytest.raises(Exception, match="max_cost is"):
        batch([clip], max_cost=limit)
