"""Send HTTP requests: ``requests`` on a worker, ``aiohttp`` in an event loop, with the same settings and errors.

The exceptions of both libraries become errors of this package, see ``http_errors``.
"""

from __future__ import annotations

import errno
import logging
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.http_errors import (
    origin_of,
    translate,
)
from airflow_provider_viapi.http_settings import TOTAL_TIMEOUT_FACTOR, HttpSettings, is_socks
from airflow_provider_viapi.redaction import redact_text

if TYPE_CHECKING:
    import aiohttp
    import requests

__all__ = [
    "AsyncTransport",
    "HttpRequest",
    "HttpResponse",
    "HttpSettings",
    "SyncTransport",
    "open_async_transport",
    "redact_http_logs",
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
        """Lead of the local clock over the service's, by the date of the last response."""
        self.request_id: str | None = None
        """The service's id of the last request, by the header ``X-Request-Id`` of its response."""
        from airflow_provider_viapi.http_session import requests_session

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
            give_up = time.monotonic() + TOTAL_TIMEOUT_FACTOR * self._settings.timeout
            with self._session.request(
                request.method,
                request.url,
                data=request.body,
                headers={"Accept-Encoding": "gzip, deflate", **request.headers},
                allow_redirects=False,
                stream=True,
            ) as response:
                body = _read(response, give_up)
            self.clock_skew = _clock_skew(response.headers.get("Date"), default=self.clock_skew)
            self.request_id = response.headers.get("X-Request-Id")
            return HttpResponse(response.status_code, body, _lower_case(response.headers))
        # Besides its own exceptions the library lets through some of urllib3's and of the operating system's.
        except Exception as error:
            translated = translate(error, request, self._settings)
        # Raised here, it has no context, and the library's message cannot be printed with it.
        raise translated


def _read(response: requests.Response, give_up: float) -> bytes:
    """Return a response's body, decompressed.

    :param give_up: when to stop, however many bytes still arrive; a reading of the monotonic clock
    """
    from airflow_provider_viapi.http_session import read_pieces

    body = _joined(read_pieces(response, give_up))
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    return _decompress(body) if encoding in ("gzip", "x-gzip", "deflate") else body


MAX_BODY = 64 << 20
"""Most bytes of a response, also after it was decompressed."""


def _extend(body: bytearray, piece: bytes) -> None:
    body += piece
    if len(body) > MAX_BODY:
        raise OSError(errno.EMSGSIZE, f"the body has more than {MAX_BODY >> 20} MB")


def _joined(pieces: Iterable[bytes]) -> bytes:
    body = bytearray()
    for piece in pieces:
        _extend(body, piece)
    return bytes(body)


def _decompress(body: bytes) -> bytes:
    """Return the content of gzip, in one part or several, zlib, or the bare deflate that some servers send."""
    # 47: gzip or zlib, whichever the header of the data says.
    wbits = -zlib.MAX_WBITS if body and body[:1] != b"\x1f" and not _is_zlib(body) else 47
    return _joined(_decompressed(body, wbits))


def _decompressed(body: bytes, wbits: int) -> Iterator[bytes]:
    while body:
        decoder = zlib.decompressobj(wbits)
        yield decoder.decompress(body, MAX_BODY + 1)
        if not decoder.eof:
            raise EOFError("the compressed response ended early")
        body = decoder.unused_data


def _is_zlib(body: bytes) -> bool:
    # Method deflate, and the check of the header [RFC 1950, 2.2].
    return body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0


class AsyncTransport:
    """Sends requests in an event loop; :func:`open_async_transport` makes one.

    :param context: TLS settings, loaded off the loop
    """

    def __init__(self, settings: HttpSettings, context: ssl.SSLContext) -> None:
        self._settings = settings
        self._context = context
        # One for direct connections and HTTP proxies, one for each SOCKS proxy.
        self._sessions: dict[str | None, aiohttp.ClientSession] = {}

    async def close(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            await session.close()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once; see :meth:`SyncTransport.send`."""
        from yarl import URL

        try:
            proxy = self._settings.proxy_for(request.url)
            socks = proxy if is_socks(proxy) else None
            async with self._session_for(socks).request(
                request.method,
                # The signature covers the address as it is written.
                URL(request.url, encoded=True),
                data=request.body or None,
                headers=request.headers,
                allow_redirects=False,
                proxy=None if socks else proxy,
            ) as response:
                body = bytearray()
                async for piece in response.content.iter_any():
                    _extend(body, piece)
            return HttpResponse(response.status, bytes(body), _lower_case(response.headers))
        except Exception as error:
            translated = translate(error, request, self._settings)
        raise translated

    def _session_for(self, socks: str | None) -> aiohttp.ClientSession:
        session = self._sessions.get(socks)
        if session is None:
            session = self._sessions[socks] = _open_session(self._settings, self._context, socks)
        return session


def _open_session(
    settings: HttpSettings, context: ssl.SSLContext, socks: str | None
) -> aiohttp.ClientSession:
    import aiohttp

    if socks is None:
        # Without a resolver of its own it takes another one where aiodns is installed, which reads no /etc/hosts.
        connector = aiohttp.TCPConnector(ssl=context, resolver=aiohttp.ThreadedResolver())
    else:
        connector = _socks_connector(socks, context)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(
            total=TOTAL_TIMEOUT_FACTOR * settings.timeout,
            connect=settings.timeout,
            sock_read=settings.timeout,
        ),
        trust_env=False,
        # The defaults, 8 KB, refuse responses that requests accepts.
        max_line_size=65536,
        max_field_size=65536,
    )


def _socks_connector(proxy: str, context: ssl.SSLContext) -> aiohttp.TCPConnector:
    from urllib.parse import unquote, urlsplit

    from aiohttp_socks import ProxyConnector, ProxyType

    parts = urlsplit(proxy)
    connector: aiohttp.TCPConnector = ProxyConnector(
        parts.hostname or "",
        parts.port or 1080,
        ProxyType.SOCKS5,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        # As in requests: with socks5h the proxy resolves host names.
        rdns=parts.scheme.lower() == "socks5h",
        ssl=context,
    )
    return connector


async def open_async_transport(settings: HttpSettings) -> AsyncTransport:
    """Return a transport for the running event loop; close it when done.

    :raises ConfigurationError: the CA bundle cannot be loaded
    """
    import asyncio

    def load() -> ssl.SSLContext:
        # Importing it and loading certificates take longer than a loop may be blocked.
        import aiohttp  # noqa: F401

        return tls_context(settings)

    return AsyncTransport(settings, await asyncio.to_thread(load))


def tls_context(settings: HttpSettings) -> ssl.SSLContext:
    """Return the TLS context for the settings; equal settings share one.

    :raises ConfigurationError: the CA bundle cannot be loaded
    """
    try:
        return _tls_context(settings.verify, settings.bundle_modified)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(
            f"{settings.verify_setting} names {settings.verify!r}, which cannot be loaded as certificates ({reason})"
        ) from None


@lru_cache(maxsize=8)
def _tls_context(verify: bool | str, modified: int) -> ssl.SSLContext:
    # ``modified`` is part of the key of the cache: a bundle that was replaced is loaded again.
    import certifi

    path = verify if isinstance(verify, str) else certifi.where()
    is_folder = Path(path).is_dir()
    context = ssl.create_default_context(
        cafile=None if is_folder else path, capath=path if is_folder else None
    )
    context.set_alpn_protocols(["http/1.1"])
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class RedactingFilter(logging.Filter):
    """Redacts log records of urllib3, which logs addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace signatures and tokens in the record's message."""
        message = record.getMessage()
        redacted = redact_text(message)
        if redacted != message:
            record.msg, record.args = redacted, None
        return True


_FILTER = RedactingFilter("viapi-redaction")


def redact_http_logs() -> None:
    """Redact the log of urllib3, which logs each address at DEBUG."""
    # Adding the same filter again has no effect.
    logging.getLogger("urllib3.connectionpool").addFilter(_FILTER)


def _clock_skew(date: str | None, default: timedelta) -> timedelta:
    try:
        return datetime.now(timezone.utc) - parsedate_to_datetime(date or "")
    except (TypeError, ValueError):
        return default


def _lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
