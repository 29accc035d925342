"""Base of the triggers that watch a list and start DAGs, for ``AssetWatcher`` in Airflow 3."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Hashable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_viapi.errors import ConfigurationError, InvalidRequest
from airflow_provider_viapi.result_fields import storable
from airflow_provider_viapi.retrying import jittered
from airflow_provider_viapi.watch.cursor import Cursor, ListEntry, NewEntry, Page, StartFrom
from airflow_provider_viapi.watch.cursor_store import FIRST_PAUSE, LONGEST_PAUSE
from airflow_provider_viapi.watch.shared_pages import can_confirm, make_producer, shared_pages

if TYPE_CHECKING:
    from airflow.triggers.base import BaseEventTrigger
    from airflow.triggers.shared_stream import SharedStreamProducer

    from airflow_provider_viapi.watch.cursor_store import CursorStore
    from airflow_provider_viapi.watch.shared_pages import Pages
else:
    try:
        from airflow.triggers.base import BaseEventTrigger
    except ImportError:
        # Airflow 2: the module can be imported, the trigger cannot be used.
        BaseEventTrigger = None

SAVE_AGAIN_AFTER = 86_400.0
"""Seconds after which an unchanged state is stored again: object storage may delete what is old."""


STORED_AFTER = 4.0
"""Seconds after which an event counts as stored where Airflow does not confirm that."""


class WatcherTrigger(BaseEventTrigger or BaseTrigger):  # type: ignore[misc]
    """Fire an event for each new entry of a list, once.

    All watchers of a list in one triggerer share one reading of it. Each has a cursor of its own, which is stored
    with its asset (see ``watch.cursor_store``). Airflow stores the arguments in its database: they name connections
    and never hold a key.

    An event whose storage in Airflow's database was not confirmed when the triggerer ended is fired again after the
    restart, with ``redelivered: true`` in it.

    :param start_from: what a new watcher does with entries that are listed already: ``now`` leaves them out,
        ``listed`` fires an event for each; default: ``now``
    """

    kept: ClassVar[int | None] = None
    """Seconds after which an entry is forgotten, counted from the newest; default: never."""

    recognizes: ClassVar[bool] = False
    """A list whose source has changed may be the same one; see ``watch.cursor.Cursor``."""

    def __init__(self, *, start_from: StartFrom = "now") -> None:
        if BaseEventTrigger is None:
            raise ConfigurationError(
                f"{type(self).__name__} needs Airflow 3.0 or later, whose assets have watchers. {self.instead()}",
            )
        if start_from not in get_args(StartFrom):
            raise self.invalid("start_from", start_from, "now or listed")
        super().__init__()
        self.start_from = start_from

    # What a subclass implements.

    @classmethod
    def instead(cls) -> str:
        """Return what to use on Airflow 2."""
        raise NotImplementedError

    @classmethod
    def list_key(cls, arguments: Mapping[str, Any]) -> Hashable:
        """Return what triggers have in common that read the same list.

        :param arguments: of one of them
        """
        raise NotImplementedError

    @property
    def listed(self) -> str:
        """Identity of the list, however often and with whatever filter it is read."""
        raise NotImplementedError

    @classmethod
    def open_pages(cls, arguments: Mapping[str, Any]) -> Pages:
        """Begin to read the list.

        :param arguments: of one of the triggers that share it
        """
        raise NotImplementedError

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that rebuild the trigger."""
        return {"start_from": self.start_from}

    def wants(self, entry: ListEntry) -> bool:
        """Return whether an entry fires an event."""
        return True

    async def payload(self, entry: ListEntry) -> dict[str, Any] | None:
        """Return what an event says about an entry; ``None``: it fires none."""
        return dict(entry.fields)

    # What Airflow calls.

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments that rebuild this trigger in any triggerer."""
        return f"{type(self).__module__}.{type(self).__qualname__}", self.arguments()

    def shared_stream_key(self) -> Hashable | None:
        """Return what triggers have in common that share a reading; ``None`` before Airflow confirms events."""
        return self.list_key(self.arguments()) if can_confirm() else None

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> SharedStreamProducer:
        """Return what Airflow distributes pages from."""
        return make_producer(partial(cls.open_pages, kwargs))

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Page]) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each new entry of the pages."""
        run = await self._open_run()
        async for page in shared_stream:
            async for event in run.events(page):
                yield event

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each new entry of the list, where Airflow does not share readings."""
        arguments = self.arguments()
        async with shared_pages(self.list_key(arguments), lambda: self.open_pages(arguments)) as pages:
            async for event in self.filter_shared_stream(pages):
                yield event

    async def _open_run(self) -> _WatcherRun:
        from airflow_provider_viapi.watch.cursor_store import open_cursor_store

        store, state = await open_cursor_store(
            getattr(self, "asset_state_store", None), *self.serialize(), self.listed, self.log
        )
        return _WatcherRun(self, store, state)

    @classmethod
    def names(cls, parameter: str, names: Sequence[str] | str) -> list[str]:
        """Return an argument that is a name or a list of names, in one order: equal watchers are equal to Airflow.

        :raises InvalidRequest: it is something else, or empty
        """
        listed = [names] if isinstance(names, str) else names
        if (
            not isinstance(listed, Sequence)
            or not listed
            or not all(isinstance(each, str) for each in listed)
        ):
            raise cls.invalid(parameter, names, "a name or a list of names that is not empty")
        return sorted(set(listed))

    @classmethod
    def invalid(cls, name: str, value: object, allowed: str) -> InvalidRequest:
        """Return the error about an argument."""
        from airflow_provider_viapi.schema import short_repr

        return InvalidRequest(f"{cls.__name__}: {name} is {short_repr(value)}; allowed: {allowed}")


class _WatcherRun:
    """One run of a watcher: its cursor, and where that is stored."""

    def __init__(self, trigger: WatcherTrigger, store: CursorStore, state: Mapping[str, Any] | None) -> None:
        self._trigger = trigger
        self._log = trigger.log
        self._store = store
        self._cursor = Cursor(
            state if state and "version" in state else None,
            start_from=trigger.start_from,
            wants=trigger.wants,
            kept=trigger.kept,
            recognizes=trigger.recognizes,
        )
        self._problem: str | None = (state or {}).get("problem")
        self._saving = asyncio.Lock()
        self._handed_out: list[tuple[float, Collection[NewEntry]]] = []
        self._saved_at = time.monotonic()
        self._is_lost = False

    async def events(self, page: Page) -> AsyncIterator[TriggerEvent]:
        """Yield the events of a page."""
        if self._is_lost:
            raise RuntimeError("events may not have been stored; the watcher continues from its stored state")
        self._confirm_after_a_while()
        deliveries = self._cursor.take(page)
        if page.problem != self._problem:
            self._report(page)
        elif not (self._cursor.is_changed or time.monotonic() - self._saved_at > SAVE_AGAIN_AFTER):
            return
        await self._save()
        for each in deliveries:
            payload = await self._trigger.payload(each.entry)
            if payload is not None:
                yield TriggerEvent(storable({**payload, "redelivered": each.redelivered}))
        if deliveries and page.confirms:
            page.when_stored.append(partial(self._on_stored, deliveries))
        elif deliveries:
            self._handed_out.append((time.monotonic(), deliveries))

    def _confirm_after_a_while(self) -> None:
        """Take events as stored where nothing says when they are; a triggerer stores them every second."""
        while self._handed_out and time.monotonic() - self._handed_out[0][0] > STORED_AFTER:
            self._cursor.confirm(self._handed_out.pop(0)[1])

    def _report(self, page: Page) -> None:
        self._problem = page.problem
        if page.problem is None:
            self._log.info("%s: the list can be read again", self._trigger)
        elif page.source:
            self._log.error("%s: %s", self._trigger, page.problem)
        else:
            self._log.error("%s: no events are fired until this is solved: %s", self._trigger, page.problem)

    async def _on_stored(self, deliveries: Collection[NewEntry], stored: bool) -> None:
        if not stored:
            self._is_lost = True
            return
        self._cursor.confirm(deliveries)
        await self._save_once()

    async def _save(self) -> None:
        """Store the state; while the store cannot be used, nothing is delivered."""
        from airflow_provider_viapi.errors import StateConflict

        pause = FIRST_PAUSE
        while True:
            try:
                return await self._save_once()
            except StateConflict:
                # Another triggerer has taken this trigger over.
                raise
            except Exception as error:
                self._log.warning("The state of %s cannot be stored; retrying: %s", self._trigger, error)
            await asyncio.sleep(jittered(pause))
            pause = min(LONGEST_PAUSE, 2 * pause)

    async def _save_once(self) -> None:
        async with self._saving:
            state = self._cursor.state()
            if self._problem is not None:
                state["problem"] = storable(self._problem)
            try:
                if state:
                    await self._store.save(state)
            except Exception:
                self._cursor.is_changed = True
                raise
            self._saved_at = time.monotonic()
