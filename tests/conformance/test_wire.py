"""Requests on the wire against what Alibaba's own client sent.

``wire_vectors.json`` holds parameters that were given to alibabacloud-tea-openapi 0.4.6 and what a listener then got.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.rpc import flatten
from airflow_provider_viapi.alibaba.services import find
from airflow_provider_viapi.emulator.gateway import unflatten

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("wire_vectors.json").read_text())

WRITTEN_OTHERWISE = {"True": "true", "False": "false", "1e-05": "0.00001"}
"""As Alibaba's Python client writes it, and as we do: as its other clients do, and without an exponent."""


@pytest.mark.parametrize("name", VECTORS)
def test_a_request_is_flattened_as_alibabas_client_does(name: str) -> None:
    action, vector = find(name), VECTORS[name]

    sent = flatten(action.check(vector["params"]))

    assert sent == {key: WRITTEN_OTHERWISE.get(text, text) for key, text in vector["sent"].items()}
    assert action.in_query is (vector["in"] == "query")


@pytest.mark.parametrize("name", VECTORS)
def test_what_alibabas_client_sends_is_read_as_what_it_was_given(name: str) -> None:
    action, vector = find(name), VECTORS[name]

    assert action.check(unflatten(vector["sent"], action.parameters)) == action.check(vector["params"])


def test_every_difference_in_writing_occurs() -> None:
    written = {text for vector in VECTORS.values() for text in vector["sent"].values()}

    assert written >= WRITTEN_OTHERWISE.keys()
