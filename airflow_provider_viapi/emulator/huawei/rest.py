"""A request to a REST service, the call that the gateway accepts, and the response."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.response_format import ServiceResponse
from airflow_provider_viapi.huawei.model import Action

HOST_NAME = "viapi-emulator"
"""Host name at the end of the header X-Request-Id."""


def new_id() -> str:
    """Return an id for a request, a job or a record: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@dataclass(frozen=True)
class RestRequest:
    """A request as it arrived; ``id`` is the request id of its response.

    :param method: HTTP method in upper case
    :param path: as it was sent, percent-encoded
    :param query: as it was sent, percent-encoded
    :param body: as it was sent
    :param headers: by name in lower case
    :param base: the address under which the client reached the emulator, without a trailing slash
    """

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    base: str = "http://127.0.0.1"
    id: str = field(default_factory=new_id, init=False)

    @property
    def header_id(self) -> str:
        """Value of the header X-Request-Id in its documented form: ``request_id-timestamp-hostname``."""
        return f"{self.id}-{int(time.time() * 1000)}-{HOST_NAME}"


@dataclass(frozen=True)
class RestCall:
    """A call that the gateway accepted.

    :param id: the request id of its response
    :param action: the action that is called
    :param parameters: of path, query and body by name, typed
    :param base: the address under which the client reached the emulator, without a trailing slash
    :param app_user_id: the application's own user, if the call names one
    """

    id: str
    action: Action
    parameters: Mapping[str, Any]
    base: str
    app_user_id: str | None = None


@dataclass(frozen=True)
class Reply:
    """The result of an action.

    :param content: body of the response
    :param status: HTTP status; default: that of the action
    :param headers: further headers
    """

    content: Any
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def result_response(request: RestRequest, action: Action, reply: Reply) -> ServiceResponse:
    """Return the response to an accepted call."""
    return _response(request, reply.status or action.status, reply.content, reply.headers)


def error_response(request: RestRequest, error: ApiError) -> ServiceResponse:
    """Return the response to a rejected call, in the form of the gateway and the services."""
    content = {"error_code": error.code, "error_msg": error.message, "request_id": request.id}
    return _response(request, error.status, content)


def iam_error_response(request: RestRequest, error: ApiError) -> ServiceResponse:
    """Return the response to a rejected call in the form of IAM, whose code is the HTTP status."""
    title = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}.get(error.status, "Bad Request")
    content = {"error": {"code": error.status, "message": error.message, "title": title}}
    return _response(request, error.status, content)


def rfc3339(time: float | None) -> str | None:
    """Return a Unix time in the form of MetaStudio and VIAS: ``2021-01-10T08:43:17Z``."""
    return None if time is None else datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def without_nulls(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value."""
    return {name: value for name, value in content.items() if value is not None}


def _response(
    request: RestRequest, status: int, content: Any, headers: Mapping[str, str] | None = None
) -> ServiceResponse:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    own = {"content-type": "application/json;charset=utf-8", "x-request-id": request.header_id}
    return ServiceResponse(status, {**own, **(headers or {})}, body)
