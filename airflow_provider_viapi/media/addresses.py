"""Addresses of media: in object storage (``s3://…``), on disk (``file://…``) and on the web."""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.redaction import has_password


def is_http_url(address: Any) -> bool:
    """Return whether a service can fetch what is at an address.

    :raises InvalidRequest: it is not a string
    """
    if not isinstance(address, str):
        raise InvalidRequest(
            f"an address must be a string, not {type(address).__name__}", code="InvalidParameter"
        )
    return address.partition("://")[0].lower() in ("http", "https")


def connection_of(address: str) -> str:
    """Return the connection id before the host of an address; an empty text if there is none, or a password."""
    return "" if has_password(address) else address.partition("://")[2].partition("/")[0].rpartition("@")[0]
