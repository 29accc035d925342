"""Retry policies: what may be called again after which error, for how long, and how long to wait in between.

The policies:

* ``READ``: calls that cost and change nothing more when repeated; retried after every transient error.
* ``WRITE``: calls that may cost money, such as submissions; retried only after errors that prove that nothing was
  accepted. A lost response is never followed by a second request.
* ``STORAGE``: reads and writes of small objects, such as the ledger; retried a few times after any exception that is
  not known to be permanent.
* ``CONNECTION``: reads of an Airflow connection that a wait for paid jobs needs.

Downloads, staging and indexing narrow ``READ`` (:meth:`RetryPolicy.only_if`): what has arrived decides as well.

Waits are no single calls and have loops of their own: a throttled submission until its deadline
(``jobs.submission``), the search for the job of a lost response (``jobs.reconciliation``), polls
(``jobs.polling.intervals``). All of them are :func:`jittered`.

:func:`retry_call` drives a policy on a worker and :func:`aretry_call` in an event loop.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from airflow_provider_viapi.errors import (
    NotForwarded,
    ServiceError,
    TransientError,
    is_unreadable_connection,
    proves_not_accepted,
)

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")


class Warns(Protocol):
    """A logger, as far as retries need it."""

    def warning(self, message: str, /, *args: Any) -> object:
        """Log a message at level WARNING."""
        ...


@dataclass(frozen=True)
class RetryPolicy:
    """When a failed call is made again.

    :param should_retry: decides by the exception that a call raised
    :param max_seconds: after this many seconds since the first attempt, a failure is no longer retried
    :param max_attempts: largest number of attempts; ``None`` for no limit
    :param initial_backoff: seconds before the second attempt; doubled after each attempt, with up to one more
        ``initial_backoff`` of random jitter
    :param max_backoff: longest wait in seconds, without the jitter
    """

    should_retry: Callable[[BaseException], bool]
    max_seconds: float = 60.0
    max_attempts: int | None = None
    initial_backoff: float = 0.5
    max_backoff: float = 10.0

    def only_if(self, condition: Callable[[BaseException], bool], **changes: Any) -> RetryPolicy:
        """Return the policy for those of its errors that satisfy a condition.

        :param changes: other fields of the new policy
        """
        return replace(
            self, should_retry=lambda error: self.should_retry(error) and condition(error), **changes
        )


def is_transient(error: BaseException) -> bool:
    """Return true if an idempotent call may succeed later."""
    return isinstance(error, TransientError) and not isinstance(error, NotForwarded)


def is_safe_to_retry(error: BaseException) -> bool:
    """Return true if the error is transient and proves that nothing was accepted, so a new call cannot pay twice."""
    return is_transient(error) and proves_not_accepted(error)  # type: ignore[arg-type]


_PERMANENT_IN_STORAGE = (
    *(FileNotFoundError, FileExistsError, PermissionError, IsADirectoryError, NotADirectoryError),
    *(ValueError, TypeError, ImportError, NotImplementedError, ServiceError),
)


def _is_storage_failure(error: BaseException) -> bool:
    # Storage libraries raise whatever their backend raises.
    return is_transient(error) or (
        isinstance(error, Exception) and not isinstance(error, _PERMANENT_IN_STORAGE)
    )


READ = RetryPolicy(is_transient)
WRITE = RetryPolicy(is_safe_to_retry)
STORAGE = RetryPolicy(_is_storage_failure, max_attempts=5, max_backoff=5.0)
CONNECTION = RetryPolicy(is_unreadable_connection, initial_backoff=1.0, max_backoff=20.0)


def jittered(seconds: float) -> float:
    """Return a random wait between half of the seconds and all of them: what failed together is retried apart."""
    return random.uniform(seconds / 2, seconds)  # noqa: S311


def retry_call(
    call: Callable[[], T],
    *,
    policy: RetryPolicy,
    max_seconds: float | None = None,
    log: Warns | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call until it succeeds or the policy gives up, and return its result.

    :param call: takes no arguments
    :param max_seconds: instead of the policy's
    :param log: logs every retry, and that it gives up, with the reason; default: no log
    :param sleep: waits between attempts; what it raises ends the retries
    :raises Exception: what the last attempt raised
    """
    from tenacity import Retrying

    return Retrying(sleep=sleep, **_options(policy, max_seconds, log))(call)


async def aretry_call(
    call: Callable[[], Awaitable[T]],
    *,
    policy: RetryPolicy,
    max_seconds: float | None = None,
    log: Warns | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Call in an event loop until it succeeds or the policy gives up; see :func:`retry_call`."""
    from tenacity import AsyncRetrying

    async def attempt() -> T:
        # tenacity awaits only coroutine functions, not a lambda that returns an awaitable.
        return await call()

    return await AsyncRetrying(sleep=sleep, **_options(policy, max_seconds, log))(attempt)


def _options(policy: RetryPolicy, max_seconds: float | None, log: Warns | None) -> dict[str, Any]:
    import tenacity

    attempts = policy.max_attempts
    stop = tenacity.stop_after_delay(policy.max_seconds if max_seconds is None else max_seconds) | (
        tenacity.stop_never if attempts is None else tenacity.stop_after_attempt(attempts)
    )

    def should_stop(state: RetryCallState) -> bool:
        stops = bool(stop(state))
        if stops and log is not None and state.attempt_number > 1:
            log.warning("Giving up after %d attempts: %s", state.attempt_number, _reason(state))
        return stops

    def log_retry(state: RetryCallState) -> None:
        if log is not None:
            seconds = state.next_action.sleep if state.next_action else 0.0
            log.warning(
                "Attempt %d failed, retrying in %.1f s: %s", state.attempt_number, seconds, _reason(state)
            )

    return {
        "retry": tenacity.retry_if_exception(policy.should_retry),
        "wait": tenacity.wait_exponential(multiplier=policy.initial_backoff, max=policy.max_backoff)
        + tenacity.wait_random(0, policy.initial_backoff),
        "stop": should_stop,
        "before_sleep": log_retry,
        "reraise": True,
    }


def _reason(state: RetryCallState) -> object:
    return state.outcome.exception() if state.outcome is not None else None
