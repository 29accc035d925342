"""OSS's signature V4, in the header ``Authorization: OSS4-HMAC-SHA256 ...`` and in the query of a presigned URL."""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timezone
from hashlib import sha256
from urllib.parse import quote

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.storage.auth import (
    Signature,
    StorageRequest,
    check_clock,
    check_expiry,
    whole_number,
)

_HEADER = re.compile(
    r"OSS4-HMAC-SHA256\s+Credential=([^,]+),\s*(?:AdditionalHeaders=([^,]*),\s*)?Signature=([0-9a-f]{64})"
)
_MAX_VALIDITY = 7 * 24 * 60 * 60
_BASIC_DATE = "%Y%m%dT%H%M%SZ"


def read_header(request: StorageRequest) -> Signature:
    """Read the signature in the request's header.

    :raises ApiError: it is malformed
    """
    parts = _HEADER.fullmatch(request.headers["authorization"].strip())
    if parts is None:
        raise ApiError("InvalidArgument", "The header Authorization is malformed.")
    access_key_id, _, scope = parts[1].partition("/")
    date = request.headers.get("x-oss-date", "")
    return Signature(
        access_key_id,
        request.headers.get("x-oss-security-token"),
        parts[3],
        lambda secret: _signature(request, request.query, date, scope, parts[2] or "", secret),
        lambda now: check_clock(_basic_date(date), now),
    )


def read_query(request: StorageRequest) -> Signature:
    """Read the signature in the request's query."""
    query = request.parameters
    access_key_id, _, scope = query.get("x-oss-credential", "").partition("/")
    date, expires = query.get("x-oss-date", ""), query.get("x-oss-expires", "")
    signed = "&".join(pair for pair in request.query.split("&") if not pair.startswith("x-oss-signature="))
    lifetime = whole_number(expires)

    def check_time(now: float) -> None:
        if not 0 < lifetime <= _MAX_VALIDITY:
            raise ApiError("AuthorizationQueryParametersError", "x-oss-expires must be 1 to 604800 seconds.")
        check_expiry(_basic_date(date) + lifetime, now)

    return Signature(
        access_key_id,
        query.get("x-oss-security-token"),
        query["x-oss-signature"],
        lambda secret: _signature(
            request, signed, date, scope, query.get("x-oss-additional-headers", ""), secret
        ),
        check_time,
    )


def _signature(
    request: StorageRequest, query: str, date: str, scope: str, additional: str, secret: str
) -> str:
    names = {"content-type", "content-md5", *filter(None, additional.split(";"))}
    signed = sorted(name for name in request.headers if name in names or name.startswith("x-oss-"))
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&") if pair)
    canonical = "\n".join(
        [
            request.method,
            quote(request.resource, safe="/~"),
            "&".join(f"{name}={value}" if value else name for name, value in pairs),
            "".join(f"{name}:{request.headers[name].strip()}\n" for name in signed),
            additional,
            request.headers.get("x-oss-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    text = f"OSS4-HMAC-SHA256\n{date}\n{scope}\n{sha256(canonical.encode('utf-8', 'replace')).hexdigest()}"
    key = f"aliyun_v4{secret}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def _basic_date(text: str) -> float:
    try:
        return datetime.strptime(text, _BASIC_DATE).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise ApiError("AccessDenied", "x-oss-date must have the form YYYYMMDDThhmmssZ.", 403) from None
