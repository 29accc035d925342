"""One mapped task twice: jobs of the emulator, and tasks that do nothing for as long."""

from __future__ import annotations

import json
import os

from airflow.sdk import DAG

from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from noop_operator import NoopOperator

SECONDS = json.loads(os.environ["VIAPI_BENCH_SECONDS"])
VIDEO = os.environ["VIAPI_BENCH_VIDEO"]

with DAG("jobs", schedule=None):
    EraseVideoSubtitlesOperator.partial(task_id="erase", deferrable=True).expand(
        video_url=[f"{VIDEO}?{number}" for number, _ in enumerate(SECONDS)]
    )

with DAG("nothing", schedule=None):
    NoopOperator.partial(task_id="wait").expand(seconds=SECONDS)
