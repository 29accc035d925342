"""The signature against Huawei's own SDK, for whoever signs and for whoever checks.

``signing_vectors.json`` holds what the SDK's signer makes of two requests, step by step; ``sdk_requests.json`` what
the SDK sent over a socket for 94 actions (``scripts/capture_huawei_sdk.py``).
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.emulator.huawei.identity import read_authorization, read_timestamp
from airflow_provider_viapi.huawei import signing

VECTORS = json.loads(Path(__file__).with_name("signing_vectors.json").read_text())
CAPTURED = json.loads(Path(__file__).with_name("sdk_requests.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_step_is_that_of_huaweis_signer(vector: dict[str, Any]) -> None:
    path, _, sent_query = vector["target"].partition("?")
    headers, body = vector["headers"], vector["body"].encode()
    query = signing.encode_query((name, str(value)) for name, value in vector["query"])
    assert query == sent_query

    signed = sorted(headers)
    digest = signing.content_digest(body, headers)
    canonical = signing.canonical_request(vector["method"], path, query, headers, signed, digest)
    assert canonical == vector["canonical_request"]
    assert signing.string_to_sign(headers["x-sdk-date"], canonical) == vector["string_to_sign"]

    proof = signing.sign(vector["method"], path, query, headers, body, vector["key"]["secret"])
    assert signing.authorization(vector["key"]["id"], signed, proof) == vector["authorization"]


@pytest.mark.parametrize("request_", CAPTURED["requests"], ids=lambda each: each["operation"])
def test_what_the_sdk_has_signed_is_accepted_as_it_arrives(request_: dict[str, Any]) -> None:
    claim = read_authorization(request_["headers"]["authorization"])
    parts = urlsplit(request_["target"])

    expected = signing.expected_signature(
        request_["method"],
        parts.path,
        signing.encode_query(parse_qsl(parts.query, keep_blank_values=True)),
        request_["headers"],
        request_["body"].encode(),
        claim.signed_headers,
        CAPTURED["key"]["sk"],
    )

    assert (claim.access_key_id, claim.signature) == (CAPTURED["key"]["ak"], expected)
    assert "x-security-token" in claim.signed_headers


def test_a_time_is_written_and_read_as_utc() -> None:
    moment = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)

    assert signing.timestamp(moment) == "20250102T030405Z"
    assert read_timestamp("20250102T030405Z") == moment
    with pytest.raises(ValueError, match="2025-01-02"):
        read_timestamp("2025-01-02T03:04:05Z")


@pytest.mark.parametrize(
    "header", ["", "Basic eA==", "SDK-HMAC-SHA256 Access=a, SignedHeaders=host", "x" * 5000]
)
def test_an_invalid_authorization_header_is_recognized(header: str) -> None:
    with pytest.raises(ValueError, match="SDK-HMAC-SHA256"):
        read_authorization(header)


def test_a_body_that_is_not_json_is_not_covered() -> None:
    headers = {"x-sdk-date": "20250102T030405Z", "x-sdk-content-sha256": signing.UNSIGNED}

    assert signing.content_digest(b"picture", headers) == "UNSIGNED-PAYLOAD"
    assert signing.content_digest(b"picture", {}) != "UNSIGNED-PAYLOAD"


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(TEXT.filter(bool), TEXT), max_size=5))
def test_a_query_is_read_back_as_it_was_given(pairs: list[tuple[str, str]]) -> None:
    query = signing.encode_query(pairs)

    assert query.isascii()
    assert sorted(parse_qsl(query, keep_blank_values=True)) == sorted(pairs)


@given(TEXT, TEXT, st.binary(max_size=20), TEXT)
def test_the_signature_covers_path_query_body_and_headers(
    path: str, value: str, body: bytes, token: str
) -> None:
    def sign(path: str, value: str, body: bytes, token: str) -> str:
        query = signing.encode_query([("name", value)])
        headers = {"x-sdk-date": "20250102T030405Z", "x-security-token": token}
        return signing.sign("GET", f"/v1/{path}", query, headers, body, "secret")

    signed = sign("a", value, body, token)
    assert signed != sign("a", f"{value}x", body, token)
    assert signed != sign("a", value, body + b"x", token)
    assert signed != sign("a", value, body, f"{token}x")
    assert signed != sign("ax", value, body, token)
