"""HTTP settings from environment and connection: proxies, certificate authorities, timeout.

They are read once, validated when the connection is read, and given explicitly to every HTTP client, so that worker,
triggerer, downloads and storage act the same. Precedence:

* certificates: ``verify`` of the connection if it is false or a path, then ``REQUESTS_CA_BUNDLE``,
  ``CURL_CA_BUNDLE``, ``SSL_CERT_FILE``, then the bundle of ``certifi``
* proxies: ``HTTPS_PROXY`` or ``HTTP_PROXY`` by the scheme of the address, then ``ALL_PROXY``; none for hosts that
  ``NO_PROXY`` names (names with their subdomains, addresses, CIDR ranges, each also with a port; ``*`` for all)
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.schema import short_repr

DEFAULT_TIMEOUT = 30.0

TOTAL_TIMEOUT_FACTOR = 4
"""A call may take that many times as long as each wait for the next bytes: some servers send them one by one."""

_BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_SOCKS_PACKAGES = {"socks": "requests[socks]", "aiohttp_socks": "aiohttp-socks"}


@dataclass(frozen=True)
class HttpSettings:
    """HTTP settings for every client; :meth:`read` takes environment and connection into account.

    :param verify: check TLS certificates; a path names a CA bundle, a file or a directory
    :param timeout: seconds to wait for the connection, and again for the response; default: 30
    :param proxies: pairs of a scheme (``http``, ``https``, ``all``) and the proxy's address
    :param no_proxy: hosts that are reached directly, as in ``NO_PROXY``
    :param verify_setting: the setting that ``verify`` comes from, for error messages
    :param bundle_modified: when the CA bundle was last changed, in nanoseconds: settings with another bundle differ
    """

    verify: bool | str = True
    timeout: float = DEFAULT_TIMEOUT
    # A proxy's address may hold a password.
    proxies: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    no_proxy: tuple[str, ...] = ()
    verify_setting: str = field(default="verify", compare=False)
    bundle_modified: int = 0

    @classmethod
    def read(
        cls, *, verify: bool | str = True, timeout: float = DEFAULT_TIMEOUT, where: str = "the connection"
    ) -> HttpSettings:
        """Read the environment, complete it with the values of a connection, and validate everything.

        :param verify: of the connection; true leaves the choice of the CA bundle to the environment
        :param where: names the connection in error messages
        :raises ConfigurationError: a setting cannot be used; the message names it
        """
        setting = f"verify of {where}"
        if verify is True:
            for variable in _BUNDLE_VARIABLES:
                if path := os.environ.get(variable, "").strip():
                    setting, verify = f"the environment variable {variable}", path
                    break
        bundle_modified = _check_bundle(setting, verify) if isinstance(verify, str) else 0
        environment = getproxies()
        schemes = [scheme for scheme in ("http", "https") if environment.get(scheme, "").strip()]
        if len(schemes) < 2 and environment.get("all", "").strip():
            schemes.append("all")
        return cls(
            verify=verify,
            timeout=timeout,
            proxies=tuple((scheme, _read_proxy(scheme, environment[scheme])) for scheme in schemes),
            no_proxy=tuple(re.findall(r"[^\s,]+", environment.get("no", "").lower())),
            verify_setting=setting,
            bundle_modified=bundle_modified,
        )

    def proxy_for(self, url: str) -> str | None:
        """Return the address of the proxy for a URL, or ``None`` if its host is reached directly."""
        if not self.proxies:
            return None
        try:
            parts = urlsplit(url)
            return _proxy_for(self, parts.scheme, parts.netloc)
        except ValueError:
            # The HTTP library has the better error for an address that it cannot read.
            return None


def is_socks(proxy: str | None) -> bool:
    """Return true for the address of a SOCKS proxy."""
    return proxy is not None and proxy.lower().startswith("socks")


def display_proxy(address: str) -> str:
    """Return a proxy's address without user and password."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


@lru_cache(maxsize=256)
def _proxy_for(settings: HttpSettings, scheme: str, netloc: str) -> str | None:
    proxies = dict(settings.proxies)
    proxy = proxies.get(scheme) or proxies.get("all")
    if proxy is None:
        return None
    parts = urlsplit(f"{scheme}://{netloc}")
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or {"http": 80, "https": 443}.get(scheme, 0)
    return None if any(_is_excluded(entry, host, port) for entry in settings.no_proxy) else proxy


