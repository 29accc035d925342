"""A token for a user's password, from IAM, and the project of a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from airflow_provider_viapi.errors import ConfigurationError, ResponseLost
from airflow_provider_viapi.http import HttpRequest, HttpResponse
from airflow_provider_viapi.huawei.config import Account, Token
from airflow_provider_viapi.huawei.rest import decode, encode
from airflow_provider_viapi.huawei.services import iam


@dataclass(frozen=True)
class User:
    """A user of IAM.

    :param name: name of the user
    :param password: never shown, sent only to IAM
    :param domain: name of the account that the user belongs to
    """

    name: str
    password: str = field(repr=False)
    domain: str


def token_request(user: User, account: Account, now: datetime) -> HttpRequest:
    """Return the request for a token that is valid in the account's project."""
    project = {"id": account.project_id} if account.project_id is not None else {"name": account.region}
    user_fields = {"name": user.name, "password": user.password, "domain": {"name": user.domain}}
    identity = {"methods": ["password"], "password": {"user": user_fields}}
    auth = {"auth": {"identity": identity, "scope": {"project": project}}}
    return encode(iam.CREATE_TOKEN, auth, account, None, now)


def read_token(response: HttpResponse) -> Token:
    """Return the token of a response: its value in the header ``X-Subject-Token``, its expiry in the body.

    :raises CredentialsRejected: user, password or domain is wrong
    :raises ResponseLost: there is no token in it
    """
    answer = decode(iam.CREATE_TOKEN, response)
    value = response.headers.get("x-subject-token")
    try:
        expiry = datetime.fromisoformat(answer["token"]["expires_at"].replace("Z", "+00:00"))
    except (KeyError, TypeError, ValueError, AttributeError):
        expiry = None
    if not value or expiry is None:
        raise ResponseLost(
            "the response holds no token", http_status=response.status, action=iam.CREATE_TOKEN.name
        )
    aware = expiry if expiry.tzinfo is not None else expiry.replace(tzinfo=timezone.utc)
    return Token(value, aware.timestamp())


def project_of(answer: Mapping[str, Any], region: str) -> str:
    """Return the id of the only project of a region, from the response of ``KeystoneListProjects``.

    :raises ConfigurationError: there is none, or more than one
    """
    projects = answer.get("projects")
    if not isinstance(projects, list):
        raise ResponseLost("the response holds no projects", action=iam.LIST_PROJECTS.name)
    ids = [str(each["id"]) for each in projects if isinstance(each, Mapping) and each.get("id")]
    if len(ids) == 1:
        return ids[0]
    found = (
        f"{len(ids)} projects are named {region!r} ({', '.join(ids)})"
        if ids
        else f"no project is named {region!r}"
    )
    raise ConfigurationError(f"{found}; set project_id in the connection's extra")
