"""The operators of video production and understanding: invalid arguments are reported before anything is paid."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator
from airflow_provider_viapi.operators.videoenhan import (
    AbstractEcommerceVideoOperator,
    AbstractFilmVideoOperator,
    AddFaceVideoTemplateOperator,
    AdjustVideoColorOperator,
    DeleteFaceVideoTemplateOperator,
    EnhancePortraitVideoOperator,
    EnhanceVideoQualityOperator,
    EraseVideoLogoOperator,
    GenerateHumanAnimeStyleVideoOperator,
    GenerateVideoOperator,
    InterpolateVideoFrameOperator,
    MergeVideoFaceOperator,
    MergeVideoModelFaceOperator,
    QueryFaceVideoTemplateOperator,
    SuperResolveVideoOperator,
)
from airflow_provider_viapi.operators.videorecog import DetectVideoShotOperator, GenerateVideoCoverOperator
from run_task import run_task

VIDEO = "http://h/a.mp4"
CLIP = {"FileName": "a.mp4", "FileUrl": VIDEO, "Type": "video"}


@pytest.mark.parametrize(
    ("operator", "arguments", "named"),
    [
        (AbstractEcommerceVideoOperator, {"video_url": VIDEO, "duration": 0}, "Duration is 0; .* above 0"),
        (AbstractEcommerceVideoOperator, {"video_url": VIDEO, "duration": 5, "width": 31}, "Width is 31"),
        (AbstractFilmVideoOperator, {"video_url": VIDEO, "length": 1}, "Length is 1; .* at least 2"),
        (
            EraseVideoLogoOperator,
            {"video_url": VIDEO, "boxes": [{"X": 1.1}]},
            "Boxes is 1 items; .* item 1 has 1.1",
        ),
        (EraseVideoLogoOperator, {"video_url": VIDEO, "boxes": [{"X": 0.1}] * 101}, "Boxes is 101 items"),
        (EraseVideoLogoOperator, {"video_url": VIDEO, "boxes": [{}]}, "item 1 is empty"),
        (SuperResolveVideoOperator, {"video_url": VIDEO, "bit_rate": 101}, "BitRate is 101; .* 1 to 100"),
        (AdjustVideoColorOperator, {"video_url": VIDEO, "mode": "Log"}, "Mode is 'Log'; .* LogC, Rec709"),
        (AdjustVideoColorOperator, {"video_url": VIDEO, "video_bitrate": 7}, "VideoBitrate is 7"),
        (AdjustVideoColorOperator, {"video_url": VIDEO, "video_codec": "vp9"}, "VideoCodec is 'vp9'"),
        (AdjustVideoColorOperator, {"video_url": VIDEO, "video_format": "avi"}, "VideoFormat is 'avi'"),
        (
            GenerateVideoOperator,
            {"file_list": [CLIP] * 6},
            "at most 5 with Type video.*; 6 items have Type video",
        ),
        (GenerateVideoOperator, {"file_list": [CLIP], "duration": 61}, "Duration is 61; .* 5 to 60"),
        (GenerateVideoOperator, {"file_list": [CLIP], "scene": "film"}, "Scene is 'film'; .* keeporder"),
        (GenerateVideoOperator, {"file_list": [CLIP], "mute": "no"}, "Mute is 'no'; allowed: true or false"),
        (
            GenerateVideoOperator,
            {"file_list": [CLIP], "transition_style": "star"},
            "TransitionStyle is 'star'",
        ),
        (EnhanceVideoQualityOperator, {"video_url": VIDEO, "out_put_width": 7681}, "OutPutWidth is 7681"),
        (EnhanceVideoQualityOperator, {"video_url": VIDEO, "hdr_format": "HDR10"}, "HDRFormat is 'HDR10'"),
        (EnhanceVideoQualityOperator, {"video_url": VIDEO, "max_illuminance": 499}, "MaxIlluminance is 499"),
        (InterpolateVideoFrameOperator, {"video_url": VIDEO, "frame_rate": 121}, "FrameRate is 121"),
        (EnhancePortraitVideoOperator, {"video_url": "a.mp4"}, "VideoUrl is 'a.mp4'"),
        (
            GenerateHumanAnimeStyleVideoOperator,
            {"video_url": VIDEO, "cartoon_style": "2d"},
            "CartoonStyle is",
        ),
        (MergeVideoFaceOperator, {"video_url": VIDEO, "reference_url": ""}, "ReferenceURL is missing"),
        (MergeVideoModelFaceOperator, {"template_id": ""}, "TemplateId is missing"),
        (
            MergeVideoModelFaceOperator,
            {"template_id": "T", "merge_infos": [{"ID": "a"}]},
            "MergeInfos is 1 items",
        ),
        (AddFaceVideoTemplateOperator, {"video_url": VIDEO, "video_scene": "both"}, "VideoScene is 'both'"),
        (QueryFaceVideoTemplateOperator, {"page_size": 501}, "PageSize is 501; .* 1 to 500"),
        (DeleteFaceVideoTemplateOperator, {"template_id": ""}, "TemplateId is missing"),
        (DetectVideoShotOperator, {"video_url": "ftp://h/a.mp4"}, "VideoUrl is 'ftp://h/a.mp4'"),
        (GenerateVideoCoverOperator, {"video_url": VIDEO, "is_gif": "gif"}, "IsGif is 'gif'"),
    ],
)
def test_a_literal_that_is_not_allowed_fails_when_the_dag_is_parsed(
    operator: type[ViapiOperator], arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        operator(task_id="task", **arguments)


def test_the_bit_rate_of_2020_becomes_that_of_today() -> None:
    seed = AdjustVideoColorOperator(task_id="seed", video_url=VIDEO, mode="LogC", video_bitrate="15000k")
    today = AdjustVideoColorOperator(task_id="today", video_url=VIDEO, mode="LogC", video_bitrate=15)

    assert seed.request == today.request == {"VideoUrl": VIDEO, "Mode": "LogC", "VideoBitrate": 15}


def test_material_may_come_from_other_tasks() -> None:
    with DAG("dag", schedule=None):
        opening = DetectVideoShotOperator(task_id="opening", video_url=VIDEO)
        generate = GenerateVideoOperator(
            task_id="generate",
            file_list=[CLIP, CLIP | {"FileUrl": opening.output["VideoUrl"]}],
            mute="{{ mute }}",
        )

    assert generate.upstream_task_ids == {"opening"}


def test_templates_inside_material_are_checked_after_rendering() -> None:
    with DAG("dag", schedule=None):
        task = GenerateVideoOperator(task_id="task", file_list=[CLIP, CLIP | {"Type": "{{ kind }}"}])

    task.render_template_fields({"kind": "text"})  # type: ignore[arg-type]

    assert task.request["FileList"][1]["Type"] == "text"
    with pytest.raises(AirflowFailException, match=r"FileList is 2 items; .* item 2 has 'text'"):
        run_task(task)


def test_an_operator_can_be_mapped_over_its_material() -> None:
    with DAG("dag", schedule=None):
        mapped = GenerateVideoOperator.partial(task_id="task", style="fast").expand(
            file_list=[[CLIP], [CLIP, CLIP]]
        )

    assert mapped.operator_class is GenerateVideoOperator


@pytest.mark.parametrize(
    ("action", "request_", "missing"),
    [
        ("videoseg.SegmentVideoBody", {"VideoUrl": VIDEO}, "VideoUrl"),
        ("ocr.TrimDocument", {"FileURL": VIDEO, "FileType": "pdf", "OutputType": "json"}, "OutputType"),
    ],
)
def test_a_job_without_an_operator_of_its_own_is_run_by_its_name(
    action: str, request_: dict[str, Any], missing: str
) -> None:
    task = ViapiJobOperator(task_id="task", action=action, request=request_)

    assert (task.action.full_name, task.request) == (action, request_)
    with pytest.raises(InvalidRequest, match=f"{missing} is missing"):
        ViapiJobOperator(task_id="task", action=action, request={**request_, missing: None})
