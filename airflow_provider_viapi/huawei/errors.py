"""What Huawei Cloud's error answers look like, and which class of the tree each belongs to.

Shapes and codes are from the documents of MetaStudio, VIAS, IAM and the API gateway, and from what Huawei's Python
SDK reads; no live answer was seen.
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
)

_SHAPES = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"))
"""Names under which code and text stand, each pair at the top or one level below."""

_THROTTLED = re.compile(r"API(GW|G|C)\.0308")

_PRIVATE = re.compile(r"(?i)((?:x-security-token|x-auth-token|authorization)\s*[:=]\s*)[^\r\n]+")

NOT_ANSWERED = frozenset({408, 502, 504})
"""Statuses with which a gateway says that it waited in vain or got nonsense: the service may have done its work."""


@dataclass(frozen=True)
class Reason:
    """What an error answer says, as far as it can be read."""

    code: str | None = None
    message: str | None = None
    request_id: str | None = None


def read_reason(document: Any) -> Reason:
    """The reason in an error answer, in any of the shapes that are known.

    :param document: the decoded body
    """
    if not isinstance(document, Mapping):
        return Reason()
    request_id = _text(document.get("request_id")) or _text(document.get("requestId"))
    for part in (document, *(inner for inner in document.values() if isinstance(inner, Mapping))):
        for code_name, message_name in _SHAPES:
            if code_name in part and message_name in part:
                code, message = _text(part[code_name]), _text(part[message_name])
                return Reason(code, message and hide_private(message), request_id)
    return Reason(request_id=request_id)


def hide_private(text: str) -> str:
    """A text without the tokens in it: a gateway that refuses a signature quotes what it has signed."""
    return _PRIVATE.sub(r"\1***", text)


def classify(code: str | None, http_status: int) -> type[ServiceError]:
    """Which class of the tree an error answer belongs to.

    :param code: its code, if it has a readable one; an error without one may be a page of a proxy's, which says
        nothing of the call
    :param http_status: its status, which decides between those with a code: only throttling is told by that
    """
    if http_status == 429 or _THROTTLED.fullmatch(code or ""):
        return Throttled
    if http_status == 401:
        return CredentialsRejected
    if http_status in NOT_ANSWERED or not code:
        return ResponseLost
    if http_status >= 500:
        return TransientError
    if http_status == 403:
        return PermissionDenied
    return InvalidRequest


def _text(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None
