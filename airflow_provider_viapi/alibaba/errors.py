"""Error codes of Alibaba Cloud: their classes, and what a caller can do.

The codes and their meaning are from the error tables of the VIAPI documents and Alibaba's API metadata of 2025, those
of the gateway also from answers of the vendor's support. The tree of classes is drawn in
``airflow_provider_viapi.errors``.
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.regions import DEFAULT_REGION
from airflow_provider_viapi.errors import (
    GATEWAY_TIMEOUTS,
    CredentialsRejected,
    InvalidMedia,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    Throttled,
    TransientError,
    leaves_outcome_open,
)
from airflow_provider_viapi.record import Record

# The first prefix that fits decides; the HTTP status counts only for codes that none of the tables has.
_CODES: tuple[tuple[str, type[ServiceError]], ...] = (
    ("Throttling", Throttled),
    # ImageSearch's [help page 66619], with status 403.
    ("DeniedRequest", Throttled),
    ("ServiceUnavailable", TransientError),
    ("InternalError", TransientError),
    ("InternalServerError", TransientError),
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

# Several services put the parameter's name first (InvalidXyz.Region); the last part shows that a file is meant.
_MEDIA_SUFFIXES = frozenset({"Region", "Download", "URL", "Decode", "Resolution", "Unsafe"})

# Also with a status of 500 or above the same request would be refused again.
_REQUEST_CODES = (
    "InvalidParameter",
    "MissingParameter",
    "InvalidAction",
    "InvalidVersion",
    "UnsupportedOperation",
)


class KnownCode(Record, kw_only=False):
    """An error code of the service.

    :param code: the code
    :param status: HTTP status it usually comes with; successful responses (200) and failed jobs have it too
    :param meaning: what it means
    :param advice: what a user can do
    """

    code: str
    status: int
    meaning: str
    advice: str


_PARAMETERS = "correct the request; the reference page lists what each parameter allows"
_FILE = "check the file against the limits of the action, convert it if necessary"
_URL = "check that the URL can be fetched from the internet without a login, and that it has not expired"
_RETRY = (
    "nothing: it is retried; if the error persists, contact Alibaba Cloud with the request id and the host id"
)

VIAPI_CODES = (
    KnownCode("InvalidParameter", 400, "A parameter is invalid.", _PARAMETERS),
    KnownCode("InvalidParameter.Format", 400, "A parameter has a wrong format.", _PARAMETERS),
    KnownCode("MissingParameter", 400, "A parameter is missing.", _PARAMETERS),
    KnownCode("InvalidParameter.BadRequest", 400, "A parameter is missing or invalid.", _PARAMETERS),
    KnownCode("InvalidFile.Resolution", 400, "The picture size of the file is not allowed.", _FILE),
    KnownCode("InvalidFile.Download", 400, "The file cannot be downloaded.", _URL),
    KnownCode("InvalidFile.Decode", 400, "The file cannot be decoded.", _FILE),
    KnownCode("InvalidFile.Category", 400, "The content has a category that is not allowed.", _FILE),
    KnownCode("InvalidFile.Content", 400, "The file is empty or not suitable for processing.", _FILE),
    KnownCode("InvalidFile.Type", 400, "The file type is not allowed.", _FILE),
    KnownCode("InvalidFile.Unsafe", 400, "The link to the file is not safe.", _URL),
    KnownCode("InvalidFile.URL", 400, "The URL of the file is invalid.", _URL),
    KnownCode(
        "InvalidFile.Region",
        400,
        "The URL does not belong to the required region.",
        f"copy the file to an OSS bucket in {DEFAULT_REGION}, or give its oss:// or s3:// address so that it is "
        "staged",
    ),
    KnownCode("InternalServerError", 500, "Error of the server.", _RETRY),
    KnownCode("InternalServerError.Model", 500, "The model could not be loaded.", _RETRY),
    KnownCode("InternalServerError.Algo", 500, "The call of the algorithm failed.", _RETRY),
    KnownCode("InternalServerError.Busy", 500, "The algorithm is busy.", _RETRY),
    # The three of image search (2021), two of which it shares with video production.
    KnownCode("InvalidParameter", 400, "A parameter is wrong (image search).", _PARAMETERS),
    KnownCode("InvalidParameter.BadRequest", 400, "The request is wrong (image search).", _PARAMETERS),
    KnownCode("InternalError.Algo", 586, "The algorithm failed (image search).", _RETRY),
)
"""Every row of the two documents' error tables, in their order."""

