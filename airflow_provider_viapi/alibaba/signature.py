"""Alibaba Cloud's RPC signature 1.0 (HMAC-SHA1), and the canonical form of parameters, which ACS3 signs too.

Pure functions over flat string parameters; the algorithm is that of Alibaba's RPC-style services, and the tests
hold it against requests that Alibaba's own clients sent.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

_has_rare = re.compile(r"[^A-Za-z0-9\-._~%:/?=&+,]").search
_IN_ADDRESSES = [(char, quote(char, safe="")) for char in "%:/?=&+,"]


def percent_encode(text: str) -> str:
    """Percent-encode as RFC 3986 has it: everything but letters, digits and ``-_.~``."""
    if text.isalnum() and text.isascii():
        return text
    if _has_rare(text):
        return quote(text, safe="")
    # Addresses are long and have few kinds of characters to encode: this takes a quarter of quote()'s time. The
    # percent sign comes first, since what stands for the others begins with one.
    for char, escape in _IN_ADDRESSES:
        text = text.replace(char, escape)
    return text


# Names recur from call to call; values, which may be private, are not kept.
_encode_name = lru_cache(maxsize=1024)(percent_encode)


def encoded_pairs(parameters: Mapping[str, str]) -> dict[str, str]:
    """Each parameter's name with what stands for it in a query or a form: ``name=value``, percent-encoded."""
    return {name: f"{_encode_name(name)}={percent_encode(value)}" for name, value in parameters.items()}


def in_order(pairs: Mapping[str, str]) -> str:
    """What :func:`encoded_pairs` gave, sorted by name and joined, as it is signed."""
    return "&".join([pairs[name] for name in sorted(pairs)])


def canonical_query(parameters: Mapping[str, str]) -> str:
    """The parameters sorted by name, percent-encoded and joined, as they are signed.

    :param parameters: every parameter of query and form body, without ``Signature``
    """
    return "&".join(
        [f"{_encode_name(name)}={percent_encode(parameters[name])}" for name in sorted(parameters)]
    )


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """What signature 1.0 is made of: the method, the path ``/`` and the canonical query, encoded once more."""
    return _string_to_sign(method, canonical_query(parameters))


def _string_to_sign(method: str, query: str) -> str:
    # What is encoded a second time is already made of safe characters and these three.
    encoded_again = query.replace("%", "%25").replace("&", "%26").replace("=", "%3D")
    return f"{method}&%2F&{encoded_again}"


def sign(method: str, parameters: Mapping[str, str], access_key_secret: str) -> str:
    """Signature 1.0 of a request, base64, as it goes into the ``Signature`` parameter."""
    return sign_canonical(method, canonical_query(parameters), access_key_secret)


def sign_canonical(method: str, query: str, access_key_secret: str) -> str:
    """The same for parameters that are in their canonical form already."""
    digest = hmac.digest(f"{access_key_secret}&".encode(), _string_to_sign(method, query).encode(), "sha1")
    return base64.b64encode(digest).decode("ascii")
