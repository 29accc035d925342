"""The gateway: which action a request calls, who calls it, how often, and with what."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.huawei.errors import THROTTLED, invalid, refusal
from airflow_provider_viapi.emulator.huawei.identity import Identity, Tenant
from airflow_provider_viapi.emulator.huawei.rest import RestCall, RestRequest
from airflow_provider_viapi.emulator.huawei.routing import Paths
from airflow_provider_viapi.emulator.quota import Quota
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.parameters import StringList
from airflow_provider_viapi.huawei.rest import MAX_SIGNED_BODY
from airflow_provider_viapi.huawei.services import iam


class Gateway:
    """Turns requests into calls.

    :param paths: what can be called
    :param tenant: whose project the paths have to name
    :param identity: knows who may call
    :param quota: knows how often
    """

    def __init__(self, paths: Paths, tenant: Tenant, identity: Identity, quota: Quota) -> None:
        self._paths = paths
        self._tenant = tenant
        self._identity = identity
        self._quota = quota

    def admit(self, request: RestRequest) -> RestCall:
        """The call that a request makes.

        :raises ApiError: there is no such path, the caller may not call, or a parameter is not right
        """
        action, in_path = self._paths.find(request.method, request.path)
        if action is not iam.CREATE_TOKEN:
            if "x-auth-token" not in request.headers and len(request.body) > MAX_SIGNED_BODY:
                raise refusal("APIGW.0201", "Request entity too large")
            self._identity.authenticate(request)
        if in_path.pop("project_id", self._tenant.project_id) != self._tenant.project_id:
            raise refusal("APIGW.0302", "The IAM user is not allowed to access the API: another project")
        try:
            self._quota.take(action.name)
        except ApiError:
            raise refusal(
                THROTTLED, "The throttling threshold has been reached: policy user over ratelimit"
            ) from None
        given = {**in_path, **_in_query(action, request.query), **_in_body(action, request.body)}
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
        raise invalid(action.service.name, "The body is not a structure of JSON.")
    return {each.name: document[each.name] for each in action.in_body if each.name in document}
