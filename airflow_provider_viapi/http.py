"""Send HTTP requests: ``requests`` on a worker, ``httpx`` in an event loop, with the same settings and errors.

The exceptions of both libraries become errors of this package, see ``http_errors``.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.http_errors import (
    origin_of,
    translate,
    was_not_sent_by_httpx,
    was_not_sent_by_requests,
)
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.redaction import redact_text

if TYPE_CHECKING:
    import httpx
    import requests

__all__ = [
    "AsyncTransport",
    "HttpRequest",
    "HttpResponse",
    "HttpSettings",
    "SyncTransport",
    "open_async_transport",
    "redact_http_logs",
    "requests_session",
]


@dataclass(frozen=True)
class HttpRequest:
    """A request to send; its signed parts are kept out of ``repr``.

    :param action: name of the action, for error messages
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    action: str | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port of the address, for error messages."""
        return origin_of(self.url)


@dataclass(frozen=True)
class HttpResponse:
    """A response as it was received.

    :param headers: by lower-case name; kept out of ``repr`` because a token may be among them
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class SyncTransport:
    """Sends requests from a worker; not to be shared between threads."""

    def __init__(self, settings: HttpSettings) -> None:
        self.clock_skew = timedelta(0)
        """How far the local clock is ahead of the service's, by the date of the last response."""
        redact_http_logs()
        self._settings = settings
        self._session = requests_session(settings)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once, without following redirects.

        :raises ConnectionFailed: it did not reach the service
        :raises ConfigurationError: it was not sent, because of the settings or the address
        :raises ResponseLost: it may have reached the service
        """
        try:
            response = self._session.request(
                request.method, request.url, data=request.body, headers=request.headers, allow_redirects=False
            )
            self.clock_skew = _clock_skew(response.headers.get("Date"), default=self.clock_skew)
            return HttpResponse(response.status_code, response.content, _lower_case(response.headers))
        # Besides its own exceptions the library lets through some of urllib3's and of the operating system's.
        except Exception as error:
            translated = translate(error, request, self._settings, was_not_sent_by_requests(error))
        # Raised here, it has no context, and the library's message cannot be printed with it.
        raise translated


class AsyncTransport:
    """Sends requests in an event loop; :func:`open_async_transport` makes one.

    :param context: TLS settings, loaded off the loop
    """

    def __init__(self, settings: HttpSettings, context: ssl.SSLContext) -> None:
        redact_http_logs()
        self._settings = settings
        self._context = context
        self._clients: dict[str | None, httpx.AsyncClient] = {}

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once; see :meth:`SyncTransport.send`."""
        try:
            response = await self._client_for(request.url).request(
                request.method, request.url, content=request.body, headers=request.headers
            )
            return HttpResponse(response.status_code, response.content, _lower_case(response.headers))
        except Exception as error:
            translated = translate(error, request, self._settings, was_not_sent_by_httpx(error))
        raise translated

    def _client_for(self, url: str) -> httpx.AsyncClient:
        proxy = self._settings.proxy_for(url)
        client = self._clients.get(proxy)
        if client is None:
            import httpx

            client = self._clients[proxy] = httpx.AsyncClient(
                verify=self._context, timeout=self._settings.timeout, proxy=proxy, trust_env=False
            )
        return client


async def open_async_transport(settings: HttpSettings) -> AsyncTransport:
    """Return a transport for the running event loop; close it when done.

    :raises ConfigurationError: the CA bundle cannot be loaded
    """
    import asyncio

    # Loading certificates takes longer than a loop may be blocked.
    return AsyncTransport(settings, await asyncio.to_thread(tls_context, settings))


def tls_context(settings: HttpSettings) -> ssl.SSLContext:
    """Return the TLS context for the settings; contexts are shared.

    :raises ConfigurationError: the CA bundle cannot be loaded
    """
    try:
        return _tls_context(settings.verify)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(
            f"{settings.verify_setting} names {settings.verify!r}, which cannot be loaded as certificates ({reason})"
        ) from None


@cache
def _tls_context(verify: bool | str) -> ssl.SSLContext:
    import httpx

    if isinstance(verify, bool):
        return httpx.create_ssl_context(verify=verify, trust_env=False)
    if Path(verify).is_dir():
        return ssl.create_default_context(capath=verify)
    return ssl.create_default_context(cafile=verify)


def requests_session(settings: HttpSettings) -> requests.Session:
    """Return a session that takes proxies, certificates and default timeout from the settings only.

    It reads no ``.netrc``, whose password would replace a signature. Adapters may be mounted as on any session.
    """
    session: requests.Session = _session_class()(settings)
    return session


@cache
def _session_class() -> Any:
    import requests

    class ConfiguredSession(requests.Session):
        def __init__(self, settings: HttpSettings) -> None:
            super().__init__()
            self.trust_env = False
            self.settings = settings

        def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            # Every redirect comes through here too, perhaps to a host with another proxy.
            proxy = self.settings.proxy_for(request.url or "")
            options["proxies"] = {"http": proxy, "https": proxy} if proxy else {}
            options["verify"] = self.settings.verify
            if options.get("timeout") is None:
                options["timeout"] = self.settings.timeout
            return super().send(request, **options)

        def rebuild_proxies(self, prepared_request: Any, proxies: Any) -> Any:
            # It would read the environment, and send the proxy's password to the host of the redirect.
            return proxies

    return ConfiguredSession


class RedactingFilter(logging.Filter):
    """Redacts log records of HTTP libraries, which log addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace signatures and tokens in the record's message."""
        message = record.getMessage()
        redacted = redact_text(message)
        if redacted != message:
            record.msg, record.args = redacted, None
        return True


_FILTER = RedactingFilter("viapi-redaction")


def redact_http_logs() -> None:
    """Redact the logs of httpx, which logs each address at INFO, and of urllib3, which does at DEBUG."""
    for name in ("httpx", "urllib3.connectionpool"):
        # Adding the same filter again has no effect.
        logging.getLogger(name).addFilter(_FILTER)


def _clock_skew(date: str | None, default: timedelta) -> timedelta:
    try:
        return datetime.now(timezone.utc) - parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return default


def _lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
