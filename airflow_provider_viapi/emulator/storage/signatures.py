"""Who sent a request to the object storage, by either of OSS's signatures."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.storage import signature_v1, signature_v4
from airflow_provider_viapi.emulator.storage.auth import Proof, StorageRequest


def authenticate(
    request: StorageRequest, find: Callable[[str, str | None], AccessKey], now: float
) -> AccessKey | None:
    """The key that a request is signed with; ``None`` if it is not signed at all.

    :param find: the key of an id and a token; raises :class:`ApiError` if there is none
    :param now: in Unix time
    :raises ApiError: it is signed, but not right
    """
    proof = _proof(request)
    if proof is None:
        return None
    key = find(proof.access_key_id, proof.token)
    if not hmac.compare_digest(proof.sign(key.secret).encode(), proof.signature.encode()):
        raise ApiError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key "
            "and signing method.",
            403,
        )
    proof.check_time(now)
    return key


def _proof(request: StorageRequest) -> Proof | None:
    header = request.headers.get("authorization", "")
    if header.startswith("OSS "):
        return signature_v1.read_header(request)
    if header.startswith("OSS4-HMAC-SHA256"):
        return signature_v4.read_header(request)
    if "x-oss-signature" in request.parameters:
        return signature_v4.read_query(request)
    if "Signature" in request.parameters:
        return signature_v1.read_query(request)
    return None
