"""Mapped tasks whose successors refer to their results in every way."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.operators.videorecog import DetectVideoShotOperator

# Before 3.3 Airflow sometimes fails the second process of a task that deferred shortly; the retry resumes its job.
RETRYING = {"retries": 2, "retry_delay": 1}

with DAG("references", schedule=None, params={"video_url": "", "target": ""}, default_args=RETRYING):
    erase = EraseVideoSubtitlesOperator.partial(
        task_id="erase", land_to="{{ params.target }}", deferrable=True
    ).expand(video_url=["{{ params.video_url }}?1", "{{ params.video_url }}?2"])

    for number, reference in enumerate(
        (erase.output["VideoUrl"], erase.output["landed"]["VideoUrl"], erase.landed["VideoUrl"])
    ):
        DetectVideoShotOperator.partial(task_id=f"detect_{number}", deferrable=True).expand(
            video_url=reference
        )

    @task
    def collect(links: Any, landed: Any, files: Any, text: str) -> dict[str, Any]:
        return {"links": list(links), "landed": list(landed), "files": list(files), "text": text}

    collect(
        erase.output["VideoUrl"],
        erase.output["landed"],
        erase.landed["VideoUrl"],
        f"{erase.landed['VideoUrl']}",
    )

    ViapiBatchOperator(
        task_id="detect_all",
        operator=DetectVideoShotOperator,
        items=erase.output.map(lambda result: {"video_url": result["landed"]["VideoUrl"]}),
    )
