"""A connection is read once for all that begin to wait within a minute.

A triggerer that starts again takes up thousands of triggers at once, and each reading is a call of Airflow's API.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

SECONDS_KEPT = 60.0
"""After which what was changed in a connection holds for those who come."""

T = TypeVar("T")

_readings: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, asyncio.Task[Any]]] = (
    WeakKeyDictionary()
)


async def single_flight(key: Hashable, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What was read under this key in the running event loop, less than a minute ago or just now.

    A reading that fails is told to all that wait for it, and the next one reads anew.

    :param key: what is read
    :param read: reads it
    """
    loop = asyncio.get_running_loop()
    readings = _readings.setdefault(loop, {})

    def forget_failed(reading: asyncio.Task[T]) -> None:
        if reading.cancelled() or reading.exception() is not None:
            readings.pop(key, None)

    if key not in readings:
        readings[key] = loop.create_task(read())
        readings[key].add_done_callback(forget_failed)
        loop.call_later(SECONDS_KEPT, readings.pop, key, None)
    # The first to ask may leave; the others still wait for its reading.
    return await asyncio.shield(readings[key])
