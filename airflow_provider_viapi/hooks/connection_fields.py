"""The fields that connections of more than one cloud have, each read and checked in one place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import ConfigurationError

LEAST_QPS, MOST_QPS = 0.01, 1000.0
"""Calls per second that a connection may ask for: one in 100 seconds is slow enough for any account."""


def read_endpoint(where: str, value: Any, name: str = "endpoint") -> str | None:
    """A base address without a slash at its end; for errors with whose and which field it is."""
    if value in (None, ""):
        return None
    address = str(value) if "://" in str(value) else f"https://{value}"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise wrong(
            where,
            f"has in its extra an address ({name}) that is not http:// or https:// without user, password or query",
        )
    return address.rstrip("/")


def read_verify(value: Any) -> bool | str:
    """Whether TLS certificates are checked, or the path of a bundle of authorities."""
    if value is None or value == "":
        return True
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value if isinstance(value, bool) else str(value)


def read_timeout(where: str, value: Any) -> float:
    """Seconds to wait for an answer, 1 to 600; 30 unless given."""
    if value in (None, ""):
        return 30.0
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 1 <= seconds <= 600:
        raise wrong(where, "has a timeout in its extra that is not from 1 to 600 seconds")
    return seconds


def read_calls_per_second(where: str, name: str, extra: Mapping[str, Any], otherwise: float) -> float:
    """Calls per second that an account is to be asked at most."""
    value = extra.get(name)
    if value in (None, ""):
        return otherwise
    try:
        calls = 0.0 if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        calls = 0.0
    if not LEAST_QPS <= calls <= MOST_QPS:
        raise wrong(
            where,
            f"has a {name} in its extra that is not a number of calls per second from {LEAST_QPS} to {MOST_QPS:g}",
        )
    return calls


def read_choice(where: str, name: str, value: Any, allowed: Any) -> Any:
    """One of a few words in whichever case, the first of them unless given.

    :param allowed: a ``Literal`` of them
    """
    words = get_args(allowed)
    for word in words:
        if str(value or words[0]).lower() == word.lower():
            return word
    raise wrong(where, f"has in its extra a value for {name} that is none of {', '.join(words)}")


def wrong(where: str, what: str) -> ConfigurationError:
    """What to raise of a connection that cannot be used as it is."""
    return ConfigurationError(f"{where} {what}", code="ConfigurationError")
