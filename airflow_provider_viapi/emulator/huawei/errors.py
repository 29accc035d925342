"""Errors with the codes of Huawei Cloud's gateway and services."""

from __future__ import annotations

from airflow_provider_viapi.emulator.errors import ApiError

UNAUTHORIZED = "APIGW.0301"
"""The gateway's code for whatever is wrong with a signature or a token."""

THROTTLED = "APIGW.0308"

FAILED_CODES = {"metastudio": "MSS.42000007", "vias": "Emulator.Failed"}
"""What a job ends with that is to fail: MetaStudio's code for failed inference; VIAS's own is not known."""

_INVALID = {"metastudio": "MSS.00000003", "vias": "VIAS.00010001", "iam": "IAM.0011"}
_NOT_THERE = {"metastudio": "MSS.00000003", "vias": "VIAS.00010002"}
_INTERNAL = {"metastudio": "MSS.00000004"}
_STATUSES = {
    "APIGW.0101": 404,
    "APIGW.0103": 404,
    "APIGW.0201": 413,
    "APIGW.0202": 502,
    "APIGW.0203": 504,
    UNAUTHORIZED: 401,
    "APIGW.0302": 403,
    THROTTLED: 429,
    "MSS.00000001": 401,
    "MSS.00000004": 500,
    "MSS.41000003": 404,
}


def status_of(code: str) -> int:
    """The HTTP status that goes with a code; 400 with most of the services' own."""
    return _STATUSES.get(code, 400)


def refusal(code: str, message: str) -> ApiError:
    """An error with the status of its code."""
    return ApiError(code, message, status_of(code))


def unauthorized(why: str) -> ApiError:
    """What a gateway answers to whoever it does not know.

    :param why: in the gateway's own words, such as ``decrypt token fail``
    """
    return refusal(UNAUTHORIZED, f"Incorrect IAM authentication information: {why}")


def invalid(service: str, message: str) -> ApiError:
    """A parameter is not right."""
    return refusal(_INVALID[service], message)


def not_there(service: str, what: str) -> ApiError:
    """What a call names is not there; the documents have no code of its own for most of MetaStudio's things."""
    return refusal(_NOT_THERE[service], f"The object does not exist: {what}.")


def internal(service: str) -> ApiError:
    """The emulator failed."""
    code = _INTERNAL.get(service, "Emulator.Failed")
    return ApiError(code, "The emulator failed; its log says why.", 500)


def not_emulated(action: str) -> ApiError:
    """The service has the action, and the emulator has not."""
    return ApiError("Emulator.NotEmulated", f"The emulator does not have {action}; the service may.", 501)
