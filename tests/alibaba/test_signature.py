"""Signature 1.0, held against requests that Alibaba's own clients sent with a made-up key.

``signature_1_0_vectors.json`` holds for each what went over the wire and what its client signed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.alibaba.signing import canonical_query, percent_encode, sign, string_to_sign

VECTORS = json.loads((Path(__file__).parent / "signature_1_0_vectors.json").read_text())


def signed_parameters(vector: dict[str, Any]) -> dict[str, str]:
    query = parse_qsl(urlsplit(vector["target"]).query, keep_blank_values=True)
    form = parse_qsl(vector["body"], keep_blank_values=True)
    return {name: value for name, value in query + form if name != "Signature"}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_signs_what_alibabas_own_clients_sign(vector: dict[str, Any]) -> None:
    query = canonical_query(signed_parameters(vector))

    assert string_to_sign(vector["method"], query) == vector["string_to_sign"]
    assert sign(vector["method"], query, vector["access_key_secret"]) == vector["signature"]


def test_every_client_and_token_kind_is_among_the_vectors() -> None:
    clients = {vector["client"].split()[0] for vector in VECTORS}

    assert len(VECTORS) == 15
    assert len(clients) == 3
    assert any(vector["security_token"] for vector in VECTORS)


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_what_is_signed_can_be_read_back(parameters: dict[str, str]) -> None:
    signed = string_to_sign("POST", canonical_query(parameters))

    method, path, query = signed.split("&")
    assert (method, unquote(path)) == ("POST", "/")
    assert dict(parse_qsl(unquote(query), keep_blank_values=True)) == parameters


@given(st.dictionaries(st.text(min_size=1), st.text(), min_size=1))
def test_the_order_in_which_parameters_are_given_does_not_matter(parameters: dict[str, str]) -> None:
    backwards = dict(reversed(parameters.items()))

    assert canonical_query(backwards) == canonical_query(parameters)


@pytest.mark.parametrize(
    ("text", "encoded"), [("a b", "a%20b"), ("*", "%2A"), ("~", "~"), ("/", "%2F"), ("风", "%E9%A3%8E")]
)
def test_encodes_as_rfc_3986_has_it(text: str, encoded: str) -> None:
    assert canonical_query({"k": text}) == f"k={encoded}"


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("aZ09-._~%:/?=&+,"))
def test_encodes_any_text_as_the_standard_library_does(text: str) -> None:
    assert percent_encode(text) == quote(text, safe="")
