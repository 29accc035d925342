"""Access keys, and the checks of signature, timestamp, token and nonce in the order of the service's gateway."""

from __future__ import annotations

import hmac
import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone

from airflow_provider_viapi.emulator.authorization import Authorization, read_authorization
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.request import Request

CLOCK_TOLERANCE = 15 * 60
"""Largest difference in seconds between a request's timestamp and the emulator's clock."""

NONCE_LIFETIME = 31 * 60
"""Seconds during which a nonce is refused if it is used again: longer than any timestamp stays valid."""


@dataclass(frozen=True)
class AccessKey:
    """An access key that the emulator accepts.

    :param id: the access key id
    :param secret: the access key secret
    :param security_token: the token that a temporary key must be used with; a token that is sent with a permanent
        key is ignored
    :param expires: end of a temporary key's validity, in Unix time
    """

    id: str = "viapi-emulator"
    secret: str = field(default="viapi-emulator-secret", repr=False)
    security_token: str | None = field(default=None, repr=False)
    expires: float | None = None


class AccessKeys:
    """The access keys of the emulator's one account, and the authentication of requests.

    :param keys: the permanent keys
    :param now: the clock, in Unix time
    """

    def __init__(self, keys: Iterable[AccessKey], now: Callable[[], float]) -> None:
        self._given = tuple(keys)
        self._keys = {key.id: key for key in self._given}
        self._now = now
        self._nonces: set[tuple[str, str]] = set()
        self._nonces_by_age: deque[tuple[float, tuple[str, str]]] = deque()

    def __getitem__(self, access_key_id: str) -> AccessKey:
        """Return the key with that id.

        :raises ApiError: there is no such key
        """
        key = self._keys.get(access_key_id)
        if key is None:
            raise ApiError("InvalidAccessKeyId.NotFound", "The emulator does not know this access key.")
        return key

    def authenticate(self, request: Request) -> AccessKey:
        """Return the key that signed a request, and record the request's nonce as used.

        :raises ApiError: the key is unknown, or signature, timestamp, token or nonce is not valid
        """
        authorization = read_authorization(request)
        key = self[authorization.access_key_id]
        now = self._now()
        _check_signature(authorization, key)
        _check_timestamp(authorization, now)
        check_token(key, authorization.security_token, now)
        self._use_nonce(authorization, now)
        return key

    def issue(self, seconds: float) -> AccessKey:
        """Issue a temporary key, as STS does.

        :param seconds: its validity
        """
        key = AccessKey(
            id=f"STS.{secrets.token_hex(12)}",
            secret=secrets.token_urlsafe(30),
            security_token=secrets.token_urlsafe(96),
            expires=self._now() + seconds,
        )
        self._keys[key.id] = key
        return key

    def reset(self) -> None:
        """Delete the temporary keys and forget all used nonces."""
        self._keys = {key.id: key for key in self._given}
        self._nonces.clear()
        self._nonces_by_age.clear()

    def _use_nonce(self, authorization: Authorization, now: float) -> None:
        while self._nonces_by_age and self._nonces_by_age[0][0] <= now - NONCE_LIFETIME:
            self._nonces.discard(self._nonces_by_age.popleft()[1])
        nonce = (authorization.access_key_id, authorization.nonce)
        if nonce in self._nonces:
            raise ApiError("SignatureNonceUsed", "A request with this SignatureNonce was received before.")
        self._nonces.add(nonce)
        self._nonces_by_age.append((now, nonce))


def check_token(key: AccessKey, security_token: str | None, now: float) -> None:
    """Check the security token that a request carries.

    :param now: in Unix time
    :raises ApiError: the key is temporary, and the token is missing, belongs to another key, or has expired
    """
    if key.security_token is None or key.expires is None:
        return
    if not security_token:
        raise ApiError("MissingSecurityToken", "SecurityToken is missing; a temporary key needs it.")
    if not hmac.compare_digest(security_token.encode(), key.security_token.encode()):
        raise ApiError(
            "InvalidSecurityToken.MismatchWithAccessKey", "This SecurityToken belongs to another access key."
        )
    if key.expires <= now:
        raise ApiError("InvalidSecurityToken.Expired", "This SecurityToken has expired.")


def _check_signature(authorization: Authorization, key: AccessKey) -> None:
    if hmac.compare_digest(authorization.sign(key.secret).encode(), authorization.signature.encode()):
        return
    # The service's exact text: Alibaba's clients parse it to distinguish a wrong secret from a wrong encoding.
    raise ApiError(
        "SignatureDoesNotMatch",
        f"Specified signature is not matched with our calculation. {authorization.describe_signed()}",
    )


def _check_timestamp(authorization: Authorization, now: float) -> None:
    form = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", authorization.timestamp, re.ASCII)
    try:
        if form is None:
            raise ValueError
        signed_at = datetime.fromisoformat(authorization.timestamp[:-1]).replace(tzinfo=timezone.utc)
    except ValueError:
        raise ApiError(
            "InvalidTimeStamp.Format", "Timestamp must have the form YYYY-MM-DDThh:mm:ssZ."
        ) from None
    if abs(signed_at.timestamp() - now) > CLOCK_TOLERANCE:
        raise ApiError(
            "InvalidTimeStamp.Expired", "Timestamp differs from the emulator's clock by more than 15 minutes."
        )
