"""One poller per connection and kind of job in an event loop, and one quota per connection, while anybody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow_provider_viapi.jobs.poller import Poller
from airflow_provider_viapi.jobs.rate_limiter import RateLimiter


@dataclass
class _Shared:
    """A poller with the number of those that use it."""

    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    poller: Poller | None = None
    context: AbstractAsyncContextManager[Poller] | None = None


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _Shared]] = WeakKeyDictionary()
_quotas: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[Hashable, RateLimiter]] = (
    WeakKeyDictionary()
)


def shared_quota(key: Hashable, rate: float) -> RateLimiter:
    """The event loop's one quota for a connection, for as long as a poller keeps to it.

    :param key: which connection
    :param rate: calls per second that all its pollers together never exceed
    """
    quotas = _quotas.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    quota = quotas.get(key)
    if quota is None:
        quota = quotas[key] = RateLimiter(rate)
    return quota


@asynccontextmanager
async def shared_poller(
    key: Hashable, open_poller: Callable[[], AbstractAsyncContextManager[Poller]]
) -> AsyncIterator[Poller]:
    """The event loop's one poller for a connection; the last to leave closes it.

    :param key: which connection
    :param open_poller: makes it when the first one comes
    """
    pollers = _shared.setdefault(asyncio.get_running_loop(), {})
    shared = pollers.setdefault(key, _Shared())
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
