"""Policies of uploads by form: they authorize a client without an access key to upload an object."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.errors import ApiError

MAX_BYTES = 1 << 30
"""Size of the largest file that can be uploaded for a job."""


def write_policy(key: str, expires: float) -> str:
    """Return an encoded policy for the upload of one object.

    :param key: key of the object
    :param expires: end of its validity, in Unix time
    """
    policy = {
        "expiration": datetime.fromtimestamp(expires, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "conditions": [["eq", "$key", key], ["content-length-range", 0, MAX_BYTES]],
    }
    return base64.b64encode(json.dumps(policy).encode()).decode()


def sign_policy(encoded: str, key: AccessKey) -> str:
    """Return the signature of an encoded policy."""
    return base64.b64encode(hmac.digest(key.secret.encode(), encoded.encode(), "sha1")).decode()


def read_policy(form: Mapping[str, str], key: AccessKey, now: float) -> list[Any]:
    """Check signature and validity of the policy of a form, and return its conditions.

    :param form: fields of the form
    :param now: in Unix time
    :raises ApiError: the policy is not signed with the key, malformed or expired
    """
    encoded = form.get("policy", "")
    if not hmac.compare_digest(sign_policy(encoded, key).encode(), form.get("Signature", "").encode()):
        raise ApiError("SignatureDoesNotMatch", "The policy is not signed with this access key.", 403)
    try:
        policy = json.loads(base64.b64decode(encoded, validate=True))
        expiration = datetime.strptime(policy["expiration"], "%Y-%m-%dT%H:%M:%S.%fZ")
        conditions = list(policy.get("conditions", []))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ApiError("InvalidPolicyDocument", "Invalid Policy: it is malformed.") from None
    if expiration.replace(tzinfo=timezone.utc).timestamp() < now:
        raise ApiError("AccessDenied", "Invalid according to Policy: Policy expired.", 403)
    return conditions


def check_conditions(conditions: list[Any], form: Mapping[str, str], size: int) -> None:
    """Check a form against the conditions of its policy.

    :param form: fields of the form
    :param size: size of the file in bytes
    :raises ApiError: a condition is not met
    """
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
    given = form.get(str(name).removeprefix("$"), "")
    if operator == "eq":
        return bool(given == value)
    return bool(operator == "starts-with" and given.startswith(str(value)))
