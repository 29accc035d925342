"""One job per DAG, deferred or waited for on the worker, with places where a worker can be made to stop and be lost.

A worker that comes to a place whose file lies in the folder ``VIAPI_CHAOS_PLACES`` takes the file away, leaves its
process id in another and sleeps; whoever wanted it to stop there then kills it.
"""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG

from airflow_provider_viapi.jobs.ledger import Entry, Ledger
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

PLACES = Path(os.environ["VIAPI_CHAOS_PLACES"])


def stop_at(place: str) -> None:
    wanted = PLACES / place
    if wanted.exists():
        wanted.unlink()
        (PLACES / f"{place}.pid").write_text(str(os.getpid()))
        time.sleep(300)


# The ledger is what stands between the service's answer and the deferral.
_accepted = Ledger.accepted


def accepted(self: Ledger, entry: Entry, job_id: str, scope: str | None = None) -> Entry:
    stop_at("before-the-store")
    written = _accepted(self, entry, job_id, scope)
    stop_at("after-the-store")
    return written


Ledger.accepted = accepted  # type: ignore[method-assign]

for mode, deferrable in (("deferred", True), ("on_worker", False)):
    for name, arguments in (
        (mode, {}),
        (f"{mode}_deadline", {"job_timeout": timedelta(seconds=12), "retries": 0}),
        (f"{mode}_sts", {"viapi_conn_id": "viapi_sts"}),
    ):
        options: dict[str, Any] = {"retries": 3, "retry_delay": timedelta(seconds=1), **arguments}
        with DAG(name, schedule=None, params={"video_url": ""}):
            EraseVideoSubtitlesOperator(
                task_id="erase", video_url="{{ params.video_url }}", deferrable=deferrable, **options
            )
