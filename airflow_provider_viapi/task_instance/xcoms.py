"""Keys of the XComs that the package writes, and reading them on a worker, in an event loop and on every Airflow.

DAGs, dashboards and the tabs in Airflow's UI read the XComs by these keys, so none of them changes.

While a task waits, its trigger or worker writes each state of its job to the XCom ``job_states``: ``showing_states``.
It is a convenience: a write that fails or is slow changes nothing about the wait, and the final states are in the
task's view (``operators.task.view``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import OnState

# Jobs of a task; see operators.task.claims.
JOB_KEY = "job_id"  # its job
RUNNING_KEY = "job_ids"  # running jobs of a batch
CLAIMED_KEY = "claimed_job_ids"  # jobs that a batch has received, also those that have ended
INTENT_KEY = "job_intent"  # submission whose outcome is not known yet: who submits, which action, when
BATCH_TASK_KEY = "batch_task_id"  # batch task of VIAS

NO_JOB = ""
"""Value of the keys of jobs while there is none: Airflow 3.0 refuses to store ``None``."""

# What Airflow's UI shows; see operators.task.view, operators.batch.view, links.job.
VIEW_KEY = "viapi_view"  # job of a task
ITEMS_PREFIX = "items_"  # and a number from 0: page of a batch's items
STATES_KEY = "job_states"  # states of a pending job
JOB_LINK_KEY = "job_link"  # address of the job's page
RESULT_LINK_KEY = "result_link"  # address of the result's first file

# Results, besides the return value.
LANDED_PREFIX = "landed."  # and the key of a file in the result: address where the file has landed
USAGE_KEY = "usage"  # what a job, or a batch, has used and what that costs
PROGRESS_KEY = "progress"  # counts of a batch: done, failed, running, left
REPORT_KEY = "report"  # of a quality check
SUMMARY_KEY = "summary"  # of images that were indexed

PAUSE = 0.2
"""Seconds between two writes of all triggers of an event loop: a triggerer answers one request at a time, and writes
of a thousand jobs that changed together must not delay its events."""

MAX_STATES = 20
"""States that are shown of one job; services have fewer than ten."""

Write = Callable[[Mapping[str, Any]], Awaitable[Any]]

_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


def supervisor() -> Any:
    """Return what a trigger asks Airflow 3 through; ``None`` on Airflow 2."""
    try:
        from airflow.sdk.execution_time import task_runner
    except ImportError:
        return None
    return getattr(task_runner, "SUPERVISOR_COMMS", None)


def xcom_owner(task_instance: Any) -> dict[str, Any]:
    """Return the fields by which Airflow finds the XComs of a task."""
    from airflow_provider_viapi.jobs.attempt_context import TaskKey

    return TaskKey.of(task_instance)._asdict()


def read_xcom(task_instance: Any, key: str) -> Any:
    """Return an XCom of a task; blocks, so it must not run in an event loop."""
    from airflow.providers.common.compat.sdk import XCom

    return XCom.get_one(key=key, **xcom_owner(task_instance))


async def aread_xcom(task_instance: Any, key: str) -> Any:
    """Return an XCom of a task in an event loop."""
    from airflow.providers.common.compat.sdk import XCom

    if hasattr(XCom, "aget_one") and hasattr(supervisor(), "asend"):
        return await XCom.aget_one(key=key, **xcom_owner(task_instance))
    from asgiref.sync import sync_to_async

    return await sync_to_async(read_xcom)(task_instance, key)


def states_writer_of_trigger(task_instance: Any) -> Write | None:
    """Return what writes a job's states in a trigger; ``None`` before Airflow 3.1, which has no tab for them."""
    comms = supervisor()
    if task_instance is None or not hasattr(comms, "asend"):
        return None

    async def write(value: Mapping[str, Any]) -> None:
        from airflow.sdk.execution_time.comms import SetXCom

        await comms.asend(SetXCom(key=STATES_KEY, value=dict(value), **xcom_owner(task_instance)))

    return write


def states_writer_of_worker(task_instance: Any) -> Write | None:
    """Return what writes a job's states in the running task; ``None`` before Airflow 3."""
    if supervisor() is None:
        return None

    async def write(value: Mapping[str, Any]) -> None:
        # In a thread, where it can be neither cancelled halfway nor hit by the signal of a timeout.
        await asyncio.to_thread(task_instance.xcom_push, key=STATES_KEY, value=dict(value))

    return write


@asynccontextmanager
async def showing_states(job_id: str, write: Write | None) -> AsyncIterator[OnState | None]:
    """Write the states of a job while the context lasts; yields what receives them.

    :param write: stores the value; ``None``: there is nowhere to show them
    """
    if write is None:
        yield None
        return
    writing = _Writing(job_id, write)
    task = asyncio.ensure_future(writing.run())
    try:
        yield writing.receive
    finally:
        task.cancel()


class _Writing:
    """Writes the newest states of a job, one write at a time."""

    def __init__(self, job_id: str, write: Write) -> None:
        self._job_id = job_id
        self._write = write
        self._states: Mapping[str, str] = {}
        self._changed = asyncio.Event()

    def receive(self, states: Mapping[str, str]) -> None:
        self._states = states
        self._changed.set()

    async def run(self) -> None:
        lock = _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        while len(self._states) < MAX_STATES:
            await self._changed.wait()
            async with lock:
                await asyncio.sleep(PAUSE)
                self._changed.clear()
                value = {"job_id": self._job_id, "states": self._states}
                # A write that has begun is never cancelled: Airflow 3.1 would take its answer for that to the next
                # request of any trigger.
                write = asyncio.ensure_future(self._write(value))
                # If the wait ends meanwhile, nobody else retrieves its error, and asyncio would log it.
                write.add_done_callback(lambda done: done.cancelled() or done.exception())
                with suppress(Exception):
                    await asyncio.shield(write)
