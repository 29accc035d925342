"""The sensor of VIAS's alarms over a folder: each file once, none lost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.fs import oss
from airflow_provider_viapi.operators.vias import CreateViasTaskOperator
from airflow_provider_viapi.sensors.vias_alarms import ViasAlarmSensor
from huawei.test_alarm_messages import MESSAGE, PICTURE
from media.team_storage import TeamStorage, storage_emulator, team
from operators.huawei_tasks import WATCH, Store, connect, in_haste
from run_task import run_task

__all__ = ["storage_emulator", "team"]

try:
    from airflow.sdk.io import attach
except ImportError:
    from airflow.io.store import attach

fsspec.register_implementation("oss", f"{oss.__name__}.OssFileSystem", clobber=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "alarms"


def put(folder: Path, name: str, **changed: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**MESSAGE, **changed}))


def poke(
    folder: Path, *, run_id: str = "run", attempt: int = 1, **arguments: Any
) -> list[dict[str, Any]] | None:
    sensor = ViasAlarmSensor(task_id="wait", folder=f"file://{folder}", **arguments)
    answer = sensor.poke(context(run_id, attempt))
    return answer.xcom_value["alarms"] if answer.is_done else None


def names(alarms: list[dict[str, Any]] | None) -> list[str]:
    return [each["file"].rpartition("/")[2] for each in alarms or ()]


def test_a_folder_without_alarms_or_that_does_not_exist_is_waited_for(folder: Path) -> None:
    assert poke(folder) is None
    folder.mkdir()
    assert poke(folder) is None


@pytest.mark.parametrize(
    ("soft_fail", "expected"), [(False, AirflowSensorTimeout), (True, AirflowSkipException)]
)
def test_a_sensor_that_sees_no_alarm_gives_up_at_its_timeout(
    folder: Path, soft_fail: bool, expected: type[Exception]
) -> None:
    sensor = ViasAlarmSensor(
        task_id="wait", folder=f"file://{folder}", timeout=0.2, poke_interval=0.05, soft_fail=soft_fail
    )

    with pytest.raises(expected):
        run_task(sensor, Store())


def test_a_folder_that_is_no_address_is_named_when_the_dag_is_parsed() -> None:
    with pytest.raises(InvalidRequest, match="folder is 'alarms/'; allowed: an address"):
        ViasAlarmSensor(task_id="wait", folder="alarms/")
    with pytest.raises(InvalidRequest, match="in the folder of the alarms"):
        ViasAlarmSensor(task_id="wait", folder="s3://media/alarms/", images_to="s3://media/alarms/pictures/")


@pytest.mark.parametrize(
    ("soft_fail", "expected"), [(False, AirflowFailException), (True, AirflowSkipException)]
)
def test_a_rendered_folder_that_is_no_address_fails_without_a_retry_or_is_skipped(
    soft_fail: bool, expected: type[Exception]
) -> None:
    sensor = ViasAlarmSensor(task_id="wait", folder="{{ params.folder }}", soft_fail=soft_fail)
    sensor.folder = "alarms/"

    with pytest.raises(expected):
        run_task(sensor, Store())


def test_each_file_is_returned_once_by_whichever_run_sees_it_first(folder: Path) -> None:
    put(folder, "2026/a.json")
    first = poke(folder, run_id="one")
    put(folder, "2026/b.json")

    assert names(first) == ["a.json"]
    assert first is not None
    assert (first[0]["kind"], first[0]["task_id"]) == ("smoke_and_fire", "t1")
    assert names(poke(folder, run_id="two")) == ["b.json"]
    assert poke(folder, run_id="three") is None


def test_a_retry_returns_what_the_attempt_before_has_taken(folder: Path) -> None:
    put(folder, "a.json")
    poke(folder)
    put(folder, "b.json")

    assert names(poke(folder, attempt=2)) == ["a.json", "b.json"]


def test_a_file_that_is_written_again_is_another_alarm(folder: Path) -> None:
    put(folder, "a.json")
    poke(folder)
    put(folder, "a.json", task_id="another task")

    assert names(poke(folder, run_id="two")) == ["a.json"]


def test_what_exceeds_the_limit_waits_for_the_next_run(folder: Path) -> None:
    for name in "abc":
        put(folder, f"{name}.json")

    assert names(poke(folder, max_files=2)) == ["a.json", "b.json"]
    assert names(poke(folder, run_id="two", max_files=2)) == ["c.json"]


def test_pictures_are_stored_and_a_file_that_is_no_alarm_stops_nothing(folder: Path, tmp_path: Path) -> None:
    put(folder, "a.json")
    (folder / "b.txt").write_bytes(b"\xff no alarm")

    alarm, other = poke(folder, images_to=f"file://{tmp_path / 'pictures'}") or ()

    assert Path(alarm["image"].removeprefix("file://")).read_bytes() == PICTURE
    assert alarm["image"].endswith(".jpg")
    assert (other["kind"], other["problems"]) == ("unknown", ["the message is not a JSON object"])
    assert "image" not in other


def test_files_whose_pictures_cannot_be_stored_are_free_again(folder: Path, tmp_path: Path) -> None:
    put(folder, "a.json")
    (tmp_path / "no-folder").write_bytes(b"")

    with pytest.raises(OSError, match="no-folder"):
        poke(folder, images_to=f"file://{tmp_path}/no-folder/pictures")

    assert names(poke(folder, run_id="two")) == ["a.json"]
    assert poke(folder, run_id="three") is None


def test_the_same_attempt_finds_again_what_it_has_taken(folder: Path) -> None:
    put(folder, "a.json")
    poke(folder)
    put(folder, "b.json")

    assert names(poke(folder)) == ["a.json", "b.json"]
    assert poke(folder, run_id="two") is None


class PartlyUnreadable(MemoryFileSystem):
    """A storage with a file that may not be read, and one that is deleted while the folder is read."""

    def cat_file(self, path: str, *args: Any, **kwargs: Any) -> bytes:
        if path.endswith("/secret.json"):
            raise PermissionError("access denied")
        if path.endswith("/gone.json"):
            raise FileNotFoundError(path)
        content: bytes = super().cat_file(path, *args, **kwargs)
        return content


def test_a_file_that_cannot_be_read_is_returned_as_unknown_and_the_others_as_they_are() -> None:
    storage = PartlyUnreadable()
    # Under a name of its own: the first one that is attached under a name stays.
    attach("memory", conn_id="alarms", fs=storage)
    for name in ("a.json", "gone.json", "secret.json", "z.json"):
        storage.pipe_file(f"/alarms/{name}", json.dumps(MESSAGE).encode())
    sensor = ViasAlarmSensor(task_id="wait", folder="memory://alarms@alarms/")

    try:
        alarms = sensor.poke(context("run")).xcom_value["alarms"]
    finally:
        storage.rm("/alarms", recursive=True)

    assert names(alarms) == ["a.json", "secret.json", "z.json"]
    assert [each["kind"] for each in alarms] == ["smoke_and_fire", "unknown", "smoke_and_fire"]
    assert "cannot be read" in alarms[1]["problems"][0]


class Unreachable(MemoryFileSystem):
    """A storage whose connections break until it is repaired."""

    is_repaired = False

    def cat_file(self, path: str, *args: Any, **kwargs: Any) -> bytes:
        if path.endswith("/fire.json") and not self.is_repaired:
            raise ConnectionResetError("connection reset by peer")
        content: bytes = super().cat_file(path, *args, **kwargs)
        return content


def test_a_file_that_cannot_be_read_now_is_returned_when_the_storage_is_back() -> None:
    storage = Unreachable()
    attach("memory", conn_id="unreachable", fs=storage)
    for name in ("a.json", "fire.json"):
        storage.pipe_file(f"/alarms/{name}", json.dumps(MESSAGE).encode())

    def sense(run_id: str) -> list[dict[str, Any]]:
        sensor = ViasAlarmSensor(task_id="wait", folder="memory://unreachable@alarms/")
        alarms: list[dict[str, Any]] = sensor.poke(context(run_id)).xcom_value["alarms"]
        return alarms

    try:
        first = sense("one")
        storage.is_repaired = True
        second = sense("two")
    finally:
        storage.rm("/alarms", recursive=True)

    assert (names(first), names(second)) == (["a.json"], ["fire.json"])
    assert second[0]["kind"] == "smoke_and_fire"


def test_alarms_that_exceed_an_xcom_are_left_out_and_later_files_left_to_the_next_run(folder: Path) -> None:
    folder.mkdir()
    message = {**MESSAGE, "note": ["x" * 4096] * 10}
    (folder / "a.json").write_text("\n".join(json.dumps(message) for _ in range(200)))
    put(folder, "b.json")

    alarms = poke(folder)

    assert alarms is not None and 50 < len(alarms) < 200
    assert len(json.dumps(alarms)) < 5 << 20
    assert alarms[-1]["kind"] == "unknown"
    assert "more alarms are in the file" in alarms[-1]["problems"][0]
    assert names(poke(folder, run_id="two")) == ["b.json"]


def test_a_file_that_is_no_alarm_by_its_size_is_not_read(folder: Path) -> None:
    folder.mkdir()
    with (folder / "film.mp4").open("wb") as film:
        film.truncate(1 << 40)

    (alarm,) = poke(folder) or ()

    assert alarm["kind"] == "unknown"
    assert "at most" in alarm["problems"][0]


def test_what_airflow_cannot_store_is_replaced(folder: Path) -> None:
    put(folder, os.fsdecode(b"M\xfcller.json"), task_id="cam \ud83d", note=float("nan"), number=2**70)

    (alarm,) = poke(folder) or ()

    json.dumps(alarm, ensure_ascii=False, allow_nan=False).encode()
    assert alarm["task_id"] == "cam \ufffd"
    assert alarm["raw"]["number"] == str(2**70)
    assert "the name of the file is not UTF-8" in alarm["problems"][0]


def test_arguments_that_cannot_work_are_refused(folder: Path) -> None:
    with pytest.raises(InvalidRequest, match="max_files is 0; allowed: a whole number from 1 to 1000"):
        poke(folder, max_files=0)
    with pytest.raises(InvalidRequest, match="in the folder of the alarms"):
        poke(folder, images_to=f"file://{folder}/pictures")


def test_an_alarm_of_a_running_task_arrives_from_the_bucket_of_its_output(
    team: TeamStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_haste(monkeypatch)
    connect(monkeypatch, team.emulator)
    output = {"obs": {"bucket": "team", "path": "alarms"}}
    task_id = run_task(
        CreateViasTaskOperator(task_id="watch", **{**WATCH, "output": output}), Store()
    ).pushed["job_id"]
    root = f"oss://{team.hook.viapi_conn_id}@team"
    sensor = ViasAlarmSensor(task_id="wait", folder=f"{root}/alarms/", images_to=f"{root}/pictures/")

    (alarm,) = run_task(sensor, Store()).result["alarms"]

    assert (alarm["task_id"], alarm["kind"], alarm["problems"]) == (task_id, "smoke_and_fire", [])
    assert alarm["events"][0]["bounding_box"] == {"x": 80.0, "y": 45.0, "w": 160.0, "h": 90.0}
    picture = alarm["image"].partition("@team/")[2]
    assert team.content(picture).startswith(b"\xff\xd8\xff")
    # No file is left for another run.
    assert sensor.poke(context("another")).is_done is False


def context(run_id: str, attempt: int = 1) -> Any:
    return {
        "ti": SimpleNamespace(dag_id="dag", run_id=run_id, task_id="wait", map_index=-1, try_number=attempt)
    }


@pytest.mark.parametrize("name", ["folder", "images_to"])
def test_an_address_that_is_none_is_reported_with_its_argument(name: str) -> None:
    arguments: dict[str, Any] = {"folder": "s3://bucket/alarms/", name: "alarms"}
    with pytest.raises(InvalidRequest, match=f"^{name} is 'alarms'; allowed: an address"):
        ViasAlarmSensor(task_id="alarms", **arguments)


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(InvalidRequest, match=r"^folder is 's3://bucket/in'; allowed: before the @ only"):
        ViasAlarmSensor(task_id="alarms", folder="s3://key:se/cret@bucket/in")
