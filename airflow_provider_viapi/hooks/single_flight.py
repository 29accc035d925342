"""Share one asynchronous read among all callers of a minute.

A triggerer that restarts resumes thousands of triggers at once, and each read of a connection is a call of Airflow's
API.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

SECONDS_KEPT = 60.0
"""Age in seconds after which a value is read again."""

T = TypeVar("T")

_readings: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, asyncio.Task[Any]]] = (
    WeakKeyDictionary()
)


async def single_flight(key: Hashable, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Return what is read under a key in the running event loop, at most a minute old.

    A read that fails raises in all callers that wait for it; the next caller reads again.

    :param key: identifies what is read
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
    # The first caller may be cancelled; the others still wait for its read.
    return await asyncio.shield(readings[key])
