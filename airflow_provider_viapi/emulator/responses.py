"""Answers as the service writes them: results and errors, in JSON or XML."""

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
class Answer:
    """An answer as it goes out."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def result_answer(request: Request, content: Mapping[str, Any]) -> Answer:
    """The answer to a call that went well.

    :param content: what stands beside ``RequestId``, such as ``Data``
    """
    return _render(request, 200, f"{request.action}Response", {"RequestId": request.id, **content})


def error_answer(request: Request, error: ApiError) -> Answer:
    """The answer to a call that was refused."""
    content = {
        "RequestId": request.id,
        "HostId": urlsplit(request.base).netloc,
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}",
    }
    return _render(request, error.status, "Error", content)


def foreign_answer(status: int, text: str) -> Answer:
    """What is none of the service's answers, as if something else on the way had answered."""
    return Answer(status, {"content-type": "text/html;charset=utf-8"}, text.encode("utf-8", "replace"))


def xml(root: str, content: Mapping[str, Any]) -> bytes:
    """A document with that root; a list is its item repeated, without a number around it."""
    return f"<?xml version='1.0' encoding='UTF-8'?>{_element(root, content)}".encode()


def _render(request: Request, status: int, root: str, content: Mapping[str, Any]) -> Answer:
    if request.wants_xml:
        kind, body = "text/xml;charset=utf-8", xml(root, content)
    else:
        kind = "application/json;charset=utf-8"
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Answer(status, {"content-type": kind, "x-acs-request-id": request.id}, body)


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
