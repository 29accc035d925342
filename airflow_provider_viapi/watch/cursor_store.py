"""Storage of a watcher's cursor, so that a restarted triggerer continues where it ended.

================================= ============================================= =====================================
store                             used                                          a restarted triggerer
================================= ============================================= =====================================
the asset's state store           on Airflow 3.3 and later, if one asset has    continues
                                  the watcher
object storage                    otherwise, where ``[viapi] state_path`` is    continues
                                  set
memory                            otherwise; a warning says so                  starts again
================================= ============================================= =====================================
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds between two attempts to read or write a store that cannot be used at the moment."""


HOW_OFTEN = ("poll_interval", "settle")
"""Arguments that can be changed without another state, wherever that is stored."""


class CursorStore(Protocol):
    """Stores the state of one watcher."""

    async def load(self) -> Mapping[str, Any] | None:
        """Return the state, or ``None``."""
        ...

    async def save(self, state: Mapping[str, Any]) -> None:
        """Store the state, in JSON's types."""
        ...


class AssetCursorStore:
    """The state store of the one asset that has the watcher.

    :param accessor: ``asset_state_store`` of the trigger
    :param key: name of the state in it
    """

    def __init__(self, accessor: Any, key: str) -> None:
        self._accessor = accessor
        self._key = key

    async def load(self) -> Mapping[str, Any] | None:
        """Return the state, or ``None``.

        :raises ValueError: several assets have the watcher, so that there is no one store
        """
        value = await self._call("get", self._key)
        return value if isinstance(value, Mapping) else None

    async def save(self, state: Mapping[str, Any]) -> None:
        """Store the state."""
        await self._call("set", self._key, dict(state))

    async def _call(self, name: str, *arguments: Any) -> Any:
        # The asynchronous methods are new in Airflow 3.3.2.
        asynchronous = getattr(self._accessor, f"a{name}", None)
        if asynchronous is not None:
            return await asynchronous(*arguments)
        return await asyncio.to_thread(getattr(self._accessor, name), *arguments)


class ObjectStorageCursorStore:
    """An object below ``[viapi] state_path``.

    :param name: identifies the watcher
    :raises ConfigurationError: the path cannot be opened here
    """

    def __init__(self, name: str) -> None:
        from airflow_provider_viapi.jobs.attempt_context import TaskKey
        from airflow_provider_viapi.state.object_storage import ObjectStorageStore
        from airflow_provider_viapi.state.stores import StateConfig

        self._store = ObjectStorageStore(StateConfig.read(), TaskKey("watchers", name, "cursor"))

    async def load(self) -> Mapping[str, Any] | None:
        """Return the state, or ``None``."""
        value = await asyncio.to_thread(self._store.get, "cursor")
        return value if isinstance(value, Mapping) else None

    async def save(self, state: Mapping[str, Any]) -> None:
        """Store the state.

        :raises StateConflict: another triggerer has written it since this one read it
        """
        await asyncio.to_thread(self._store.set, "cursor", dict(state))


class MemoryCursorStore:
    """Forgets the state when the trigger ends."""

    async def load(self) -> Mapping[str, Any] | None:
        """Return ``None``."""
        return None

    async def save(self, state: Mapping[str, Any]) -> None:
        """Drop the state."""


async def open_cursor_store(
    accessor: Any, classpath: str, arguments: Mapping[str, Any], listed: str, log: Log
) -> tuple[CursorStore, Mapping[str, Any] | None]:
    """Return the store for a watcher, and the state in it.

    :param accessor: ``asset_state_store`` of the trigger; ``None`` before Airflow 3.3
    :param classpath: the trigger's class
    :param arguments: the trigger's arguments
    :param listed: identifies the list, such as the address of the folder; an asset may have a watcher for each
    :param log: receives a warning if the state will be lost
    """
    from airflow_provider_viapi.state.stores import StateConfig

    if accessor is not None:
        asset = AssetCursorStore(accessor, f"watcher:{classpath.rpartition('.')[2]}:{_digest(listed)[:16]}")
        try:
            return asset, await asset.load()
        except ValueError:
            log.warning(
                "Several assets have this watcher, so its state cannot be stored with one of them; give each asset"
                " its own watcher, with another argument"
            )
    if StateConfig.read().path is not None:
        # Which asset has the watcher is not known, so the filter must distinguish it from others.
        chosen = {name: value for name, value in arguments.items() if name not in HOW_OFTEN}
        name = json.dumps([classpath, chosen], sort_keys=True, default=str)
        stored = await asyncio.to_thread(ObjectStorageCursorStore, _digest(name)[:32])
        return stored, await stored.load()
    log.warning(
        "The state of this watcher is lost when the triggerer restarts: what arrives while it is down is not"
        " delivered, or is delivered again, depending on start_from. Use Airflow 3.3 or later, or set [viapi]"
        " state_path"
    )
    return MemoryCursorStore(), None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
