"""A request as it arrives, before it is authenticated, and the call that the gateway accepts."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.rpc import flatten


def new_request_id() -> str:
    """Return an id for a response, and for the job that it submits: a UUID in upper case."""
    return str(uuid.uuid4()).upper()


@dataclass(frozen=True)
class Request:
    """A request as it arrived; ``id`` is the RequestId of its response, ``parameters`` those of query and body.

    Action and version are in headers if it is signed with ACS3-HMAC-SHA256, otherwise among the parameters.

    :param method: HTTP method in upper case
    :param query: query string as it was sent, percent-encoded
    :param body: form or JSON as it was sent
    :param headers: by name in lower case
    :param base: the address under which the client reached the emulator, without a trailing slash
    """

    method: str
    query: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str = "http://127.0.0.1"
    id: str = field(default_factory=new_request_id, init=False)
    parameters: Mapping[str, str] = field(init=False, repr=False)
    action: str = field(init=False)
    version: str = field(init=False)

    def __post_init__(self) -> None:
        parameters = dict(parse_qsl(self.query, keep_blank_values=True))
        if self.body:
            parameters.update(_body_parameters(self.headers.get("content-type", "").lower(), self.body))
        by_header = self.is_acs3
        for name, value in {
            "parameters": parameters,
            "action": self.headers.get("x-acs-action", "") if by_header else parameters.get("Action", ""),
            "version": self.headers.get("x-acs-version", "") if by_header else parameters.get("Version", ""),
        }.items():
            object.__setattr__(self, name, value)

    @property
    def is_acs3(self) -> bool:
        """True if the request is signed with ACS3-HMAC-SHA256."""
        return self.headers.get("authorization", "").startswith("ACS3-")

    @property
    def wants_xml(self) -> bool:
        """True if the response must be XML rather than JSON."""
        if self.is_acs3 and "Format" not in self.parameters:
            accepted = self.headers.get("accept", "")
            return "xml" in accepted and "json" not in accepted
        return self.parameters.get("Format", "").upper() == "XML"


@dataclass(frozen=True)
class Call:
    """A call that the gateway accepted.

    :param id: the RequestId of its response, and of the job if it submits one
    :param action: the action that is called
    :param parameters: the action's parameters by wire name, typed
    :param wire: the same as they were sent, flat and as text
    :param base: the address under which the client reached the emulator, without a trailing slash
    """

    id: str
    action: Action
    parameters: Mapping[str, Any]
    wire: Mapping[str, str]
    base: str


def _body_parameters(content_type: str, body: bytes) -> dict[str, str]:
    text = body.decode("utf-8", "replace")
    if "json" in content_type:
        return _json_parameters(text)
    if not content_type or "x-www-form-urlencoded" in content_type:
        return dict(parse_qsl(text, keep_blank_values=True))
    return {}


def _json_parameters(text: str) -> dict[str, str]:
    try:
        document = json.loads(text)
        return flatten(_without_nulls(document)) if isinstance(document, dict) else {}
    except (ValueError, RecursionError):
        return {}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value
