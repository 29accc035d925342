"""The call of an action, written once for both clouds and for worker and event loop.

A call is a generator: it yields what it needs from outside, a key (:class:`AcquireCredentials`) or the response to a
request (:class:`HttpRequest`), and returns the decoded response. :func:`run` drives it on a worker and :func:`arun`
in an event loop. The classes here are the base of each cloud's clients.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

from typing_extensions import Self

from airflow_provider_viapi.errors import (
    ConnectionFailed,
    CredentialsRejected,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.http import (
    AsyncTransport,
    HttpRequest,
    HttpSettings,
    SyncTransport,
)
from airflow_provider_viapi.renewable_credentials import KeySource
from airflow_provider_viapi.retrying import READ, WRITE, retry_call

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AcquireCredentials:
    """A call's need of a key or token.

    :param rejected: the one that the service no longer accepts, if this asks for another one
    """

    source: KeySource[Any]
    rejected: Any = None


T = TypeVar("T")
Call = Generator[AcquireCredentials | HttpRequest, Any, T]


def call_with_renewal(
    source: KeySource[Any],
    attempt: Callable[[Any], Call[T]],
    *,
    action: str,
    is_renewable: Callable[[CredentialsRejected], bool] = lambda rejection: True,
) -> Call[T]:
    """Call with the current key; if it was rejected and there is another one, call once more with that.

    :param attempt: makes the call with a key
    :param is_renewable: decides whether another key may help
    :raises ConnectionFailed: no key can be acquired at the moment; nothing was sent, or it was rejected
    """
    credentials = yield from _acquire(AcquireCredentials(source), action)
    try:
        return (yield from attempt(credentials))
    except CredentialsRejected as rejection:
        if not is_renewable(rejection):
            raise
        renewed = yield from _acquire(AcquireCredentials(source, credentials), action)
        if renewed == credentials:
            raise
        logger.info("The key or token was rejected (%s); retrying with a new one", rejection.code)
    return (yield from attempt(renewed))


def _acquire(need: AcquireCredentials, action: str) -> Call[Any]:
    try:
        return (yield need)
    except TransientError as failure:
        # Whatever happened to the request for a key: the action itself was not accepted.
        raise ConnectionFailed(
            f"no access key could be obtained: {failure.message}",
            code=failure.code,
            request_id=failure.request_id,
            action=action,
        ) from None


def run(call: Call[T], transport: SyncTransport) -> T:
    """Drive a call on a worker."""
    try:
        need = next(call)
        while True:
            try:
                if isinstance(need, AcquireCredentials):
                    supply = need.source.current(need.rejected)
                else:
                    supply = transport.send(need)
            except ServiceError as error:
                need = call.throw(error)
            else:
                need = call.send(supply)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def arun(call: Call[T], transport: AsyncTransport) -> T:
    """Drive a call in an event loop."""
    try:
        need = next(call)
        while True:
            try:
                if isinstance(need, AcquireCredentials):
                    supply = await need.source.acurrent(need.rejected)
                else:
                    supply = await transport.send(need)
            except ServiceError as error:
                need = call.throw(error)
            else:
                need = call.send(supply)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


OnCall = Callable[[str, ServiceError | None], None]
"""Called after each call with the action, as ``service.Action``, and the error if there was one."""


def ignore_call(action: str, error: ServiceError | None) -> None:
    """Do nothing after a call."""


class ObservedCalls:
    """Base of an account whose calls are reported.

    :param on_call: called after each call
    """

    on_call: OnCall

    @contextmanager
    def observe(self, action: AnyAction) -> Iterator[None]:
        """Report the call of an action that is made inside this context to ``on_call``."""
        try:
            yield
        except ServiceError as error:
            self.on_call(action.full_name, error)
            raise
        self.on_call(action.full_name, None)


class AnyAction(Protocol):
    """An action of either cloud."""

    @property
    def full_name(self) -> str:
        """The action, as ``service.Action``."""
        ...

    @property
    def idempotent(self) -> bool:
        """True if calling twice costs and changes nothing more than calling once."""
        ...


class AnyAccount(Protocol):
    """An account of either cloud."""

    @property
    def endpoint(self) -> str | None:
        """One base address for all services, if the connection has one."""
        ...

    @property
    def http(self) -> HttpSettings:
        """Settings for HTTP."""
        ...


Action = TypeVar("Action", bound=AnyAction)
Account = TypeVar("Account", bound=AnyAccount)


class BaseClient(Generic[Account, Action]):
    """Calls actions from a worker; not to be shared between threads.

    :param account: whose key, at which address
    :param retry_seconds: for how long failed calls are retried where that is safe; default: 60
    """

    def __init__(self, account: Account, *, retry_seconds: float = 60.0) -> None:
        self.account = account
        self.retry_seconds = retry_seconds
        self._transport = SyncTransport(account.http)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def clock_skew(self) -> timedelta:
        """Lead of the local clock over the service's, by the date of its last response."""
        return self._transport.clock_skew

    @property
    def request_id(self) -> str | None:
        """The service's id of the last request, if its response named one in a header."""
        return self._transport.request_id

    @staticmethod
    def find_action(action: Action | str, /) -> Action:
        """Return the action, or the one of that name.

        :raises InvalidRequest: no action has that name
        """
        raise NotImplementedError

    def call(self, action: Action | str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action, retry where that is safe, and return the decoded response.

        :param action: the action or its name, such as ``imgsearch.SearchImage`` or ``vias.CreateTask``
        :param request: parameters by wire name; checked before anything is sent
        :raises ServiceError: see the tree in ``errors``
        """
        found = self.find_action(action)
        return retry_call(
            lambda: self.call_once(found, request),
            policy=READ if found.idempotent else WRITE,
            max_seconds=self.retry_seconds,
            log=logger,
        )

    def call_once(self, action: Action | str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action without retries, except once more with a new key after the old one was rejected."""
        raise NotImplementedError


class BaseAsyncClient(Generic[Account]):
    """Calls actions in an event loop; a context manager that closes the connections.

    :param account: whose key, at which address
    """

    def __init__(self, account: Account, transport: AsyncTransport) -> None:
        self.account = account
        self._transport = transport

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.close()
