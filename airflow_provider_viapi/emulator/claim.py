"""What a request says about who sent it, read from wherever its way of signing keeps that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from airflow_provider_viapi.alibaba.signature import sign, string_to_sign
from airflow_provider_viapi.emulator.call import Request
from airflow_provider_viapi.emulator.refusal import Refusal


@dataclass(frozen=True)
class Claim:
    """Who a request says it is from, and its proof.

    :param access_key_id: the key it names
    :param security_token: the token it carries, which goes with temporary keys
    :param timestamp: when it says it was made, as it was sent
    :param nonce: what makes it unlike any other
    :param signature: its proof
    :param sign: what the proof should be, given the key's secret
    :param string_to_sign: the text that the proof is made of
    """

    access_key_id: str
    security_token: str | None = field(repr=False)
    timestamp: str
    nonce: str
    signature: str = field(repr=False)
    sign: Callable[[str], str] = field(repr=False)
    string_to_sign: Callable[[], str] = field(repr=False)


def read_claim(request: Request) -> Claim:
    """What a request that is signed with signature 1.0 says about its sender.

    :raises Refusal: a piece is missing, or it is signed in another way
    """
    parameters = dict(request.parameters)
    for name in ("AccessKeyId", "Timestamp", "SignatureNonce"):
        if not parameters.get(name):
            raise Refusal("MissingParameter", f"{name} is missing; every call needs it.")
    signature = parameters.pop("Signature", "")
    method, version = parameters.get("SignatureMethod"), parameters.get("SignatureVersion")
    if not signature or method != "HMAC-SHA1" or version != "1.0":
        raise Refusal(
            "IncompleteSignature",
            "A call needs Signature, SignatureMethod=HMAC-SHA1 and SignatureVersion=1.0.",
        )
    return Claim(
        access_key_id=parameters["AccessKeyId"],
        security_token=parameters.get("SecurityToken"),
        timestamp=parameters["Timestamp"],
        nonce=parameters["SignatureNonce"],
        signature=signature,
        sign=partial(sign, request.method, parameters),
        string_to_sign=partial(string_to_sign, request.method, parameters),
    )
