"""Handle each alarm of VIAS soon after it was stored: one run after the other waits for alarms and works on them.

Point the output of a VIAS task at the folder (``obs="obs://…"``), or store the bodies of a webhook in it. The
schedule ``@continuous`` starts the next run when the last one has ended, so that somebody always waits.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_viapi.sensors.vias_alarms import ViasAlarmSensor


@task
def each(alarms: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the alarms as the result of a task, which is what can be mapped over."""
    return alarms


@task
def report(alarm: dict[str, Any]) -> str:
    """Log an alarm; replace this by what your team does about one."""
    summary = f"{alarm['kind']} at {alarm['at']} in stream {alarm['stream_id']}: {alarm.get('image')}"
    logging.getLogger(__name__).warning("%s", summary)
    return summary


with DAG(
    dag_id="vias_alarms",
    description="Handle alarms of VIAS",
    tags=["huaweicloud", "vias"],
    schedule="@continuous",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params={
        "folder": Param("s3://media/alarms/", type="string", description="Folder of the alarms' files"),
        "images": Param("s3://media/alarm-pictures/", type="string", description="Folder for pictures"),
    },
    doc_md=__doc__,
):
    alarms = ViasAlarmSensor(
        task_id="alarms",
        folder="{{ params.folder }}",
        images_to="{{ params.images }}",
        mode="reschedule",
        poke_interval=30,
        timeout=timedelta(hours=24),
        # A day without an alarm is no failure.
        soft_fail=True,
        retries=3,
    )
    report.expand(alarm=each(alarms.output["alarms"]))
