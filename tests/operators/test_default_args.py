"""``default_args`` of a DAG or task group hold for the tasks that they make sense for, and disturb no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, BaseOperator, TaskGroup

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import AddImageOperator
from airflow_provider_viapi.operators.metastudio import (
    AssessVoiceOperator,
    CreateAvatarModelOperator,
    CreateVoiceModelOperator,
    TransferAssetOperator,
    UploadAssetOperator,
)
from airflow_provider_viapi.operators.quality import MediaQualityCheckOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator
from airflow_provider_viapi.operators.videorecog import DetectVideoShotOperator
from airflow_provider_viapi.sensors.huaweicloud import ViasTaskSensor
from airflow_provider_viapi.sensors.viapi import ViapiJobSensor

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


@pytest.mark.parametrize("of_group", [False, True])
def test_landed_files_of_a_mapped_task_can_be_used_if_land_to_is_a_default(of_group: bool) -> None:
    defaults = {"land_to": "s3://bucket/results/"}
    with (
        dag(**({} if of_group else defaults)),
        TaskGroup("g", default_args=defaults if of_group else {}),
    ):
        erase = EraseVideoSubtitlesOperator.partial(task_id="erase").expand(video_url=[VIDEO])
        own = EraseVideoSubtitlesOperator.partial(task_id="own", land_to=None).expand(video_url=[VIDEO])

        ChangeVideoSizeOperator.partial(task_id="reframe", width=320, height=320).expand(
            video_url=erase.landed["VideoUrl"]
        )
        with pytest.raises(InvalidRequest, match="has no land_to"):
            own.landed["VideoUrl"]


def test_a_default_takes_precedence_over_the_longer_timeout_of_a_training() -> None:
    with dag(job_timeout=3600, on_doubt="fail"):
        tasks: list[Any] = [
            CreateVoiceModelOperator(task_id="voice", voice_name="v", recordings="s3://b/a.zip"),
            CreateAvatarModelOperator(task_id="avatar", name="n", training_video="s3://b/a.mp4"),
            AssessVoiceOperator(task_id="assess", recordings="s3://b/a.zip"),
            TransferAssetOperator(task_id="transfer", asset_ids=["a" * 32], dest_project_id="b" * 32),
            UploadAssetOperator(task_id="keep", source="s3://b/a.mp3", asset_name="a", asset_type="AUDIO"),
        ]
    without = CreateVoiceModelOperator(task_id="voice", voice_name="v", recordings="s3://b/a.zip")
    doubted = AssessVoiceOperator(task_id="assess", recordings="s3://b/a.zip")

    assert {(each.job_timeout, each.on_doubt) for each in tasks} == {(timedelta(hours=1), "fail")}
    assert (without.job_timeout, doubted.on_doubt) == (timedelta(days=7), "resubmit")


def test_a_default_that_a_task_cannot_have_is_left_out() -> None:
    defaults = {"staging": "oss://bucket/staged", "reuse_results": 3600, "land_to": "s3://bucket/"}
    with dag(**defaults):
        index = IndexImagesOperator(task_id="index", instance_name="shop", images="s3://b/x/")
        once = EraseVideoSubtitlesOperator(task_id="once", video_url=VIDEO, durable=False)

        with pytest.raises(InvalidRequest, match="staging cannot be set"):
            IndexImagesOperator(
                task_id="own", instance_name="shop", images="s3://b/x/", staging="oss://own/x"
            )
        with pytest.raises(InvalidRequest, match="reuse_results needs durable=True"):
            EraseVideoSubtitlesOperator(task_id="e", video_url=VIDEO, durable=False, reuse_results=60)

    assert (index.staging, once.reuse_results) == (None, None)


@pytest.mark.parametrize(
    "own", [{"land_to": "s3://bucket/own/"}, {"land_to": "s3://bucket/own/", "land_manifest": True}]
)
def test_what_a_task_asks_for_itself_is_not_left_out(own: dict[str, Any]) -> None:
    with dag(**DEFAULTS):
        with pytest.raises(InvalidRequest, match="land_to"):
            DetectVideoShotOperator(task_id="shots", video_url=VIDEO, **own)
        with pytest.raises(InvalidRequest, match="land_to"):
            EraseVideoSubtitlesOperator(task_id="e", video_url=VIDEO, wait_for_completion=False, **own)


@pytest.mark.parametrize(
    "wrong", [5, "", None, " media", "media\n", "viapi://key:secret@/?region_id=x", "x" * 251]
)
def test_the_id_of_a_connection_is_checked_wherever_it_comes_from(wrong: Any) -> None:
    refused = pytest.raises(InvalidRequest, match=r"_conn_id is .*; allowed: the id of an Airflow connection")
    makes: list[Callable[..., Any]] = [
        lambda **given: EraseVideoSubtitlesOperator(task_id="erase", video_url=VIDEO, **given),
        lambda **given: EraseVideoSubtitlesOperator.partial(task_id="each", **given).expand(
            video_url=[VIDEO]
        ),
        lambda **given: ViapiBatchOperator(
            task_id="all", operator=EraseVideoSubtitlesOperator, items=[{"video_url": VIDEO}], **given
        ),
        lambda **given: ViapiJobSensor(task_id="wait", job_id="j", **given),
        lambda **given: MediaQualityCheckOperator(task_id="check", source=VIDEO, **given),
        lambda **given: IndexImagesOperator(
            task_id="index", instance_name="shop", images="s3://b/x/", **given
        ),
        lambda **given: ViasTaskSensor(task_id="vias", vias_task_id="v", **given),
    ]
    ids = {"viapi_conn_id": wrong, "huaweicloud_conn_id": wrong}
    for make in makes:
        with dag(**ids), refused as refusal:
            make()
        assert "secret" not in str(refusal.value)
        own = "huaweicloud_conn_id" if make is makes[-1] else "viapi_conn_id"
        with dag(), refused:
            make(**{own: wrong})
        with dag(**ids):
            make(**{own: "own.(1)#!/:-conn\\"})
    with dag(viapi_conn_id="{{ params.conn }}"):
        for make in makes:
            make()


def test_an_action_by_default_is_for_operators_without_their_own() -> None:
    with dag(action="videoenhan.ChangeVideoSize", scope="room"):
        erase = EraseVideoSubtitlesOperator(task_id="erase", video_url=VIDEO)
        voice = CreateVoiceModelOperator(task_id="voice", voice_name="v", recordings="s3://b/a.zip")
        any_action = ViapiJobOperator(task_id="any", request={"VideoUrl": VIDEO, "Width": 320, "Height": 320})

    names = [each.action.name for each in (erase, voice, any_action)]
    assert names == ["EraseVideoSubtitles", "CreateTrainingBasicJob", "ChangeVideoSize"]
