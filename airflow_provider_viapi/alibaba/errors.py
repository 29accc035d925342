"""Alibaba Cloud's error codes and the error class of each.

The codes and their meanings are from the VIAPI documents' error tables and Alibaba's API metadata of 2025. The
classes are in ``airflow_provider_viapi.errors``.
"""

from __future__ import annotations

from airflow_provider_viapi.errors import (
    CredentialsRejected,
    InvalidMedia,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    Throttled,
    TransientError,
)

# The first prefix that matches decides.
_CODES: tuple[tuple[str, type[ServiceError]], ...] = (
    ("Throttling", Throttled),
    ("ServiceUnavailable", TransientError),
    ("InternalError", TransientError),
    ("Timeout", TransientError),
    ("SignatureNonceUsed", ServiceError),
    ("SignatureDoesNotMatch", CredentialsRejected),
    ("IncompleteSignature", CredentialsRejected),
    ("InvalidTimeStamp", CredentialsRejected),
    ("InvalidAccessKeyId", CredentialsRejected),
    ("MissingAccessKeyId", CredentialsRejected),
    ("InvalidSecurityToken", CredentialsRejected),
    ("MissingSecurityToken", CredentialsRejected),
    ("Forbidden", PermissionDenied),
    ("NoPermission", PermissionDenied),
    ("AuthFailed", PermissionDenied),
    ("InvalidApi.", PermissionDenied),
    ("InvalidFile", InvalidMedia),
    ("InvalidImage", InvalidMedia),
)

# Several services name the parameter first (InvalidXyz.Region); the last part shows that a file is meant.
_MEDIA_SUFFIXES = frozenset({"Region", "Download", "URL", "Decode", "Resolution", "Unsafe"})


def classify(code: str, http_status: int) -> type[ServiceError]:
    """Return the error class for an error response.

    :param code: the response's ``Code``
    :param http_status: the response's status, which decides only if the code is unknown
    """
    for prefix, kind in _CODES:
        if code.startswith(prefix):
            return kind
    if code.startswith("Invalid") and code.rpartition(".")[2] in _MEDIA_SUFFIXES:
        return InvalidMedia
    if http_status == 429:
        return Throttled
    if http_status >= 500 or http_status == 408:
        return TransientError
    if http_status in (401, 403):
        return PermissionDenied
    return InvalidRequest


def is_expired_key(rejection: CredentialsRejected) -> bool:
    """Return true if a key or token was rejected because it has expired, not because of its secret or the clock."""
    return (rejection.code or "").startswith(("InvalidSecurityToken", "InvalidAccessKeyId"))
