"""Protection of the HTTP interface against web pages and large bodies.

A web page that is open in a browser on the same machine can send requests to the emulator; their ``Origin`` header
shows that they come from another site. With DNS rebinding the browser takes the emulator for the server of the page;
the ``Host`` header then has the name of the page's site.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

ADMIN_PATH = "/_emulator"

MAX_CALL_BYTES = 16 << 20
"""Size of the largest body of a call: it is read before its signature, which covers it, can be checked."""

MAX_ADMIN_BYTES = 1 << 20
"""Size of the largest body of a request below :data:`ADMIN_PATH`."""


class BodyTooLarge(Exception):
    """The body of a request is larger than allowed."""


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body of a request.

    :param limit: size of the largest body in bytes
    :raises BodyTooLarge: it is larger; the rest is not read
    """
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > limit:
        raise BodyTooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge
    return bytes(body)


def base_address(request: Request) -> str:
    """Return the address under which the client reached the emulator, without a trailing slash."""
    host = request.headers.get("host") or "{}:{}".format(*request.scope["server"])
    return f"{request.scope['scheme']}://{host}"


class HttpGuard:
    """Refuse requests for another host, and requests of web pages from another origin.

    Reading objects of the storage across origins is allowed, because their links are signed.

    :param app: the application
    :param hosts: host names and addresses of the emulator; loopback names and addresses, and the address at which a
        connection arrived, are always allowed
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = {_normalized(host) for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and (refusal := self._refusal(Request(scope))):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, request: Request) -> JSONResponse | None:
        host = request.headers.get("host")
        if host is not None and not self._is_own(_hostname(host), request):
            message = (
                f"The emulator does not serve the host {host!r}. Use its address, or start it with "
                f"--public-host {_hostname(host)} if clients reach it under this name."
            )
            return _error(421, "Emulator.HostNotAllowed", message)
        is_read = request.method in ("GET", "HEAD")
        is_admin = request.url.path.startswith(ADMIN_PATH)
        if (is_admin or not is_read) and _is_cross_origin(request):
            message = "The emulator does not accept this request from a web page of another origin."
            return _error(403, "Emulator.CrossOrigin", message)
        return None

    def _is_own(self, name: str, request: Request) -> bool:
        if name in self._hosts or name == "localhost" or name.endswith(".localhost"):
            return True
        server = request.scope.get("server")
        if server is not None and name == _normalized(str(server[0])):
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


def _is_cross_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site") == "cross-site"
    return urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()


def _hostname(authority: str) -> str:
    if authority.startswith("["):
        return _normalized(authority[1:].partition("]")[0])
    return _normalized(authority.partition(":")[0])


def _normalized(name: str) -> str:
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name.lower().rstrip(".")


def _error(status: int, code: str, message: str) -> JSONResponse:
    return JSONResponse({"Code": code, "Message": message, "message": message}, status)
