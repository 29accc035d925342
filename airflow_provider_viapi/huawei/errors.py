"""Huawei Cloud's error responses and the error class of each.

Shapes and codes are from the documents of MetaStudio, VIAS, IAM and the API gateway, and from what Huawei's Python
SDK reads; no live response was seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_viapi.errors import (
    CredentialsRejected,
    InvalidRequest,
    PermissionDenied,
    ResponseLost,
    ServiceError,
    Throttled,
    TransientError,
    leaves_outcome_open,
)
from airflow_provider_viapi.redaction import MAX_CODE, redact_message, redact_text
from airflow_provider_viapi.result_fields import read_json
from airflow_provider_viapi.xml import NotPlainXml, parse

_SHAPES = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"), ("Code", "Message"))
"""Names of the fields with code and message, each pair at the top level or one below; the last is XML's."""

_REQUEST_IDS = ("request_id", "requestId", "RequestId")

_THROTTLED = re.compile(r"[A-Za-z]+\.0308")
"""The number of throttling, after the gateway's own prefixes (APIGW, APIG, APIC) or a service's, such as IVA."""

_AUTHORIZATION = re.compile(r"(?i)((?:x-security-token|x-auth-token|authorization)\s*[:=]\s*)[^\r\n]+")

_GATEWAY_FAILURES = frozenset({408, 502, 504})
"""Statuses with which a gateway reports that the service did not respond: it may have done its work."""


@dataclass(frozen=True)
class Reason:
    """Code, message and request id of an error response, as far as they can be read."""

    code: str | None = None
    message: str | None = None
    request_id: str | None = None


def read_body(body: bytes) -> Any:
    """Return the decoded body of an error response, JSON or XML; ``None`` for anything else, such as an HTML page."""
    try:
        return read_json(body)
    except (ValueError, RecursionError):
        pass
    try:
        root, content = parse(body)
    except NotPlainXml:
        return None
    # A proxy's page may be well-formed, too.
    return None if root.lower() == "html" else content


def read_reason(document: Any) -> Reason:
    """Read an error response in any of the known shapes.

    :param document: the decoded body
    """
    if not isinstance(document, Mapping):
        return Reason()
    request_id = next(filter(None, (_short(document.get(name)) for name in _REQUEST_IDS)), None)
    for part in (document, *(inner for inner in document.values() if isinstance(inner, Mapping))):
        for code_name, message_name in _SHAPES:
            if code_name in part and message_name in part:
                code, message = _short(part[code_name]), _text(part[message_name])
                return Reason(code, message and redact(message), request_id)
    return Reason(request_id=request_id)


def redact(text: str) -> str:
    """Return a message without tokens and signatures: a gateway that rejects a signature quotes what it signed."""
    return redact_message(text, lambda shortened: redact_text(_AUTHORIZATION.sub(r"\1***", shortened)))


def classify(code: str | None, http_status: int) -> type[ServiceError]:
    """Return the error class for an error response.

    :param code: its code; ``None`` if it has none, in which case it may be a proxy's error page
    :param http_status: its status, which decides among those with a code, except for throttling
    """
    if http_status == 429 or _THROTTLED.fullmatch(code or ""):
        return Throttled
    if http_status == 401:
        return CredentialsRejected
    if http_status in _GATEWAY_FAILURES or not code:
        return ResponseLost
    if http_status >= 500:
        return TransientError
    if leaves_outcome_open(code):
        return TransientError
    if http_status == 403:
        return PermissionDenied
    return InvalidRequest


def _short(value: Any) -> str | None:
    text = _text(value)
    return text and text[:MAX_CODE]


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None
