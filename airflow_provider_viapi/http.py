"""Bytes out and in: ``requests`` where a worker calls, ``httpx`` where an event loop does.

What the bytes mean is each cloud's own affair. The HTTP libraries' exceptions become those of our tree; their texts
may hold a signed address, so they are never passed on.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_viapi.errors import ConnectionFailed, ResponseLost, ServiceError, TransientError

if TYPE_CHECKING:
    import httpx
    import requests
    from tenacity import Retrying


@dataclass(frozen=True)
class HttpRequest:
    """A request as it goes out; its parts are kept out of ``repr`` because they are signed."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class HttpResponse:
    """An answer as it came in.

    :param headers: by name in lower case; kept out of ``repr`` because a token may be among them
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def may_send_again(error: BaseException, *, repeatable: bool) -> bool:
    """Whether the same call may be made anew after this error without any risk of paying twice.

    :param repeatable: calling twice costs and changes nothing more than calling once
    """
    if isinstance(error, ResponseLost):
        return repeatable
    return isinstance(error, TransientError)


def trying_again(seconds: float, *, repeatable: bool) -> Retrying:
    """Calls again over so many seconds while the service throttles or stumbles and that is safe."""
    from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential, wait_random

    return Retrying(
        retry=retry_if_exception(lambda error: may_send_again(error, repeatable=repeatable)),
        wait=wait_exponential(multiplier=0.5, max=10) + wait_random(0, 1),
        stop=stop_after_delay(seconds),
        reraise=True,
    )


class SyncTransport:
    """Sends from a worker; not to be shared between threads.

    :param verify: check TLS certificates; a path names a bundle of authorities
    :param timeout: seconds to wait for a connection, and again for an answer
    """

    def __init__(self, *, verify: bool | str, timeout: float) -> None:
        import requests

        self.clock_skew = timedelta(0)
        """How far our clock is ahead of the one that the last answer was dated by."""
        self._verify = verify
        self._timeout = timeout
        self._session = requests.Session()
        # Otherwise a .netrc would have its password put where a signature stands.
        self._session.auth = lambda signed: signed

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(self, request: HttpRequest, *, address: str, action: str) -> HttpResponse:
        """Send a request once.

        :param address: where to, for errors
        :param action: what for, for errors
        :raises ConnectionFailed: it did not arrive
        :raises ResponseLost: it may have arrived
        """
        import requests

        try:
            answer = self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers=request.headers,
                timeout=self._timeout,
                # Given here, it wins over what the environment says of certificates.
                verify=self._verify,
                allow_redirects=False,
            )
            self.clock_skew = _clock_ahead(answer.headers.get("Date"), otherwise=self.clock_skew)
            return HttpResponse(answer.status_code, answer.content, _lower_case(answer.headers))
        except requests.RequestException as error:
            translated = _from_requests(error, address, action)
        raise translated


class AsyncTransport:
    """Sends from an event loop; :func:`open_loop_transport` makes one.

    :param http: what sends
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, request: HttpRequest, *, address: str, action: str) -> HttpResponse:
        """Send a request once; see :meth:`SyncTransport.send`."""
        import httpx

        try:
            answer = await self._http.request(
                request.method, request.url, content=request.body, headers=request.headers
            )
            return HttpResponse(answer.status_code, answer.content, _lower_case(answer.headers))
        except httpx.HTTPError as error:
            translated = _from_httpx(error, address, action)
        raise translated


async def open_loop_transport(*, verify: bool | str, timeout: float) -> AsyncTransport:
    """A transport for the running event loop, its certificates loaded off the loop; close it when done."""
    import asyncio

    import httpx

    context = await asyncio.to_thread(_tls_context, verify)
    return AsyncTransport(httpx.AsyncClient(verify=context, timeout=timeout))


@cache
def _tls_context(verify: bool | str) -> ssl.SSLContext:
    import httpx

    if isinstance(verify, str):
        return ssl.create_default_context(cafile=verify)
    return httpx.create_ssl_context(verify=verify)


def _clock_ahead(date: str | None, otherwise: timedelta) -> timedelta:
    try:
        return datetime.now(timezone.utc) - parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return otherwise


def _lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _from_requests(error: requests.RequestException, address: str, action: str) -> ServiceError:
    import requests
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, SSLError

    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    # Any other TLS error may come while the answer is read, when the request has long arrived.
    untrusted = isinstance(reason, SSLError) and any(
        isinstance(each, ssl.SSLCertVerificationError) for each in reason.args
    )
    if isinstance(error, requests.ConnectTimeout) or untrusted:
        return _unreachable(error, address, action)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError):
        return _unreachable(reason, address, action)
    return _answer_lost(error, address, action)


def _from_httpx(error: httpx.HTTPError, address: str, action: str) -> ServiceError:
    import httpx

    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return _unreachable(error, address, action)
    return _answer_lost(error, address, action)


def _unreachable(error: Exception, address: str, action: str) -> ServiceError:
    return ConnectionFailed(f"no connection to {address} ({type(error).__name__})", action=action)


def _answer_lost(error: Exception, address: str, action: str) -> ServiceError:
    return ResponseLost(f"no answer came back from {address} ({type(error).__name__})", action=action)
