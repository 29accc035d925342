"""A batch that submits its jobs in two rounds."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videorecog import DetectVideoShotOperator

with DAG("two_rounds", schedule=None, params={"video_url": ""}):
    ViapiBatchOperator(
        task_id="detect_all",
        operator=DetectVideoShotOperator,
        items=[{"video_url": f"{{{{ params.video_url }}}}?{number}"} for number in range(12)],
        max_in_flight=6,
        deferrable=True,
    )
