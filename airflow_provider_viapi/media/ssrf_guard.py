"""HTTP session that refuses private addresses (SSRF protection), for URLs that another party has chosen.

The peer of each new connection is checked, so that neither a name that resolves to a private address nor one that
resolves differently the second time gets through; nothing is sent before. Imported only where a file is downloaded.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from airflow_provider_viapi.errors import PermissionDenied
from airflow_provider_viapi.http import redact_http_logs
from airflow_provider_viapi.http_session import BoundedAdapter, requests_session

if TYPE_CHECKING:
    from airflow_provider_viapi.http_settings import HttpSettings

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
_NOT_PUBLIC = (
    # Benchmarking [RFC 2544]; common proxies answer it for every name. Python 3.10 to 3.13 differ about it.
    ipaddress.ip_network("198.18.0.0/15"),
    # Deprecated site-local addresses.
    ipaddress.ip_network("fec0::/10"),
)


def public_session(settings: HttpSettings, allowed_hosts: Collection[str] = ()) -> requests.Session:
    """Return a session that connects to public addresses only.

    Which hosts may be reached through a proxy is the proxy's to decide, except that a host that is an IP address is
    checked here.

    :param settings: proxies, certificates and default timeout
    :param allowed_hosts: ``host`` or ``host:port`` of those that may be private all the same
    """
    redact_http_logs()
    session = requests_session(settings)
    adapter = _GuardedAdapter(frozenset(host.lower() for host in allowed_hosts))
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def is_public_address(address: str) -> bool:
    """Return whether an IP address is public: not loopback, private, link-local, shared, reserved or multicast.

    An IPv6 address that wraps an IPv4 address (IPv4-mapped, 6to4, Teredo, NAT64) is as public as that one.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (wrapped := _wrapped(ip)):
        return all(map(_is_public, wrapped))
    return _is_public(ip)


def _wrapped(ip: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    for direct in (ip.ipv4_mapped, ip.sixtofour):
        if direct is not None:
            return [direct]
    if ip.teredo is not None:
        return list(ip.teredo)
    # Also the deprecated IPv4-compatible form ::a.b.c.d.
    if any(ip in network for network in _NAT64) or (int(ip) >> 32 == 0 and int(ip) > 1):
        return [ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)]
    return []


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _NOT_PUBLIC)


class _GuardedAdapter(BoundedAdapter):
    def __init__(self, allowed: frozenset[str]) -> None:
        self._allowed = allowed
        self.bases = (type("Guarded", (_Guarded,), {"allowed_hosts": allowed}),)
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; of one through a proxy only its URL can be checked."""
        parts = urlsplit(request.url or "")
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not _is_allowed(host, port, self._allowed):
            _check(host, host)
        return super().send(request, *args, **kwargs)


class _Guarded:
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


def _is_allowed(host: str, port: int, allowed: frozenset[str]) -> bool:
    name = host.lower().strip("[]")
    shown = f"[{name}]" if ":" in name else name
    return not allowed.isdisjoint({name, shown, f"{shown}:{port}"})


def _check(host: str, address: str) -> None:
    try:
        is_public = is_public_address(address.strip("[]"))
    except ValueError:
        return
    if not is_public:
        raise PermissionDenied(
            f"the address of the file leads to {host}, a private address ({address}): nothing was sent there. If "
            f"that is intended, add {host!r} to allowed_hosts",
            code="HostNotAllowed",
        )
