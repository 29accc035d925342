"""The fields that connections of more than one cloud have, each read and checked in one place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.http_settings import DEFAULT_TIMEOUT, HttpSettings, read_verify

LEAST_QPS, MOST_QPS = 0.01, 1000.0
"""Calls per second that a connection may ask for: one in 100 seconds is slow enough for any account."""


def read_endpoint(where: str, value: Any, name: str = "endpoint") -> str | None:
    """A base address without a slash at its end; for errors with whose and which field it is."""
    if value in (None, ""):
        return None
    address = str(value).strip()
    address = address if "://" in address else f"https://{address}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        (parts.hostname or "").encode("idna")
    except ValueError:
        usable = False
    if not usable or parts.query or parts.username or re.search(r"\s", address):
        raise wrong(
            where,
            f"has in its extra an address ({name}) that is not http:// or https:// with a valid host and port, "
            "without user, password, query or blanks",
        )
    return address.rstrip("/")


def stripped(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return a connection's extra without blanks around its texts."""
    return {name: value.strip() if isinstance(value, str) else value for name, value in extra.items()}


def read_http(where: str, extra: Mapping[str, Any]) -> HttpSettings:
    """Return the HTTP settings of a connection and of the environment.

    :raises ConfigurationError: one of them cannot be used; the message names it
    """
    verify = read_verify(extra.get("verify"))
    return HttpSettings.read(verify=verify, timeout=_read_timeout(where, extra.get("timeout")), where=where)


def _read_timeout(where: str, value: Any) -> float:
    """Return the seconds to wait for a response, 1 to 600; default: 30."""
    if value in (None, ""):
        return DEFAULT_TIMEOUT
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
