"""OSS's signatures: what its own client sent is believed, and nothing else is."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.emulator.access_keys import AccessKey
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.storage.auth import StorageRequest
from airflow_provider_viapi.emulator.storage.signature_v1 import presign
from airflow_provider_viapi.emulator.storage.storage import authenticate

CAPTURES = json.loads(Path(__file__).with_name("oss_vectors.json").read_text())
KEY = AccessKey("an-id", "a-secret")
NOW = 1_800_000_000.0
each_capture = pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: capture["name"])


def captured(capture: dict[str, Any]) -> StorageRequest:
    path, _, query = capture["target"].partition("?")
    bucket, _, key = unquote(path).removeprefix("/").partition("/")
    return StorageRequest(capture["method"], bucket, key, query, capture["headers"])


def key_of(capture: dict[str, Any], request: StorageRequest, now: float) -> AccessKey | None:
    def find(access_key_id: str, token: str | None) -> AccessKey:
        assert (access_key_id, token) == (capture["access_key_id"], capture["security_token"])
        return AccessKey(access_key_id, capture["access_key_secret"])

    return authenticate(request, find, now)


def refusal(capture: dict[str, Any], request: StorageRequest, now: float) -> str:
    with pytest.raises(ApiError) as caught:
        key_of(capture, request, now)
    return caught.value.code


@each_capture
def test_requests_of_alibabas_own_client_are_authenticated(capture: dict[str, Any]) -> None:
    key = key_of(capture, captured(capture), capture["signed_at"])

    assert key is not None
    assert key.id == capture["access_key_id"]


@each_capture
def test_anything_changed_breaks_the_signature(capture: dict[str, Any]) -> None:
    request = captured(capture)
    changed = [
        replace(request, method="DELETE"),
        replace(request, key=f"{request.key}x"),
        replace(request, bucket="other"),
        replace(request, query=f"{request.query}&acl"),
        replace(request, headers={**request.headers, "x-oss-meta-who": "somebody else"}),
    ]

    assert {refusal(capture, each, capture["signed_at"]) for each in changed} == {"SignatureDoesNotMatch"}


@each_capture
def test_a_signature_expires(capture: dict[str, Any]) -> None:
    presigned = "authorization" not in capture["headers"]

    result = refusal(capture, captured(capture), capture["signed_at"] + (602 if presigned else 903))

    assert result == ("AccessDenied" if presigned else "RequestTimeTooSkewed")


def test_a_request_without_a_signature_has_no_key() -> None:
    request = StorageRequest("GET", "team", "a.mp4", "versionId=1", {"host": "127.0.0.1"})

    assert authenticate(request, lambda *_: KEY, NOW) is None


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": "OSS an-id:x"}, ""),
        ({"authorization": "OSS an-id", "date": "yesterday"}, ""),
        ({"authorization": "OSS4-HMAC-SHA256 Credential=an-id"}, ""),
        ({"authorization": f"OSS4-HMAC-SHA256 Credential=an-id,Signature={'0' * 64}"}, ""),
        ({}, "Signature=x"),
        ({}, "Signature=x&Expires=never&OSSAccessKeyId=an-id"),
        ({}, "x-oss-signature=x&x-oss-expires=ever&x-oss-date=today&x-oss-credential=an-id"),
    ],
)
def test_a_malformed_signature_is_refused(headers: dict[str, str], query: str) -> None:
    with pytest.raises(ApiError):
        authenticate(StorageRequest("GET", "team", "a.mp4", query, headers), lambda *_: KEY, NOW)


def test_an_address_that_is_presigned_is_believed_until_it_expires() -> None:
    address = presign("http://host", StorageRequest("GET", "team", "影 a.mp4", "", {}), KEY, int(NOW) + 10)
    request = StorageRequest("GET", "team", "影 a.mp4", address.partition("?")[2], {})

    assert address.startswith("http://host/team/%E5%BD%B1%20a.mp4?")
    assert authenticate(request, lambda *_: KEY, NOW + 10) is KEY
    with pytest.raises(ApiError, match="expired"):
        authenticate(request, lambda *_: KEY, NOW + 11)


PROOFS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["OSS a:b", "OSS", "OSS4-HMAC-SHA256", f"OSS4-HMAC-SHA256 Credential=a/b/c,Signature={'0' * 64}"]
    ),
)
NAMES = (
    "Signature",
    "Expires",
    "OSSAccessKeyId",
    "x-oss-signature",
    "x-oss-date",
    "x-oss-expires",
    "acl",
    "",
)


@given(
    query=st.dictionaries(st.sampled_from(NAMES), st.text(max_size=20)),
    authorization=PROOFS,
    date=st.text(max_size=20),
    key=st.text(max_size=10),
)
def test_any_request_has_no_key_or_is_refused(
    query: dict[str, str], authorization: str, date: str, key: str
) -> None:
    request = StorageRequest(
        "GET", "team", key, urlencode(query, errors="replace"), {"authorization": authorization, "date": date}
    )

    with contextlib.suppress(ApiError):
        assert authenticate(request, lambda *_: KEY, NOW) is None
