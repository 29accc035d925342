"""ACS3-HMAC-SHA256, held against requests that Alibaba's own client sent with a made-up key.

``acs3_vectors.json`` holds for each what went over the wire; the host is the one that its client signed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from airflow_provider_viapi.alibaba import signing
from airflow_provider_viapi.alibaba.signing import canonical_query
from airflow_provider_viapi.redaction import redact_text
from airflow_provider_viapi.renewable_credentials import Credentials

VECTORS = json.loads((Path(__file__).parent / "acs3_vectors.json").read_text())
EACH = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


def authorization(vector: dict[str, Any]) -> str:
    query = parse_qsl(urlsplit(vector["target"]).query, keep_blank_values=True)
    credentials = Credentials(vector["access_key_id"], vector["access_key_secret"], vector["security_token"])
    return signing.acs3_authorization(
        vector["method"], canonical_query(dict(query)), vector["signed_headers"], credentials
    )


@EACH
def test_signs_what_alibabas_own_client_signs(vector: dict[str, Any]) -> None:
    assert authorization(vector) == vector["authorization"]


@EACH
def test_digests_the_body_as_alibabas_own_client_does(vector: dict[str, Any]) -> None:
    digest = signing.content_digest(vector["body"].encode())

    assert digest == vector["signed_headers"]["x-acs-content-sha256"]


def test_get_post_query_body_and_token_are_among_the_vectors() -> None:
    assert len(VECTORS) == 12
    assert {vector["method"] for vector in VECTORS} == {"GET", "POST"}
    assert any("?" in vector["target"] for vector in VECTORS)
    assert any(vector["body"] for vector in VECTORS)
    assert any(vector["security_token"] for vector in VECTORS)


@EACH
@pytest.mark.parametrize("part", ["x-acs-action", "x-acs-content-sha256", "x-acs-date", "host"])
def test_another_header_makes_another_signature(vector: dict[str, Any], part: str) -> None:
    headers = {**vector["signed_headers"], part: vector["signed_headers"][part] + "x"}

    assert authorization({**vector, "signed_headers": headers}) != vector["authorization"]


@pytest.mark.parametrize(
    "quoted",
    [
        "POST\n/\n\nx-acs-security-token:CAIS/to+ken==\nx-acs-version:2020-03-20",
        r"POST\n/\n\nx-acs-security-token:CAIS/to+ken==\nx-acs-version:2020-03-20",
    ],
)
def test_a_canonical_request_that_the_gateway_quotes_keeps_its_token_to_itself(quoted: str) -> None:
    assert redact_text(quoted) == quoted.replace("CAIS/to+ken==", "***")
