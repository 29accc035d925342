"""Erase, reframe, index and search, with S3 on both sides: each step reads the stored result of the last one."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.imgsearch import (
    AddImageOperator,
    CreateImageDbOperator,
    SearchImageOperator,
)
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator

with DAG(
    dag_id="s3_chain",
    description="Erase, reframe, index and search with files on S3",
    tags=["viapi", "video", "image search", "s3"],
    schedule=None,
    params={
        "source": Param(type="string", description="A video with subtitles, such as s3://media/in/film.mp4"),
        "target": Param(type="string", description="A folder, such as s3://media/out/"),
        "db_name": "covers",
    },
    doc_md=__doc__,
):
    create_db = CreateImageDbOperator(task_id="create_db", name="{{ params.db_name }}")

    erase = EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url="{{ params.source }}",
        by=0.7,
        bh=0.3,
        land_to="{{ params.target }}",
        deferrable=True,
    )
    reframe = ChangeVideoSizeOperator(
        task_id="reframe",
        video_url=erase.landed["VideoUrl"],
        width=480,
        height=480,
        land_to="{{ params.target }}",
        deferrable=True,
    )

    add_cover = AddImageOperator(
        task_id="add_cover",
        db_name=create_db.output["Name"],
        entity_id="video_{{ dag_run.start_date.strftime('%Y%m%d%H%M%S') }}",
        image_url=reframe.landed["VideoCoverUrl"],
        extra_data="{{ params.source }}",
    )
    search = SearchImageOperator(
        task_id="search",
        db_name=create_db.output["Name"],
        image_url=reframe.landed["VideoCoverUrl"],
        limit=3,
    )
    add_cover >> search
