"""Many jobs of one account: a task for each, or all in a batch; the run's parameters say how many."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import DAG, BaseOperator, Context, task

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


class WaitOperator(BaseOperator):
    """Only wait, deferred, for as long as a job takes."""

    def __init__(self, *, number: int, seconds: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.number = number
        self.seconds = seconds

    def execute(self, context: Context) -> None:
        """Defer."""
        until = datetime.now(timezone.utc) + timedelta(seconds=self.seconds)
        self.defer(trigger=DateTimeTrigger(moment=until), method_name="execute_complete")

    def execute_complete(self, context: Context, event: object = None) -> None:
        """Return."""


@task
def numbers(params: dict[str, int]) -> list[int]:
    """Return a number for each task."""
    return list(range(params["jobs"]))


with DAG("only_wait", schedule=None, params=SETTINGS, max_active_tasks=1000, default_args=RETRYING):
    WaitOperator.partial(task_id="wait", seconds=float(os.environ["VIAPI_PRODUCTION_JOB_SECONDS"])).expand(
        number=numbers()
    )

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
