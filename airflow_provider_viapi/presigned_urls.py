"""Signed URLs: find the parts that differ from one signature to the next, and when a signature expires.

:func:`stable_url` leaves these parts out of a request's digest, and :func:`signature_spans` finds the secret ones.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from airflow_provider_viapi.presigned_url_schemes import (
    SIGNING_SCHEMES,
    TOKEN_IN_PATH,
    secret_paths,
    signed_paths,
)

DIGEST_VERSION = 5
"""Version of what :func:`stable_url` returns; raise it with every change, since stored digests contain its result."""

_STREAM_ID = re.compile(
    r"(?i),(?:tx|hw|volc|ws)(?:(?:abs)?time=[^,]*|secret=(?P<secret>[^,]*))|\?auth_key=(?P<key>[^,]*)"
)
"""Signing parameters inside the ``streamid`` of SRT, which is no query."""

_MAX_NESTED = 3
"""Depth to which addresses inside addresses are looked at."""

_CHANGING_CLAIMS = frozenset({"exp", "iat", "nbf", "jti", "auth_time"})

_PUBLIC_PARAMETER = re.compile(
    r"(?i)(?:.*[-_])?(?:expires|date|time|algorithm|version|signature-version|headers|signedheaders|list)"
    r"|e|t|s[vretpis]|srt|spr|sip|sdd|ses|skt|ske|sks|skv|keyname|urlprefix"
)
"""Signing parameters that may be shown: they let nobody in, and say until when a URL is valid."""


def stable_url(url: str, *, depth: int = 0) -> str | list[Any]:
    """Return a JSON value that is equal for the same object, whatever its URL is signed with.

    Scheme and host are compared without case, a password and signing parameters are left out, the order of
    parameters with different names does not matter.

    :param url: an HTTP(S) URL; one that cannot be parsed is returned as it is
    :param depth: how many URLs it is inside of
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    # Bytes that are not UTF-8, such as GBK, stay distinct.
    pairs = parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
    signing = _signing_names(host, parts.path, pairs)
    lasting: list[list[Any]] = [
        [name, _stable_value(value, depth)] for name, value in pairs if name not in signing
    ]
    lasting += ([name, _claims(value)] for name, value in pairs if name in signing and _claims(value))
    lasting.sort(key=lambda pair: pair[0])
    default = {"http": 80, "https": 443}.get(parts.scheme)
    user, path = parts.username or "", parts.path
    for pattern in signed_paths(path):
        path = pattern.sub("", path)
    path = TOKEN_IN_PATH.sub(_lasting_token, path)
    fragment = _STREAM_ID.sub("", parts.fragment) if parts.fragment.startswith("!::") else parts.fragment
    return [parts.scheme, user, host, None if port == default else port, path, lasting, fragment]


def _lasting_token(token: re.Match[str]) -> str:
    claims = _claims(token["secret"])
    return f"/{token['secret'] if claims is None else claims}"


def _stable_value(value: str, depth: int) -> Any:
    if depth < _MAX_NESTED and re.match(r"(?i)https?://", value):
        return stable_url(value, depth=depth + 1)
    return _STREAM_ID.sub("", value) if value.startswith("#!::") else value


def _claims(token: str) -> dict[str, Any] | None:
    """Return what a JSON Web Token says besides times: it may be what names the file; ``None`` if it is none."""
    payload = token.split(".")[1] if token.startswith("eyJ") and token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    return {name: value for name, value in claims.items() if name not in _CHANGING_CLAIMS}


def _signing_names(host: str, path: str, pairs: list[tuple[str, str]]) -> set[str]:
    recognised = [scheme for scheme in SIGNING_SCHEMES if scheme.signs(host, path, pairs)]
    return {name for name, _ in pairs if any(scheme.names.fullmatch(name) for scheme in recognised)}


QUERY_PARAMETER = re.compile(r"[?&;#]([^=?&;#]+)=([^&#]+)")
_UNNAMED = re.compile(r"[?&](?P<secret>(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z])[\w-]{24,})(?=[&#]|$)")
_BEFORE_PATH = re.compile(r"[^:/?#]+://[^/?#]*(?=/)")


def signature_spans(url: str) -> Iterator[tuple[int, int]]:
    """Yield where in a URL that is signed there are signatures and tokens."""
    signing = _signing_in(url)
    for match in QUERY_PARAMETER.finditer(url):
        name = unquote(match[1])
        # Azure's st is a time, others' is a hash.
        is_public = _PUBLIC_PARAMETER.fullmatch(name) and (name != "st" or re.match("[0-9]{4}-", match[2]))
        if name in signing and not is_public:
            yield match.span(2)
    for match in _UNNAMED.finditer(url):
        yield match.span("secret")
    for match in _STREAM_ID.finditer(url) if "#!::" in url else ():
        yield from (match.span(group) for group in ("secret", "key") if match[group])
    if beginning := _BEFORE_PATH.match(url):
        path = url[beginning.end() :]
        for pattern in (*signed_paths(path), *secret_paths(path)):
            for match in pattern.finditer(path):
                yield tuple(beginning.end() + at for at in match.span("secret"))  # type: ignore[misc]


def _signing_in(address: str) -> set[str]:
    try:
        parts = urlsplit(address)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        return _signing_names(parts.hostname or "", parts.path, pairs)
    except ValueError:
        return set()


def link_expiry(url: str) -> datetime | None:
    """Return when a presigned URL expires or expired, as its query says; ``None`` if it does not say."""
    try:
        query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
        if "expires" in query:
            return datetime.fromtimestamp(int(query["expires"]), timezone.utc)
        for vendor in ("oss", "amz", "goog", "tos", "obs"):
            if f"x-{vendor}-expires" in query:
                signed = datetime.strptime(query[f"x-{vendor}-date"], "%Y%m%dT%H%M%SZ")
                signed_at = signed.replace(tzinfo=timezone.utc).timestamp()
                return datetime.fromtimestamp(signed_at + int(query[f"x-{vendor}-expires"]), timezone.utc)
    except (KeyError, ValueError, OverflowError, OSError):
        pass
    return None
