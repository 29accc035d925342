"""Credentials, and Alibaba Cloud's RPC signature 1.0 (HMAC-SHA1).

Pure functions over flat string parameters; the algorithm is that of Alibaba's RPC-style services, and the tests
hold it against requests that Alibaba's own clients sent.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote


@dataclass(frozen=True)
class Credentials:
    """Who is asking.

    :param access_key_id: the public half of the key
    :param access_key_secret: the secret half; never shown, never sent
    :param security_token: goes with temporary (STS) keys; never shown
    """

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)


def percent_encode(text: str) -> str:
    """Percent-encode as RFC 3986 has it: everything but letters, digits and ``-_.~``."""
    return quote(text, safe="")


def canonical_query(parameters: Mapping[str, str]) -> str:
    """The parameters sorted by name, percent-encoded and joined, as they are signed.

    :param parameters: every parameter of query and form body, without ``Signature``
    """
    return "&".join(
        f"{percent_encode(name)}={percent_encode(value)}" for name, value in sorted(parameters.items())
    )


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """What signature 1.0 is made of: the method, the path ``/`` and the canonical query, encoded once more."""
    # What is encoded a second time is already made of safe characters and these three.
    encoded_again = canonical_query(parameters).replace("%", "%25").replace("&", "%26").replace("=", "%3D")
    return f"{method}&%2F&{encoded_again}"


def sign(method: str, parameters: Mapping[str, str], access_key_secret: str) -> str:
    """Signature 1.0 of a request, base64, as it goes into the ``Signature`` parameter."""
    digest = hmac.digest(
        f"{access_key_secret}&".encode(), string_to_sign(method, parameters).encode(), "sha1"
    )
    return base64.b64encode(digest).decode("ascii")
