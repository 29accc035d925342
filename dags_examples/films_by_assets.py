"""Two DAGs chained by assets: one erases subtitles, the other reframes each film that the first one has stored.

Neither knows the other. The event of a stored film says what it is: media type, size, duration, source, job. The
second DAG has a deadline (Airflow 3.2 and later): it sends a mail when it takes longer than half an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.providers.common.compat.sdk import DAG, AssetAlias, Param, task

from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator

try:
    from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference
except ImportError:
    # Before 3.2.
    DEADLINE: dict[str, Any] = {}
else:
    DEADLINE = {
        "deadline": DeadlineAlert(
            reference=DeadlineReference.DAGRUN_QUEUED_AT,
            interval=timedelta(minutes=30),
            # Any notifier with async_notify; this one needs the connection smtp_default. Its templates see the run as
            # Airflow's API describes it, not as tasks do.
            callback=AsyncCallback(
                "airflow.providers.smtp.notifications.smtp.SmtpNotifier",
                kwargs={
                    "to": "media-team@example.com",
                    "subject": "Films are late",
                    "html_content": "The run {{ dag_run.dag_run_id }} of {{ dag_run.dag_id }} takes too long.",
                },
            ),
        )
    }

FILMS = AssetAlias("erased-films")

with DAG(
    dag_id="erase_films",
    description="Erase subtitles; each stored film is an event",
    tags=["viapi", "video", "assets"],
    schedule=None,
    params={
        "source": Param(type="string", description="A video with subtitles, such as s3://media/in/film.mp4"),
        "target": Param(type="string", description="A folder, such as s3://media/erased/"),
    },
    doc_md=__doc__,
):
    EraseVideoSubtitlesOperator(
        task_id="erase",
        video_url="{{ params.source }}",
        by=0.7,
        bh=0.3,
        land_to="{{ params.target }}",
        outlets=[FILMS],
        deferrable=True,
    )


@task
def films(**context: Any) -> list[dict[str, str]]:
    """Return the films of the events that started this run, and where to store the results."""
    # Airflow 2 calls assets datasets.
    events = context.get("triggering_asset_events") or context["triggering_dataset_events"]
    # By address: Airflow 3 lists an event both under its asset and under the alias, and a film is paid for only once.
    stored = {event.extra["address"]: event.extra for each in events.values() for event in each}
    return [
        {
            "video_url": film["address"],
            "land_to": f"{film['address'].rpartition('/')[0]}/square/",
        }
        for film in stored.values()
        if film.get("type", "").startswith("video/") and film.get("duration", 0) > 0
    ]


with DAG(
    dag_id="reframe_films",
    description="Reframe each film that was stored",
    tags=["viapi", "video", "assets"],
    schedule=[FILMS],
    # Airflow 2 demands one of each DAG with a schedule.
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    doc_md=__doc__,
    **DEADLINE,
):
    ChangeVideoSizeOperator.partial(task_id="reframe", width=320, height=320, deferrable=True).expand_kwargs(
        films()
    )
