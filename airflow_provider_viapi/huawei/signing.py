"""Huawei Cloud's request signature, SDK-HMAC-SHA256, for whoever signs and for whoever checks.

Built from vectors of Huawei's own Python SDK (3.1.219); the live gateway was not asked.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"

UNSIGNED = "UNSIGNED-PAYLOAD"
"""Stands for the body's digest where the content is not JSON: such a body is not covered."""

_DATE = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Claim:
    """What an ``Authorization`` header says.

    :param access_key_id: who claims to have signed
    :param signed_headers: names of the headers that were signed, in lower case
    :param signature: 64 hexadecimal digits
    """

    access_key_id: str
    signed_headers: tuple[str, ...]
    signature: str


def timestamp(moment: datetime) -> str:
    """An aware time as ``X-Sdk-Date`` has it."""
    return moment.astimezone(timezone.utc).strftime(_DATE)


def read_timestamp(text: str) -> datetime:
    """The time that ``X-Sdk-Date`` tells.

    :raises ValueError: it is none
    """
    return datetime.strptime(text, _DATE).replace(tzinfo=timezone.utc)


def encode_path(path: str) -> str:
    """A path with each of its segments percent-encoded, once, whether it was before or not."""
    return "/".join(quote(segment, safe="~") for segment in unquote(path).split("/"))


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Query parameters in the order and the encoding that are signed; they are sent just so."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(pairs))


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], signed_headers: Iterable[str], digest: str
) -> str:
    """What the signature is about, in the one form that both sides make of it.

    :param path: as sent; what is signed always ends in a slash
    :param query: as :func:`encode_query` gives it
    :param headers: by name in lower case; those that are signed have to be there
    :param signed_headers: their names in lower case and in alphabetical order
    :param digest: of the body, see :func:`content_digest`
    """
    names = list(signed_headers)
    uri = encode_path(path)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    return "\n".join(
        (method.upper(), uri if uri.endswith("/") else f"{uri}/", query, lines, ";".join(names), digest)
    )


def content_digest(body: bytes, headers: Mapping[str, str]) -> str:
    """What stands for the body in the canonical request: its SHA-256 or, if a header gives another word, that."""
    given = headers.get("x-sdk-content-sha256")
    return given if given and body else hashlib.sha256(body).hexdigest()


def string_to_sign(sdk_date: str, canonical: str) -> str:
    """What the secret signs."""
    return f"{ALGORITHM}\n{sdk_date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"


def sign(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, secret: str) -> str:
    """The signature over all of the given headers, ``x-sdk-date`` among them."""
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
    """The signature that a request with these signed headers must carry.

    :param headers: by name in lower case
    :raises KeyError: a header that is said to be signed, or ``x-sdk-date``, is not there
    """
    digest = content_digest(body, headers)
    canonical = canonical_request(method, path, query, headers, signed_headers, digest)
    text = string_to_sign(headers["x-sdk-date"], canonical)
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def authorization(access_key_id: str, signed_headers: Iterable[str], signature: str) -> str:
    """The ``Authorization`` header."""
    names = ";".join(signed_headers)
    return f"{ALGORITHM} Access={access_key_id}, SignedHeaders={names}, Signature={signature}"


def read_authorization(header: str) -> Claim:
    """What an ``Authorization`` header says.

    :raises ValueError: it is none of this algorithm
    """
    form = rf"{ALGORITHM} Access=([!-~]+), SignedHeaders=([!-~]+), Signature=([0-9a-f]{{64}})"
    found = re.fullmatch(form, header)
    if found is None:
        raise ValueError(f"not an {ALGORITHM} authorization")
    return Claim(found[1], tuple(found[2].split(";")), found[3])
