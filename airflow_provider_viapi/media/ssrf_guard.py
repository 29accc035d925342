"""HTTP to the world outside and not to the hosts inside: for addresses that came from somebody else.

What is checked is the peer that a connection has come to, so neither a name that leads inside nor one that leads
elsewhere at the second look gets through; nothing is sent before. Imported only where a file is fetched.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from airflow_provider_viapi.errors import PermissionDenied
from airflow_provider_viapi.http import redact_http_logs


def public_session(allowed_hosts: Collection[str] = (), verify: bool | str = True) -> requests.Session:
    """A session that connects to public addresses only.

    A proxy of the environment is used as always; which hosts may be reached through it is the proxy's to decide,
    except that an address which is itself a number is checked here.

    :param allowed_hosts: ``host`` or ``host:port`` of those that may be inside all the same
    :param verify: check TLS certificates; a path names a bundle of authorities
    """
    redact_http_logs()
    session = requests.Session()
    # Otherwise a .netrc would have its password sent to whatever host the address names.
    session.auth = lambda prepared: prepared
    session.verify = verify
    adapter = _OutwardAdapter(frozenset(host.lower() for host in allowed_hosts))
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def is_public_address(address: str) -> bool:
    """Whether an IP address is a public one: not loopback, private, link-local, shared, reserved or multicast."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


class _OutwardAdapter(HTTPAdapter):
    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        allowed = self._allowed

        class Http(_Checked, HTTPConnection):
            allowed_hosts = allowed

        class Https(_Checked, HTTPSConnection):
            allowed_hosts = allowed

        self.poolmanager.pool_classes_by_scheme = {
            "http": type("OutwardPool", (HTTPConnectionPool,), {"ConnectionCls": Http}),
            "https": type("OutwardTlsPool", (HTTPSConnectionPool,), {"ConnectionCls": Https}),
        }

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; one through a proxy has only its address to go by."""
        parts = urlsplit(request.url or "")
        host = parts.hostname or ""
        if not _is_allowed(host, parts.port, self._allowed):
            _check(host, host)
        return super().send(request, *args, **kwargs)


class _Checked:
    allowed_hosts: frozenset[str]
    host: str
    port: int

    def _new_conn(self) -> socket.socket:
        connected: socket.socket = super()._new_conn()  # type: ignore[misc]
        try:
            if not _is_allowed(self.host, self.port, self.allowed_hosts):
                _check(self.host, connected.getpeername()[0])
        except BaseException:
            connected.close()
            raise
        return connected


def _is_allowed(host: str, port: int | None, allowed: frozenset[str]) -> bool:
    name = host.lower().strip("[]")
    shown = f"[{name}]" if ":" in name else name
    return not allowed.isdisjoint({name, shown, f"{shown}:{port}"})


def _check(host: str, address: str) -> None:
    try:
        outside = is_public_address(address.strip("[]"))
    except ValueError:
        return
    if not outside:
        raise PermissionDenied(
            f"the address of the file leads to {host}, which is inside ({address}): nothing was sent there; "
            "allow the host if that is meant",
            code="HostNotAllowed",
        )
