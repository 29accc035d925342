"""A request to the object storage, what proves who sent it, and until when that holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from airflow_provider_viapi.emulator.access_keys import CLOCK_TOLERANCE
from airflow_provider_viapi.emulator.errors import ApiError


@dataclass(frozen=True)
class StorageRequest:
    """A request to the object storage, as far as it is signed.

    :param method: in capitals
    :param bucket: empty where the request names none
    :param key: decoded; empty where the request is about the bucket
    :param query: as it was sent, percent-encoded
    :param headers: by name in small letters
    """

    method: str
    bucket: str
    key: str
    query: str
    headers: Mapping[str, str]

    @property
    def parameters(self) -> dict[str, str]:
        """The query's names and values, decoded."""
        pairs = (pair.partition("=") for pair in self.query.split("&") if pair)
        return {unquote(name): unquote(value) for name, _, value in pairs}

    @property
    def resource(self) -> str:
        """What is signed of the path: the bucket, if any, and the key, not encoded."""
        return f"/{self.bucket}/{self.key}" if self.bucket else "/"


@dataclass(frozen=True)
class Proof:
    """What a request says of its sender.

    :param access_key_id: the key that it names
    :param token: the token that goes with it, if the key is a temporary one
    :param signature: the proof
    :param sign: what the proof should be, given the key's secret
    :param check_time: lets pass if the proof holds at a time, in Unix time; otherwise raises :class:`ApiError`
    """

    access_key_id: str
    token: str | None
    signature: str
    sign: Callable[[str], str]
    check_time: Callable[[float], None]


def check_clock(signed_at: float, now: float) -> None:
    """Let pass what was signed about now; both in Unix time.

    :raises ApiError: the clocks differ too much
    """
    if abs(signed_at - now) > CLOCK_TOLERANCE:
        raise ApiError("RequestTimeTooSkewed", "The clock of the request is more than 15 minutes off.", 403)


def check_expiry(expires: float, now: float) -> None:
    """Let pass what has not expired; both in Unix time.

    :raises ApiError: it has
    """
    if now > expires:
        raise ApiError("AccessDenied", "Request has expired.", 403)


def whole_number(text: str) -> int:
    """The number that a text of digits stands for; 0 for any other text."""
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else 0
