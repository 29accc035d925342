"""Batches of Huawei Cloud: the same code as for VIAPI, with its own hook, trigger and errors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import BatchFailed, InvalidRequest
from airflow_provider_viapi.jobs.attempt_context import Timing
from airflow_provider_viapi.operators.batch import HuaweiCloudBatchOperator
from airflow_provider_viapi.operators.metastudio import CreateAvatarVideoOperator, CreateSpeechOperator
from airflow_provider_viapi.operators.vias import CreateViasTaskOperator
from operators.huawei_tasks import FILE, FILM, SPEAK, STREAM, WATCH, accepted, connect
from operators.run_batch import Store, WorkerLost, run_batch
from timing import poll_quickly, set_timing

BOTH = pytest.mark.parametrize("deferrable", [True, False])
CREATE_SPEECH = "CreateAsyncTtsJob"


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    connect(monkeypatch, viapi_emulator)
    poll_quickly(monkeypatch)
    # Defer also if the last jobs will end soon.
    set_timing(monkeypatch, Timing(last_wait=0))
    return viapi_emulator


def speeches(*texts: str, **arguments: Any) -> Callable[[], HuaweiCloudBatchOperator]:
    return lambda: HuaweiCloudBatchOperator(
        task_id="speak_all",
        operator=CreateSpeechOperator,
        **{"items": [{"text": text} for text in texts], "shared": SPEAK, "deferrable": True, **arguments},
    )


@BOTH
def test_a_batch_returns_a_row_per_item(emulator: EmulatorServer, deferrable: bool, tmp_path: Path) -> None:
    make = speeches(
        "One.", "Two.", "Three.", land_to=f"file://{tmp_path}/{{index}}-{{key}}{{ext}}", deferrable=deferrable
    )

    run = run_batch(make, Store())

    assert [row["index"] for row in run.rows] == [0, 1, 2]
    assert all(row["error"] is None for row in run.rows)
    assert len({row["job_id"] for row in run.rows}) == 3
    assert sum(path.name.endswith(".wav") for path in tmp_path.iterdir()) == 3
    assert run.pushed["progress"] == {"done": 3, "failed": 0, "running": 0, "left": 0}
    assert (len(run.triggers) >= 1) is deferrable
    assert all(arguments["huaweicloud_conn_id"] == "huaweicloud_default" for arguments in run.triggers)


@pytest.mark.parametrize("lost_at_write", [4, 6])
def test_each_item_is_paid_for_once_when_a_worker_is_lost_after_a_job_was_recorded(
    emulator: EmulatorServer, lost_at_write: int
) -> None:
    store = Store()
    store.lost_at_write, store.lost_after = lost_at_write, True
    make = speeches("One.", "Two.")
    with pytest.raises(WorkerLost):
        run_batch(make, store)

    run = run_batch(make, store, try_number=2)

    assert accepted(emulator, CREATE_SPEECH) == 2
    assert all(row["error"] is None for row in run.rows)


def test_videos_are_a_batch_too(emulator: EmulatorServer) -> None:
    items = [{"output_asset_config": {"asset_name": name}} for name in ("spring", "summer")]

    run = run_batch(
        lambda: HuaweiCloudBatchOperator(
            task_id="films", operator=CreateAvatarVideoOperator, items=items, shared=FILM, deferrable=True
        ),
        Store(),
    )

    assert [row["error"] for row in run.rows] == [None, None]


def test_a_second_batch_reuses_what_has_landed_and_pays_for_the_new_item_only(
    emulator: EmulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}/state")
    options = {
        "land_to": f"file://{tmp_path}/out/{{job_id}}-{{key}}{{ext}}",
        "reuse_results": timedelta(days=1),
        # The voice is an asset of the service, which reports no version of it.
        "reuse_unversioned": True,
        "land_manifest": True,
    }
    first = run_batch(speeches("One.", "Two.", **options), Store())

    second = run_batch(speeches("One.", "Two.", "Three.", **options), Store())

    assert accepted(emulator, CREATE_SPEECH) == 3
    assert [row["error"] for row in second.rows] == [None] * 3
    landed = [[row["result"]["landed"] for row in run.rows] for run in (first, second)]
    assert landed[1][:2] == landed[0]
    assert len(list((tmp_path / "out").glob("*.json"))) == 3


@pytest.mark.parametrize(("state", "kind"), [("BLOCK", AirflowFailException), ("FAILED", BatchFailed)])
def test_only_refused_content_fails_a_batch_without_retry(
    emulator: EmulatorServer, state: str, kind: type[Exception]
) -> None:
    emulator.fault(action="Create2DDigitalHumanVideo", job={"state": state, "code": "MSS.40001001"})

    with pytest.raises(kind, match=r"item 0: MSS\.40001001"):
        run_batch(
            lambda: HuaweiCloudBatchOperator(
                task_id="film_all", operator=CreateAvatarVideoOperator, items=[FILM], deferrable=True
            ),
            Store(),
        )


def test_an_invalid_item_is_named() -> None:
    with pytest.raises(Exception, match="item 1: "):
        speeches("One.", "")()


def watches(source: Any) -> HuaweiCloudBatchOperator:
    items = [{"name": name} for name in ("gate", "roof")]
    shared = {name: value for name, value in WATCH.items() if name != "name"} | {"input": source}
    return HuaweiCloudBatchOperator(
        task_id="all", operator=CreateViasTaskOperator, items=items, shared=shared
    )


@pytest.mark.parametrize(
    "source", [STREAM, {"type": "video_source", "data": [{"video_source_id": "v"}]}, {"type": "vcn"}]
)
def test_a_batch_of_tasks_that_do_not_end_is_refused_when_the_dag_is_parsed(source: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"item 0: input is of type .*, so the task does not end"):
        watches(source)


@pytest.mark.parametrize(
    "source", [FILE, {"type": "url", "data": [{"url": "https://h/a.mp4"}]}, "{{ source }}"]
)
def test_a_batch_of_tasks_on_files_is_accepted(source: Any) -> None:
    assert len(watches(source).items) == 2


def test_a_missing_connection_fails_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", raising=False)

    with pytest.raises(Exception, match="huaweicloud_default") as caught:
        run_batch(speeches("One."), Store())

    assert not isinstance(caught.value, AirflowFailException)


@pytest.mark.parametrize("refuses", [False, True])
def test_an_abnormal_task_of_a_batch_is_stopped_before_it_is_replaced(
    emulator: EmulatorServer, refuses: bool
) -> None:
    store = Store()
    emulator.fault(action="CreateTask", job={"state": "ABNORMAL", "code": "VIAS.1", "message": "no file"})
    if refuses:
        emulator.fault(action="StartStopTask", code="APIGW.0302", status=403)

    def make() -> HuaweiCloudBatchOperator:
        return HuaweiCloudBatchOperator(
            task_id="watch_all",
            operator=CreateViasTaskOperator,
            items=[{"name": "gate"}, {"name": "yard"}],
            shared={name: value for name, value in WATCH.items() if name != "name"} | {"input": FILE},
            job_timeout=timedelta(seconds=20),
        )

    with pytest.raises(BatchFailed):
        run_batch(make, store)
    (left,) = {job["status"] for job in emulator.jobs()} - {"SUCCEEDED"}
    assert left in (["ABNORMAL"] if refuses else ["STOPPING", "STOPPED"])

    run_batch(make, store, try_number=2)

    assert sorted(job["status"] for job in emulator.jobs()) == ["STOPPED", "SUCCEEDED", "SUCCEEDED"]
