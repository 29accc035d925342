"""Erase the subtitles of each film that arrives in a folder, once.

Needs Airflow 3. The watcher lists the folder every 30 seconds; a run handles all films that arrived in the meantime.
With ``reuse_results``, which needs ``[viapi] state_path``, a film whose event is repeated is not paid for again.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Asset, Param, task

from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.triggers.new_files import NewFilesTrigger

try:
    from airflow.sdk import AssetWatcher
except ImportError:
    logging.getLogger(__name__).warning("No DAG: watchers need Airflow 3; on Airflow 2 use S3KeySensor")
    AssetWatcher = None

if AssetWatcher is not None:
    INCOMING = Asset(
        "incoming_films",
        watchers=[
            AssetWatcher(
                name="films", trigger=NewFilesTrigger(folder="s3://media/incoming/", pattern="*.mp4")
            )
        ],
    )

    @task
    def films(triggering_asset_events: Any) -> list[str]:
        """Return the addresses of the films that started this run, each once."""
        return list({event.extra["payload"]["file"]: None for event in triggering_asset_events[INCOMING]})

    with DAG(
        dag_id="new_sources",
        description="Erase the subtitles of each film that arrives",
        tags=["viapi", "video", "events"],
        schedule=[INCOMING],
        params={"folder": Param("s3://media/erased/", type="string", description="Folder for the results")},
        doc_md=__doc__,
    ):
        EraseVideoSubtitlesOperator.partial(
            task_id="erase",
            by=0.7,
            bh=0.3,
            land_to="{{ params.folder }}{job_id}-{key}{ext}",
            reuse_results=timedelta(days=30),
            deferrable=True,
        ).expand(video_url=films())
