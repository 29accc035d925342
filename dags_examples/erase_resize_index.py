"""Erase a video's subtitles, reframe it to a square, and index its cover for image search."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.imgsearch import (
    AddImageOperator,
    CreateImageDbOperator,
    SearchImageOperator,
)
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator

with DAG(
    dag_id="erase_resize_index",
    description="Erase subtitles, reframe to a square, index the cover image",
    tags=["viapi", "video", "image search"],
    schedule=None,
    params={
        "video_url": Param(type="string", format="uri", description="A video with subtitles"),
        "db_name": "covers",
    },
    doc_md=__doc__,
):
    create_db = CreateImageDbOperator(task_id="create_db", name="{{ params.db_name }}")

    erase = EraseVideoSubtitlesOperator(
        task_id="erase", video_url="{{ params.video_url }}", by=0.7, bh=0.3, deferrable=True
    )
    reframe = ChangeVideoSizeOperator(
        task_id="reframe", video_url=erase.output["VideoUrl"], width=480, height=480, deferrable=True
    )

    add_cover = AddImageOperator(
        task_id="add_cover",
        db_name=create_db.output["Name"],
        entity_id="video_{{ dag_run.start_date.strftime('%Y%m%d%H%M%S') }}",
        image_url=reframe.output["VideoCoverUrl"],
        extra_data="{{ params.video_url }}",
    )
    search = SearchImageOperator(
        task_id="search",
        db_name=create_db.output["Name"],
        image_url=reframe.output["VideoCoverUrl"],
        limit=3,
    )
    add_cover >> search
