"""A call of a REST service: as it arrived, as the gateway lets it through, and its answer."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.responses import Answer
from airflow_provider_viapi.huawei.model import Action


def new_id() -> str:
    """The id of an answer, a job or anything else: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class RestRequest:
    """A call as it arrived; ``id`` is the X-Request-Id of its answer.

    :param method: of HTTP, in capitals
    :param path: as it was sent, percent-encoded
    :param query: the same of the query
    :param body: as it was sent
    :param headers: by name in small letters
    :param base: the address under which the caller reached the emulator, without a slash at its end
    """

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str = "http://127.0.0.1"
    id: str = field(default_factory=new_id, init=False)


@dataclass(frozen=True)
class RestCall:
    """A call that the gateway let through.

    :param id: the X-Request-Id of its answer
    :param action: what is called
    :param parameters: of path, query and body by their names, with their proper types
    :param base: the address under which the caller reached the emulator, without a slash at its end
    :param app_user_id: an application's own user, if the call names one
    """

    id: str
    action: Action
    parameters: Mapping[str, Any]
    base: str
    app_user_id: str | None = None


@dataclass(frozen=True)
class Told:
    """What an action answers.

    :param content: the body
    :param status: of HTTP; the action's own unless given
    :param headers: that go with it
    """

    content: Any
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def result_answer(request: RestRequest, action: Action, told: Told) -> Answer:
    """The answer to a call that went well."""
    return _answer(request, told.status or action.status, told.content, told.headers)


def error_answer(request: RestRequest, error: ApiError) -> Answer:
    """The answer to a call that was refused, as the gateway and the services write it."""
    content = {"error_code": error.code, "error_msg": error.message, "request_id": request.id}
    return _answer(request, error.status, content)


def iam_error_answer(request: RestRequest, error: ApiError) -> Answer:
    """The same as IAM writes it, which has no code but the status."""
    title = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}.get(error.status, "Bad Request")
    content = {"error": {"code": error.status, "message": error.message, "title": title}}
    return _answer(request, error.status, content)


def rfc3339(time: float | None) -> str | None:
    """A Unix time as MetaStudio and VIAS write it: ``2021-01-10T08:43:17Z``."""
    return None if time is None else datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def without_nulls(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in content.items() if value is not None}


def _answer(
    request: RestRequest, status: int, content: Any, headers: Mapping[str, str] | None = None
) -> Answer:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    own = {"content-type": "application/json;charset=utf-8", "x-request-id": request.id}
    return Answer(status, {**own, **(headers or {})}, body)
