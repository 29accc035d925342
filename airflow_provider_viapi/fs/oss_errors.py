"""Errors of Alibaba's SDK for OSS as those of our tree."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow_provider_viapi.errors import (
    ConfigurationError,
    CredentialsRejected,
    InvalidMedia,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.http_errors import certificate_error
from airflow_provider_viapi.redaction import redact_text

_CREDENTIALS_REJECTED = frozenset(
    "InvalidAccessKeyId SignatureDoesNotMatch InvalidSecurityToken SecurityTokenExpired "  # noqa: SIM905
    "SecurityTokenNotSupported RequestTimeTooSkewed".split()
)


def sdk() -> Any:
    """Import Alibaba's SDK for OSS.

    :raises ConfigurationError: it is not installed
    """
    try:
        import alibabacloud_oss_v2
    except ImportError:
        raise ConfigurationError(
            "oss:// needs Alibaba's SDK for OSS: pip install 'airflow-provider-viapi[oss]'",
        ) from None
    return alibabacloud_oss_v2


@contextmanager
def translate_oss_errors(bucket: str, key: str) -> Iterator[None]:
    """Raise errors of the SDK about an object as those of our tree."""
    try:
        yield
    except sdk().exceptions.BaseError as error:
        translated = _translate(error, f"oss://{bucket}/{key}")
    else:
        return
    # The SDK's error quotes the request with its signature. Also outside the handler it would be the context: the
    # caller's `with` handles it still.
    raise translated from None


def _translate(error: Exception, address: str) -> ServiceError:
    while (unwrap := getattr(error, "unwrap", None)) is not None and unwrap() is not None:
        error = unwrap()
    if isinstance(error, ServiceError):
        return error
    code, status = getattr(error, "code", None), getattr(error, "status_code", None)
    if status is None:
        if untrusted := certificate_error(error, f"the storage of {address}", None):
            return untrusted
        if isinstance(error, sdk().exceptions.BaseError):
            return InvalidRequest(f"{address} cannot be used: {error}")
        return TransientError(f"OSS did not respond to a request for {address} ({type(error).__name__})")
    details: dict[str, Any] = {"code": code, "http_status": status}
    details["request_id"] = getattr(error, "request_id", None) or None
    reason = redact_text(str(getattr(error, "message", "") or "OSS gave no reason"))
    if status in (408, 429) or status >= 500:
        return TransientError(f"{address}: {reason}", **details)
    if code in _CREDENTIALS_REJECTED:
        return CredentialsRejected(
            f"OSS rejects the access key for {address}: check the connection", **details
        )
    if status == 403:
        return PermissionDenied(f"the access key has no permission for {address}: {reason}", **details)
    if code == "NoSuchBucket":
        return ConfigurationError(f"the bucket of {address} does not exist", **details)
    if code == "NoSuchUpload":
        # It may have been completed, and only the response was lost.
        return TransientError(f"the upload of {address} no longer exists", **details)
    if status == 404:
        return InvalidMedia(f"{address} does not exist", **details)
    if status == 412:
        return TransientError(
            f"{address} was changed while it was read", **{**details, "code": "SourceChanged"}
        )
    return InvalidRequest(f"{address}: {reason}", **details)
