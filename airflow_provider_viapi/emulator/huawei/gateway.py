"""The gateway: route a request to its action, authenticate the caller, check the quota and the parameters."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, unquote

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.huawei.errors import THROTTLED, api_error, invalid
from airflow_provider_viapi.emulator.huawei.identity import Identity, Tenant
from airflow_provider_viapi.emulator.huawei.rest import RestCall, RestRequest
from airflow_provider_viapi.emulator.quota import Quota
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.parameters import StringList
from airflow_provider_viapi.huawei.services import iam


class Paths:
    """The paths of actions, of every API version.

    :param actions: actions that can be called
    """

    def __init__(self, actions: Iterable[Action]) -> None:
        known = [
            (action, path) for action in actions for path in {action.path, action.path_v1 or action.path}
        ]
        # A literal path takes precedence over one with a parameter in the same position.
        known.sort(key=lambda each: each[1].count("{"))
        self._known = [(action, re.compile(_pattern(path))) for action, path in known]

    def find(self, method: str, path: str) -> tuple[Action, dict[str, str]]:
        """Return the action of a path, and the parameters in the path, the project among them.

        :param path: as it was sent, percent-encoded
        :raises ApiError: there is no such path
        """
        for action, pattern in self._known:
            found = pattern.fullmatch(path) if action.method == method else None
            if found is not None:
                return action, {name: unquote(value) for name, value in found.groupdict().items()}
        raise api_error("APIGW.0101", "The API does not exist or has not been published in the environment")

    def name_of(self, method: str, path: str) -> str:
        """Return the name of the action, or an empty string if there is no such path."""
        try:
            return self.find(method, path)[0].name
        except ApiError:
            return ""


def _pattern(path: str) -> str:
    words = re.split(r"\{(\w+)\}", path)
    return "".join(f"(?P<{word}>[^/]+)" if place % 2 else re.escape(word) for place, word in enumerate(words))


class Gateway:
    """Turn requests into calls.

    :param paths: paths of the actions
    :param tenant: the account, whose project the paths must name
    :param identity: authenticates callers
    :param quota: limits calls
    """

    def __init__(self, paths: Paths, tenant: Tenant, identity: Identity, quota: Quota) -> None:
        self._paths = paths
        self._tenant = tenant
        self._identity = identity
        self._quota = quota

    def admit(self, request: RestRequest) -> RestCall:
        """Return the call that a request makes.

        :raises ApiError: the path does not exist, the caller is not authorized, or a parameter is not valid
        """
        action, in_path = self._paths.find(request.method, request.path)
        if action is not iam.CREATE_TOKEN:
            self._identity.authenticate(request)
        if in_path.pop("project_id", self._tenant.project_id) != self._tenant.project_id:
            raise api_error("APIGW.0302", "The IAM user is not allowed to access the API: another project")
        try:
            self._quota.take(action.name)
        except ApiError:
            raise api_error(
                THROTTLED, "The throttling threshold has been reached: policy user over ratelimit"
            ) from None
        body = _in_form(action, request) if action.in_form else _in_body(action, request.body)
        given = {**in_path, **_in_query(action, request.query), **body}
        try:
            checked = action.check(given)
        except InvalidRequest as error:
            raise invalid(action.service.name, f"{error.message}.") from None
        return RestCall(request.id, action, checked, request.base, request.headers.get("x-app-userid"))


def _in_query(action: Action, query: str) -> dict[str, Any]:
    sent = parse_qs(query, keep_blank_values=True)
    return {
        each.name: sent[each.name] if isinstance(each, StringList) else sent[each.name][-1]
        for each in action.in_query
        if each.name in sent
    }


def _in_body(action: Action, body: bytes) -> dict[str, Any]:
    if not action.in_body or not body.strip():
        return {}
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise invalid(action.service.name, "The body is not a JSON object.")
    return {each.name: document[each.name] for each in action.in_body if each.name in document}


def _in_form(action: Action, request: RestRequest) -> dict[str, Any]:
    from python_multipart import parse_form

    kind = request.headers.get("content-type", "")
    fields: dict[str, Any] = {}

    def on_file(file: Any) -> None:
        file.file_object.seek(0)
        fields[file.field_name.decode("utf-8", "replace")] = file.file_object.read()
        file.close()

    def on_field(field: Any) -> None:
        fields[field.field_name.decode("utf-8", "replace")] = (field.value or b"").decode("utf-8", "replace")

    try:
        parse_form({"Content-Type": kind.encode()}, io.BytesIO(request.body), on_field, on_file)
    except ValueError:
        raise invalid(action.service.name, "The body is not a form (multipart/form-data).") from None
    return {each.name: fields[each.name] for each in action.in_form if each.name in fields}
