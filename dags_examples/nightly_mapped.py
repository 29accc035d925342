"""Erase the subtitles of all listed videos every night, with one mapped task per video.

All tasks wait in one triggerer, and each stores its result before the link expires. Each video can be inspected,
cleared and retried individually. For thousands of videos use ``nightly_batch``, which needs one task.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

with DAG(
    dag_id="nightly_mapped",
    description="Erase the subtitles of many videos, one mapped task per video",
    tags=["viapi", "video", "mapped tasks"],
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    params={
        "videos": Param([], type="array", description="Videos with subtitles", items={"type": "string"}),
        "target": Param("s3://media/clean/", type="string", description="Folder for the results"),
    },
    doc_md=__doc__,
):

    @task
    def list_videos(params: dict[str, Any]) -> list[str]:
        return list(params["videos"])

    erase = EraseVideoSubtitlesOperator.partial(
        task_id="erase",
        map_index_template="{{ task.video_url }}",
        by=0.7,
        bh=0.3,
        land_to="{{ params.target }}{map_index}-{job_id}{ext}",
        deferrable=True,
        retries=2,
        retry_delay=timedelta(minutes=5),
    ).expand(video_url=list_videos())

    @task
    def count(landed: list[dict[str, str]]) -> int:
        return len(list(landed))

    count(erase.output["landed"])
