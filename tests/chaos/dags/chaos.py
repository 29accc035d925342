"""One job per DAG, deferred or waited for on the worker, with breakpoints at which a test can kill the worker.

A worker that reaches a breakpoint whose file exists in the folder ``VIAPI_CHAOS_BREAKPOINTS`` removes the file,
writes its process id to another one and sleeps, until the test kills it.
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

BREAKPOINTS = Path(os.environ["VIAPI_CHAOS_BREAKPOINTS"])


def stop_at(name: str) -> None:
    wanted = BREAKPOINTS / name
    if wanted.exists():
        wanted.unlink()
        (BREAKPOINTS / f"{name}.pid").write_text(str(os.getpid()))
        time.sleep(300)


# The write of the ledger is between the service's response and the deferral.
_record_job = Ledger.record_job


def record_job(self: Ledger, *arguments: Any, **keywords: Any) -> Entry:
    stop_at("before the store")
    written = _record_job(self, *arguments, **keywords)
    stop_at("after the store")
    return written


Ledger.record_job = record_job  # type: ignore[method-assign]

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
