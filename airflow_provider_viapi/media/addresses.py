"""Addresses of media: in object storage (``s3://…``), on disk (``file://…``) and on the web."""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.redaction import has_password, redact_text, redact_url, strip_userinfo


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
