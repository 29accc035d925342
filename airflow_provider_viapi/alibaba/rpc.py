"""Alibaba Cloud's RPC protocol without I/O: a call becomes bytes, bytes become a result or an error.

System parameters are sent in the query (signature 1.0) or in headers (ACS3), and the action's own in a form body, as
Alibaba's SDKs do: a body can hold forty presigned URLs, and access logs do not contain it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

from airflow_provider_viapi.alibaba import signing
from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.errors import classify
from airflow_provider_viapi.alibaba.model import Action, ResultField
from airflow_provider_viapi.alibaba.signing import encoded_pairs, in_order
from airflow_provider_viapi.errors import ResponseLost, Throttled
from airflow_provider_viapi.http import HttpRequest, HttpResponse
from airflow_provider_viapi.http_errors import gateway_refusal, malformed_response
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.redaction import MAX_CODE, redact_message
from airflow_provider_viapi.renewable_credentials import Credentials
from airflow_provider_viapi.result_fields import absolute_address, read_json
from airflow_provider_viapi.xml import NotPlainXml, parse

FORM = "application/x-www-form-urlencoded"
_REQUEST_ID = re.compile(r"[!-~]{1,200}")
_SAME_IN_ALL = encoded_pairs({"Format": "JSON", "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0"})


def flatten(request: Mapping[str, Any]) -> dict[str, str]:
    """Return a checked request as flat wire parameters: lists are counted from 1, numbers have no exponent.

    ``{"Boxes": [{"X": 0.00001}]}`` becomes ``{"Boxes.1.X": "0.00001"}``.
    """
    flat: dict[str, str] = {}
    _flatten_into(flat, "", request.items())
    return flat


def _flatten_into(flat: dict[str, str], prefix: str, items: Iterable[tuple[object, Any]]) -> None:
    for key, value in items:
        name = f"{prefix}{key}"
        if isinstance(value, str):
            flat[name] = value
        elif isinstance(value, float):
            text = str(value)
            flat[name] = format(Decimal(text), "f") if "e" in text else text
        elif isinstance(value, bool):
            flat[name] = "true" if value else "false"
        elif isinstance(value, list):
            _flatten_into(flat, f"{name}.", enumerate(value, start=1))
        elif isinstance(value, dict):
            _flatten_into(flat, f"{name}.", value.items())
        else:
            flat[name] = str(value)


def encode(
    action: Action,
    request: Mapping[str, Any],
    account: Account,
    credentials: Credentials,
    nonce: RequestNonce,
) -> HttpRequest:
    """Return a signed call of an action; the same arguments give the same bytes.

    :param request: checked parameters of the action, by wire name
    """
    encode_signed = _encode_acs3 if account.signature == signing.ACS3 else _encode_1_0
    return encode_signed(action, flatten(action.with_json(request)), account, credentials, nonce)


def _encode_1_0(
    action: Action, own: Mapping[str, str], account: Account, credentials: Credentials, nonce: RequestNonce
) -> HttpRequest:
    parameters = {
        "Action": action.name,
        "Version": action.service.version,
        "AccessKeyId": credentials.access_key_id,
        "SignatureNonce": nonce.nonce,
        "Timestamp": nonce.timestamp,
    }
    if credentials.security_token is not None:
        parameters["SecurityToken"] = credentials.security_token
    queried, form = (encoded_pairs(part) for part in _parts(action, own))
    query = _SAME_IN_ALL | encoded_pairs(parameters) | queried
    signature = signing.sign("POST", in_order(query | form), credentials.access_key_secret)
    signed = f"{in_order(query)}&Signature={signing.percent_encode(signature)}"
    return HttpRequest(
        method="POST",
        url=f"{account.address(action.service)}/?{signed}",
        headers={"Content-Type": FORM, "Accept": "application/json"},
        body=in_order(form).encode("ascii"),
        action=action.name,
    )


def _encode_acs3(
    action: Action, own: Mapping[str, str], account: Account, credentials: Credentials, nonce: RequestNonce
) -> HttpRequest:
    query, form = (signing.canonical_query(part) for part in _parts(action, own))
    body = form.encode("ascii")
    headers = {
        "accept": "application/json",
        "content-type": FORM,
        "host": account.host(action.service),
        "x-acs-action": action.name,
        "x-acs-content-sha256": signing.content_digest(body),
        "x-acs-date": nonce.timestamp,
    }
    if credentials.security_token is not None:
        headers["x-acs-security-token"] = credentials.security_token
    headers["x-acs-signature-nonce"] = nonce.nonce
    headers["x-acs-version"] = action.service.version
    headers["authorization"] = signing.acs3_authorization("POST", query, headers, credentials)
    address = account.address(action.service)
    url = f"{address}/?{query}" if query else f"{address}/"
    return HttpRequest("POST", url, headers, body, action=action.name)


def _parts(action: Action, own: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return an action's own parameters for the query string, and those for the form."""
    if not action.in_query and not action.queried:
        return {}, dict(own)
    query = {name: value for name, value in own.items() if action.is_in_query(name)}
    return query, {name: value for name, value in own.items() if name not in query}


