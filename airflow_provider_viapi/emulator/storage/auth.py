"""A request to the object storage, and the signature that it carries."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from airflow_provider_viapi.emulator.access_keys import CLOCK_TOLERANCE
from airflow_provider_viapi.emulator.errors import ApiError


@dataclass(frozen=True)
class StorageRequest:
    """The signed parts of a request to the object storage.

    :param method: HTTP method in upper case
    :param bucket: empty if the request names none
    :param key: decoded; empty if the request is about the bucket
    :param query: as it was sent, percent-encoded
    :param headers: by name in lower case
    """

    method: str
    bucket: str
    key: str
    query: str
    headers: Mapping[str, str]

    @property
    def parameters(self) -> dict[str, str]:
        """Names and values of the query, decoded."""
        pairs = (pair.partition("=") for pair in self.query.split("&") if pair)
        return {unquote(name): unquote(value) for name, _, value in pairs}

    @property
    def resource(self) -> str:
        """The signed part of the path: the bucket, if any, and the key, not encoded."""
        return f"/{self.bucket}/{self.key}" if self.bucket else "/"


@dataclass(frozen=True)
class Signature:
    """The identity that a request claims, and its signature.

    :param access_key_id: id of the access key
    :param token: token of a temporary key
    :param value: the signature that was sent
    :param sign: compute the expected signature from the key's secret
    :param check_time: raise :class:`ApiError` if the signature is not valid at a Unix time
    """

    access_key_id: str
    token: str | None
    value: str
    sign: Callable[[str], str]
    check_time: Callable[[float], None]


def check_clock(signed_at: float, now: float) -> None:
    """Check that a request was signed about now; both times are Unix times.

    :raises ApiError: the clocks differ too much
    """
    if abs(signed_at - now) > CLOCK_TOLERANCE:
        raise ApiError(
            "RequestTimeTooSkewed",
            "The time of the request differs from the emulator's clock by more than 15 minutes.",
            403,
        )


def check_expiry(expires: float, now: float) -> None:
    """Check that a signature has not expired; both times are Unix times.

    :raises ApiError: it has expired
    """
    if now > expires:
        raise ApiError("AccessDenied", "Request has expired.", 403)


def whole_number(text: str) -> int:
    """Return the number that a string of digits represents; 0 for any other string."""
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else 0
