"""The jobs of ``mapped.py`` in one task."""

from __future__ import annotations

import json
import os

from airflow.sdk import DAG

from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

SECONDS = json.loads(os.environ["VIAPI_BENCH_SECONDS"])
VIDEO = os.environ["VIAPI_BENCH_VIDEO"]

with DAG("batch", schedule=None):
    ViapiBatchOperator(
        task_id="erase_all",
        operator=EraseVideoSubtitlesOperator,
        items=[{"video_url": f"{VIDEO}?{number}"} for number, _ in enumerate(SECONDS)],
        max_in_flight=max(1, min(1000, len(SECONDS))),
        deferrable=True,
    )
