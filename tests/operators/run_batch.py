"""Runs a batch as workers and triggerers would: a new operator instance after each wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import Any

from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_viapi.operators.batch.base import BatchOperator
from run_task import TaskInstance, context_of

try:
    from airflow.sdk.execution_time.context import OutletEventAccessors
except ImportError:
    from airflow.utils.context import OutletEventAccessors  # type: ignore[attr-defined,no-redef]


class WorkerLost(BaseException):
    """The worker process is gone."""


class Store:
    """A task state store that keeps JSON as a database does, and can lose its worker at a write.

    :param reads: how many there were
    :param writes: the length of each value that was written
    :param lost_at_write: the worker is lost before the write of this number, or just after it if ``lost_after``
    """

    is_persistent = True
    survives_clear = True

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.reads = 0
        self.writes: list[int] = []
        self.lost_at_write: int | None = None
        self.lost_after = False

    def get(self, key: str) -> Any:
        self.reads += 1
        return json.loads(self.kept.get(key, "null"))

    def set(self, key: str, value: Any) -> None:
        text = json.dumps(value)
        self.writes.append(len(text))
        is_last = len(self.writes) == self.lost_at_write
        if is_last and not self.lost_after:
            raise WorkerLost
        self.kept[key] = text
        if is_last:
            raise WorkerLost

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


@dataclass
class BatchRun:
    """Outcome of a batch.

    :param rows: the rows that it returned
    :param pushed: the XComs that it pushed; the last value of each key
    :param triggers: arguments of its triggers
    :param events: payloads of their events
    :param outlet_events: events of its outlets
    """

    rows: Any = None
    pushed: dict[str, Any] = field(default_factory=dict)
    triggers: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    outlet_events: Any = field(default_factory=OutletEventAccessors)


def run_batch(
    make: Callable[[], BatchOperator],
    store: Store | None,
    *,
    try_number: int = 1,
    max_tries: int = 3,
    between: Callable[[BatchRun], None] = lambda run: None,
    early_wake_ups: int = 0,
    run_id: str = "run",
    passes_kwargs: bool = True,
) -> BatchRun:
    """Run one attempt of a batch to its end, and raise what it raises.

    :param make: returns a new operator, as each worker parses the DAG
    :param early_wake_ups: how many of the first triggers fire at once, before any job has ended
    :param passes_kwargs: a deferral's kwargs reach the method that continues; ``dag.test()`` of Airflow 3 passes none
    :param between: called while the batch is deferred, before its trigger runs
    """
    instance = TaskInstance(try_number, max_tries, run_id=run_id)
    context = context_of(instance, store)
    run = BatchRun(pushed=instance.pushed)
    context["outlet_events"] = run.outlet_events
    go_on: Callable[[], Any] = lambda: make().execute(context)  # noqa: E731
    while True:
        try:
            run.rows = go_on()
        except TaskDeferred as deferral:
            # Through text and back, as the database keeps it.
            path, arguments = json.loads(json.dumps(deferral.trigger.serialize()))
            if len(run.triggers) < early_wake_ups:
                arguments["continue_at"] = "2020-01-01T00:00:00+00:00"
            run.triggers.append(arguments)
            between(run)
            event = asyncio.run(_first_event(resolve_name(path)(**arguments)))
            run.events.append(json.loads(json.dumps(event.payload)))
            kwargs = json.loads(json.dumps(deferral.kwargs)) if passes_kwargs else {}
            kwargs["event"] = run.events[-1]
            method = deferral.method_name
            go_on = lambda: make().resume_execution(method, kwargs, context)  # noqa: B023, E731
        else:
            return run


async def _first_event(trigger: Any) -> Any:
    async for event in trigger.run():
        return event
    raise AssertionError("the trigger ended without an event")
