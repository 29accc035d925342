"""Read who signed a request, and how, from either signature: 1.0 or ACS3-HMAC-SHA256."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from urllib.parse import parse_qsl

from airflow_provider_viapi.alibaba import signing
from airflow_provider_viapi.alibaba.signing import canonical_query, sign, string_to_sign
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.request import Request
from airflow_provider_viapi.renewable_credentials import Credentials

_ACS3 = re.compile(
    r"ACS3-HMAC-SHA256\s+Credential=([^,]*),\s*SignedHeaders=([^,]*),\s*Signature=([0-9a-f]{64})"
)
_ACS3_SIGNED = (
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
)


@dataclass(frozen=True)
class Authorization:
    """The identity that a request claims, and its signature.

    :param access_key_id: id of the access key
    :param security_token: token of a temporary key
    :param timestamp: time of signing, as it was sent
    :param nonce: value that is unique to the request
    :param signature: the signature that was sent
    :param sign: compute the expected signature from the key's secret
    :param describe_signed: return the signed text in the words that the service uses in an error
    """

    access_key_id: str
    security_token: str | None = field(repr=False)
    timestamp: str
    nonce: str
    signature: str = field(repr=False)
    sign: Callable[[str], str] = field(repr=False)
    describe_signed: Callable[[], str] = field(repr=False)


def read_authorization(request: Request) -> Authorization:
    """Read the claimed identity of a request.

    :raises ApiError: a field is missing, or the signature method is not supported
    """
    return _read_acs3(request) if request.is_acs3 else _read_1_0(request)


def _read_1_0(request: Request) -> Authorization:
    parameters = dict(request.parameters)
    if not parameters.get("AccessKeyId"):
        raise ApiError(
            "MissingAccessKeyId", "AccessKeyId is missing; every call is signed with an access key."
        )
    for name in ("Timestamp", "SignatureNonce"):
        if not parameters.get(name):
            raise ApiError("MissingParameter", f"{name} is missing; every call needs it.")
    signature = parameters.pop("Signature", "")
    method, version = parameters.get("SignatureMethod"), parameters.get("SignatureVersion")
    if not signature or method != "HMAC-SHA1" or version != "1.0":
        raise ApiError(
            "IncompleteSignature",
            "A call needs Signature, SignatureMethod=HMAC-SHA1 and SignatureVersion=1.0, or the headers of "
            "ACS3-HMAC-SHA256.",
        )
    query = canonical_query(parameters)
    return Authorization(
        access_key_id=parameters["AccessKeyId"],
        security_token=parameters.get("SecurityToken"),
        timestamp=parameters["Timestamp"],
        nonce=parameters["SignatureNonce"],
        signature=signature,
        sign=partial(sign, request.method, query),
        describe_signed=lambda: f"server string to sign is:{string_to_sign(request.method, query)}",
    )


def _read_acs3(request: Request) -> Authorization:
    headers = request.headers
    parts = _ACS3.fullmatch(headers["authorization"].strip())
    if parts is None:
        raise ApiError(
            "IncompleteSignature",
            "Authorization must have the form ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=...",
        )
    access_key_id, names, signature = parts.groups()
    if not access_key_id:
        raise ApiError("MissingAccessKeyId", "Credential is empty; every call is signed with an access key.")
    for name in _ACS3_SIGNED:
        if not headers.get(name):
            raise ApiError("MissingParameter", f"The header {name} is missing; every call needs it.")
    signed = {name: headers.get(name, "").strip() for name in names.split(";")}
    if unsigned := [name for name in _ACS3_SIGNED if name not in signed]:
        raise ApiError("IncompleteSignature", f"SignedHeaders must include {', '.join(unsigned)}.")
    # The digest of the body that arrived, not the one in the header: a changed body must not pass.
    signed["x-acs-content-sha256"] = signing.content_digest(request.body)
    query = canonical_query(dict(parse_qsl(request.query, keep_blank_values=True)))
    return Authorization(
        access_key_id=access_key_id,
        security_token=headers.get("x-acs-security-token"),
        timestamp=headers["x-acs-date"],
        nonce=headers["x-acs-signature-nonce"],
        signature=signature,
        sign=partial(_sign_acs3, request.method, query, signed, access_key_id),
        describe_signed=partial(_describe_acs3, request.method, query, signed),
    )


def _sign_acs3(method: str, query: str, headers: Mapping[str, str], access_key_id: str, secret: str) -> str:
    header = signing.acs3_authorization(method, query, headers, Credentials(access_key_id, secret))
    return header.rpartition("Signature=")[2]


def _describe_acs3(method: str, query: str, headers: Mapping[str, str]) -> str:
    request = signing.acs3_canonical_request(method, query, headers)
    to_sign = f"{signing.ACS3}\n{sha256(request.encode()).hexdigest()}"
    return f"server StringToSign is [{to_sign}] server CanonicalRequest is [{request}]"
