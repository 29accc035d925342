"""Alibaba Cloud's signature ACS3-HMAC-SHA256, which its SDKs send by default today.

Pure functions over a request's parts. The signature stands in the header ``Authorization``, and the system
parameters in headers that it covers. The tests hold it against requests that Alibaba's own client sent.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256

from airflow_provider_viapi.alibaba.credentials import Credentials

ALGORITHM = "ACS3-HMAC-SHA256"


def content_digest(body: bytes) -> str:
    """SHA-256 of a body in hex, as the header ``x-acs-content-sha256`` has it."""
    return sha256(body).hexdigest()


def canonical_request(method: str, query: str, headers: Mapping[str, str]) -> str:
    """What is signed of a request to the path ``/``.

    :param query: the query string in its canonical form, without a question mark
    :param headers: those that are signed, by lower-case name and in alphabetical order;
        ``x-acs-content-sha256`` must be among them
    """
    return _canonical_request(method, query, headers, ";".join(headers))


def _canonical_request(method: str, query: str, headers: Mapping[str, str], names: str) -> str:
    lines = "\n".join([f"{name}:{value}" for name, value in headers.items()])
    return f"{method}\n/\n{query}\n{lines}\n\n{names}\n{headers['x-acs-content-sha256']}"


def authorization(method: str, query: str, headers: Mapping[str, str], credentials: Credentials) -> str:
    """The header ``Authorization`` of a request; takes what :func:`canonical_request` takes."""
    names = ";".join(headers)
    request = _canonical_request(method, query, headers, names)
    to_sign = f"{ALGORITHM}\n{sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(credentials.access_key_secret.encode(), to_sign.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={credentials.access_key_id},SignedHeaders={names},Signature={signature}"


_TOKEN_HEADER = re.compile(r"(x-acs-security-token:)[^\s\\]+", re.IGNORECASE)


def hide_token(text: str) -> str:
    """The text without the token, where a gateway that refuses a signature quotes the canonical request."""
    return _TOKEN_HEADER.sub(r"\1***", text)
