"""Errors with the codes of Huawei Cloud's gateway and services."""

from __future__ import annotations

from airflow_provider_viapi.emulator.errors import ApiError

UNAUTHORIZED = "APIGW.0301"
"""The gateway's code for every problem with a signature or a token."""

THROTTLED = "APIGW.0308"

FAILED_CODES = {"metastudio": "MSS.42000007", "vias": "Emulator.Failed"}
"""Error codes of failed jobs: MetaStudio's for failed inference; VIAS's own code is not known."""

_INVALID = {"metastudio": "MSS.00000003", "vias": "VIAS.00010001", "iam": "IAM.0011"}
_NOT_FOUND = {"metastudio": "MSS.00000003", "vias": "VIAS.00010002"}
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
    """Return the HTTP status of a code; most of the services' own codes have 400."""
    return _STATUSES.get(code, 400)


def api_error(code: str, message: str) -> ApiError:
    """Return an error with the status of its code."""
    return ApiError(code, message, status_of(code))


def unauthorized(reason: str) -> ApiError:
    """Return the gateway's error for a client that it cannot authenticate.

    :param reason: in the gateway's words, such as ``decrypt token fail``
    """
    return api_error(UNAUTHORIZED, f"Incorrect IAM authentication information: {reason}")


def invalid(service: str, message: str) -> ApiError:
    """Return the error of a parameter that is not valid."""
    return api_error(_INVALID[service], message)


def not_found(service: str, name: str) -> ApiError:
    """Return the error for an id that does not exist; the documents have no code for most of MetaStudio's records."""
    return api_error(_NOT_FOUND[service], f"The object does not exist: {name}.")


def internal(service: str) -> ApiError:
    """Return the error of a failure in the emulator."""
    code = _INTERNAL.get(service, "Emulator.Failed")
    return ApiError(code, "The emulator failed; its log has the reason.", 500)


def not_emulated(action: str) -> ApiError:
    """Return the error of an action that the service has and the emulator lacks."""
    return ApiError(
        "Emulator.NotEmulated", f"The emulator does not implement {action}; the service may.", 501
    )
