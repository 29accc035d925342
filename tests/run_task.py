"""Run an operator as a worker and a triggerer do, without either: execute, the trigger, the resumed method."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperator, TaskDeferred

from airflow_provider_viapi.jobs.ledger import Store
from airflow_provider_viapi.task_instance.xcoms import CLAIMED_KEY, INTENT_KEY, JOB_KEY


@dataclass
class TaskInstance:
    """The part of a task instance that operators use."""

    try_number: int = 1
    max_tries: int = 3
    pushed: dict[str, Any] = field(default_factory=dict)

    task_id: str = "task"
    map_index: int = -1
    dag_id: str = "dag"
    run_id: str = "run"

    def xcom_push(self, key: str, value: Any) -> None:
        """Record an XCom; Airflow 3.0 refuses ``None``."""
        assert value is not None or key not in (JOB_KEY, CLAIMED_KEY, INTENT_KEY)
        self.pushed[key] = value

    def xcom_pull(self, **_: Any) -> None:
        """Return ``None``: there are no other tasks."""


@dataclass
class TaskResult:
    """Outcome of a task.

    :param result: its return value
    :param pushed: the other XComs that it pushed
    :param trigger: class path and arguments of its trigger, if it deferred
    """

    result: Any
    pushed: dict[str, Any]
    trigger: tuple[str, dict[str, Any]] | None = None


def context_of(instance: TaskInstance, store: Store | None = None) -> Any:
    """Return the context of a task instance.

    :param store: replaces Airflow's task state store
    """
    context: Any = {"ti": instance, "task_instance": instance, "dag": SimpleNamespace(tasks=[])}
    if store is not None:
        context["task_state_store"] = store
    return context


def deferral_of(operator: BaseOperator, context: Any) -> tuple[str, dict[str, Any]]:
    """Execute a task that defers; return the method that is to continue it, and its arguments as they are stored."""
    try:
        operator.execute(context)
    except TaskDeferred as deferral:
        return deferral.method_name, json.loads(json.dumps(deferral.kwargs))
    raise AssertionError("the task did not defer")


def run_task(
    operator: BaseOperator,
    store: Store | None = None,
    *,
    try_number: int = 1,
    max_tries: int = 3,
    run_id: str = "run",
    resumed: BaseOperator | None = None,
) -> TaskResult:
    """Run one attempt of a task from start to end; its exceptions are raised.

    :param store: replaces Airflow's task state store; pass the same one to each attempt. Default: none, as on an
        Airflow without that store
    :param resumed: the operator as it is rendered again after the wait; default: the same
    """
    instance = TaskInstance(try_number, max_tries, run_id=run_id)
    context = context_of(instance, store)
    try:
        return TaskResult(operator.execute(context), instance.pushed)
    except TaskDeferred as deferral:
        # Through JSON and back, as the database stores it.
        path, arguments = json.loads(json.dumps(deferral.trigger.serialize()))
        method = deferral.method_name
        kwargs = json.loads(json.dumps(deferral.kwargs or {}))
    event = asyncio.run(_first_event(resolve_name(path)(**arguments)))
    kwargs["event"] = json.loads(json.dumps(event.payload))
    result = (resumed or operator).resume_execution(method, kwargs, context)
    return TaskResult(result, instance.pushed, (path, arguments))


async def _first_event(trigger: Any) -> Any:
    async for event in trigger.run():
        return event
    raise AssertionError("the trigger ended without an event")
