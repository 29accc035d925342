"""Authentication: access keys that sign, and IAM tokens; the actions of IAM."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_viapi.emulator.access_keys import CLOCK_TOLERANCE, AccessKey, AccessKeys, check_token
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.huawei.errors import unauthorized
from airflow_provider_viapi.emulator.huawei.rest import Reply, RestCall, RestRequest
from airflow_provider_viapi.huawei import signing
from airflow_provider_viapi.huawei.services import iam

TOKEN_LIFETIME = 24 * 60 * 60
"""Validity of a token in seconds."""

_TOKEN_BYTES = 1536  # The service's tokens have some kilobytes.


@dataclass(frozen=True)
class Tenant:
    """The account of all calls.

    :param project_id: id of its only project, part of every path
    :param region: name of that project
    :param user: IAM user that can get tokens
    :param password: password of that user
    :param domain: name of the account
    """

    project_id: str = "0e5c1a7d4b8f4c6e9a2d3f5b7c9e1a3d"
    region: str = "cn-north-4"
    user: str = "viapi-emulator"
    password: str = field(default="viapi-emulator-password", repr=False)
    domain: str = "viapi-emulator-domain"


@dataclass(frozen=True)
class Claim:
    """Content of an ``Authorization`` header.

    :param access_key_id: id of the key that is said to have signed
    :param signed_headers: names of the signed headers in lower case
    :param signature: 64 hexadecimal digits
    """

    access_key_id: str
    signed_headers: tuple[str, ...]
    signature: str


def read_timestamp(text: str) -> datetime:
    """Parse the header ``X-Sdk-Date``.

    :raises ValueError: it holds no time
    """
    return datetime.strptime(text, signing.DATE_FORMAT).replace(tzinfo=timezone.utc)


def read_authorization(header: str) -> Claim:
    """Parse the header ``Authorization``.

    :raises ValueError: it is not of this algorithm
    """
    form = rf"{signing.ALGORITHM} Access=([!-~]+), SignedHeaders=([!-~]+), Signature=([0-9a-f]{{64}})"
    found = re.fullmatch(form, header)
    if found is None:
        raise ValueError(f"not an {signing.ALGORITHM} authorization")
    return Claim(found[1], tuple(found[2].split(";")), found[3])


class Identity:
    """Authenticate requests, and issue tokens.

    :param tenant: the account, whose user can get tokens
    :param access_keys: accepted access keys, the same as for VIAPI
    :param now: the clock, in Unix time
    """

    def __init__(self, tenant: Tenant, access_keys: AccessKeys, now: Callable[[], float]) -> None:
        self._tenant = tenant
        self._access_keys = access_keys
        self._now = now
        self._tokens: dict[str, float] = {}

    def issue_token(self, auth: Mapping[str, Any]) -> tuple[str, float]:
        """Issue a token for a password; return it with its expiry in Unix time.

        :param auth: ``identity`` and ``scope`` in IAM's form
        :raises ApiError: user, password or account is wrong, or there is no such project
        """
        user = _nested(auth, "identity", "password", "user")
        name, domain = _nested(user, "name"), _nested(user, "domain", "name")
        password = _nested(user, "password")
        is_correct = isinstance(password, str) and hmac.compare_digest(
            password.encode(), self._tenant.password.encode()
        )
        if not is_correct or (name, domain) != (self._tenant.user, self._tenant.domain):
            raise ApiError("", "The username or password is wrong.", 401)
        project = _nested(auth, "scope", "project")
        known = (
            _nested(project, "id") == self._tenant.project_id,
            _nested(project, "name") == self._tenant.region,
        )
        if not any(known):
            raise ApiError("", "Could not find project in the scope of the token.", 404)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._tokens[token] = self._now() + TOKEN_LIFETIME
        return token, self._tokens[token]

    def expire_tokens(self) -> None:
        """Expire every token that was issued."""
        self._tokens = dict.fromkeys(self._tokens, self._now())

    def is_valid_token(self, token: str) -> bool:
        """Return true if a token was issued and has not expired."""
        return self._tokens.get(token, 0.0) > self._now()

    def reset(self) -> None:
        """Forget all tokens."""
        self._tokens.clear()

    def authenticate(self, request: RestRequest) -> None:
        """Check that a request is signed with a key of the account or carries a valid token.

        :raises ApiError: it is not
        """
        if "x-auth-token" in request.headers:
            self._check_token(request.headers["x-auth-token"])
        elif "authorization" in request.headers:
            self._check_signature(request)
        else:
            raise unauthorized("x-auth-token not found")

    def _check_token(self, token: str) -> None:
        expires = self._tokens.get(token)
        if expires is None:
            raise unauthorized("decrypt token fail")
        if expires <= self._now():
            raise unauthorized("token expires")

    def _check_signature(self, request: RestRequest) -> None:
        headers = request.headers
        try:
            claim = read_authorization(headers["authorization"].strip())
            signed_at = read_timestamp(headers["x-sdk-date"])
            key = self._access_keys[claim.access_key_id]
        except KeyError:
            raise unauthorized("x-sdk-date not found") from None
        except ValueError:
            raise unauthorized("authorization or x-sdk-date is malformed") from None
        except ApiError:
            raise unauthorized("Get secretKey failed") from None
        needed = {"host", "x-sdk-date", "x-security-token"} & headers.keys()
        if not needed <= set(claim.signed_headers) or not self._is_signed_by(key, claim, request):
            raise unauthorized("verify aksk signature fail")
        if abs(signed_at.timestamp() - self._now()) > CLOCK_TOLERANCE:
            raise unauthorized("signature expired, x-sdk-date differs by more than 15 minutes")
        try:
            check_token(key, headers.get("x-security-token"), self._now())
        except ApiError as error:
            raise unauthorized(error.message) from None

    @staticmethod
    def _is_signed_by(key: AccessKey, claim: Claim, request: RestRequest) -> bool:
        digest = request.headers.get("x-sdk-content-sha256")
        if digest not in (None, signing.UNSIGNED, sha256(request.body).hexdigest()):
            return False
        query = signing.encode_query(parse_qsl(request.query, keep_blank_values=True))
        try:
            expected = signing.expected_signature(
                request.method,
                request.path,
                query,
                request.headers,
                request.body,
                claim.signed_headers,
                key.secret,
            )
        except KeyError:
            return False
        return hmac.compare_digest(expected, claim.signature)


class IamActions:
    """The actions of IAM.

    :param tenant: the account
    :param identity: issues tokens
    :param now: the clock, in Unix time
    """

    def __init__(self, tenant: Tenant, identity: Identity, now: Callable[[], float]) -> None:
        self._tenant = tenant
        self._identity = identity
        self._now = now

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each action by its name."""
        return {iam.CREATE_TOKEN.name: self._create_token, iam.LIST_PROJECTS.name: self._list_projects}

    def _create_token(self, call: RestCall) -> Reply:
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
        return Reply(content, headers={"x-subject-token": token})

    def _list_projects(self, call: RestCall) -> dict[str, Any]:
        matches = call.parameters.get("name") in (None, self._tenant.region)
        project = {
            "id": self._tenant.project_id,
            "name": self._tenant.region,
            "domain_id": "emulator",
            "enabled": True,
            "is_domain": False,
        }
        return {"projects": [project] if matches else [], "links": {"self": f"{call.base}/v3/projects"}}


def _utc(time: float) -> str:
    return datetime.fromtimestamp(time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _nested(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
