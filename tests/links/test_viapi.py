"""Links from a task instance to its job and its result."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_viapi.links import viapi
from airflow_provider_viapi.links.viapi import ViapiJobLink, ViapiResultLink, job_address
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    values: dict[str, Any] = {}
    monkeypatch.setattr(viapi, "_pushed", lambda ti_key, key: values.get(key))
    return values


def link(kind: Any) -> str:
    return str(kind.get_link(None, ti_key=None))


def test_the_question_after_the_job_is_filled_in() -> None:
    assert job_address("videoenhan", "2020-03-20", "J-1") == (
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
def test_the_first_file_of_the_result_is_linked(pushed: dict[str, Any], result: Any, address: str) -> None:
    pushed["return_value"] = result

    assert link(ViapiResultLink()) == address


def test_a_file_that_the_tasks_own_result_does_not_have_is_not_linked(pushed: dict[str, Any]) -> None:
    pushed["return_value"] = {"Outputs": [{"ImageURL": "http://h/i.jpg"}]}
    operator = ChangeVideoSizeOperator(task_id="reframe", video_url="http://h/v.mp4", width=320, height=180)

    assert ViapiResultLink().get_link(operator, ti_key=None) == ""


def test_every_job_operator_has_both_links() -> None:
    assert [type(each) for each in ChangeVideoSizeOperator.operator_extra_links] == [
        ViapiJobLink,
        ViapiResultLink,
    ]
