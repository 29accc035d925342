"""Which class of the tree one of Alibaba Cloud's error codes belongs to.

The codes and what they mean are from the VIAPI documents' error tables and Alibaba's API metadata of 2025. The tree
itself is drawn in ``airflow_provider_viapi.errors``.
"""

from __future__ import annotations

from airflow_provider_viapi.errors import (
    ConfigurationError,
    ConnectionFailed,
    CredentialsRejected,
    InvalidMedia,
    InvalidRequest,
    JobFailed,
    JobTimedOut,
    PermissionDenied,
    ResponseLost,
    ServiceError,
    SubmissionInDoubt,
    Throttled,
    TransientError,
    from_dict,
)

__all__ = [
    "ConfigurationError",
    "ConnectionFailed",
    "CredentialsRejected",
    "InvalidMedia",
    "InvalidRequest",
    "JobFailed",
    "JobTimedOut",
    "PermissionDenied",
    "ResponseLost",
    "ServiceError",
    "SubmissionInDoubt",
    "Throttled",
    "TransientError",
    "classify",
    "from_dict",
]

# The first part of a code that fits decides, so longer ones stand before the shorter ones they begin with.
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

# Several services name the parameter first (InvalidXyz.Region); the last part then tells that a file is meant.
_MEDIA_SUFFIXES = frozenset({"Region", "Download", "URL", "Decode", "Resolution", "Unsafe"})


def classify(code: str, http_status: int) -> type[ServiceError]:
    """Which class of the tree an error answer belongs to.

    :param code: the answer's ``Code``
    :param http_status: the answer's status, which decides only where the code is not known
    """
    for prefix, kind in _CODES:
        if code.startswith(prefix):
            return kind
    if code.startswith("Invalid") and code.rpartition(".")[2] in _MEDIA_SUFFIXES:
        return InvalidMedia
    if http_status == 429:
        return Throttled
    if http_status >= 500:
        return TransientError
    if http_status in (401, 403):
        return PermissionDenied
    return InvalidRequest
