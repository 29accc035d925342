"""Distinguish a task that a user ended from one that moved, restarted or was cleared.

Airflow only asks a trigger or a worker to stop, and does not say why. A job is cancelled when its task is in a
terminal state; when the task was cleared or its triggerer went away, the next attempt or triggerer resumes the job.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

SECONDS_TO_CANCEL = 25.0
"""Time limit of a trigger's ``on_kill``; Airflow grants 30 seconds."""

TERMINAL = frozenset({"failed", "success", "skipped", "removed"})
"""States that only a new attempt can leave."""

UNSUCCESSFUL = TERMINAL - {"success"}
"""Terminal states of a task that did not reach its goal."""


def is_terminal(task_instance: Any, states: Collection[str] = TERMINAL) -> bool:
    """Return whether the task is in one of the states; blocks, so it must not run in an event loop.

    :param states: default: the terminal states
    """
    state = _state_in_database if not hasattr(_runtime(), "get_task_states") else _state_by_api
    return state(task_instance) in states


async def run_shielded(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Run the work of a trigger's ``on_kill`` to its end: Airflow cancels a trigger repeatedly, also meanwhile.

    :param seconds: time limit, after which the work is abandoned
    """
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


def _state_by_api(task_instance: Any) -> str | None:
    states: Mapping[str, Mapping[str, Any]] = _runtime().get_task_states(
        dag_id=task_instance.dag_id,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
        map_index=task_instance.map_index,
    )
    of_run = states.get(task_instance.run_id, {})
    return next((str(state) for state in of_run.values() if state is not None), None)


def _state_in_database(task_instance: TaskInstance) -> str | None:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        state = (
            session.query(TaskInstance.state)
            .filter_by(
                dag_id=task_instance.dag_id,
                task_id=task_instance.task_id,
                run_id=task_instance.run_id,
                map_index=task_instance.map_index,
            )
            .scalar()
        )
    return None if state is None else str(state)
