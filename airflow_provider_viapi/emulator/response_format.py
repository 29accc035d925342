"""Format of responses: results and errors, in JSON or XML."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.request import Request

_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class ServiceResponse:
    """A response: status, headers and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def result_response(request: Request, content: Mapping[str, Any]) -> ServiceResponse:
    """Return the response to an accepted call.

    :param content: the fields beside ``RequestId``, such as ``Data``
    """
    return _render(request, 200, f"{request.action}Response", {"RequestId": request.id, **content})


def error_response(request: Request, error: ApiError) -> ServiceResponse:
    """Return the response to a rejected call."""
    content = {
        "RequestId": request.id,
        "HostId": urlsplit(request.base).netloc,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}",
    }
    return _render(request, error.status, "Error", content)


def proxy_response(status: int, text: str) -> ServiceResponse:
    """Return a response that the service never sends, as a proxy or load balancer would."""
    return ServiceResponse(
        status, {"content-type": "text/html;charset=utf-8"}, text.encode("utf-8", "replace")
    )


def xml(root: str, content: Mapping[str, Any]) -> bytes:
    """Return an XML document; a list becomes repeated elements without a surrounding element."""
    return f"<?xml version='1.0' encoding='UTF-8'?>{_element(root, content)}".encode()


def _render(request: Request, status: int, root: str, content: Mapping[str, Any]) -> ServiceResponse:
    if request.wants_xml:
        kind, body = "text/xml;charset=utf-8", xml(root, content)
    else:
        kind = "application/json;charset=utf-8"
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return ServiceResponse(status, {"content-type": kind, "x-acs-request-id": request.id}, body)


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, Mapping):
        inner = "".join(_element(key, item) for key, item in value.items())
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(_NOT_IN_XML.sub("\ufffd", str(value)))
    return f"<{name}>{inner}</{name}>"
