"""Results: what is read from a service can be stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.result_fields import read_json, storable

CHARACTERS = st.text(st.one_of(st.characters(), st.sampled_from("\0\ud83d\ude00\udfff")))
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), CHARACTERS),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(CHARACTERS, inner)),
)


@pytest.mark.parametrize("ascii_only", [True, False])
@given(document=DOCUMENTS)
def test_a_document_can_be_stored_whatever_characters_it_has(document: Any, ascii_only: bool) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only)

    read = read_json(text.encode("utf-8", "surrogatepass"))

    stored = json.dumps(read, ensure_ascii=False)
    assert "\\u0000" not in stored.replace("\\\\", "")
    # Raises if a half of a surrogate pair is left.
    stored.encode()


@given(st.recursive(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.lists))
def test_any_other_document_is_read_as_it_is(document: Any) -> None:
    assert read_json(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("M\udcfcller\0", "M\ufffdller\ufffd"),
        ({"id\ud83d": [2**63, -(2**63) - 1]}, {"id\ufffd": [str(2**63), str(-(2**63) - 1)]}),
        (
            [float("nan"), float("-inf"), 1e300, 2**63 - 1, True, None],
            [None, None, 1e300, 2**63 - 1, True, None],
        ),
    ],
)
def test_what_airflow_cannot_send_or_store_is_replaced(value: Any, stored: Any) -> None:
    assert storable(value) == stored


def test_what_is_nested_too_deeply_for_airflow_becomes_a_text() -> None:
    value: Any = ["end"]
    for _ in range(500):
        value = [value]

    stored = storable(value)

    depth = 0
    while isinstance(stored, list):
        stored, depth = stored[0], depth + 1
    assert depth < 200
    assert "end" in stored
