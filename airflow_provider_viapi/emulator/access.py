"""Who may call: access keys, and the checks of signature, clock, token and nonce, in a gateway's order."""

from __future__ import annotations

import hmac
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from airflow_provider_viapi.emulator.call import Request
from airflow_provider_viapi.emulator.claim import Claim, read_claim
from airflow_provider_viapi.emulator.refusal import Refusal

CLOCK_TOLERANCE = 15 * 60
"""Seconds that a request's timestamp may be off."""

NONCE_MEMORY = 31 * 60
"""Seconds for which a nonce cannot be used again: longer than any timestamp stays acceptable."""


@dataclass(frozen=True)
class AccessKey:
    """A key that the emulator knows.

    :param id: its public half
    :param secret: its secret half
    :param security_tokens: of a temporary key, the tokens that go with it and when each expires (Unix time);
        a key without any is not temporary, and a token sent along with it is not looked at
    """

    id: str = "viapi-emulator"
    secret: str = field(default="viapi-emulator-secret", repr=False)
    security_tokens: Mapping[str, float] = field(default_factory=dict, repr=False)


class Gatekeeper:
    """Lets those in whose key is known and whose request is signed with it, fresh, and new.

    :param keys: the keys that may call
    :param now: the clock, in Unix time
    """

    def __init__(self, keys: Iterable[AccessKey], now: Callable[[], float]) -> None:
        self._keys = {key.id: key for key in keys}
        self._now = now
        self._nonces: set[tuple[str, str]] = set()
        self._nonces_by_age: deque[tuple[float, tuple[str, str]]] = deque()

    def authenticate(self, request: Request) -> AccessKey:
        """The key that a request is signed with; its nonce is then used.

        :raises Refusal: the key is not known, or the request is not signed with it, not fresh or not new
        """
        claim = read_claim(request)
        key = self._keys.get(claim.access_key_id)
        if key is None:
            raise Refusal("InvalidAccessKeyId.NotFound", "The emulator does not know this access key.", 404)
        now = self._now()
        _check_signature(claim, key)
        _check_timestamp(claim, now)
        _check_token(claim, key, now)
        self._use_nonce(claim, now)
        return key

    def forget_nonces(self) -> None:
        """Let every nonce be used again."""
        self._nonces.clear()
        self._nonces_by_age.clear()

    def _use_nonce(self, claim: Claim, now: float) -> None:
        while self._nonces_by_age and self._nonces_by_age[0][0] <= now - NONCE_MEMORY:
            self._nonces.discard(self._nonces_by_age.popleft()[1])
        nonce = (claim.access_key_id, claim.nonce)
        if nonce in self._nonces:
            raise Refusal("SignatureNonceUsed", "A request with this SignatureNonce was seen before.")
        self._nonces.add(nonce)
        self._nonces_by_age.append((now, nonce))


def _check_signature(claim: Claim, key: AccessKey) -> None:
    if hmac.compare_digest(claim.sign(key.secret).encode(), claim.signature.encode()):
        return
    # Word for word the service's: Alibaba's clients take it apart to tell a wrong secret from a wrong encoding.
    raise Refusal(
        "SignatureDoesNotMatch",
        "Specified signature is not matched with our calculation. "
        f"server string to sign is:{claim.string_to_sign()}",
    )


def _check_timestamp(claim: Claim, now: float) -> None:
    form = re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", claim.timestamp, re.ASCII)
    try:
        if form is None:
            raise ValueError
        signed_at = datetime.fromisoformat(claim.timestamp[:-1]).replace(tzinfo=timezone.utc)
    except ValueError:
        raise Refusal("InvalidTimeStamp.Format", "Timestamp has the form YYYY-MM-DDThh:mm:ssZ.") from None
    if abs(signed_at.timestamp() - now) > CLOCK_TOLERANCE:
        raise Refusal(
            "InvalidTimeStamp.Expired", "Timestamp is more than 15 minutes off the emulator's clock."
        )


def _check_token(claim: Claim, key: AccessKey, now: float) -> None:
    if not key.security_tokens:
        return
    if not claim.security_token:
        raise Refusal("MissingSecurityToken", "This key is temporary: SecurityToken is missing.")
    expires = key.security_tokens.get(claim.security_token)
    if expires is None:
        raise Refusal(
            "InvalidSecurityToken.MismatchWithAccessKey", "This SecurityToken does not go with this key."
        )
    if expires <= now:
        raise Refusal("InvalidSecurityToken.Expired", "This SecurityToken has expired.")
