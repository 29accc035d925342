"""Analyse a stream for smoke and fire from dusk to dawn, and stop the analysis whatever happens in between.

VIAS bills a task for as long as it runs. ``watch`` is the setup task and ``stop`` its teardown: it runs as soon as
``until_dawn`` has ended, with or without success, and only if ``watch`` succeeded. Alarms are sent to a webhook.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow.providers.common.compat.sdk import DAG, Param
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync

from airflow_provider_viapi.operators.vias import (
    CreateViasTaskOperator,
    QueryViasTaskOperator,
    StopViasTaskOperator,
)

# When the run was due. Airflow 3 sets it for every run, including manual ones.
DUSK = "(dag_run.run_after if dag_run.run_after is defined else data_interval_end)"

with DAG(
    dag_id="vias_smoke_and_fire",
    description="Detect smoke and fire in a stream every night",
    tags=["huaweicloud", "vias"],
    # Dusk, in UTC; ``hours`` is the length of the night.
    schedule="0 18 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    params={
        "stream": Param("rtsp://camera.example/roof", type="string", description="Address of the stream"),
        "webhook": Param("https://team.example/alarms", type="string", description="Address for alarms"),
        "hours": Param(12, type="number", exclusiveMinimum=0, description="Hours from dusk to dawn"),
    },
    doc_md=__doc__,
):
    watch = CreateViasTaskOperator(
        task_id="watch",
        service_name="c-smoke-and-fire-edge",
        service_version="1.0",
        # A different name for each night.
        name="roof-{{ " + DUSK + ".strftime('%Y%m%d-%H%M%S') }}",
        input={"type": "url", "data": [{"url": "{{ params.stream }}"}]},
        webhook="{{ params.webhook }}",
        target_state="RUNNING",
        job_timeout=timedelta(minutes=30),
        deferrable=True,
        retries=2,
    )
    until_dawn = DateTimeSensorAsync(
        task_id="until_dawn",
        # In the past if the DAG is enabled by day: then the sensor succeeds immediately.
        target_time="{{ (" + DUSK + " + macros.timedelta(hours=params.hours)).isoformat() }}",
    )
    stop = StopViasTaskOperator(
        task_id="stop",
        vias_task_id=watch.job_id,
        deferrable=True,
        retries=10,
        retry_delay=timedelta(minutes=1),
    )
    query = QueryViasTaskOperator(task_id="query", vias_task_id=watch.job_id)

    watch >> until_dawn >> stop.as_teardown(setups=watch, on_failure_fail_dagrun=True) >> query
