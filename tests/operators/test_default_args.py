"""``default_args`` of a DAG or task group hold for the tasks that they make sense for, and disturb no other."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator, TaskGroup

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.imgsearch import AddImageOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.operators.videorecog import DetectVideoShotOperator

VIDEO = "http://h/a.mp4"
DEFAULTS: dict[str, Any] = {
    "land_to": "s3://bucket/results/",
    "reuse_results": timedelta(days=30),
    "land_manifest": True,
    "job_timeout": 3600,
    "viapi_conn_id": "media",
    "deferrable": True,
    "retries": 0,
}


def dag(**defaults: Any) -> DAG:
    return DAG("d", schedule=None, start_date=datetime(2026, 1, 1), default_args=defaults)


def test_defaults_hold_for_tasks_that_land_and_are_left_out_elsewhere() -> None:
    with dag(**DEFAULTS):
        erase = EraseVideoSubtitlesOperator(task_id="erase", video_url=VIDEO)
        batch = ViapiBatchOperator(
            task_id="batch", operator=EraseVideoSubtitlesOperator, items=[{"video_url": VIDEO}]
        )
        others: list[BaseOperator] = [
            AddImageOperator(task_id="add", db_name="d1", entity_id="1", image_url="http://h/a.jpg"),
            DetectVideoShotOperator(task_id="shots", video_url=VIDEO),
            ViapiBatchOperator(
                task_id="all_shots", operator=DetectVideoShotOperator, items=[{"video_url": VIDEO}]
            ),
            EraseVideoSubtitlesOperator(task_id="submit", video_url=VIDEO, wait_for_completion=False),
        ]

    for each in (erase, batch):
        assert each.land_to == "s3://bucket/results/"
        assert each.reuse_results == timedelta(days=30)
        assert each.land_manifest is True
    assert [getattr(each, "land_to", None) for each in others] == [None] * 4
    assert {each.viapi_conn_id for each in (erase, batch, *others)} == {"media"}


def test_reuse_by_default_waits_for_a_task_that_lands() -> None:
    with dag(reuse_results=timedelta(days=3)), TaskGroup("g", default_args={"land_to": "s3://bucket/g/"}):
        lands = EraseVideoSubtitlesOperator(task_id="lands", video_url=VIDEO)
    with dag(reuse_results=timedelta(days=3)):
        does_not = EraseVideoSubtitlesOperator(task_id="does_not", video_url=VIDEO)

    assert (lands.reuse_results, does_not.reuse_results) == (timedelta(days=3), None)


@pytest.mark.parametrize(
    "own", [{"land_to": "s3://bucket/own/"}, {"land_to": "s3://bucket/own/", "land_manifest": True}]
)
def test_what_a_task_asks_for_itself_is_not_left_out(own: dict[str, Any]) -> None:
    with dag(**DEFAULTS):
        with pytest.raises(InvalidRequest, match="land_to"):
            DetectVideoShotOperator(task_id="shots", video_url=VIDEO, **own)
        with pytest.raises(InvalidRequest, match="land_to"):
            EraseVideoSubtitlesOperator(task_id="e", video_url=VIDEO, wait_for_completion=False, **own)
