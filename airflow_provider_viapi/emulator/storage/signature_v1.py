"""OSS's signature V1, in the header ``Authorization: OSS ...`` and in the query of a presigned URL."""

from __future__ import annotations

import base64
import hmac
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlencode

from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.storage.auth import (
    Signature,
    StorageRequest,
    check_clock,
    check_expiry,
    whole_number,
)

SUBRESOURCES = frozenset(
    "acl append bucketInfo continuation-token delete location objectMeta partNumber position restore "  # noqa: SIM905
    "response-cache-control response-content-disposition response-content-encoding response-content-language "
    "response-content-type response-expires security-token stat tagging uploadId uploads versionId versioning "
    "versions x-oss-process".split()
)
"""Query parameters that are signed with V1, because they select what is requested."""


def presign(base: str, request: StorageRequest, key: AccessKey, expires: int) -> str:
    """Return a URL for a request without further headers, signed with V1.

    :param base: address of the storage, without a trailing slash
    :param expires: end of its validity, in Unix time
    """
    signed = {
        "Expires": str(expires),
        "OSSAccessKeyId": key.id,
        "Signature": _signature(request, str(expires), key.secret),
    }
    return f"{base}{quote(request.resource)}?{urlencode(signed)}"


def read_header(request: StorageRequest) -> Signature:
    """Read the signature in the request's header."""
    header = request.headers["authorization"]
    access_key_id, _, signature = header[len("OSS ") :].partition(":")
    date = request.headers.get("x-oss-date") or request.headers.get("date", "")
    return Signature(
        access_key_id,
        request.headers.get("x-oss-security-token") or request.headers.get("security-token"),
        signature,
        lambda secret: _signature(request, date, secret),
        lambda now: check_clock(_http_date(date), now),
    )


def read_query(request: StorageRequest) -> Signature:
    """Read the signature in the request's query."""
    query = request.parameters
    expires = query.get("Expires", "")
    return Signature(
        query.get("OSSAccessKeyId", ""),
        query.get("security-token"),
        query["Signature"],
        lambda secret: _signature(request, expires, secret),
        lambda now: check_expiry(whole_number(expires), now),
    )


def _signature(request: StorageRequest, date: str, secret: str) -> str:
    headers = request.headers
    signed = sorted(pair for pair in request.parameters.items() if pair[0] in SUBRESOURCES)
    subresources = "&".join(f"{name}={value}" if value else name for name, value in signed)
    own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-oss-"))
    text = (
        f"{request.method}\n{headers.get('content-md5', '')}\n{headers.get('content-type', '')}\n{date}\n"
        f"{own}{request.resource}{'?' if subresources else ''}{subresources}"
    )
    return base64.b64encode(hmac.digest(secret.encode(), text.encode("utf-8", "replace"), "sha1")).decode()


def _http_date(text: str) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        raise ApiError("AccessDenied", "The header Date is malformed.", 403) from None
