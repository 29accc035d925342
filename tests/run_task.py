"""Runs an operator as a worker and a triggerer would, without either: execute, the trigger, the method after."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperator, TaskDeferred

from airflow_provider_viapi.jobs.ledger import Store


@dataclass
class TaskInstance:
    """As much of a task instance as an operator uses."""

    try_number: int = 1
    max_tries: int = 3
    pushed: dict[str, Any] = field(default_factory=dict)

    task_id: str = "task"
    map_index: int = -1
    dag_id: str = "dag"
    run_id: str = "run"

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep what the task leaves for others."""
        self.pushed[key] = value

    def xcom_pull(self, **_: Any) -> None:
        """Find nothing: there are no other tasks."""


@dataclass
class Life:
    """What became of a task.

    :param result: what it returned
    :param pushed: the XComs that it pushed besides
    :param trigger: class path and arguments of the trigger that it waited with
    """

    result: Any
    pushed: dict[str, Any]
    trigger: tuple[str, dict[str, Any]] | None = None


def live(
    operator: BaseOperator, store: Store | None = None, *, try_number: int = 1, max_tries: int = 3
) -> Life:
    """Run one try of a task from its start to its end; what it raises comes through.

    :param store: what stands in for Airflow's task state store, to be passed to each try; without one the task
        runs as on an Airflow that has none
    """
    instance = TaskInstance(try_number, max_tries)
    context: Any = {"ti": instance, "task_instance": instance, "dag": SimpleNamespace(tasks=[])}
    if store is not None:
        context["task_state_store"] = store
    try:
        return Life(operator.execute(context), instance.pushed)
    except TaskDeferred as deferral:
        # Through text and back, as the database keeps it.
        path, arguments = json.loads(json.dumps(deferral.trigger.serialize()))
        method = getattr(operator, deferral.method_name)
    event = asyncio.run(_first_event(resolve_name(path)(**arguments)))
    result = method(context, event=json.loads(json.dumps(event.payload)))
    return Life(result, instance.pushed, (path, arguments))


async def _first_event(trigger: Any) -> Any:
    async for event in trigger.run():
        return event
    raise AssertionError("the trigger ended without an event")
