"""A deferrable operator that does nothing: the rest of a task's time is Airflow's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperator, Context
from airflow.triggers.base import BaseTrigger, TriggerEvent


class NoopOperator(BaseOperator):
    """Defer for some seconds, counted from the moment at which a job would be submitted."""

    def __init__(self, *, seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seconds = seconds

    def execute(self, context: Context) -> None:
        trigger = NoopTrigger(until=time.time() + self.seconds)
        self.defer(trigger=trigger, method_name="execute_complete")

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        return event


class NoopTrigger(BaseTrigger):
    """Fire at a time, in Unix time."""

    def __init__(self, *, until: float) -> None:
        super().__init__()
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {"until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        await asyncio.sleep(self.until - time.time())
        yield TriggerEvent({"until": self.until})
