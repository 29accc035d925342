"""Alibaba Cloud's actions, called from a worker and from an event loop.

All that the protocol is lives in ``rpc``, and how bytes go out and come in in ``transport``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow_provider_viapi.alibaba.config import Account
from airflow_provider_viapi.alibaba.credentials import Credentials, is_expired_key
from airflow_provider_viapi.alibaba.errors import CredentialsRejected
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.nonce import RequestNonce
from airflow_provider_viapi.alibaba.redaction import keep_http_logs_clean
from airflow_provider_viapi.alibaba.rpc import decode, encode
from airflow_provider_viapi.http import AsyncTransport, SyncTransport, open_loop_transport, trying_again

logger = logging.getLogger(__name__)


class Client:
    """Calls actions from a worker; not to be shared between threads.

    :param account: whose key, at which address
    :param patience: seconds over which a call is tried again while the service throttles or stumbles
    """

    def __init__(self, account: Account, *, patience: float = 60.0) -> None:
        keep_http_logs_clean()
        self.account = account
        self.patience = patience
        self._transport = SyncTransport(verify=account.verify, timeout=account.timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    @property
    def clock_skew(self) -> timedelta:
        """How far our clock is ahead of the service's, by the date of its last answer."""
        return self._transport.clock_skew

    def call(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action, again if need be and if that is safe, and return its decoded answer.

        :param request: parameters by wire name
        :raises ServiceError: what the tree in ``errors`` says
        """
        trying = trying_again(self.patience, repeatable=action.idempotent)
        return trying(self.call_once, action, request)

    def replay(
        self, action: Action, request: Mapping[str, Any], stamp: RequestNonce, credentials: Credentials
    ) -> dict[str, Any]:
        """Call an action with just this request: the same stamp and key make the very same one again.

        With another key a stamp repeats nothing: the gateway may take it for a new request, which is paid for.
        """
        return self._call_with(credentials, action, action.check(request), stamp)

    def call_once(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action with a single request and return its decoded answer.

        A key that is no longer accepted is renewed, if there is another one, and the call made anew with that.
        """
        checked = action.check(request)
        credentials = self.account.credentials.current()
        try:
            return self._call_with(credentials, action, checked, RequestNonce.new())
        except CredentialsRejected as rejection:
            if not is_expired_key(rejection):
                raise
            renewed = self.account.credentials.current(rejected=credentials)
            if renewed == credentials:
                raise
            _tell_renewed(rejection)
        return self._call_with(renewed, action, checked, RequestNonce.new())

    def _call_with(
        self, credentials: Credentials, action: Action, checked: Mapping[str, Any], stamp: RequestNonce
    ) -> dict[str, Any]:
        account = self.account.signing_with(credentials)
        request = encode(action, checked, account, stamp)
        address = account.address(action.service)
        with account.telling(action):
            return decode(action, self._transport.send(request, address=address, action=action.name))


class AsyncClient:
    """Calls actions from an event loop; :func:`open_async_client` makes one.

    :param account: whose key, at which address
    :param transport: what sends
    """

    def __init__(self, account: Account, transport: AsyncTransport) -> None:
        self.account = account
        self._transport = transport

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.close()

    async def call_once(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action with a single request and return its decoded answer.

        A key that is no longer accepted is renewed, if there is another one, and the call made anew with that.

        :param request: parameters by wire name
        :raises ServiceError: what the tree in ``errors`` says
        """
        checked = action.check(request)
        credentials = await self.account.credentials.acurrent()
        try:
            return await self._call_with(credentials, action, checked)
        except CredentialsRejected as rejection:
            if not is_expired_key(rejection):
                raise
            renewed = await self.account.credentials.acurrent(rejected=credentials)
            if renewed == credentials:
                raise
            _tell_renewed(rejection)
        return await self._call_with(renewed, action, checked)

    async def _call_with(
        self, credentials: Credentials, action: Action, checked: Mapping[str, Any]
    ) -> dict[str, Any]:
        account = self.account.signing_with(credentials)
        request = encode(action, checked, account, RequestNonce.new())
        address = account.address(action.service)
        with account.telling(action):
            return decode(action, await self._transport.send(request, address=address, action=action.name))


async def open_async_client(account: Account) -> AsyncClient:
    """A client for the running event loop, its certificates loaded off the loop; close it when done."""
    keep_http_logs_clean()
    return AsyncClient(account, await open_loop_transport(verify=account.verify, timeout=account.timeout))


def _tell_renewed(rejection: CredentialsRejected) -> None:
    logger.info("The key was no longer accepted (%s); calling anew with another one", rejection.code)
