"""Handle each alarm of VIAS as soon as it is stored: a file with alarms in a folder starts this DAG.

Needs Airflow 3; ``vias_alarms.py`` does the same with a sensor on any Airflow. Point the output of a VIAS task at the
folder (``obs="obs://media/alarms"``), or store the bodies of a webhook in it.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Asset, task

from airflow_provider_viapi.triggers.vias_alarms import ViasAlarmTrigger

try:
    from airflow.sdk import AssetWatcher
except ImportError:
    logging.getLogger(__name__).warning("No DAG: watchers need Airflow 3; on Airflow 2 use vias_alarms.py")
    AssetWatcher = None

if AssetWatcher is not None:
    ALARMS = Asset(
        "vias_alarms",
        watchers=[
            AssetWatcher(
                name="alarm_files",
                trigger=ViasAlarmTrigger(
                    folder="s3://media/alarms/", kinds=["smoke_and_fire", "intrusion"], poll_interval=5
                ),
            )
        ],
    )

    @task
    def alarms(triggering_asset_events: Any) -> list[dict[str, Any]]:
        """Return the alarms that started this run, each with the file that holds its picture."""
        payloads = [event.extra["payload"] for event in triggering_asset_events[ALARMS]]
        return [{**alarm, "file": each["file"]} for each in payloads for alarm in each["alarms"]]

    @task
    def report(alarm: dict[str, Any]) -> str:
        """Log an alarm; replace this by what your team does about one."""
        summary = f"{alarm['kind']} at {alarm['at']} in stream {alarm['stream_id']}: {alarm['file']}"
        logging.getLogger(__name__).warning("%s", summary)
        return summary

    with DAG(
        dag_id="vias_alarm_events",
        description="Handle alarms of VIAS as soon as they are stored",
        tags=["huaweicloud", "vias", "events"],
        schedule=[ALARMS],
        doc_md=__doc__,
    ):
        report.expand(alarm=alarms())