def decode(action: Action, response: HttpResponse) -> dict[str, Any]:
    """Return the response's content, with the keys and types of the service model in whichever form it came.

    :raises ServiceError: the class that fits the response's code; :class:`NotForwarded` or :class:`Throttled` when a
        gateway did not forward the request; :class:`ResponseLost` when it is not a well-formed response (a proxy's
        error page, half a document)
    """
    request_id: Any = None
    try:
        body: dict[str, Any] = _upper_camel(_parse(action, response))
        request_id = body.get("RequestId")
        if not isinstance(request_id, str) or not _REQUEST_ID.fullmatch(request_id):
            request_id = None
            _malformed(action, response, "holds no RequestId")
        code = _failure_code(action, body)
        if response.status >= 300 and not code:
            _malformed(action, response, "holds neither result nor Code")
    except ResponseLost:
        # What has a request id has reached the service, whatever its status says.
        if not request_id and response.status == 429:
            raise Throttled("a gateway throttled the call", http_status=429, action=action.name) from None
        if not request_id and (refusal := gateway_refusal(response, action.name)):
            raise refusal from None
        raise
    if code:
        raise classify(code, response.status)(
            _reason(action, code, body),
            code=code,
            request_id=request_id,
            http_status=response.status,
            action=action.name,
            host_id=_host_id(body),
        )
    if action.is_job:
        # Documents show the job's later result here; only the RequestId, the job's id, is real.
        return body
    fields = _fields(action)
    found = body.get("Data") or {}
    if action.result_in_body:
        found = {field.name: body[field.name] for field in fields if field.name in body}
    try:
        data = _typed(found, fields)
    except (TypeError, ValueError, OverflowError):
        _malformed(action, response, "holds Data in another form than the action's result")
    return body | {"Data": data}


def _failure_code(action: Action, body: Mapping[str, Any]) -> str:
    """Return the code of a failure; ImageSearch has a number in every response, 0 for success."""
    code, failed = body.get("Code"), body.get("Success") in (False, "false")
    if not isinstance(code, str):
        is_number = isinstance(code, int) and not isinstance(code, bool)
        code = str(code) if is_number and action.result_in_body else ""
    if code == "0":
        code = ""
    return code[:MAX_CODE] or ("Failed" if failed and action.result_in_body else "")


def _host_id(body: dict[str, Any]) -> str | None:
    host_id = body.get("HostId")
    return host_id[:MAX_CODE] if isinstance(host_id, str) and host_id else None


def _reason(action: Action, code: str, body: Mapping[str, Any]) -> str:
    message = redact_message(body.get("Message") or body.get("Msg") or "the service gave no reason")
    if code == "SignatureDoesNotMatch":
        # An unknown key id has a code of its own, so only the secret is left.
        advice = "the access key id is known, its secret is wrong; check the password of the connection"
        message = f"{advice}. The service: {message}"
    elif code.startswith("InvalidAccessKeyId"):
        advice = "the access key id does not exist or is disabled; check the login of the connection"
        message = f"{advice}. The service: {message}"
    retired = action.unserved_because(code)
    return f"{message} ({action.name}: {retired})" if retired else message


def _malformed(action: Action, response: HttpResponse, problem: str) -> NoReturn:
    raise malformed_response(problem, action=action.name, http_status=response.status)


def _parse(action: Action, response: HttpResponse) -> dict[str, Any]:
    try:
        if response.body.lstrip()[:1] == b"<":
            root, document = parse(response.body)
            if root.lower() == "html":
                _malformed(action, response, "is a page")
        else:
            document = read_json(response.body)
    except (NotPlainXml, ValueError, RecursionError):
        _malformed(action, response, "is neither JSON nor XML")
    if not isinstance(document, dict):
        _malformed(action, response, "is not an object")
    return document


@lru_cache(1024)
def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _upper_camel(value: Any) -> Any:
    # One document of the services shows keys in lower camel case, all others in upper camel case.
    if isinstance(value, dict):
        # A page of the job list has thousands of values that are neither.
        return {
            _capital(name): _upper_camel(item) if isinstance(item, (dict, list)) else item
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_upper_camel(item) for item in value]
    return value


_LISTS = ("strings", "integers", "numbers", "files")
_PLAIN = {"string": str, "integer": int, "number": float, "boolean": bool}
"""Type of a field's value by its kind, for kinds whose values need nothing else."""


def _fields(action: Action) -> tuple[ResultField, ...]:
    if action.name != "GetAsyncJobResult":
        return action.result
    # A text that holds JSON, or the JSON itself; ``job_reports.read_report`` reads both.
    return tuple(field for field in action.result if field.name != "Result")


def _typed(data: Any, fields: tuple[ResultField, ...]) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise TypeError("not an object")
    typed = dict(data)
    for each in fields:
        # Nearly all values of a page of the job list are what they should be.
        if type(data.get(each.name)) is _PLAIN.get(each.kind):
            continue
        if each.kind in _LISTS:
            typed[each.name] = [_as_kind(each, item) for item in _as_list(data.get(each.name))]
        elif each.kind == "list":
            if (
                each.counted_by
                and data.get(each.name) in (None, "")
                and str(data.get(each.counted_by)) != "0"
            ):
                raise TypeError(f"no {each.name}")
            typed[each.name] = [_typed(item, each.fields) for item in _as_list(data.get(each.name))]
        elif each.kind == "object" and isinstance(data.get(each.name), dict):
            typed[each.name] = _typed(data[each.name], each.fields)
        elif each.kind not in ("any", "object") and data.get(each.name) is not None:
            typed[each.name] = _as_kind(each, data[each.name])
    return typed


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    return [] if value in (None, "") else [value]


def _as_kind(field: ResultField, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, dict | list):
        raise TypeError(f"{field.name} is not a single value")
    if field.kind in ("integer", "integers"):
        return int(value)
    if field.kind in ("number", "numbers"):
        number = float(value)
        return number if math.isfinite(number) else None
    if field.kind == "boolean":
        return value if isinstance(value, bool) else str(value).lower() == "true"
    if field.kind in ("file", "files"):
        return absolute_address(str(value))
    return str(value)
