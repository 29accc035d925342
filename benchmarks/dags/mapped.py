"""The same mapped task twice: jobs of the emulator's, and nothing at all for as long as those take."""

from __future__ import annotations

import json
import os

from airflow.sdk import DAG

from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from noop_operator import NothingOperator

SECONDS = json.loads(os.environ["VIAPI_BENCH_SECONDS"])
VIDEO = os.environ["VIAPI_BENCH_VIDEO"]

with DAG("jobs", schedule=None):
    EraseVideoSubtitlesOperator.partial(task_id="erase", deferrable=True).expand(
        video_url=[f"{VIDEO}?{number}" for number, _ in enumerate(SECONDS)]
    )

with DAG("nothing", schedule=None):
    NothingOperator.partial(task_id="wait").expand(seconds=SECONDS)
