"""What goes wrong with Alibaba's SDK for OSS, in the words of our own tree."""

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
from airflow_provider_viapi.redaction import redact_text

_WRONG_KEY = frozenset(
    "InvalidAccessKeyId SignatureDoesNotMatch InvalidSecurityToken SecurityTokenExpired "  # noqa: SIM905
    "SecurityTokenNotSupported RequestTimeTooSkewed".split()
)


def sdk() -> Any:
    """Alibaba's SDK for OSS.

    :raises ConfigurationError: it is not installed
    """
    try:
        import alibabacloud_oss_v2
    except ImportError:
        raise ConfigurationError(
            "oss:// needs Alibaba's SDK for OSS: pip install 'airflow-provider-viapi[oss]'",
            code="ConfigurationError",
        ) from None
    return alibabacloud_oss_v2


@contextmanager
def in_our_words(bucket: str, key: str) -> Iterator[None]:
    """Around calls of the SDK about an object, whose errors are then those of our tree."""
    try:
        yield
    except sdk().exceptions.BaseError as error:
        translated = _translate(error, f"oss://{bucket}/{key}")
    else:
        return
    # Outside the handler, so that no request, with its signature, hangs on what is raised.
    raise translated


def _translate(error: Exception, address: str) -> ServiceError:
    while (unwrap := getattr(error, "unwrap", None)) is not None and unwrap() is not None:
        error = unwrap()
    if isinstance(error, ServiceError):
        return error
    code, status = getattr(error, "code", None), getattr(error, "status_code", None)
    if status is None:
        if isinstance(error, sdk().exceptions.BaseError):
            return InvalidRequest(f"{address} cannot be used: {error}", code="InvalidParameter")
        return TransientError(f"no answer about {address} ({type(error).__name__})")
    details: dict[str, Any] = {"code": code, "http_status": status}
    details["request_id"] = getattr(error, "request_id", None) or None
    told = redact_text(str(getattr(error, "message", "") or "OSS gave no reason"))
    if status in (408, 429) or status >= 500:
        return TransientError(f"{address}: {told}", **details)
    if code in _WRONG_KEY:
        return CredentialsRejected(f"OSS does not accept the key for {address}", **details)
    if status == 403:
        return PermissionDenied(f"the key may not do this with {address}: {told}", **details)
    if code == "NoSuchBucket":
        return ConfigurationError(f"there is no bucket for {address}", **details)
    if code == "NoSuchUpload":
        # Its completion was perhaps heard, and only the answer lost.
        return TransientError(f"{address} is not being uploaded any more", **details)
    if status == 404:
        return InvalidMedia(f"{address} is not there", **details)
    if status == 412:
        return TransientError(f"{address} has changed meanwhile", **{**details, "code": "SourceChanged"})
    return InvalidRequest(f"{address}: {told}", **details)
