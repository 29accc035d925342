"""The policy of an upload by form: what somebody without a key may upload until when, signed by one who has one."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.errors import ApiError

LARGEST = 1 << 30
"""Bytes of the largest file that an upload for a job may have."""


def write_policy(key: str, expires: float) -> str:
    """The encoded policy that lets one object be uploaded.

    :param key: the object's
    :param expires: until when, in Unix time
    """
    policy = {
        "expiration": datetime.fromtimestamp(expires, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "conditions": [["eq", "$key", key], ["content-length-range", 0, LARGEST]],
    }
    return base64.b64encode(json.dumps(policy).encode()).decode()


def sign_policy(encoded: str, key: AccessKey) -> str:
    """The signature of an encoded policy."""
    return base64.b64encode(hmac.digest(key.secret.encode(), encoded.encode(), "sha1")).decode()


def check_policy(form: Mapping[str, str], size: int, key: AccessKey, now: float) -> None:
    """Let a form pass whose policy is signed with a key, has not expired and allows what the form says.

    :param form: its fields
    :param size: bytes of the file
    :param now: in Unix time
    :raises ApiError: something is not as it should be
    """
    encoded = form.get("policy", "")
    if not hmac.compare_digest(sign_policy(encoded, key).encode(), form.get("Signature", "").encode()):
        raise ApiError("SignatureDoesNotMatch", "The signature of the policy is not that of this key.", 403)
    try:
        policy = json.loads(base64.b64decode(encoded, validate=True))
        expiration = datetime.strptime(policy["expiration"], "%Y-%m-%dT%H:%M:%S.%fZ")
        conditions = list(policy.get("conditions", []))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ApiError("InvalidPolicyDocument", "Invalid Policy: it has another form.") from None
    if expiration.replace(tzinfo=timezone.utc).timestamp() < now:
        raise ApiError("AccessDenied", "Invalid according to Policy: Policy expired.", 403)
    for condition in conditions:
        if not _is_met(condition, form, size):
            raise ApiError(
                "AccessDenied", f"Invalid according to Policy: Policy Condition failed: {condition}", 403
            )


def _is_met(condition: Any, form: Mapping[str, str], size: int) -> bool:
    if isinstance(condition, dict):
        return all(form.get(name) == value for name, value in condition.items())
    if not isinstance(condition, list) or len(condition) != 3:
        return False
    operator, name, value = condition
    if operator == "content-length-range":
        return isinstance(name, int) and isinstance(value, int) and name <= size <= value
    told = form.get(str(name).removeprefix("$"), "")
    if operator == "eq":
        return bool(told == value)
    return bool(operator == "starts-with" and told.startswith(str(value)))
