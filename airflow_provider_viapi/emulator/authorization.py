"""What a request says about who sent it, read from wherever its signature keeps that: 1.0 or ACS3-HMAC-SHA256."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from urllib.parse import parse_qsl

from airflow_provider_viapi.alibaba import signing
from airflow_provider_viapi.alibaba.signing import canonical_query, sign, string_to_sign
from airflow_provider_viapi.credentials import Credentials
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.request import Request

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
    """Who a request says it is from, and its proof.

    :param access_key_id: the key it names
    :param security_token: the token it carries, which goes with temporary keys
    :param timestamp: when it says it was made, as it was sent
    :param nonce: what makes it unlike any other
    :param signature: its proof
    :param sign: what the proof should be, given the key's secret
    :param signed: what the proof is made of, in the words in which the service tells it
    """

    access_key_id: str
    security_token: str | None = field(repr=False)
    timestamp: str
    nonce: str
    signature: str = field(repr=False)
    sign: Callable[[str], str] = field(repr=False)
    signed: Callable[[], str] = field(repr=False)


def read_authorization(request: Request) -> Authorization:
    """What a request says about its sender.

    :raises ApiError: a piece is missing, or it is signed in another way
    """
    return _read_acs3(request) if request.is_acs3 else _read_1_0(request)


def _read_1_0(request: Request) -> Authorization:
    parameters = dict(request.parameters)
    if not parameters.get("AccessKeyId"):
        raise ApiError("MissingAccessKeyId", "AccessKeyId is missing; every call is signed with a key.")
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
    return Authorization(
        access_key_id=parameters["AccessKeyId"],
        security_token=parameters.get("SecurityToken"),
        timestamp=parameters["Timestamp"],
        nonce=parameters["SignatureNonce"],
        signature=signature,
        sign=partial(sign, request.method, parameters),
        signed=lambda: f"server string to sign is:{string_to_sign(request.method, parameters)}",
    )


def _read_acs3(request: Request) -> Authorization:
    headers = request.headers
    parts = _ACS3.fullmatch(headers["authorization"].strip())
    if parts is None:
        raise ApiError(
            "IncompleteSignature",
            "Authorization has the form ACS3-HMAC-SHA256 Credential=...,SignedHeaders=...,Signature=...",
        )
    access_key_id, names, signature = parts.groups()
    if not access_key_id:
        raise ApiError("MissingAccessKeyId", "Credential is empty; every call is signed with a key.")
    for name in _ACS3_SIGNED:
        if not headers.get(name):
            raise ApiError("MissingParameter", f"The header {name} is missing; every call needs it.")
    signed = {name: headers.get(name, "").strip() for name in names.split(";")}
    if unsigned := [name for name in _ACS3_SIGNED if name not in signed]:
        raise ApiError("IncompleteSignature", f"SignedHeaders has to name {', '.join(unsigned)}.")
    # The digest of what arrived, whatever the header says, so that another body makes another signature.
    signed["x-acs-content-sha256"] = signing.content_digest(request.body)
    query = canonical_query(dict(parse_qsl(request.query, keep_blank_values=True)))
    return Authorization(
        access_key_id=access_key_id,
        security_token=headers.get("x-acs-security-token"),
        timestamp=headers["x-acs-date"],
        nonce=headers["x-acs-signature-nonce"],
        signature=signature,
        sign=partial(_sign_acs3, request.method, query, signed, access_key_id),
        signed=partial(_signed_acs3, request.method, query, signed),
    )


def _sign_acs3(method: str, query: str, headers: Mapping[str, str], access_key_id: str, secret: str) -> str:
    header = signing.acs3_authorization(method, query, headers, Credentials(access_key_id, secret))
    return header.rpartition("Signature=")[2]


def _signed_acs3(method: str, query: str, headers: Mapping[str, str]) -> str:
    request = signing.acs3_canonical_request(method, query, headers)
    to_sign = f"{signing.ACS3}\n{sha256(request.encode()).hexdigest()}"
    return f"server StringToSign is [{to_sign}] server CanonicalRequest is [{request}]"
