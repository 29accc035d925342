"""Who calls: a key that signs, or a token that IAM gave for a user's password."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from airflow_provider_viapi.emulator.access_keys import CLOCK_TOLERANCE, AccessKey, AccessKeys, check_token
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.huawei.errors import unauthorized
from airflow_provider_viapi.emulator.huawei.rest import RestRequest
from airflow_provider_viapi.huawei import signing

TOKEN_LIFETIME = 24 * 60 * 60
"""Seconds for which a token is good."""

_TOKEN_BYTES = 1536  # Tokens of the service are some kilobytes long.


@dataclass(frozen=True)
class Tenant:
    """The account that all calls are of.

    :param project_id: its one project, which every path names
    :param region: name of that project
    :param user: of IAM, who may have tokens
    :param password: that user's
    :param domain: name of the account
    """

    project_id: str = "0e5c1a7d4b8f4c6e9a2d3f5b7c9e1a3d"
    region: str = "cn-north-4"
    user: str = "viapi-emulator"
    password: str = field(default="viapi-emulator-password", repr=False)
    domain: str = "viapi-emulator-domain"


class Identity:
    """Lets those pass who prove who they are.

    :param tenant: whose user may have tokens
    :param access_keys: those that may sign, the same as in the other cloud
    :param now: the clock, in Unix time
    """

    def __init__(self, tenant: Tenant, access_keys: AccessKeys, now: Callable[[], float]) -> None:
        self._tenant = tenant
        self._access_keys = access_keys
        self._now = now
        self._tokens: dict[str, float] = {}

    def issue_token(self, auth: Mapping[str, Any]) -> tuple[str, float]:
        """A token for a password, and the Unix time of its end.

        :param auth: ``identity`` and ``scope``, as IAM takes them
        :raises ApiError: user, password or domain is wrong, or there is no such project
        """
        user = _dig(auth, "identity", "password", "user")
        named = (_dig(user, "name"), _dig(user, "domain", "name"))
        password = _dig(user, "password")
        right = isinstance(password, str) and hmac.compare_digest(
            password.encode(), self._tenant.password.encode()
        )
        if not right or named != (self._tenant.user, self._tenant.domain):
            raise ApiError("", "The username or password is wrong.", 401)
        project = _dig(auth, "scope", "project")
        if _dig(project, "id") != self._tenant.project_id and _dig(project, "name") != self._tenant.region:
            raise ApiError("", "Could not find project in the scope of the token.", 404)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._tokens[token] = self._now() + TOKEN_LIFETIME
        return token, self._tokens[token]

    def expire_tokens(self) -> None:
        """Let every token that was given be one that has expired."""
        self._tokens = dict.fromkeys(self._tokens, self._now())

    def reset(self) -> None:
        """Forget all tokens."""
        self._tokens.clear()

    def authenticate(self, request: RestRequest) -> None:
        """Let a request pass that a key of the account has signed, or that carries one of its tokens.

        :raises ApiError: it is neither
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
            claim = signing.read_authorization(headers["authorization"].strip())
            signed_at = signing.read_timestamp(headers["x-sdk-date"])
            key = self._access_keys[claim.access_key_id]
        except KeyError:
            raise unauthorized("x-sdk-date not found") from None
        except ValueError:
            raise unauthorized("the form of authorization or x-sdk-date is wrong") from None
        except ApiError:
            raise unauthorized("Get secretKey failed") from None
        needed = {"host", "x-sdk-date", "x-security-token"} & headers.keys()
        if not needed <= set(claim.signed_headers) or not self._is_signed_by(key, claim, request):
            raise unauthorized("verify aksk signature fail")
        if abs(signed_at.timestamp() - self._now()) > CLOCK_TOLERANCE:
            raise unauthorized("signature expired, x-sdk-date is more than 15 minutes off")
        try:
            check_token(key, headers.get("x-security-token"), self._now())
        except ApiError as error:
            raise unauthorized(error.message) from None

    @staticmethod
    def _is_signed_by(key: AccessKey, claim: signing.Claim, request: RestRequest) -> bool:
        told = request.headers.get("x-sdk-content-sha256")
        if told not in (None, signing.UNSIGNED, sha256(request.body).hexdigest()):
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


def _dig(value: Any, *way: str) -> Any:
    for step in way:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
