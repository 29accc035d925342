"""Telling a task that a person ended from one that only moved, restarted or was cleared.

Airflow tells a trigger or a worker only that it should stop. A job is cancelled when the task is over for good; when
the task was cleared or its triggerer went away, the next holder goes on with the same job.
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
"""How long a trigger's cancelling may take; Airflow grants 30."""

OVER = frozenset({"failed", "success", "skipped", "removed"})
"""States from which nothing but a new try leads on."""

UNSUCCESSFUL = OVER - {"success"}
"""Those of them by which nobody says that the task has done its work."""


def is_over(task_instance: Any, states: Collection[str] = OVER) -> bool:
    """Whether Airflow has the task in a state that ends it; blocks, so not for an event loop.

    :param states: which those are
    """
    state = _state_in_database if not hasattr(_runtime(), "get_task_states") else _state_by_api
    return state(task_instance) in states


async def run_shielded(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Do the work of a trigger's ``on_kill``: Airflow cancels a trigger again and again until it ends, also then.

    :param seconds: after which to leave the work unfinished
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
