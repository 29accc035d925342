"""Huawei Cloud's actions, called from a worker and from an event loop.

All that the protocol is lives in ``rest``, and how bytes go out and come in in ``transport``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_viapi.credentials import Renewable
from airflow_provider_viapi.errors import CredentialsRejected
from airflow_provider_viapi.http import (
    AsyncTransport,
    HttpResponse,
    SyncTransport,
    open_loop_transport,
    trying_again,
)
from airflow_provider_viapi.huawei.config import Account, Auth, Token
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.rest import decode, encode, rate_limit
from airflow_provider_viapi.huawei.services import iam
from airflow_provider_viapi.huawei.tokens import User, project_of, read_token, token_request

logger = logging.getLogger(__name__)


def with_token_for(
    user: User,
    account: Account,
    read: Callable[[], User] | None = None,
    read_in_loop: Callable[[], Awaitable[User]] | None = None,
) -> Account:
    """The account with a token for a user's password as its proof, kept until shortly before it ends.

    :param account: says where IAM is, in which project the token is to be good, and how to call
    :param read: the user to fetch a token for, read each time since the password may have been changed meanwhile;
        always the same one unless given
    :param read_in_loop: the same where an event loop needs the token
    """

    def fetch() -> Token:
        return _fetch_token(read() if read else user, account)

    async def fetch_in_loop() -> Token:
        today = await read_in_loop() if read_in_loop else user
        return await asyncio.to_thread(_fetch_token, today, account)

    return replace(account, proof=Renewable(fetch, fetch_in_loop))


def _fetch_token(user: User, account: Account) -> Token:
    action = iam.CREATE_TOKEN
    transport = SyncTransport(verify=account.verify, timeout=account.timeout)

    def ask() -> Token:
        request = token_request(user, account, _now())
        return read_token(
            transport.send(request, address=account.address(action.service), action=action.name)
        )

    try:
        return trying_again(10, repeatable=True)(ask)
    finally:
        transport.close()


class Client:
    """Calls actions from a worker; not to be shared between threads.

    :param account: whose proof, at which addresses
    :param patience: seconds over which a call is tried again while the service throttles or stumbles
    """

    def __init__(self, account: Account, *, patience: float = 60.0) -> None:
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

    def call_once(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action with a single request and return its decoded answer.

        A key or token that is no longer accepted is renewed once, if there is another one, and the call made anew
        with that: with status 401 nothing was accepted.
        """
        checked = action.check(request)
        self._find_project(action)
        proof = self.account.proof.current()
        try:
            return self._call_with(proof, action, checked)
        except CredentialsRejected as rejection:
            renewed = self.account.proof.current(rejected=proof)
            if renewed == proof:
                raise
            _tell_renewed(rejection)
        return self._call_with(renewed, action, checked)

    def make_ready(self, action: Action) -> None:
        """Have at hand what a call of the action needs: a key or token, and the project's id.

        :raises ServiceError: it is not to be had; nothing of the call itself was sent
        """
        self.account.proof.current()
        self._find_project(action)

    def _find_project(self, action: Action) -> None:
        if _needs_project(action, self.account):
            answer = self.call_once(iam.LIST_PROJECTS, {"name": self.account.region})
            self.account = self.account.in_project(project_of(answer, self.account.region))

    def _call_with(self, proof: Auth, action: Action, checked: Mapping[str, Any]) -> dict[str, Any]:
        request = encode(action, checked, self.account, proof, _now())
        address = self.account.address(action.service)
        return _take_in(action, self._transport.send(request, address=address, action=action.name))


class AsyncClient:
    """Calls actions from an event loop; :func:`open_async_client` makes one.

    :param account: whose proof, at which addresses
    :param transport: what sends
    """

    def __init__(self, account: Account, transport: AsyncTransport) -> None:
        self.account = account
        self._transport = transport
        self._finding_project = asyncio.Lock()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._transport.close()

    async def call_once(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action with a single request; see :meth:`Client.call_once`."""
        checked = action.check(request)
        await self._find_project(action)
        proof = await self.account.proof.acurrent()
        try:
            return await self._call_with(proof, action, checked)
        except CredentialsRejected as rejection:
            renewed = await self.account.proof.acurrent(rejected=proof)
            if renewed == proof:
                raise
            _tell_renewed(rejection)
        return await self._call_with(renewed, action, checked)

    async def _find_project(self, action: Action) -> None:
        if not _needs_project(action, self.account):
            return
        async with self._finding_project:
            if _needs_project(action, self.account):
                answer = await self.call_once(iam.LIST_PROJECTS, {"name": self.account.region})
                self.account = self.account.in_project(project_of(answer, self.account.region))

    async def _call_with(self, proof: Auth, action: Action, checked: Mapping[str, Any]) -> dict[str, Any]:
        request = encode(action, checked, self.account, proof, _now())
        address = self.account.address(action.service)
        return _take_in(action, await self._transport.send(request, address=address, action=action.name))


async def open_async_client(account: Account) -> AsyncClient:
    """A client for the running event loop, its certificates loaded off the loop; close it when done."""
    return AsyncClient(account, await open_loop_transport(verify=account.verify, timeout=account.timeout))


def _needs_project(action: Action, account: Account) -> bool:
    return account.project_id is None and "{project_id}" in action.path


def _take_in(action: Action, response: HttpResponse) -> dict[str, Any]:
    if limits := rate_limit(response):
        logger.debug("%s: %s", action.name, limits)
    return decode(action, response)


def _tell_renewed(rejection: CredentialsRejected) -> None:
    logger.info("The key or token was no longer accepted (%s); calling anew with another one", rejection.code)


def _now() -> datetime:
    return datetime.now(timezone.utc)
