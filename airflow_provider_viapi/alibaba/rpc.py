"""Alibaba Cloud's RPC protocol without I/O: a call to bytes, and bytes to a result or an error.

System parameters go into the query (signature 1.0) or into headers (ACS3), and the action's own into a form body, as
Alibaba's SDKs send them: a body has room for forty signed addresses and stays out of access logs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from airflow_provider_viapi.alibaba import acs3
from airflow_provider_viapi.alibaba.config import Account
from airflow_provider_viapi.alibaba.errors import ResponseLost, classify
from airflow_provider_viapi.alibaba.model import Action, ResultField
from airflow_provider_viapi.alibaba.nonce import RequestNonce
from airflow_provider_viapi.alibaba.redaction import redact
from airflow_provider_viapi.alibaba.signature import (
    canonical_query,
    encoded_pairs,
    in_order,
    percent_encode,
    sign_canonical,
)
from airflow_provider_viapi.alibaba.xml import NotPlainXml, parse
from airflow_provider_viapi.http import HttpRequest, HttpResponse

FORM = "application/x-www-form-urlencoded"
_SAME_IN_ALL = encoded_pairs({"Format": "JSON", "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0"})


def flatten(request: Mapping[str, Any]) -> dict[str, str]:
    """A checked request as flat wire parameters: lists are counted from 1, numbers have no exponent.

    ``{"Boxes": [{"X": 0.00001}]}`` becomes ``{"Boxes.1.X": "0.00001"}``.
    """
    flat: dict[str, str] = {}
    _lay_flat(flat, "", request.items())
    return flat


def _lay_flat(flat: dict[str, str], prefix: str, items: Iterable[tuple[object, Any]]) -> None:
    for last, value in items:
        name = f"{prefix}{last}"
        if isinstance(value, str):
            flat[name] = value
        elif isinstance(value, float):
            text = str(value)
            flat[name] = format(Decimal(text), "f") if "e" in text else text
        elif isinstance(value, bool):
            flat[name] = "true" if value else "false"
        elif isinstance(value, list):
            _lay_flat(flat, f"{name}.", enumerate(value, start=1))
        elif isinstance(value, dict):
            _lay_flat(flat, f"{name}.", value.items())
        else:
            flat[name] = str(value)


def encode(action: Action, request: Mapping[str, Any], account: Account, stamp: RequestNonce) -> HttpRequest:
    """A signed call of an action; the same arguments give the same bytes.

    :param request: checked parameters of the action, by wire name
    :param account: with a key that is at hand, since its source may otherwise have to fetch one
    """
    sign = _encode_acs3 if account.signature == acs3.ALGORITHM else _encode_1_0
    return sign(action, flatten(request), account, stamp)


def _encode_1_0(action: Action, own: Mapping[str, str], account: Account, stamp: RequestNonce) -> HttpRequest:
    credentials = account.credentials.current()
    parameters = {
        "Action": action.name,
        "Version": action.service.version,
        "AccessKeyId": credentials.access_key_id,
        "SignatureNonce": stamp.nonce,
        "Timestamp": stamp.timestamp,
    }
    if credentials.security_token is not None:
        parameters["SecurityToken"] = credentials.security_token
    query, form = _SAME_IN_ALL | encoded_pairs(parameters), encoded_pairs(own)
    signature = sign_canonical("POST", in_order(query | form), credentials.access_key_secret)
    if action.in_query:
        query, form = query | form, {}
    signed = f"{in_order(query)}&Signature={percent_encode(signature)}"
    return HttpRequest(
        method="POST",
        url=f"{account.address(action.service)}/?{signed}",
        headers={"Content-Type": FORM, "Accept": "application/json"},
        body=in_order(form).encode("ascii"),
    )


def _encode_acs3(
    action: Action, own: Mapping[str, str], account: Account, stamp: RequestNonce
) -> HttpRequest:
    credentials = account.credentials.current()
    parameters = canonical_query(own)
    query, form = (parameters, "") if action.in_query else ("", parameters)
    body = form.encode("ascii")
    headers = {
        "accept": "application/json",
        "content-type": FORM,
        "host": account.host(action.service),
        "x-acs-action": action.name,
        "x-acs-content-sha256": acs3.content_digest(body),
        "x-acs-date": stamp.timestamp,
    }
    if credentials.security_token is not None:
        headers["x-acs-security-token"] = credentials.security_token
    headers["x-acs-signature-nonce"] = stamp.nonce
    headers["x-acs-version"] = action.service.version
    headers["authorization"] = acs3.authorization("POST", query, headers, credentials)
    address = account.address(action.service)
    return HttpRequest("POST", f"{address}/?{query}" if query else f"{address}/", headers, body)


def decode(action: Action, response: HttpResponse) -> dict[str, Any]:
    """The answer's content, with the keys and types of the service model whichever form it came in.

    :raises ServiceError: the class of the tree that fits the answer's code, or :class:`ResponseLost` when it is not
        a well-formed answer at all (a proxy's page, half a document)
    """
    answer: dict[str, Any] = _upper_camel(_parse(action, response))
    request_id, code = answer.get("RequestId"), answer.get("Code")
    if not isinstance(request_id, str) or not request_id:
        _garbled(action, response, "without a RequestId")
    if isinstance(code, str) and code:
        raise classify(code, response.status)(
            _reason(action, code, answer),
            code=code,
            request_id=request_id,
            http_status=response.status,
            action=action.name,
        )
    if response.status >= 400:
        _garbled(action, response, "with neither result nor Code")
    if action.is_job:
        # Documents show the job's later result here; only the RequestId, the job's id, is real.
        return answer
    try:
        data = _typed(answer.get("Data") or {}, action.result)
    except (TypeError, ValueError):
        _garbled(action, response, "whose Data has another form than the action's result")
    return answer | {"Data": data}


def _reason(action: Action, code: str, answer: Mapping[str, Any]) -> str:
    told = acs3.hide_token(redact(str(answer.get("Message") or "the service gave no reason")))
    retired = action.unserved_because(code)
    return f"{told} ({action.name}: {retired})" if retired else told


def _garbled(action: Action, response: HttpResponse, what: str) -> NoReturn:
    raise ResponseLost(f"got an answer {what}", http_status=response.status, action=action.name)


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


@lru_cache(1024)
def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _upper_camel(value: Any) -> Any:
    # One document of the services shows keys in lower camel case; all others begin with a capital.
    if isinstance(value, dict):
        return {_capital(name): _upper_camel(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_upper_camel(item) for item in value]
    return value


def _typed(data: Any, fields: tuple[ResultField, ...]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise TypeError("not a structure")
    typed = dict(data)
    for each in fields:
        if each.kind == "integers":
            typed[each.name] = [int(item) for item in _as_list(data.get(each.name))]
        elif each.kind == "list":
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
