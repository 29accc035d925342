"""Decide whether the jobs of a stopped task are cancelled: it was ended or cleared, or it only moved or restarts.

Airflow only asks a trigger or a worker to stop, and does not say why. A job is cancelled when its task is in a
terminal state. When its triggerer went away, the next triggerer continues to wait. When the task was cleared, the
next attempt resumes the job, or, if that attempt cannot know of it, the job is cancelled. A trigger sees the task's
state but not its attempt: if the task is deferred, the jobs that it has published (see ``operators.task.claims``) are
those that it waits for, since an attempt clears the XComs of the one before. Airflow 3.4 keeps the XComs of each
attempt, and refuses the trigger of an earlier one to read them.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.task_instance.xcoms import aread_xcom, supervisor, xcom_owner

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

SECONDS_TO_CANCEL = 25.0
"""Time limit of a trigger's ``on_kill``; Airflow grants 30 seconds from 3.3 on."""

SECONDS_BEFORE_3_3 = 60.0
"""Likewise, before 3.3, where Airflow has no limit, and loads its API for the first response: 22 s when busy."""

TERMINAL = frozenset({"failed", "success", "skipped", "removed"})
"""States that only a new attempt can leave."""

UNSUCCESSFUL = TERMINAL - {"success"}
"""Terminal states of a task that did not succeed."""


def worker_must_cancel(
    task_instance: Any, ended: Collection[str], *, is_persistent: bool, survives_clear: bool
) -> bool:
    """Return whether the queued jobs of a task that was stopped on its worker must be cancelled; blocks.

    :param ended: terminal states with which the jobs are cancelled
    :param is_persistent: a retry finds the jobs
    :param survives_clear: the next attempt of a cleared task finds them too
    """
    state = current_state(task_instance)
    # A worker that is shut down stops a task whose state is still "running": a retry resumes its jobs.
    is_resumed = survives_clear or (is_persistent and state == "running")
    return _must_cancel(state, ended, is_resumed=is_resumed)


async def jobs_to_cancel(
    task_instance: Any,
    job_ids: Sequence[str],
    log: Any,
    *,
    published_as: str,
    survives_clear: bool,
    ended: Collection[str] = TERMINAL,
) -> Sequence[str]:
    """Return those of a stopped trigger's jobs that must be cancelled if they are still queued.

    :param published_as: XCom with the job, or the list of jobs, that the task waits for
    :param survives_clear: the next attempt of a cleared task finds the jobs
    :param ended: terminal states with which the jobs are cancelled
    """
    try:
        state = await _acurrent_state(task_instance)
    except TimeoutError as error:
        log.info("The triggerer is probably stopping: %s", error)
        return ()
    if state == "deferred" and not survives_clear:
        # It moved to another triggerer, or was cleared and has deferred again already.
        try:
            published = await aread_xcom(task_instance, published_as)
        except Exception as error:
            if not _is_for_live_attempts(error):
                raise
            # The jobs of the attempt before are awaited by nobody.
            return job_ids
        awaited = {published} if isinstance(published, str) else set(published or ())
        return [job_id for job_id in job_ids if job_id not in awaited]
    return job_ids if _must_cancel(state, ended, is_resumed=survives_clear) else ()


def _is_for_live_attempts(error: Exception) -> bool:
    """Return whether Airflow refused a read since the task has a newer attempt, as Airflow 3.4 does."""
    detail = getattr(getattr(error, "error", None), "detail", None)
    return isinstance(detail, Mapping) and detail.get("status_code") in (403, 410)


def _must_cancel(state: str | None, ended: Collection[str], *, is_resumed: bool) -> bool:
    """Decide by the task's state, which is ``None`` right after the task was cleared.

    :param ended: terminal states with which jobs are cancelled
    :param is_resumed: the next attempt of a task that has not ended resumes the jobs
    """
    return state in ended if state in TERMINAL else not is_resumed


def current_state(task_instance: Any) -> str | None:
    """Return the state of a task; blocks, so it must not run in an event loop."""
    runtime = _runtime()
    if not hasattr(runtime, "get_task_states"):
        return _state_in_database(task_instance)
    return _state_in(runtime.get_task_states(**_selection(task_instance)), task_instance)


async def _acurrent_state(task_instance: Any) -> str | None:
    """Return the state of a task in an event loop.

    :raises TimeoutError: Airflow will not answer
    """
    comms = supervisor()
    if not hasattr(comms, "asend"):
        from asgiref.sync import sync_to_async

        # Not asyncio.to_thread: before 3.3 Airflow's way to its API is bound to this loop.
        return await sync_to_async(current_state)(task_instance)
    from airflow.sdk.execution_time.comms import GetTaskStates

    reader = getattr(comms, "_reader_task", None)
    if reader is not None and reader.done():
        # Airflow 3.2 stops to read answers before it stops its triggers, and would wait for this one.
        raise TimeoutError("the triggerer no longer reads Airflow's responses")
    # Not in a thread, which nothing could stop: it would delay the triggerer's end.
    response = await comms.asend(GetTaskStates(**_selection(task_instance)))
    return _state_in(response.task_states, task_instance)


async def run_shielded(work: Coroutine[Any, Any, None]) -> None:
    """Run the work of a trigger's ``on_kill`` to its end: Airflow cancels a trigger repeatedly, also meanwhile.

    Work that takes longer than the time limit is abandoned.
    """
    from airflow.triggers.base import BaseTrigger

    seconds = SECONDS_TO_CANCEL if hasattr(BaseTrigger, "on_kill") else SECONDS_BEFORE_3_3
    working = asyncio.ensure_future(work)
    give_up = time.monotonic() + seconds
    while not working.done() and time.monotonic() < give_up:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait({working}, timeout=give_up - time.monotonic())
    if working.done():
        working.result()


def _runtime() -> Any:
    try:
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    except ImportError:
        return None
    return RuntimeTaskInstance


def _selection(task_instance: Any) -> dict[str, Any]:
    return {
        "dag_id": task_instance.dag_id,
        "task_ids": [task_instance.task_id],
        "run_ids": [task_instance.run_id],
        "map_index": task_instance.map_index,
    }


def _state_in(states: Mapping[str, Mapping[str, Any]], task_instance: Any) -> str | None:
    of_run = states.get(task_instance.run_id, {})
    return next((str(state) for state in of_run.values() if state is not None), None)


def _state_in_database(task_instance: TaskInstance) -> str | None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        state = session.query(TaskInstance.state).filter_by(**xcom_owner(task_instance)).scalar()
    return None if state is None else str(state)
