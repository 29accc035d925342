"""Watch a stream for smoke and fire from dusk to dawn, and stop watching whatever happens in between.

VIAS bills a task for as long as it runs. Here ``watch`` is what is set up and ``stop`` what takes it down again: it
runs as soon as ``until_dawn`` has ended, well or badly, and only if ``watch`` has succeeded. Alarms go to a webhook.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from airflow.providers.common.compat.sdk import DAG, Param
from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync

from airflow_provider_viapi.operators.vias import CreateTaskOperator, QueryTaskOperator, StopTaskOperator

# When the run was due: Airflow 3 says so of every run, also of one that is started by hand.
DUSK = "(dag_run.run_after if dag_run.run_after is defined else data_interval_end)"

with DAG(
    dag_id="vias_smoke_and_fire",
    # Dusk, in UTC; the night is as long as ``hours`` says.
    schedule="0 18 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    params={
        "stream": Param("rtsp://camera.example/roof", type="string", description="The stream"),
        "webhook": Param("https://team.example/alarms", type="string", description="Where alarms go"),
        "hours": Param(12, type="number", exclusiveMinimum=0, description="From dusk to dawn"),
    },
    doc_md=__doc__,
):
    watch = CreateTaskOperator(
        task_id="watch",
        service_name="c-smoke-and-fire-edge",
        service_version="1.0",
        # Tells the tasks of different nights apart.
        name="roof-{{ " + DUSK + ".strftime('%Y%m%d-%H%M%S') }}",
        input={"type": "url", "data": [{"url": "{{ params.stream }}"}]},
        output={"webhook": {"url": "{{ params.webhook }}"}},
        wait_for="RUNNING",
        job_timeout=timedelta(minutes=30),
        deferrable=True,
        retries=2,
    )
    until_dawn = DateTimeSensorAsync(
        task_id="until_dawn",
        # Of a night that is over already, as when the DAG is switched on by day, nothing is left to watch.
        target_time="{{ (" + DUSK + " + macros.timedelta(hours=params.hours)).isoformat() }}",
    )
    stop = StopTaskOperator(
        task_id="stop",
        vias_task_id=watch.job_id,
        deferrable=True,
        retries=10,
        retry_delay=timedelta(minutes=1),
    )
    query = QueryTaskOperator(task_id="query", vias_task_id=watch.job_id)

    watch >> until_dawn >> stop.as_teardown(setups=watch, on_failure_fail_dagrun=True) >> query
