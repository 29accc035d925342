"""A call: as it arrived, before anything in it is believed, and as the gateway lets it through."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_viapi.alibaba.model import Action


def new_request_id() -> str:
    """The id of an answer, and of the job that it tells of: a UUID in capitals."""
    return str(uuid.uuid4()).upper()


@dataclass(frozen=True)
class Request:
    """A call as it arrived; ``id`` is the RequestId of its answer, ``parameters`` those of query and form.

    :param method: the HTTP method, in capitals
    :param query: the query string as it was sent, percent-encoded
    :param body: the form as it was sent
    :param headers: by name in small letters
    :param base: the address under which the caller reached the emulator, without a slash at its end
    """

    method: str
    query: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str = "http://127.0.0.1"
    id: str = field(default_factory=new_request_id, init=False)
    parameters: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parameters = dict(parse_qsl(self.query, keep_blank_values=True))
        if self.body and _is_form(self.headers):
            text = self.body.decode("utf-8", "replace")
            parameters.update(parse_qsl(text, keep_blank_values=True))
        object.__setattr__(self, "parameters", parameters)


@dataclass(frozen=True)
class Call:
    """A call that the gateway let through.

    :param id: the RequestId of its answer, and of the job if it submits one
    :param action: what is called
    :param parameters: the action's parameters by wire name, with their proper types
    :param wire: the same as they were sent, flat and as text
    :param base: the address under which the caller reached the emulator, without a slash at its end
    """

    id: str
    action: Action
    parameters: Mapping[str, Any]
    wire: Mapping[str, str]
    base: str


def _is_form(headers: Mapping[str, str]) -> bool:
    return "x-www-form-urlencoded" in headers.get("content-type", "x-www-form-urlencoded").lower()
