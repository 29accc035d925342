"""Huawei Cloud's REST protocol without I/O: a call becomes bytes, bytes become a result or an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from airflow_provider_viapi.errors import (
    CredentialsRejected,
    InvalidRequest,
    PermissionDenied,
    ResponseLost,
    ServiceError,
)
from airflow_provider_viapi.http import HttpRequest, HttpResponse
from airflow_provider_viapi.http_errors import gateway_refusal, malformed_response
from airflow_provider_viapi.huawei import signing
from airflow_provider_viapi.huawei.account import Account, Auth
from airflow_provider_viapi.huawei.errors import classify, read_body, read_reason
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.pictures import Picture, picture_content, picture_type
from airflow_provider_viapi.renewable_credentials import Credentials
from airflow_provider_viapi.result_fields import read_json
from airflow_provider_viapi.schema import Parameter

JSON = "application/json"

MAX_SIGNED_BODY = 12 * 1024 * 1024
"""Most bytes of a body that a key signs [API gateway's documents]; with a token there is no such limit."""


def encode(
    action: Action, request: Mapping[str, Any], account: Account, auth: Auth | None, now: datetime
) -> HttpRequest:
    """Return the call of an action; the same arguments give the same bytes.

    :param request: checked parameters of the action, by wire name
    :param account: with its project, if the action's path has one
    :param auth: the key that signs or the token that is sent along; ``None`` for a request for a token
    :param now: an aware time, which the signature covers
    :raises InvalidRequest: the body is longer than a signed one may be
    """
    address, prefix = account.address(action.service), urlsplit(account.address(action.service)).path
    path = _path(action, request, account)
    query = signing.encode_query(_pairs(action.in_query, request))
    kind, body = _form(action, request) if action.in_form else (JSON, _body(action, request))
    headers = {"content-type": kind, "host": account.host(action.service)}
    if account.project_id is not None and auth is not None:
        headers["x-project-id"] = account.project_id
    if account.app_user_id is not None and action.service.name == "metastudio":
        headers["x-app-userid"] = account.app_user_id
    if isinstance(auth, Credentials):
        if len(body) > MAX_SIGNED_BODY:
            raise InvalidRequest(
                f"the body has {len(body)} bytes; allowed: {MAX_SIGNED_BODY} when a key signs (auth=password "
                "has no such limit)",
                code="BodyTooLarge",
                action=action.name,
            )
        _sign(action.method, prefix + path, query, headers, body, auth, now)
    elif auth is not None:
        headers["x-auth-token"] = auth.value
    url = f"{address}{path}{'?' if query else ''}{query}"
    return HttpRequest(action.method, url, headers, body, action=action.name)


def _sign(
    method: str, path: str, query: str, headers: dict[str, str], body: bytes, key: Credentials, now: datetime
) -> None:
    headers["x-sdk-date"] = signing.timestamp(now)
    if headers["content-type"] != JSON:
        headers["x-sdk-content-sha256"] = signing.UNSIGNED
    if key.security_token is not None:
        headers["x-security-token"] = key.security_token
    signed = sorted(headers)
    signature = signing.sign(method, path, query, headers, body, key.access_key_secret)
    headers["authorization"] = signing.authorization(key.access_key_id, signed, signature)


def _path(action: Action, request: Mapping[str, Any], account: Account) -> str:
    given = {each.name: quote(str(request[each.name]), safe="~") for each in action.in_path}
    if account.project_id is not None:
        given["project_id"] = quote(account.project_id, safe="~")
    return action.path_of(account.vias_paths).format_map(given)


def _pairs(parameters: Iterable[Parameter], request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for parameter in parameters:
        value = request.get(parameter.name)
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                yield parameter.name, str(item).lower() if isinstance(item, bool) else str(item)


def _body(action: Action, request: Mapping[str, Any]) -> bytes:
    if not action.in_body:
        return b""
    fields = {each.name: request[each.name] for each in action.in_body if each.name in request}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def _form(action: Action, request: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return the content type and the body of a form; text fields come before files, as in Huawei's SDK."""
    given = {each.name: request[each.name] for each in action.in_form if each.name in request}
    files = {each.name for each in action.in_form if isinstance(each, Picture)}
    parts = []
    for name, value in sorted(given.items(), key=lambda item: item[0] in files):
        head = f'Content-Disposition: form-data; name="{name}"'
        if name in files:
            content = picture_content(value)
            media_type = picture_type(content) or "application/octet-stream"
            suffix = media_type.rpartition("/")[2].replace("jpeg", "jpg")
            head += f'; filename="{name}.{suffix}"\r\nContent-Type: {media_type}'
        else:
            content = str(value).encode()
        parts.append(head.encode() + b"\r\n\r\n" + content + b"\r\n")
    # The same request gives the same bytes, and no content contains a digest of itself.
    boundary = hashlib.sha256(b"".join(parts)).hexdigest()
    lines = b"".join(f"--{boundary}\r\n".encode() + part for part in parts)
    return f"multipart/form-data; boundary={boundary}", lines + f"--{boundary}--\r\n".encode()


def decode(action: Action, response: HttpResponse) -> dict[str, Any]:
    """Return the response's content; content that is not an object is returned under the key ``value``.

    :raises ServiceError: the class that fits status and code, :class:`NotForwarded` when a gateway did not
        forward the request, or :class:`ResponseLost` when it remains unknown whether the call was accepted
    """
    request_id = response.headers.get("x-request-id")
    if response.status >= 400:
        reason = read_reason(read_body(response.body))
        if not reason.code and (refusal := gateway_refusal(response, action.name)):
            raise refusal
        kind = classify(reason.code, response.status)
        if not action.idempotent and (response.status == 500 or (response.status == 401 and not reason.code)):
            # A service may fail after it has done its work, and cannot distinguish a repeated call from a new one.
            # Huawei's gateway names a code if it rejects a key; whoever sends a bare 401 may have forwarded the call.
            kind = ResponseLost
        raise kind(
            _with_advice(kind, reason.message or "the service gave no reason"),
            code=reason.code,
            request_id=reason.request_id or request_id,
            http_status=response.status,
            action=action.name,
        )
    if refusal := gateway_refusal(response, action.name):
        raise refusal
    try:
        document: Any = read_json(response.body) if response.body.strip() else {}
        is_json = True
    except (ValueError, RecursionError):
        document, is_json = None, False
    if not 200 <= response.status < 300 or not is_json:
        problem = "is not JSON" if not is_json else "has an unexpected status"
        raise malformed_response(
            problem, action=action.name, request_id=request_id, http_status=response.status
        )
    return document if isinstance(document, dict) else {"value": document}


_ADVICE = (
    (
        CredentialsRejected,
        "aksk signature",
        "the secret (SK) in the connection does not match the access key (AK); check the password",
    ),
    (
        CredentialsRejected,
        "Get secretKey failed",
        "the access key (AK) in the connection does not exist or is disabled; check the login",
    ),
    (
        CredentialsRejected,
        "username or password is wrong",
        "IAM does not accept the user; check the connection's login and password, and domain in its extra",
    ),
    (
        InvalidRequest,
        "Could not find project",
        "IAM does not know the project; check region and project_id in the connection's extra",
    ),
    (
        PermissionDenied,
        "",
        "check the permissions of the key or user, and that project_id in the extra is one of its projects",
    ),
)
"""Advice by error class and a part of the service's message."""


def _with_advice(kind: type[ServiceError], message: str) -> str:
    found = next((text for each, part, text in _ADVICE if kind is each and part in message), None)
    return f"{found}. The service: {message}" if found else message


def rate_limit(response: HttpResponse) -> str | None:
    """Return the rate limit in the response's headers as text for a log; it is not interpreted.

    ``X-ratelimit-used`` is documented as what *remains*.
    """
    headers = {
        name: response.headers[name]
        for name in ("x-ratelimit", "x-ratelimit-used", "x-ratelimit-window")
        if name in response.headers
    }
    return ", ".join(f"{name} {value}" for name, value in headers.items()) or None
