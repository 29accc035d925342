"""Checks of the arguments of all operators, before any of them is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from airflow_provider_viapi.alibaba.services import imgsearch, videoenhan
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.arguments.checks import is_templated
from airflow_provider_viapi.operators.imgsearch import (
    AddImageOperator,
    CreateImageDbOperator,
    SearchImageOperator,
)
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator
from run_task import run_task

VIDEO = "http://h/a.mp4"


@pytest.mark.parametrize(
    ("operator", "arguments", "named"),
    [
        (EraseVideoSubtitlesOperator, {"video_url": VIDEO, "bx": 1.4}, "BX is 1.4"),
        (EraseVideoSubtitlesOperator, {"video_url": "http://h/视频.mp4"}, "VideoUrl"),
        (EraseVideoSubtitlesOperator, {"video_url": ""}, "VideoUrl is missing"),
        (ChangeVideoSizeOperator, {"video_url": VIDEO, "width": 10, "height": 480}, "Width is 10"),
        (ChangeVideoSizeOperator, {"video_url": VIDEO, "width": 480, "height": 480, "r": 256}, "R is 256"),
        (
            ChangeVideoSizeOperator,
            {"video_url": VIDEO, "width": 480, "height": 480, "crop_type": "round"},
            "CropType",
        ),
        (CreateImageDbOperator, {"name": "Covers"}, "Name"),
        (CreateImageDbOperator, {"name": "covers", "if_exists": "replace"}, "if_exists"),
        (AddImageOperator, {"db_name": "covers", "entity_id": "Ä", "image_url": VIDEO}, "EntityId"),
        (
            AddImageOperator,
            {"db_name": "covers", "entity_id": "a", "image_url": VIDEO, "extra_data": "x" * 513},
            "ExtraData",
        ),
        (SearchImageOperator, {"db_name": "covers", "image_url": VIDEO, "limit": 0}, "Limit is 0"),
        (EraseVideoSubtitlesOperator, {"video_url": VIDEO, "job_timeout": timedelta(0)}, "job_timeout"),
    ],
)
def test_a_literal_that_is_not_allowed_fails_when_the_dag_is_parsed(
    operator: type[ViapiOperator], arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        operator(task_id="task", **arguments)


@pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (EraseVideoSubtitlesOperator, {"video_url": VIDEO, "colour": "red"}),
        (EraseVideoSubtitlesOperator, {}),
    ],
)
def test_an_unknown_or_missing_keyword_fails_when_the_dag_is_parsed(
    operator: type[ViapiOperator], arguments: dict[str, Any]
) -> None:
    with pytest.raises(Exception, match=r"colour|video_url"):
        operator(task_id="task", **arguments)


def test_a_template_is_checked_after_rendering() -> None:
    with DAG("dag", schedule=None):
        task = EraseVideoSubtitlesOperator(task_id="task", video_url="{{ url }}", bx="{{ bx }}", by=0.5)

    task.render_template_fields({"url": VIDEO, "bx": "1.4"})  # type: ignore[arg-type]

    assert task.request == {"VideoUrl": VIDEO, "BX": "1.4", "BY": 0.5}
    with pytest.raises(AirflowFailException, match=r"InvalidRequest: .*BX is '1\.4'"):
        run_task(task)


def test_the_result_of_one_task_feeds_the_next() -> None:
    with DAG("dag", schedule=None):
        erase = EraseVideoSubtitlesOperator(task_id="erase", video_url=VIDEO)
        reframe = ChangeVideoSizeOperator(
            task_id="reframe", video_url=erase.output["VideoUrl"], width=480, height=480
        )

    assert reframe.upstream_task_ids == {"erase"}


def test_an_operator_can_be_mapped_over_its_arguments() -> None:
    with DAG("dag", schedule=None):
        mapped = EraseVideoSubtitlesOperator.partial(task_id="task", bx=0.1).expand(video_url=[VIDEO, VIDEO])

    assert mapped.operator_class is EraseVideoSubtitlesOperator
    with pytest.raises(TypeError, match="colour"), DAG("other", schedule=None):
        EraseVideoSubtitlesOperator.partial(task_id="task").expand(colour=["red"])


@pytest.mark.parametrize(
    ("value", "templated"),
    [
        ("{{ x }}", True),
        ("{% if x %}{% endif %}", True),
        ({"a": ["{{ x }}"]}, True),
        ("http://h/{a}", False),
        (3, False),
    ],
)
def test_a_template_is_distinguished_from_a_literal(value: Any, templated: bool) -> None:
    assert is_templated(value) is templated


@pytest.mark.parametrize(
    "action", [videoenhan.CHANGE_VIDEO_SIZE, "ChangeVideoSize", "videoenhan.ChangeVideoSize"]
)
def test_any_job_can_be_run_by_its_action(action: Any) -> None:
    request = {"VideoUrl": VIDEO, "Width": 480, "Height": 480}

    task = ViapiJobOperator(task_id="task", action=action, request=request)

    assert task.action is videoenhan.CHANGE_VIDEO_SIZE
    with pytest.raises(InvalidRequest, match="Width"):
        ViapiJobOperator(task_id="task", action=action, request=request | {"Width": 10})


def test_an_unknown_action_is_refused_with_a_list_of_known_ones() -> None:
    with pytest.raises(InvalidRequest, match=r"videoenhan\.EraseVideoSubtitles"):
        ViapiJobOperator(task_id="task", action="EraseSubtitles", request={})


def test_a_wrong_operator_fails_at_import() -> None:
    with pytest.raises(TypeError, match="AddImage"):
        type("Wrong", (ViapiJobOperator,), {"action": imgsearch.ADD_IMAGE})

    with pytest.raises(TypeError, match="needs a job"):
        ViapiJobOperator(task_id="task", request={})


@pytest.mark.parametrize("configured", [True, False])
def test_whether_to_defer_is_airflows_setting_by_default(
    monkeypatch: pytest.MonkeyPatch, configured: bool
) -> None:
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", str(configured))

    as_configured = EraseVideoSubtitlesOperator(task_id="one", video_url=VIDEO)
    as_given = EraseVideoSubtitlesOperator(task_id="two", video_url=VIDEO, deferrable=not configured)

    assert (as_configured.deferrable, as_given.deferrable) == (configured, not configured)
