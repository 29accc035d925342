"""Alibaba Cloud's request signatures: RPC signature 1.0 (HMAC-SHA1) and ACS3-HMAC-SHA256.

Pure functions over flat string parameters. Signature 1.0 is a query parameter; ACS3, which Alibaba's SDKs send by
default today, is a header. Both sign the same canonical query. The tests compare them with requests that Alibaba's
own clients sent.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from airflow_provider_viapi.renewable_credentials import Credentials

ACS3 = "ACS3-HMAC-SHA256"

_has_rare = re.compile(r"[^A-Za-z0-9\-._~%:/?=&+,]").search
_IN_ADDRESSES = [(char, quote(char, safe="")) for char in "%:/?=&+,"]


def percent_encode(text: str) -> str:
    """Percent-encode everything but letters, digits and ``-_.~`` (RFC 3986)."""
    if text.isalnum() and text.isascii():
        return text
    if _has_rare(text):
        return quote(text, safe="")
    # URLs are long and have few different characters to encode: this takes a quarter of quote()'s time. The percent
    # sign comes first, since the escapes of the others begin with one.
    for char, escape in _IN_ADDRESSES:
        text = text.replace(char, escape)
    return text


# Names recur from call to call; values, which may be private, are not cached.
_encode_name = lru_cache(maxsize=1024)(percent_encode)


def encoded_pairs(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return by each parameter's name its form in a query or body: ``name=value``, percent-encoded."""
    return {name: f"{_encode_name(name)}={percent_encode(value)}" for name, value in parameters.items()}


def in_order(pairs: Mapping[str, str]) -> str:
    """Return the result of :func:`encoded_pairs` sorted by name and joined, as it is signed."""
    return "&".join([pairs[name] for name in sorted(pairs)])


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Return the parameters sorted by name, percent-encoded and joined, as they are signed.

    :param parameters: every parameter of query and form body, without ``Signature``
    """
    return "&".join(
        [f"{_encode_name(name)}={percent_encode(parameters[name])}" for name in sorted(parameters)]
    )


def string_to_sign(method: str, query: str) -> str:
    """Return the text that signature 1.0 signs: method, path ``/`` and the canonical query, encoded once more."""
    # After the first encoding these three are the only characters that a second one changes.
    encoded_again = query.replace("%", "%25").replace("&", "%26").replace("=", "%3D")
    return f"{method}&%2F&{encoded_again}"


def sign(method: str, query: str, access_key_secret: str) -> str:
    """Return signature 1.0 of a request in base64, the value of the parameter ``Signature``.

    :param query: see :func:`canonical_query`
    """
    digest = hmac.digest(f"{access_key_secret}&".encode(), string_to_sign(method, query).encode(), "sha1")
    return base64.b64encode(digest).decode("ascii")


def content_digest(body: bytes) -> str:
    """Return the SHA-256 of a body in hex, the value of the header ``x-acs-content-sha256``."""
    return sha256(body).hexdigest()


def acs3_canonical_request(method: str, query: str, headers: Mapping[str, str]) -> str:
    """Return the text that ACS3 signs of a request to the path ``/``.

    :param query: the canonical query string, without a question mark
    :param headers: the signed headers by lower-case name, in alphabetical order, ``x-acs-content-sha256`` among them
    """
    lines = "\n".join([f"{name}:{value}" for name, value in headers.items()])
    return f"{method}\n/\n{query}\n{lines}\n\n{';'.join(headers)}\n{headers['x-acs-content-sha256']}"


def acs3_authorization(method: str, query: str, headers: Mapping[str, str], credentials: Credentials) -> str:
    """Return the header ``Authorization`` of a request; takes what :func:`acs3_canonical_request` takes."""
    request = acs3_canonical_request(method, query, headers)
    to_sign = f"{ACS3}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(credentials.access_key_secret.encode(), to_sign.encode(), "sha256").hex()
    return f"{ACS3} Credential={credentials.access_key_id},SignedHeaders={';'.join(headers)},Signature={signature}"
