"""Erase a video's subtitles, reframe it to a square, and index its cover for image search.

The cover goes to an instance of ImageSearch, which you buy in its console; the emulator has one named ``demo``.
Accounts that had imgsearch before 2023 can use its operators instead, as in ``s3_chain``.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_viapi.operators.imagesearch import AddImageOperator, SearchImageByPicOperator
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator

with DAG(
    dag_id="erase_resize_index",
    description="Erase subtitles, reframe to a square, index the cover image",
    tags=["viapi", "video", "image search"],
    schedule=None,
    params={
        "video_url": Param(type="string", format="uri", description="A video with subtitles"),
        "instance_name": Param("demo", type="string", description="Your instance of ImageSearch"),
    },
    doc_md=__doc__,
):
    erase = EraseVideoSubtitlesOperator(
        task_id="erase", video_url="{{ params.video_url }}", by=0.7, bh=0.3, deferrable=True
    )
    reframe = ChangeVideoSizeOperator(
        task_id="reframe", video_url=erase.output["VideoUrl"], width=480, height=480, deferrable=True
    )

    add_cover = AddImageOperator(
        task_id="add_cover",
        instance_name="{{ params.instance_name }}",
        product_id="video_{{ dag_run.start_date.strftime('%Y%m%d%H%M%S') }}",
        pic_name="cover",
        pic_content=reframe.output["VideoCoverUrl"],
        custom_content="{{ params.video_url }}",
    )
    search = SearchImageByPicOperator(
        task_id="search",
        instance_name="{{ params.instance_name }}",
        pic_content=reframe.output["VideoCoverUrl"],
        num=3,
    )
    add_cover >> search
