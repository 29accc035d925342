"""What is asked of IAM: a token for a password, and which project is a region's."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action, Service
from airflow_provider_viapi.json_parameters import Object
from airflow_provider_viapi.schema import String

SERVICE = Service("iam")

CREATE_TOKEN = Action(
    service=SERVICE,
    name="KeystoneCreateUserTokenByPassword",
    summary="A token for the password of an IAM user; it stands in the answer's header X-Subject-Token.",
    method="POST",
    path="/v3/auth/tokens",
    in_body=(
        Object(
            name="auth", required=True, needs=("identity", "scope"), doc="Who asks, and for which project."
        ),
    ),
    answer=("token",),
    status=201,
    idempotent=True,
)

LIST_PROJECTS = Action(
    service=SERVICE,
    name="KeystoneListProjects",
    summary="The projects that the caller may see.",
    method="GET",
    path="/v3/projects",
    in_query=(
        String(name="name", min_length=1, doc="Only the projects of this name; a region's has the region's."),
    ),
    answer=("projects", "links"),
    idempotent=True,
)
