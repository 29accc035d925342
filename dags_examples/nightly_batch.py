"""Erase the subtitles of all listed videos every night, in one task, and store the results.

The task submits at the connection's rate (``submit_qps``) and pays for each video once. The last task counts the
results.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

with DAG(
    dag_id="nightly_batch",
    description="Erase the subtitles of many videos in one task",
    tags=["viapi", "video", "batch"],
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    params={
        "video_urls": Param([], type="array", description="Videos with subtitles", items={"type": "string"}),
        "land_to": Param("s3://media/clean/", type="string", description="Folder for the results"),
    },
    doc_md=__doc__,
):

    @task
    def list_videos(params: dict[str, Any]) -> list[dict[str, str]]:
        return [{"video_url": address} for address in params["video_urls"]]

    erase_all = ViapiBatchOperator(
        task_id="erase_all",
        operator=EraseVideoSubtitlesOperator,
        items=list_videos(),
        shared={"by": 0.7, "bh": 0.3},
        land_to="{{ params.land_to }}",
        max_in_flight=50,
        max_failed=5,
        deferrable=True,
    )

    @task
    def count(rows: list[dict[str, Any]]) -> dict[str, int]:
        failed = sum(row["error"] is not None for row in rows)
        return {"done": len(rows) - failed, "failed": failed}

    count(erase_all.output)
