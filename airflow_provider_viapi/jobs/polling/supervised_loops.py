"""Loops and calls that no exception ends: supervised loops, calls in tasks of their own, errors that may pass."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from airflow_provider_viapi.errors import ServiceError, TransientError, is_nonce_used
from airflow_provider_viapi.redaction import describe_error

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_UNEXPECTED_ERRORS = 5
"""Errors in a row that are no ``ServiceError``, such as a bug: each counts as transient, the last one is final."""

RESTART_PAUSE = 1.0
"""Seconds until a loop that failed is restarted."""


async def supervise(loop: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a loop, and restart it whenever it fails."""
    while True:
        try:
            await loop()
            return
        except Exception as error:
            with suppress(Exception):
                logger.warning("%s failed and is restarted: %s", loop.__name__, describe_error(error))
        await asyncio.sleep(RESTART_PAUSE)


async def as_coroutine(function: Callable[..., Awaitable[T]], argument: object) -> T:
    """Call a function in a coroutine, so that whatever the call raises is an error of the coroutine."""
    return await function(argument)


async def in_own_task(call: Coroutine[Any, Any, T]) -> T:
    """Await a call in a task of its own: whatever it raises, also a CancelledError, is an error of that call."""
    task = asyncio.ensure_future(call)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
    if task.cancelled():
        raise RuntimeError("the call was cancelled")
    error = task.exception()
    if error is not None and not isinstance(error, Exception):
        raise RuntimeError(describe_error(error))
    return task.result()


def may_succeed_later(error: Exception) -> bool:
    """Return whether a poll may succeed later; ``retrying.is_transient`` decides about repeating one call.

    An error that the service never saw, such as a proxy that refuses, may pass within a wait of a day.
    """
    # A proxy may send a request twice; the second one is refused for its nonce, but the next poll has a new one.
    return isinstance(error, TransientError) or (isinstance(error, ServiceError) and is_nonce_used(error))
