"""Links from a task instance to its job and its result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow import __version__
from airflow.providers.common.compat.sdk import XCom

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.links.job import (
    ResultLink,
    ViapiJobLink,
    openable,
    result_address,
    viapi_job_address,
)
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator
from emulator import fake_media
from run_task import TaskInstance, run_task
from served_folder import ServedFolder


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    values: dict[str, Any] = {}
    monkeypatch.setattr(XCom, "get_value", lambda *, ti_key, key: values.get(key))
    return values


def link(kind: Any) -> str:
    return str(kind.get_link(None, ti_key=None))


def test_the_question_after_the_job_is_filled_in() -> None:
    assert viapi_job_address("videoenhan", "2020-03-20", "J-1") == (
        "https://api.aliyun.com/api/videoenhan/2020-03-20/GetAsyncJobResult?params=%7B%22JobId%22%3A%22J-1%22%7D"
    )


def test_the_job_is_linked_once_it_is_known(pushed: dict[str, Any]) -> None:
    assert link(ViapiJobLink()) == ""

    pushed["job_link"] = "https://api.aliyun.com/"

    assert link(ViapiJobLink()) == "https://api.aliyun.com/"


@pytest.mark.parametrize(
    ("result", "address"),
    [
        ({"VideoUrl": "http://h/v.mp4", "VideoCoverUrl": "http://h/c.jpg"}, "http://h/v.mp4"),
        ({"Outputs": [{"Confidence": 0.5, "ImageURL": "http://h/i.jpg"}]}, "http://h/i.jpg"),
        ({"VideoUrl": "javascript:alert(1)"}, ""),
        ({"Help": "http://h/help", "landed": {"VideoUrl": "http://h/v.mp4"}}, ""),
        ("J-1", ""),
        (None, ""),
    ],
)
def test_the_first_file_of_the_result_is_linked(result: Any, address: str) -> None:
    assert result_address(result, services.actions().values()) == address


def test_a_file_that_the_tasks_own_result_does_not_have_is_not_linked() -> None:
    result = {"Outputs": [{"ImageURL": "http://h/i.jpg"}]}

    assert result_address(result, [ChangeVideoSizeOperator.action]) == ""


@pytest.mark.parametrize("landed", ["s3://aws@team/v.mp4", "file:///mnt/v.mp4", "https://h/v.mp4"])
def test_a_landed_file_is_linked_instead_of_the_one_whose_address_expires(landed: str) -> None:
    result = {"VideoUrl": "http://h/v.mp4"}

    assert result_address(result, [ChangeVideoSizeOperator.action], {"VideoUrl": landed}) == landed


@pytest.mark.skipif(__version__ < "3.1", reason="there is no plugin before Airflow 3.1")
def test_a_landed_file_in_object_storage_is_opened_by_the_plugin() -> None:
    task = TaskInstance(task_id="erase", map_index=3, dag_id="films", run_id="manual__1+00:00")

    assert openable("s3://aws@team/a b.mp4", task) == (
        "viapi/open/films?run_id=manual__1%2B00%3A00&task_id=erase&map_index=3&address=s3%3A%2F%2Faws%40team%2Fa+b.mp4"
    )


@pytest.mark.parametrize("address", ["https://h/v.mp4?Signature=s", "file:///mnt/v.mp4", "sftp://h/v.mp4"])
def test_other_addresses_are_linked_as_they_are(address: str) -> None:
    assert openable(address, TaskInstance()) == address


def test_both_links_are_stored_once_each_and_never_looked_for(
    monkeypatch: pytest.MonkeyPatch, served: ServedFolder, tmp_path: Path
) -> None:
    def never(**_: Any) -> None:
        raise AssertionError("an XCom was read")

    monkeypatch.setattr(XCom, "get_value", never)
    (served.path / "linked.mp4").write_text("a video")
    operator = EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url=served.address("linked.mp4"),
        land_to=f"file://{tmp_path}/",
        deferrable=True,
    )

    with EmulatorServer(transforms=fake_media.TRANSFORMS) as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", emulator.connection_json())
        pushed = run_task(operator).pushed

    assert pushed["job_link"] == emulator.url
    assert pushed["result_link"].startswith(f"file://{tmp_path}/")
    # What Airflow 3 does with each link of a task when its process ends.
    for each in operator.operator_extra_links:
        each.get_link(operator, ti_key=None)


def test_airflow_reads_the_links_where_the_task_stores_them() -> None:
    assert [each.xcom_key for each in ChangeVideoSizeOperator.operator_extra_links] == [
        "job_link",
        "result_link",
    ]


def test_every_job_operator_has_both_links() -> None:
    assert [type(each) for each in ChangeVideoSizeOperator.operator_extra_links] == [
        ViapiJobLink,
        ResultLink,
    ]
