"""Erase the subtitles of many videos, then reframe each of them: two mapped tasks per video, files on S3.

``erase.landed["VideoUrl"]`` passes each stored file on; ``erase.output["VideoUrl"]`` would be the link that expires
after 30 minutes.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator

with DAG(
    dag_id="mapped_chain",
    description="Erase subtitles and reframe, two mapped tasks per video",
    tags=["viapi", "video", "mapped tasks", "s3"],
    schedule=None,
    params={
        "videos": Param([], type="array", description="Videos with subtitles", items={"type": "string"}),
        "target": Param("s3://media/square/", type="string", description="Folder for the results"),
    },
    doc_md=__doc__,
):

    @task
    def list_videos(params: dict[str, Any]) -> list[str]:
        return list(params["videos"])

    erase = EraseVideoSubtitlesOperator.partial(
        task_id="erase", by=0.7, bh=0.3, land_to="{{ params.target }}", deferrable=True
    ).expand(video_url=list_videos())

    ChangeVideoSizeOperator.partial(
        task_id="reframe",
        width=480,
        height=480,
        land_to="{{ params.target }}",
        deferrable=True,
        map_index_template="{{ task.video_url }}",
    ).expand(video_url=erase.landed["VideoUrl"])
