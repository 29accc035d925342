"""Clients for Alibaba Cloud's actions, on a worker and in an event loop; the protocol itself is in ``rpc``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.errors import is_expired_key
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.rpc import decode, encode
from airflow_provider_viapi.client import BaseAsyncClient, BaseClient, Call, arun, call_with_renewal, run
from airflow_provider_viapi.http import open_async_transport
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials


def _exchange(
    account: Account,
    action: Action,
    checked: Mapping[str, Any],
    credentials: Credentials,
    nonce: RequestNonce | None = None,
) -> Call[dict[str, Any]]:
    request = encode(action, checked, account, credentials, nonce or RequestNonce.new())
    with account.observe(action):
        return decode(action, (yield request))


def _call(account: Account, action: Action, request: Mapping[str, Any]) -> Call[dict[str, Any]]:
    checked = action.check(request)
    return call_with_renewal(
        account.credentials,
        lambda credentials: _exchange(account, action, checked, credentials),
        action=action.name,
        is_renewable=is_expired_key,
    )


class Client(BaseClient[Account, Action]):
    """Calls actions from a worker; see :class:`~airflow_provider_viapi.client.BaseClient`."""

    find_action = staticmethod(services.find)

    def call_once(self, action: Action | str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action without retries, except once more with a new key after the old one expired."""
        return run(_call(self.account, services.find(action), request), self._transport)

    def send_signed(
        self, action: Action, request: Mapping[str, Any], nonce: RequestNonce, credentials: Credentials
    ) -> dict[str, Any]:
        """Call an action with exactly this request: the same nonce and key make the very same one again.

        With another key a nonce repeats nothing: the gateway may take it for a new request, which is billed.
        """
        return run(
            _exchange(self.account, action, action.check(request), credentials, nonce), self._transport
        )


class AsyncClient(BaseAsyncClient[Account]):
    """Calls actions in an event loop; :func:`open_async_client` makes one."""

    async def call_once(self, action: Action | str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action without retries, except once more with a new key after the old one expired.

        :param request: parameters by wire name
        :raises ServiceError: see the tree in ``errors``
        """
        return await arun(_call(self.account, services.find(action), request), self._transport)


async def open_async_client(account: Account) -> AsyncClient:
    """Return a client for the running event loop; close it by leaving its context."""
    return AsyncClient(account, await open_async_transport(account.http))
