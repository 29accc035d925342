"""One task per action that reads a video, as the how-to pages show them. The tasks do not depend on each other."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.objectdet import DetectVideoIPCObjectOperator
from airflow_provider_viapi.operators.ocr import RecognizeVideoCharacterOperator
from airflow_provider_viapi.operators.videorecog import (
    EvaluateVideoQualityOperator,
    RecognizeVideoCastCrewListOperator,
    SplitVideoPartsOperator,
    UnderstandVideoContentOperator,
)
from airflow_provider_viapi.operators.videoseg import SegmentVideoBodyOperator

with DAG(
    dag_id="how_to_video_analysis",
    description="One task per action that reads a video: run the one that you need",
    tags=["viapi", "video", "how-to"],
    schedule=None,
    params={
        "video": Param(type="string", description="A video, such as s3://media/in/film.mp4"),
        "target": Param(type="string", description="A folder, such as s3://media/out/"),
    },
    doc_md=__doc__,
) as dag:
    # [START split_video]
    SplitVideoPartsOperator(
        task_id="split_video",
        video_url="{{ params.video }}",
        deferrable=True,
    )
    # [END split_video]

    # [START understand_video]
    UnderstandVideoContentOperator(
        task_id="understand_video",
        video_url="{{ params.video }}",
        deferrable=True,
    )
    # [END understand_video]

    # [START evaluate_video]
    EvaluateVideoQualityOperator(
        task_id="evaluate_video",
        video_url="{{ params.video }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END evaluate_video]

    # [START read_credits]
    RecognizeVideoCastCrewListOperator(
        task_id="read_credits",
        video_url="{{ params.video }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END read_credits]

    # [START read_video_text]
    RecognizeVideoCharacterOperator(
        task_id="read_video_text",
        video_url="{{ params.video }}",
        deferrable=True,
    )
    # [END read_video_text]

    # [START find_video_objects]
    DetectVideoIPCObjectOperator(
        task_id="find_video_objects",
        video_url="{{ params.video }}",
        callback_only_has_object=True,
        deferrable=True,
    )
    # [END find_video_objects]

    # [START segment_video]
    SegmentVideoBodyOperator(
        task_id="segment_video",
        video_url="{{ params.video }}",
        land_to="{{ params.target }}",
        deferrable=True,
    )
    # [END segment_video]
