"""The two transports: ``requests`` where a worker calls, ``httpx`` where an event loop does.

All that the protocol is lives in ``rpc``; here bytes go out and come in, and the HTTP libraries' exceptions become
those of our tree. Their texts hold the signed address, so they are never passed on.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.credentials import Credentials, another_key_may_do
from airflow_provider_viapi.alibaba.errors import (
    AnswerLost,
    CredentialsRejected,
    TransientError,
    Unreachable,
    ViapiError,
)
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.redaction import keep_http_logs_clean
from airflow_provider_viapi.alibaba.rpc import HttpRequest, HttpResponse, decode, encode
from airflow_provider_viapi.alibaba.stamp import Stamp

if TYPE_CHECKING:
    import httpx
    import requests

logger = logging.getLogger(__name__)


def may_send_again(action: Action, error: BaseException) -> bool:
    """Whether the same call may be made anew after this error without any risk of paying twice."""
    if isinstance(error, AnswerLost):
        return action.repeatable
    return isinstance(error, TransientError)


class Client:
    """Calls actions from a worker; not to be shared between threads.

    :param account: whose key, at which address
    :param patience: seconds over which a call is tried again while the service throttles or stumbles
    """

    def __init__(self, account: Account, *, patience: float = 60.0) -> None:
        import requests

        keep_http_logs_clean()
        self.account = account
        self.patience = patience
        self._session = requests.Session()
        # Otherwise a .netrc would have its password put where ACS3 has the signature.
        self._session.auth = lambda signed: signed

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def call(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action, again if need be and if that is safe, and return its decoded answer.

        :param request: parameters by wire name
        :raises ViapiError: what the tree in ``errors`` says
        """
        from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential, wait_random

        trying = Retrying(
            retry=retry_if_exception(lambda error: may_send_again(action, error)),
            wait=wait_exponential(multiplier=0.5, max=10) + wait_random(0, 1),
            stop=stop_after_delay(self.patience),
            reraise=True,
        )
        return trying(self.call_once, action, request)

    def call_stamped(
        self, action: Action, request: Mapping[str, Any], stamp: Stamp, credentials: Credentials
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
            return self._call_with(credentials, action, checked, Stamp.new())
        except CredentialsRejected as rejection:
            if not another_key_may_do(rejection):
                raise
            renewed = self.account.credentials.current(rejected=credentials)
            if renewed == credentials:
                raise
            _tell_renewed(rejection)
        return self._call_with(renewed, action, checked, Stamp.new())

    def _call_with(
        self, credentials: Credentials, action: Action, checked: Mapping[str, Any], stamp: Stamp
    ) -> dict[str, Any]:
        account = self.account.signing_with(credentials)
        return decode(action, self._send(action, encode(action, checked, account, stamp)))

    def _send(self, action: Action, request: HttpRequest) -> HttpResponse:
        import requests

        try:
            answer = self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                timeout=self.account.timeout,
                # Given here, it wins over what the environment says of certificates.
                verify=self.account.verify,
                allow_redirects=False,
            )
            return HttpResponse(answer.status_code, answer.content)
        except requests.RequestException as error:
            translated = _from_requests(self.account, action, error)
        raise translated


class AsyncClient:
    """Calls actions from an event loop; :func:`open_async_client` makes one.

    :param account: whose key, at which address
    :param http: what sends
    """

    def __init__(self, account: Account, http: httpx.AsyncClient) -> None:
        self.account = account
        self._http = http

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def call_once(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action with a single request and return its decoded answer.

        A key that is no longer accepted is renewed, if there is another one, and the call made anew with that.

        :param request: parameters by wire name
        :raises ViapiError: what the tree in ``errors`` says
        """
        checked = action.check(request)
        credentials = await self.account.credentials.current_in_loop()
        try:
            return await self._call_with(credentials, action, checked)
        except CredentialsRejected as rejection:
            if not another_key_may_do(rejection):
                raise
            renewed = await self.account.credentials.current_in_loop(rejected=credentials)
            if renewed == credentials:
                raise
            _tell_renewed(rejection)
        return await self._call_with(renewed, action, checked)

    async def _call_with(
        self, credentials: Credentials, action: Action, checked: Mapping[str, Any]
    ) -> dict[str, Any]:
        account = self.account.signing_with(credentials)
        return decode(action, await self._send(action, encode(action, checked, account, Stamp.new())))

    async def _send(self, action: Action, request: HttpRequest) -> HttpResponse:
        import httpx

        try:
            answer = await self._http.request(
                request.method, request.url, content=request.body, headers=request.headers
            )
            return HttpResponse(answer.status_code, answer.content)
        except httpx.HTTPError as error:
            translated = _from_httpx(self.account, action, error)
        raise translated


async def open_async_client(account: Account) -> AsyncClient:
    """A client for the running event loop, its certificates loaded off the loop; close it when done."""
    import asyncio

    import httpx

    keep_http_logs_clean()
    context = await asyncio.to_thread(_tls_context, account.verify)
    return AsyncClient(account, httpx.AsyncClient(verify=context, timeout=account.timeout))


def _tell_renewed(rejection: CredentialsRejected) -> None:
    logger.info("The key was no longer accepted (%s); calling anew with another one", rejection.code)


@cache
def _tls_context(verify: bool | str) -> ssl.SSLContext:
    import httpx

    if isinstance(verify, str):
        return ssl.create_default_context(cafile=verify)
    return httpx.create_ssl_context(verify=verify)


def _from_requests(account: Account, action: Action, error: requests.RequestException) -> ViapiError:
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, SSLError

    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    # Any other TLS error may come while the answer is read, when the request has long arrived.
    untrusted = isinstance(reason, SSLError) and any(
        isinstance(each, ssl.SSLCertVerificationError) for each in reason.args
    )
    if isinstance(error, requests.ConnectTimeout) or untrusted:
        return _unreachable(account, action, error)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return _unreachable(account, action, reason)
    return _answer_lost(account, action, error)


def _from_httpx(account: Account, action: Action, error: httpx.HTTPError) -> ViapiError:
    import httpx

    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return _unreachable(account, action, error)
    return _answer_lost(account, action, error)


def _unreachable(account: Account, action: Action, error: Exception) -> ViapiError:
    address = account.address(action.service)
    return Unreachable(f"no connection to {address} ({type(error).__name__})", action=action.name)


def _answer_lost(account: Account, action: Action, error: Exception) -> ViapiError:
    address = account.address(action.service)
    return AnswerLost(f"no answer came back from {address} ({type(error).__name__})", action=action.name)
