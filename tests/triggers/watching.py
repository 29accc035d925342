"""Run a watcher as a triggerer does: with Airflow's shared streams, or on its own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from airflow_provider_viapi.triggers.watcher import WatcherTrigger


class AssetStates:
    """Airflow's store for one asset, in memory."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    @property
    def only(self) -> Any:
        """The state of the only watcher."""
        (state,) = self.values.values()
        return state

    async def aget(self, key: str, default: Any = None) -> Any:
        return self.values.get(key, default)

    async def aset(self, key: str, value: Any) -> None:
        self.values[key] = value


class Triggerer:
    """Runs watchers, and takes their events into a list for each; Airflow's manager shares their readings.

    :param confirms: events are stored as they come; otherwise :meth:`confirm` stores them
    """

    def __init__(self, *, confirms: bool = True) -> None:
        from airflow.triggers.shared_stream import SharedStreamManager

        self.manager = SharedStreamManager()
        self.confirms = confirms
        self._numbers = itertools.count(1)
        self._unconfirmed: list[int] = []

    def confirm(self) -> None:
        """Store the events so far."""
        self.manager.confirm_persisted(self._unconfirmed)
        self._unconfirmed.clear()

    @asynccontextmanager
    async def running(self, *triggers: WatcherTrigger) -> AsyncIterator[list[list[Any]]]:
        """Run triggers; yields the payloads of the events of each."""
        received: list[list[Any]] = [[] for _ in triggers]
        tasks = [
            asyncio.create_task(self._run(trigger, events))
            for trigger, events in zip(triggers, received, strict=True)
        ]
        try:
            yield received
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.manager.stop_all()

    async def _run(self, trigger: WatcherTrigger, events: list[Any]) -> None:
        number, key = next(self._numbers), trigger.shared_stream_key()
        pages = self.manager.subscribe(trigger_id=number, trigger=trigger, key=key)
        try:
            async for event in trigger.filter_shared_stream(pages):
                seq = self.manager.bind_pending_event(trigger_id=number, key=key)
                events.append(event.payload)
                self._unconfirmed += [] if seq is None else [seq]
                if self.confirms:
                    self.confirm()
        finally:
            await self.manager.unsubscribe(number, key)


async def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition holds; pytest's timeout ends it otherwise."""
    while not condition():
        await asyncio.sleep(0.02)