_ACTIVATE = "activate the capability in the console of VIAPI"
_GRANT = (
    "allow the action in the RAM policy of the key's user or role: [Permissions](security/permissions.md)"
)
_SLOWER = (
    "nothing: it is retried; if it happens often, lower the connection's `poll_qps` or `submit_qps`: "
    "[Quota](quota.md)"
)

GATEWAY_CODES = (
    KnownCode(
        "InvalidAccessKeyId.NotFound",
        404,
        "The access key id does not exist.",
        "correct the connection's login",
    ),
    KnownCode(
        "SignatureDoesNotMatch",
        400,
        "The signature is wrong: the secret does not belong to the access key id.",
        "correct the connection's password",
    ),
    KnownCode(
        "InvalidTimeStamp.Expired",
        400,
        "The clock of the worker or triggerer is more than 15 minutes wrong.",
        "set the clock, for example with NTP",
    ),
    KnownCode(
        "InvalidSecurityToken.Expired",
        400,
        "The temporary key has expired.",
        "create a new one, or let the connection fetch it: [Temporary keys](connection.md#temporary-keys)",
    ),
    KnownCode("Forbidden.RAM", 403, "The key lacks a permission.", _GRANT),
    KnownCode("NoPermission", 403, "The key lacks a permission.", _GRANT),
    KnownCode("AuthFailed", 403, "The key lacks a permission.", _GRANT),
    KnownCode("InvalidApi.NotPurchase", 400, "The account has not activated the capability.", _ACTIVATE),
    KnownCode(
        "InvalidApi.ForbiddenInvoke",
        400,
        "The account may not call the action. From the emulator: the emulator does not implement it.",
        f"{_ACTIVATE}; with the emulator, [set a result](emulator.md#results)",
    ),
    KnownCode(
        "InvalidApi.OutOfService",
        400,
        "The service no longer offers the action.",
        "use another action: [Actions](actions.md)",
    ),
    KnownCode(
        "InvalidInstance",
        400,
        "ImageSearch: the account has no instance of this name in the region.",
        "correct the name or the connection's region: [Regions](how-to/image-instance.md#regions)",
    ),
    KnownCode("Throttling", 400, "The account exceeded its quota of calls.", _SLOWER),
    KnownCode("Throttling.User", 429, "The account exceeded its quota of calls.", _SLOWER),
    KnownCode("Throttling.Api", 429, "The account exceeded its quota of calls.", _SLOWER),
    KnownCode("DeniedRequest", 403, "ImageSearch: the account exceeded its quota of calls.", _SLOWER),
    KnownCode("ServiceUnavailable", 503, "The service is busy or down.", _RETRY),
    KnownCode(
        "SignatureNonceUsed",
        400,
        "The service has received this very request before.",
        "nothing: the provider finds out whether the job was accepted",
    ),
)
"""Codes of Alibaba Cloud's gateway, which the documents of VIAPI do not list: from support answers and SDKs."""


def classify(code: str, http_status: int) -> type[ServiceError]:
    """Return the error class of an error response or of a failed job.

    :param code: ``Code`` of the response, or ``ErrorCode`` of the job
    :param http_status: status of the response, which decides only if the code is not known
    """
    for prefix, kind in _CODES:
        if code.startswith(prefix):
            return kind
    if code.startswith("Invalid") and code.rpartition(".")[2] in _MEDIA_SUFFIXES:
        return InvalidMedia
    if code.startswith(_REQUEST_CODES):
        return InvalidRequest
    if http_status == 429:
        return Throttled
    if leaves_outcome_open(code):
        return TransientError
    if http_status >= 500 or http_status in GATEWAY_TIMEOUTS:
        return TransientError
    if http_status < 400:
        # Not a known error, in a response that reports success: it may be no error at all.
        return ServiceError
    if http_status in (401, 403):
        return PermissionDenied
    return InvalidRequest


def fails_again(code: str | None) -> bool:
    """Return whether a job with the same request would fail again, by the error code of one that failed."""
    # The code comes without a status: it is classified like that of a refused call.
    return bool(code) and issubclass(classify(str(code), 400), InvalidRequest | PermissionDenied)


def media_advice(code: str) -> str | None:
    """Return what a user can do about a job that failed because of its file, ``None`` for any other code."""
    if not issubclass(classify(code, 400), InvalidMedia):
        return None
    return next((each.advice for each in VIAPI_CODES if each.code == code), _FILE)


def is_expired_key(rejection: CredentialsRejected) -> bool:
    """Return true if a key or token was rejected because it has expired, not because of its secret or the clock."""
    return (rejection.code or "").startswith(("InvalidSecurityToken", "InvalidAccessKeyId"))
