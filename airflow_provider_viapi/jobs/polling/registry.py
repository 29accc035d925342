"""Pollers and rate limiters shared by all waits of an event loop: one per connection, while any wait uses them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow_provider_viapi.jobs.polling.poller import Poller
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter


@dataclass
class _SharedPoller:
    """A poller with the number of its users."""

    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    poller: Poller | None = None
    context: AbstractAsyncContextManager[Poller] | None = None


# Keyed by event loop: a poller's tasks and a limiter's clock belong to one loop, and a process may run several.
_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _SharedPoller]] = WeakKeyDictionary()
_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[Hashable, RateLimiter]] = (
    WeakKeyDictionary()
)


def shared_limiter(key: Hashable, make: Callable[[], RateLimiter]) -> RateLimiter:
    """Return the event loop's rate limiter of a connection; it exists as long as a poller uses it.

    :param key: identifies the connection
    :param make: makes the limiter for its first user
    """
    limiters = _limiters.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    limiter = limiters.get(key)
    if limiter is None:
        limiter = limiters[key] = make()
    return limiter


@asynccontextmanager
async def shared_poller(
    key: Hashable, open_poller: Callable[[], AbstractAsyncContextManager[Poller]]
) -> AsyncIterator[Poller]:
    """Enter the event loop's poller of a connection; the last user closes it.

    :param key: identifies the connection
    :param open_poller: opens the poller for its first user
    """
    pollers = _pollers.setdefault(asyncio.get_running_loop(), {})
    shared = pollers.setdefault(key, _SharedPoller())
    shared.users += 1
    try:
        async with shared.opening:
            if shared.poller is None:
                context = open_poller()
                shared.poller = await context.__aenter__()
                shared.context = context
        yield shared.poller
    finally:
        shared.users -= 1
        if shared.users == 0:
            pollers.pop(key, None)
            if shared.context is not None:
                await shared.context.__aexit__(None, None, None)
