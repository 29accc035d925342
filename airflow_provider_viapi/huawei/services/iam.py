"""Actions of IAM: a token for a password, and the project of a region."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action, Service
from airflow_provider_viapi.huawei.parameters import Object
from airflow_provider_viapi.scalar_parameters import String

SERVICE = Service("iam")

CREATE_TOKEN = Action(
    service=SERVICE,
    name="KeystoneCreateUserTokenByPassword",
    summary="Return a token for the password of an IAM user, in the header X-Subject-Token of the response.",
    method="POST",
    path="/v3/auth/tokens",
    in_body=(
        Object(
            name="auth", required=True, required_fields=("identity", "scope"), doc="Identity and project."
        ),
    ),
    response_fields=("token",),
    status=201,
    repeatable=True,
)

LIST_PROJECTS = Action(
    service=SERVICE,
    name="KeystoneListProjects",
    summary="List the projects that the caller may see.",
    method="GET",
    path="/v3/projects",
    in_query=(
        String(
            name="name",
            min_length=1,
            doc="Name of the project; a region's project has the name of the region.",
        ),
    ),
    response_fields=("projects", "links"),
)
