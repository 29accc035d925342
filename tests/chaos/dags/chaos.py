"""One job per task, deferred or waited for on the worker, with breakpoints at which a test can stop the worker.

A worker that reaches a breakpoint whose file exists in the folder ``VIAPI_CHAOS_BREAKPOINTS`` removes the file,
writes its process id to another one and sleeps, until the test kills it or removes that file. The name of a file may
end with ``of`` and a task id.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, get_current_context

from airflow_provider_viapi.errors import TransientError
from airflow_provider_viapi.jobs.attempt_context import Timing
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator

BREAKPOINTS = Path(os.environ["VIAPI_CHAOS_BREAKPOINTS"])
# The default transit of 60 seconds is added to every search for a lost job. The faults hold requests for 14 seconds.
TIMING = Timing(transit=timedelta(seconds=20))


def stop_at(name: str) -> None:
    for wanted in (BREAKPOINTS / name, BREAKPOINTS / f"{name} of {get_current_context()['ti'].task_id}"):
        if wanted.exists():
            wanted.unlink()
            note = BREAKPOINTS / f"{wanted.name}.pid"
            note.write_text(str(os.getpid()))
            deadline = time.monotonic() + 300
            while note.exists() and time.monotonic() < deadline:
                time.sleep(0.2)


def with_breakpoints(method: Callable[..., Any], before: str, after: str) -> Callable[..., Any]:
    def stopping(*arguments: Any, **keywords: Any) -> Any:
        stop_at(before)
        written = method(*arguments, **keywords)
        stop_at(after)
        return written

    return stopping


# The request is sent after the first write, and the response has arrived before the second.
Ledger.record_intent = with_breakpoints(Ledger.record_intent, "before the intent", "after the intent")  # type: ignore[method-assign]
Ledger.record_job = with_breakpoints(Ledger.record_job, "before the store", "after the store")  # type: ignore[method-assign]


class Erase(EraseVideoSubtitlesOperator):
    timing = TIMING

    def prepare_request(self, request: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
        stop_at("while staging")
        if (BREAKPOINTS / "media deleted").exists():
            raise TransientError("the source was deleted", action=self.action.name)
        return super().prepare_request(request, context)


class Batch(ViapiBatchOperator):
    timing = TIMING


def lowered_retries() -> int:
    return 2 if (BREAKPOINTS / "retries lowered").exists() else 3


RETRYING = {"retries": 3, "retry_delay": timedelta(seconds=1)}
FILM = "{{ params.video_url }}"
NOW = "{{ macros.datetime.now().timestamp() | int }}"

for mode, deferrable in (("deferred", True), ("on_worker", False)):
    for name, arguments in (
        (mode, {}),
        (f"{mode}_deadline", {"job_timeout": timedelta(seconds=12), "retries": 0}),
        (f"{mode}_not_durable", {"durable": False}),
        (f"{mode}_sts", {"viapi_conn_id": "viapi_sts"}),
        (f"{mode}_lowered", {"retries": lowered_retries()}),
        (f"{mode}_signed", {"video_url": f"{FILM}?Expires={NOW}&OSSAccessKeyId=id&Signature={NOW}"}),
    ):
        options: dict[str, Any] = {"video_url": FILM, **RETRYING, **arguments}
        with DAG(name, schedule=None, params={"video_url": ""}):
            Erase(task_id="erase", deferrable=deferrable, **options)

with DAG("siblings", schedule=None, params={"video_url": ""}):
    for sibling in ("a", "b"):
        Erase(
            task_id=sibling,
            video_url=f"{FILM}?{sibling}",
            viapi_conn_id="viapi_sts",
            deferrable=False,
            **{**RETRYING, "retries": 1},
        )

# Their items render differently each time, as links do that a macro signs.
for name, in_flight in (("batch", 4), ("batch_in_rounds", 2)):
    with DAG(name, schedule=None, params={"video_url": ""}):
        Batch(
            task_id="erase",
            operator=EraseVideoSubtitlesOperator,
            items=[
                {"video_url": f"{FILM}?{index}&at={{{{ macros.datetime.now().timestamp() }}}}"}
                for index in range(4)
            ],
            max_in_flight=in_flight,
            deferrable=True,
            **RETRYING,
        )
