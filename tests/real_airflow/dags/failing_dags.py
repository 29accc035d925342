"""DAGs that fail on purpose, to check the messages in their logs."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_viapi.operators.imgsearch import CreateImageDbOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

with DAG("wrong_secret", schedule=None):
    CreateImageDbOperator(task_id="task", name="covers", viapi_conn_id="viapi_wrong_secret")

with DAG("missing_connection", schedule=None):
    CreateImageDbOperator(task_id="task", name="covers", viapi_conn_id="viapi_nowhere")

with DAG("not_a_video", schedule=None, params={"video_url": ""}):
    EraseVideoSubtitlesOperator(task_id="deferred", video_url="{{ params.video_url }}", deferrable=True)
    EraseVideoSubtitlesOperator(task_id="waited_for", video_url="{{ params.video_url }}", deferrable=False)

with DAG("too_late", schedule=None, params={"video_url": ""}):
    EraseVideoSubtitlesOperator(
        task_id="task",
        video_url="{{ params.video_url }}",
        deferrable=True,
        job_timeout=timedelta(seconds=20),
    )

with DAG("late_once", schedule=None, params={"video_url": ""}):
    EraseVideoSubtitlesOperator(
        task_id="task",
        video_url="{{ params.video_url }}",
        deferrable=True,
        job_timeout=timedelta(seconds=20),
        retries=1,
        retry_delay=timedelta(seconds=1),
    )

with DAG("mapped", schedule=None, params={"video_url": ""}):
    EraseVideoSubtitlesOperator.partial(task_id="task", deferrable=True).expand(
        video_url=["{{ params.video_url }}", "{{ params.video_url }}"], bx=["0.0", "{{ 1.4 }}"]
    )
