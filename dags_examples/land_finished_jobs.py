"""Store the results of all jobs that finish in the account, whoever submitted them: a script, another team.

Needs Airflow 3. The watcher reads the account's job list every 5 seconds and starts this DAG; a run handles all jobs
that finished in the meantime. A file is named after its job, so that a repeated event stores the same file again.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Asset, Param, task

from airflow_provider_viapi.transfers.viapi_to_object_storage import ViapiResultToObjectStorageOperator
from airflow_provider_viapi.triggers.finished_jobs import ViapiFinishedJobsTrigger

try:
    from airflow.sdk import AssetWatcher
except ImportError:
    logging.getLogger(__name__).warning("No DAG: watchers need Airflow 3; on Airflow 2 use ViapiJobSensor")
    AssetWatcher = None

if AssetWatcher is not None:
    FINISHED = Asset(
        "viapi_finished_jobs",
        watchers=[
            AssetWatcher(
                name="viapi_job_list",
                trigger=ViapiFinishedJobsTrigger(
                    actions=["videoenhan.EraseVideoSubtitles", "videoenhan.ChangeVideoSize"],
                    outcomes=["succeeded"],
                ),
            )
        ],
    )

    @task
    def finished(triggering_asset_events: Any) -> list[str]:
        """Return the ids of the jobs that started this run, each once."""
        return list({event.extra["payload"]["job_id"]: None for event in triggering_asset_events[FINISHED]})

    with DAG(
        dag_id="land_finished_jobs",
        description="Store the results of all jobs that finish in the account",
        tags=["viapi", "video", "events"],
        schedule=[FINISHED],
        params={"folder": Param("s3://media/finished/", type="string", description="Folder for the results")},
        doc_md=__doc__,
    ):
        ViapiResultToObjectStorageOperator.partial(
            task_id="land", land_to="{{ params.folder }}{job_id}-{key}{ext}", retries=3
        ).expand(job_id=finished())
