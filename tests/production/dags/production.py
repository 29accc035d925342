"""Many jobs of one account: a task for each, or all in a batch; the run's parameters say how many."""

from __future__ import annotations

import os

from airflow.sdk import DAG, task

from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

VIDEO = os.environ["VIAPI_PRODUCTION_VIDEO"]
SETTINGS = {"connection": "viapi_default", "jobs": 10}
# A worker that cannot reach the API server in time fails its task, on a busy machine too.
RETRYING = {"retries": 5, "retry_delay": 1}


@task
def videos(params: dict[str, int]) -> list[str]:
    """Return an address for each job."""
    return [f"{VIDEO}?{number}" for number in range(params["jobs"])]


@task
def items(params: dict[str, int]) -> list[dict[str, str]]:
    """Return the same as items of a batch."""
    return [{"video_url": f"{VIDEO}?{number}"} for number in range(params["jobs"])]


with DAG("mapped", schedule=None, params=SETTINGS, max_active_tasks=1000, default_args=RETRYING):
    EraseVideoSubtitlesOperator.partial(
        task_id="erase", deferrable=True, viapi_conn_id="{{ params.connection }}"
    ).expand(video_url=videos())

with DAG("batch", schedule=None, params=SETTINGS, default_args=RETRYING):
    ViapiBatchOperator(
        task_id="erase",
        operator=EraseVideoSubtitlesOperator,
        items=items(),
        viapi_conn_id="{{ params.connection }}",
        deferrable=True,
    )
