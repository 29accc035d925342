"""Huawei Cloud's request signature SDK-HMAC-SHA256.

The test vectors are from Huawei's Python SDK (3.1.219); the live gateway was not called.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"

UNSIGNED = "UNSIGNED-PAYLOAD"
"""Replaces the body's digest if the content is not JSON: the signature does not cover such a body."""

DATE_FORMAT = "%Y%m%dT%H%M%SZ"
"""Format of ``X-Sdk-Date``."""


def timestamp(moment: datetime) -> str:
    """Return an aware time in the format of ``X-Sdk-Date``."""
    return moment.astimezone(timezone.utc).strftime(DATE_FORMAT)


def encode_path(path: str) -> str:
    """Return a path with each segment percent-encoded exactly once, whether or not it was encoded before."""
    return "/".join(quote(segment, safe="~") for segment in unquote(path).split("/"))


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return query parameters in the order and encoding in which they are signed and sent."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(pairs))


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], signed_headers: Iterable[str], digest: str
) -> str:
    """Return the canonical request, which client and server build alike and whose digest is signed.

    :param path: path as it is sent; the signed form always ends with a slash
    :param query: result of :func:`encode_query`
    :param headers: headers by lower-case name, including all signed ones
    :param signed_headers: names of the signed headers in lower case and alphabetical order
    :param digest: digest of the body, see :func:`content_digest`
    """
    names = list(signed_headers)
    uri = encode_path(path)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    return "\n".join(
        (method.upper(), uri if uri.endswith("/") else f"{uri}/", query, lines, ";".join(names), digest)
    )


def content_digest(body: bytes, headers: Mapping[str, str]) -> str:
    """Return the body's digest in the canonical request: its SHA-256, or the value of a header that replaces it."""
    given = headers.get("x-sdk-content-sha256")
    return given if given and body else hashlib.sha256(body).hexdigest()


def string_to_sign(sdk_date: str, canonical: str) -> str:
    """Return the text that is signed."""
    return f"{ALGORITHM}\n{sdk_date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def sign(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, secret: str) -> str:
    """Return the signature over all given headers, ``x-sdk-date`` among them."""
    return expected_signature(method, path, query, headers, body, sorted(headers), secret)


def expected_signature(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    signed_headers: Iterable[str],
    secret: str,
) -> str:
    """Return the signature that a request with these signed headers must have.

    :param headers: headers by lower-case name
    :raises KeyError: a signed header, or ``x-sdk-date``, is missing
    """
    digest = content_digest(body, headers)
    canonical = canonical_request(method, path, query, headers, signed_headers, digest)
    text = string_to_sign(headers["x-sdk-date"], canonical)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def authorization(access_key_id: str, signed_headers: Iterable[str], signature: str) -> str:
    """Return the header ``Authorization``."""
    names = ";".join(signed_headers)
    return f"{ALGORITHM} Access={access_key_id}, SignedHeaders={names}, Signature={signature}"
