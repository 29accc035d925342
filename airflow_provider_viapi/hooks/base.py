"""Base hook of both clouds: connection, client, calls, quota, metrics; ``cancelling`` and ``waiting`` add jobs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_viapi.errors import ConfigurationError, ServiceError
from airflow_provider_viapi.hooks.connection import (
    check_extra,
    missing_connection,
    single_flight,
)
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_viapi.jobs.attempt_context import AttemptContext, SubmitLimiter
    from airflow_provider_viapi.jobs.metrics import Stats
    from airflow_provider_viapi.quota.account_quota import Quota

_CONN_ID = re.compile(r"(?!\s|.*://)[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,250}(?<!\s)")
"""Secrets backends may have ids that Airflow's own form refuses; an address, or a text with line breaks, is none."""

CONN_ID_ALLOWED = "1 to 250 characters, without ://, control characters and spaces at the ends"
"""Describes the id of an Airflow connection in errors."""


def is_conn_id(value: Any) -> bool:
    """Return whether an Airflow connection can have a value as its id."""
    return isinstance(value, str) and _CONN_ID.fullmatch(value) is not None


class CloudHook(BaseHook):
    """Base of the clouds' hooks.

    Making a hook reads nothing and connects to nothing; the first call does.

    :param conn_id: id of the Airflow connection
    :raises ConfigurationError: it cannot be one
    """

    conn_type: ClassVar[str]
    accepted_conn_types: ClassVar[tuple[str, ...]] = ()
    missing_advice: ClassVar[str]
    """Says how to create the connection, for the error about a missing one."""

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        if not is_conn_id(conn_id):
            raise ConfigurationError(
                f"the id of the connection is {short_repr(conn_id)}; allowed: {CONN_ID_ALLOWED}"
            )
        self._conn_id = conn_id
        self._fingerprint: tuple[object, ...] = ()
        self._owner = ""
        self._submit_limiters: dict[str, SubmitLimiter] = {}

    # What a cloud implements.

    def _parse(self, connection: Connection, extra: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return the account that a connection describes, and the key or user that proves who calls.

        :raises ConfigurationError: a field is missing or invalid
        """
        raise NotImplementedError

    def _with_refreshing_key(
        self, account: Any, key: Any, read: Callable[[], Any], aread: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Return the account with a key that is read from the connection again when the service rejects it.

        :param read: reads the key of the moment
        :param aread: the same from an event loop
        """
        raise NotImplementedError

    def _owner_of(self, account: Any, key: Any) -> str:
        """Return what identifies the account whose quota the calls use; no secret."""
        raise NotImplementedError

    def _fingerprint_of(self, account: Any, key: Any) -> tuple[object, ...]:
        """Return what distinguishes two states of one connection, so that they do not share a poller."""
        raise NotImplementedError

    @cached_property
    def client(self) -> Any:
        """Client for a worker; its connections stay open as long as the hook exists."""
        raise NotImplementedError

    # What both have.

    @cached_property
    def account(self) -> Any:
        """Account that the connection describes; its key is read again when the service rejects it.

        :raises ConfigurationError: there is no such connection, or a field is missing or invalid
        """
        return self._refreshing(*self._read())

    async def aget_config(self) -> Any:
        """Return :attr:`account` in an event loop, without blocking it; hooks share one read per minute."""
        if "account" not in self.__dict__:
            self.__dict__["account"] = self._refreshing(*await self._aread_shared())
        return self.account

    async def _aread_shared(self) -> tuple[Any, Any]:
        account, key = await single_flight((type(self), self._conn_id), self._aread)
        self._fingerprint = self._fingerprint_of(account, key)
        return account, key

    def _refreshing(self, account: Any, key: Any) -> Any:
        self._owner = self._owner_of(account, key)

        def same_kind(current: Any) -> Any:
            # What was waited for with a key cannot continue with a user's password, or the reverse.
            return current if isinstance(current, type(key)) else key

        def read() -> Any:
            return same_kind(self._read()[1])

        async def aread() -> Any:
            return same_kind((await self._aread())[1])

        return self._with_refreshing_key(account, key, read, aread)

    def _read(self) -> tuple[Any, Any]:
        try:
            connection = self.get_connection(self._conn_id)
        except Exception as error:
            # Without a cause: that of a value that cannot be parsed quotes it, with its secret.
            raise missing_connection(self._conn_id, error, self.missing_advice) from None
        check_extra(connection)
        return self._parse(connection, connection.extra_dejson or {})

    async def _aread(self) -> tuple[Any, Any]:
        connection, extra = await self._aread_connection()
        return self._parse(connection, extra or {})

    async def _aread_connection(self) -> tuple[Connection, Mapping[str, Any]]:
        from airflow.providers.common.compat.connection import get_async_connection

        try:
            connection = await get_async_connection(self._conn_id)
            check_extra(connection)
            try:
                from airflow.providers.common.compat.connection import get_async_extra_dejson
            except ImportError:
                # common.compat before 1.21; masking secrets of the extra may then block the loop for a moment.
                return connection, connection.extra_dejson
            return connection, await get_async_extra_dejson(connection)
        except ServiceError:
            raise
        except Exception as error:
            raise missing_connection(self._conn_id, error, self.missing_advice) from None

    @property
    def connection_key(self) -> tuple[object, ...]:
        """Identifies the connection as it was read: a change applies to hooks that are made a minute later."""
        return (self.conn_type, self._conn_id, *self._fingerprint)

    @cached_property
    def quota(self) -> Quota:
        """The account's quota, shared with other processes.

        :raises ConfigurationError: see :attr:`account`
        """
        from airflow_provider_viapi.quota.account_quota import Quota

        account = self.account
        return Quota(self._owner, account.quota_url, self.stats)

    def submit_limiter(self, action: str, context: AttemptContext) -> SubmitLimiter:
        """Return what limits the submissions of an action.

        :param action: as ``service.Action``
        """
        if action not in self._submit_limiters:
            rate, now = self.account.submit_qps, context.timing.now
            self._submit_limiters[action] = self.quota.submit_limiter(
                action, rate, context.pause_or_stop, lambda: now().timestamp()
            )
        return self._submit_limiters[action]

    def release_slots(self) -> None:
        """Give back the slots that were taken for submissions and not used: the next calls do not wait for them."""
        for limiter in self._submit_limiters.values():
            limiter.release(throttled=False)

    def get_conn(self) -> Any:
        """Return the client, under the name that Airflow's hooks give it."""
        return self.client

    def call(self, action: Any, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action and return its decoded response.

        :param action: the action, or its name such as ``imgsearch.SearchImage`` or ``vias.ShowTaskInfo``
        :param request: parameters by wire name, checked before anything is sent
        :raises InvalidRequest: there is no such action, or a parameter is missing or invalid
        :raises ServiceError: see ``airflow_provider_viapi.errors``
        """
        return dict(self.client.call(action, request))

    @cached_property
    def stats(self) -> Stats:
        """Receiver of the metrics of calls and waits."""
        from airflow_provider_viapi.hooks.airflow_stats import AirflowStats

        return AirflowStats()
