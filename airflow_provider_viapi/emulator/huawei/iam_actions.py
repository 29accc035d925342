"""A token for a password, and the projects of the account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from airflow_provider_viapi.emulator.huawei.identity import Identity, Tenant
from airflow_provider_viapi.emulator.huawei.rest import RestCall, Told
from airflow_provider_viapi.huawei.services import iam


class IamActions:
    """Answers these actions.

    :param tenant: whose project and user there are
    :param identity: gives tokens
    :param now: the clock, in Unix time
    """

    def __init__(self, tenant: Tenant, identity: Identity, now: Callable[[], float]) -> None:
        self._tenant = tenant
        self._identity = identity
        self._now = now

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """What answers each action, by its name."""
        return {iam.CREATE_TOKEN.name: self._create_token, iam.LIST_PROJECTS.name: self._list_projects}

    def _create_token(self, call: RestCall) -> Told:
        token, expires = self._identity.issue_token(call.parameters["auth"])
        domain = {"id": "emulator", "name": self._tenant.domain}
        content = {
            "token": {
                "expires_at": _utc(expires),
                "issued_at": _utc(self._now()),
                "methods": ["password"],
                "project": {"id": self._tenant.project_id, "name": self._tenant.region, "domain": domain},
                "user": {"id": "emulator", "name": self._tenant.user, "domain": domain},
                "roles": [],
                "catalog": [],
            }
        }
        return Told(content, headers={"x-subject-token": token})

    def _list_projects(self, call: RestCall) -> dict[str, Any]:
        wanted = call.parameters.get("name")
        there = wanted in (None, self._tenant.region)
        project = {
            "id": self._tenant.project_id,
            "name": self._tenant.region,
            "domain_id": "emulator",
            "enabled": True,
            "is_domain": False,
        }
        return {"projects": [project] if there else [], "links": {"self": f"{call.base}/v3/projects"}}


def _utc(time: float) -> str:
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
