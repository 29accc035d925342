"""Addresses of media: in object storage (``s3://…``), on disk (``file://…``) and on the web.

What is known of the storages is in ``storages``; ``open_storage`` opens them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.redaction import has_password, redact_text, redact_url, strip_userinfo

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}://")
_RECEIVER = re.compile(r"(?i)(?:.*[._])?(?:\w*(?:callback|notify|webhook)\w*|(?:\w+_)?output)(?:[._].*)?")
"""Positions of addresses that something is sent to, whose paths may hold a key."""

_ID = re.compile(r"(?:.*_)?ids?|(?:.*[a-z0-9])?(?:Id|ID)s?")


def is_http_url(address: Any) -> bool:
    """Return whether a service can fetch what is at an address.

    :raises InvalidRequest: it is not a string
    """
    if not isinstance(address, str):
        raise InvalidRequest(f"an address must be a string, not {type(address).__name__}")
    return address.partition("://")[0].lower() in ("http", "https")


def connection_of(address: str) -> str:
    """Return the connection id before the host of an address; an empty text if there is none, or a password."""
    return "" if has_password(address) else address.partition("://")[2].partition("/")[0].rpartition("@")[0]


def without_connection(address: str) -> str:
    """Return an address without the connection id before its host: two with it may be the same file."""
    scheme, separator, rest = address.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def display_url(address: str) -> str:
    """Return an address for a message: without what precedes its host and, of HTTP(S), without its query.

    Elsewhere a question mark may be part of the name; signatures are hidden.
    """
    shown = strip_userinfo(address)
    return shown.partition("?")[0] if is_http_url(address) else shown


def redacted_address(address: str) -> str:
    """Return an address for a record: complete, with ``***`` in place of its signature and password."""
    return redact_url(address) if is_http_url(address) else redact_text(address)


def file_name(address: str) -> str:
    """Return the name of the file or folder at an address, for people to read; an empty text if it has no path.

    Neither a query, which may sign, nor what precedes the host, which may be a password, is part of it.
    """
    shown = display_url(address)
    if is_http_url(address):
        shown = shown.partition("#")[0]
    place = shown.partition("://")[2]
    return place.partition("/")[2].rstrip("/").rpartition("/")[2]


def find_sources(value: Any, path: str = "") -> Iterator[tuple[str, str | None]]:
    """Yield position and address of everything outside a request that its result depends on.

    The address is ``None`` for what has no version anywhere: something stored at the service that the request names
    by its id, and what receives a callback, an alarm or the output.

    :param value: a checked request, before staging
    """
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from find_sources(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from find_sources(item, f"{path}.{index}")
    elif isinstance(value, str) and _ADDRESS.match(value):
        yield path, None if _RECEIVER.fullmatch(path) else value
    elif value is not None and _ID.fullmatch(_name_of(path)):
        yield path, None


def _name_of(path: str) -> str:
    """Return the last part of a position that is not an index."""
    return next((part for part in reversed(path.split(".")) if not part.isdecimal()), "")
