"""Who may call: access keys, and the checks of signature, clock, token and nonce, in a gateway's order."""

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
"""Seconds that a request's timestamp may be off."""

NONCE_MEMORY = 31 * 60
"""Seconds for which a nonce cannot be used again: longer than any timestamp stays acceptable."""


@dataclass(frozen=True)
class AccessKey:
    """A key that the emulator knows.

    :param id: its public half
    :param secret: its secret half
    :param security_token: of a temporary key, the token that goes with it; a token that is sent along with a key
        that is not temporary is not looked at
    :param expires: of a temporary key, until when it may call, in Unix time
    """

    id: str = "viapi-emulator"
    secret: str = field(default="viapi-emulator-secret", repr=False)
    security_token: str | None = field(default=None, repr=False)
    expires: float | None = None


class AccessKeys:
    """The keys that may call, all of one account; lets requests pass that are signed with one, fresh, and new.

    :param keys: those that there are from the beginning
    :param now: the clock, in Unix time
    """

    def __init__(self, keys: Iterable[AccessKey], now: Callable[[], float]) -> None:
        self._given = tuple(keys)
        self._keys = {key.id: key for key in self._given}
        self._now = now
        self._nonces: set[tuple[str, str]] = set()
        self._nonces_by_age: deque[tuple[float, tuple[str, str]]] = deque()

    def __getitem__(self, access_key_id: str) -> AccessKey:
        """The key of that id.

        :raises ApiError: there is none
        """
        key = self._keys.get(access_key_id)
        if key is None:
            raise ApiError("InvalidAccessKeyId.NotFound", "The emulator does not know this access key.")
        return key

    def authenticate(self, request: Request) -> AccessKey:
        """The key that a request is signed with; its nonce is then used.

        :raises ApiError: the key is not known, or the request is not signed with it, not fresh or not new
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
        """A new temporary key of the account, as STS gives one.

        :param seconds: how long it may call
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
        """Forget the temporary keys, and let every nonce be used again."""
        self._keys = {key.id: key for key in self._given}
        self._nonces.clear()
        self._nonces_by_age.clear()

    def _use_nonce(self, authorization: Authorization, now: float) -> None:
        while self._nonces_by_age and self._nonces_by_age[0][0] <= now - NONCE_MEMORY:
            self._nonces.discard(self._nonces_by_age.popleft()[1])
        nonce = (authorization.access_key_id, authorization.nonce)
        if nonce in self._nonces:
            raise ApiError("SignatureNonceUsed", "A request with this SignatureNonce was seen before.")
        self._nonces.add(nonce)
        self._nonces_by_age.append((now, nonce))


def check_token(key: AccessKey, security_token: str | None, now: float) -> None:
    """Let a token pass that goes with a key, or any if the key needs none.

    :param now: in Unix time
    :raises ApiError: it is missing, another one, or has expired
    """
    if key.security_token is None or key.expires is None:
        return
    if not security_token:
        raise ApiError("MissingSecurityToken", "This key is temporary: its SecurityToken is missing.")
    if not hmac.compare_digest(security_token.encode(), key.security_token.encode()):
        raise ApiError(
            "InvalidSecurityToken.MismatchWithAccessKey", "This SecurityToken does not go with this key."
        )
    if key.expires <= now:
        raise ApiError("InvalidSecurityToken.Expired", "This SecurityToken has expired.")


def _check_signature(authorization: Authorization, key: AccessKey) -> None:
    if hmac.compare_digest(authorization.sign(key.secret).encode(), authorization.signature.encode()):
        return
    # Word for word the service's: Alibaba's clients take it apart to tell a wrong secret from a wrong encoding.
    raise ApiError(
        "SignatureDoesNotMatch",
        f"Specified signature is not matched with our calculation. {authorization.signed()}",
    )


def _check_timestamp(authorization: Authorization, now: float) -> None:
    form = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", authorization.timestamp, re.ASCII)
    try:
        if form is None:
            raise ValueError
        signed_at = datetime.fromisoformat(authorization.timestamp[:-1]).replace(tzinfo=timezone.utc)
    except ValueError:
        raise ApiError("InvalidTimeStamp.Format", "Timestamp has the form YYYY-MM-DDThh:mm:ssZ.") from None
    if abs(signed_at.timestamp() - now) > CLOCK_TOLERANCE:
        raise ApiError(
            "InvalidTimeStamp.Expired", "Timestamp is more than 15 minutes off the emulator's clock."
        )
