"""Alibaba Cloud's RPC protocol without I/O: a call to bytes, and bytes to a result or an error.

System parameters go into the query and the action's own into a form body, as Alibaba's SDKs send them: a body
has room for forty signed addresses and stays out of access logs.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, NoReturn

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.errors import AnswerLost, classify
from airflow_provider_viapi.alibaba.model import Action, ResultField
from airflow_provider_viapi.alibaba.redaction import redact
from airflow_provider_viapi.alibaba.signature import canonical_query, sign
from airflow_provider_viapi.alibaba.xml_document import NotPlainXml, parse

TIMESTAMP_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class HttpRequest:
    """A request as it goes out; its parts are kept out of ``repr`` because they are signed."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class HttpResponse:
    """An answer as it came in."""

    status: int
    body: bytes


def flatten(value: Any, prefix: str = "") -> dict[str, str]:
    """A checked request as flat wire parameters: lists are counted from 1, numbers have no exponent.

    ``{"Boxes": [{"X": 0.00001}]}`` becomes ``{"Boxes.1.X": "0.00001"}``.
    """
    if isinstance(value, Mapping):
        items = [(f"{prefix}.{name}" if prefix else str(name), item) for name, item in value.items()]
    elif isinstance(value, list | tuple):
        items = [(f"{prefix}.{index}", item) for index, item in enumerate(value, start=1)]
    else:
        return {prefix: _scalar(value)}
    flat: dict[str, str] = {}
    for name, item in items:
        flat |= flatten(item, name)
    return flat


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)


@dataclass(frozen=True)
class Stamp:
    """What makes a request one of a kind: sent twice with the same one, the gateway refuses the second.

    :param nonce: never used before; the gateway remembers it for about half an hour
    :param at: an aware time; the gateway refuses one that is more than 15 minutes off
    """

    nonce: str
    at: datetime

    @classmethod
    def new(cls) -> Stamp:
        """A stamp that was never used, with the time of this machine."""
        return cls(uuid.uuid4().hex, datetime.now(timezone.utc))


def encode(action: Action, request: Mapping[str, Any], account: Account, stamp: Stamp) -> HttpRequest:
    """A signed call of an action; the same arguments give the same bytes.

    :param request: checked parameters of the action, by wire name
    """
    credentials = account.credentials
    system = {
        "Action": action.name,
        "Version": action.service.version,
        "Format": "JSON",
        "AccessKeyId": credentials.access_key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": stamp.nonce,
        "Timestamp": stamp.at.astimezone(timezone.utc).strftime(TIMESTAMP_FORMAT),
    }
    if credentials.security_token is not None:
        system["SecurityToken"] = credentials.security_token
    form = flatten(request)
    system["Signature"] = sign("POST", system | form, credentials.access_key_secret)
    return HttpRequest(
        method="POST",
        url=f"{account.address(action.service)}/?{canonical_query(system)}",
        headers={"Content-Type": FORM, "Accept": "application/json"},
        body=canonical_query(form).encode("ascii"),
    )


def decode(action: Action, response: HttpResponse) -> dict[str, Any]:
    """The answer's content, with the keys and types of the service model whichever form it came in.

    :raises ViapiError: the class of the tree that fits the answer's code, or :class:`AnswerLost` when it is not
        a well-formed answer at all (a proxy's page, half a document)
    """
    answer: dict[str, Any] = _upper_camel(_parse(action, response))
    request_id, code = answer.get("RequestId"), answer.get("Code")
    if not isinstance(request_id, str) or not request_id:
        _garbled(action, response, "without a RequestId")
    if isinstance(code, str) and code:
        raise classify(code, response.status)(
            redact(str(answer.get("Message") or "the service gave no reason")),
            code=code,
            request_id=request_id,
            http_status=response.status,
            action=action.name,
        )
    if response.status >= 400:
        _garbled(action, response, "with neither result nor Code")
    try:
        data = _typed(answer.get("Data") or {}, action.result)
    except (TypeError, ValueError):
        _garbled(action, response, "whose Data has another form than the action's result")
    return answer | {"Data": data}


def _garbled(action: Action, response: HttpResponse, what: str) -> NoReturn:
    raise AnswerLost(f"got an answer {what}", http_status=response.status, action=action.name)


def _parse(action: Action, response: HttpResponse) -> dict[str, Any]:
    try:
        if response.body.lstrip()[:1] == b"<":
            _, document = parse(response.body)
        else:
            document = json.loads(response.body)
    except (NotPlainXml, ValueError, RecursionError):
        _garbled(action, response, "that is neither JSON nor XML")
    if not isinstance(document, dict):
        _garbled(action, response, "that is not a structure")
    return document


def _upper_camel(value: Any) -> Any:
    # One document of the services shows keys in lower camel case; all others begin with a capital.
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _upper_camel(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_upper_camel(item) for item in value]
    return value


def _typed(data: Any, fields: tuple[ResultField, ...]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise TypeError("not a structure")
    typed = dict(data)
    for each in fields:
        if each.kind == "list":
            typed[each.name] = [_typed(item, each.fields) for item in _as_list(data.get(each.name))]
        elif data.get(each.name) is not None:
            typed[each.name] = _as_kind(each, data[each.name])
    return typed


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]


def _as_kind(field: ResultField, value: Any) -> Any:
    if isinstance(value, dict | list):
        raise TypeError(f"{field.name} is not a single value")
    if field.kind == "integer":
        return int(value)
    if field.kind == "number":
        return float(value)
    if field.kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    return str(value)