def _is_excluded(entry: str, host: str, port: int) -> bool:
    """Match a host with one entry of ``NO_PROXY``; an entry that makes no sense matches nothing."""
    if entry == "*":
        return True
    name = entry.rpartition("://")[2]
    if "://" in entry:
        name = name.partition("/")[0]
    if with_port := re.fullmatch(r"(\[[^\]]*\]|[^:]*):([0-9]{1,5})", name):
        name = with_port[1]
        if int(with_port[2]) != port:
            return False
    name = name.replace("[", "").replace("]", "")
    try:
        address = ipaddress.ip_address(host)
        address = getattr(address, "ipv4_mapped", None) or address
    except ValueError:
        name, host = _ascii_name(name.lstrip("*").strip(".")), _ascii_name(host)
        return bool(name) and (host == name or host.endswith(f".{name}"))
    try:
        return address in ipaddress.ip_network(name.removeprefix("::ffff:"), strict=False)
    except ValueError:
        return False


def _ascii_name(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _read_proxy(scheme: str, value: str) -> str:
    address = value.strip()
    if "://" not in address:
        address = f"http://{address}"
    variable = f"{scheme}_proxy"
    setting = f"the environment variable {variable if variable in os.environ else variable.upper()}"
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
        # "http:/proxy:3128" and "http;//proxy:3128" would be proxies named "http".
        usable = parts.port != 0 and not parts.netloc.endswith(":") and not re.search(r"\s", address)
        usable = usable and re.fullmatch(r"[\w.-]+|[0-9a-f:.]+(%\w+)?", host) is not None
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        # The encoding in which they are sent.
        f"{user}{password}".encode("latin-1")
    except ValueError:
        raise _unusable(setting, "is not the address of a proxy", _PROXY_FORM) from None
    if not usable or parts.scheme not in _PROXY_SCHEMES or (password and not user):
        raise _unusable(setting, "is not the address of a proxy", _PROXY_FORM)
    if parts.scheme == "https" and sys.version_info < (3, 11):
        raise _unusable(
            setting,
            "names a proxy with https://, to which Python 3.10 cannot connect in an event loop",
            "use Python 3.11 or later, or a proxy with http://",
        )
    if is_socks(parts.scheme):
        missing = [package for module, package in _SOCKS_PACKAGES.items() if find_spec(module) is None]
        if missing:
            install = " ".join(f"'{package}'" for package in missing)
            raise _unusable(
                setting,
                "names a SOCKS proxy, which needs a package that is not installed",
                f"pip install {install}",
            )
    # requests and aiohttp read a user without password, and characters that are not encoded, differently.
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if user else ""
    return f"{parts.scheme}://{login}{parts.netloc.rpartition('@')[2]}"


_PROXY_FORM = (
    f"write scheme://host:port with one of the schemes {', '.join(_PROXY_SCHEMES)}, and percent-encode special "
    "characters in user and password"
)


def _display_path(path: str) -> str:
    # Anything else may be a secret in the wrong field.
    return short_repr(path, 200) if re.search(r"[/.\\]", path) else f"a text of {len(path)} characters"


def _check_bundle(setting: str, path: str) -> int:
    """Return when a CA bundle was last changed.

    :raises ConfigurationError: it is none
    """
    bundle = Path(path)
    advice = "name a file of CA certificates in PEM format, or a directory that c_rehash prepared"
    try:
        modified = bundle.stat().st_mtime_ns
        if bundle.is_dir():
            usable = any(re.fullmatch(r"[0-9a-f]{8}\.\d+", each.name) for each in bundle.iterdir())
        else:
            _load_bundle(path, modified)
            usable = True
    except ssl.SSLError:
        usable = False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise _unusable(
            setting, f"names {_display_path(path)}, which cannot be read ({reason})", advice
        ) from None
    if not usable:
        raise _unusable(setting, f"names {_display_path(path)}, which holds no certificate", advice)
    return modified


@lru_cache(maxsize=8)
def _load_bundle(path: str, modified: int) -> None:
    # Connections are read again and again; a bundle of all authorities takes ten milliseconds.
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)


def _unusable(setting: str, problem: str, advice: str) -> ConfigurationError:
    return ConfigurationError(f"{setting} {problem}; {advice}")


def read_verify(value: Any) -> bool | str:
    """Return the connection field ``verify``: true, false (also 1, 0, yes, no), or a path; default: true."""
    text = str(value).strip() if value is not None else ""
    if text.lower() in ("false", "0", "no", "off"):
        return False
    return text.lower() in ("true", "1", "yes", "on", "") or text


@lru_cache(maxsize=64)
def host_header(address: str) -> str:
    """Return the header ``Host`` for a base address: with the port only if it is not the scheme's default."""
    parts = urlsplit(address)
    default = {"http": ":80", "https": ":443"}.get(parts.scheme, "")
    return parts.netloc.lower().removesuffix(default)
