"""Session of requests that takes everything from the settings and bounds each wait for a response in total.

Imported only where requests are sent, since it imports requests.
"""

from __future__ import annotations

import io
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from airflow_provider_viapi.http_settings import TOTAL_TIMEOUT_FACTOR, HttpSettings, is_socks


def requests_session(settings: HttpSettings) -> requests.Session:
    """Return a session that takes proxies, certificates and default timeout from the settings only.

    It reads no ``.netrc``, whose password would replace a signature. It may be given other adapters; only
    :class:`BoundedAdapter` and its subclasses bound the wait for a response.
    """
    return _ConfiguredSession(settings)


class _ConfiguredSession(requests.Session):
    def __init__(self, settings: HttpSettings) -> None:
        super().__init__()
        self.trust_env = False
        self.settings = settings
        self.mount("http://", BoundedAdapter())
        self.mount("https://", BoundedAdapter())

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        # Every redirect comes through here too, perhaps to a host with another proxy.
        proxy = self.settings.proxy_for(request.url or "")
        options["proxies"] = {"http": proxy, "https": proxy} if proxy else {}
        options["verify"] = self.settings.verify
        if options.get("timeout") is None:
            options["timeout"] = self.settings.timeout
        response = super().send(request, **options)
        if response.status_code < 200:
            # http.client skips no interim response but 100, so the real one is still to come. On the same
            # connection it would be taken for the response to the next request.
            response.close()
            self.close()
            raise requests.ConnectionError(f"interim response {response.status_code}")
        return response

    def resolve_redirects(self, *args: Any, yield_requests: bool = False, **options: Any) -> Any:
        # Where no redirect is to be followed, requests still prepares it: it reads the body, and raises the
        # errors of the new address as if the request had not been sent.
        return iter(()) if yield_requests else super().resolve_redirects(*args, **options)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is not None:
            # Before it follows, requests would read the whole body, however slowly it arrives.
            resp.close()
            resp.raw = HTTPResponse(io.BytesIO(), preload_content=False)
        return target

    def rebuild_proxies(self, prepared_request: Any, proxies: Any) -> Any:
        # It would read the environment, and send the proxy's password to the host of the redirect.
        return proxies


def read_pieces(response: requests.Response, give_up: float) -> Iterator[bytes]:
    """Yield the body of a response as it arrives, as it was sent: compressed, if it was.

    :param response: of a request with ``stream=True``
    :param give_up: when to stop, however many bytes still arrive; a reading of the monotonic clock
    :raises TimeoutError: that time has come
    """
    # Unlike read, it returns what has arrived; to decompress, it would wait for more.
    while piece := response.raw.read1(1 << 16, decode_content=False):
        yield piece
        if time.monotonic() > give_up:
            raise TimeoutError("the response arrives too slowly")


def size_of(response: requests.Response) -> int | None:
    """Return the size of a whole file by the response to a range; ``None`` if the server does not state it."""
    content_range = response.headers.get("Content-Range", "").strip()
    if response.status_code == 416 and content_range == "bytes */0":
        # Of an empty file not even the first byte can be requested.
        return 0
    if response.status_code == 200 and response.headers.get("Content-Length") == "0":
        # OSS sends the whole object if a range does not lie in it.
        return 0
    stated = re.fullmatch(r"bytes \d+-\d+/(\d+)", content_range)
    return int(stated[1]) if stated and response.status_code == 206 else None


class BoundedAdapter(HTTPAdapter):
    """Adapter that bounds the total time of connecting, and that of waiting for a response and its headers.

    The timeout of a socket bounds only each wait for the next bytes; a server that sends them one by one would hold
    the caller for days. Connections through a SOCKS proxy have no such bound.
    """

    bases: tuple[type, ...] = ()
    """Further base classes of direct connections."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self.bases)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not is_socks(proxy):
            manager.pool_classes_by_scheme = _pool_classes(())
        return manager


def _pool_classes(bases: tuple[type, ...]) -> dict[str, Any]:
    http = type("Http", (*bases, _Bounded, HTTPConnection), {})
    https = type("Https", (*bases, _Bounded, HTTPSConnection), {})
    return {
        "http": type("Pool", (HTTPConnectionPool,), {"ConnectionCls": http}),
        "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
    }


class _Bounded:
    timeout: Any
    sock: Any

    # The names matter: what fails below ``connect`` was not sent, see http_errors.
    def connect(self) -> None:
        with self._bounded():
            super().connect()  # type: ignore[misc]

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        with self._bounded():
            return super().getresponse(*args, **kwargs)  # type: ignore[misc]

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        if not isinstance(self.timeout, int | float):
            yield
            return
        has_expired = threading.Event()

        def end() -> None:
            has_expired.set()
            with suppress(OSError, AttributeError):
                # Not the method of a TLS socket, which would discard the state that the other thread reads with.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

        timer = threading.Timer(TOTAL_TIMEOUT_FACTOR * self.timeout, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        if has_expired.is_set():
            # Headers that were cut off look complete.
            raise TimeoutError("the response arrives too slowly")
