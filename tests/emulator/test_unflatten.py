"""Flat wire parameters as the request that they make."""

from __future__ import annotations

from hypothesis import given, strategies as st

from airflow_provider_viapi.alibaba.parameters import ListOf, Number, String
from airflow_provider_viapi.alibaba.rpc import flatten
from airflow_provider_viapi.emulator.gateway import unflatten

BOX = tuple(Number(name=name, minimum=0, maximum=1) for name in "XYWH")
PARAMETERS = (String(name="VideoUrl"), ListOf(name="Boxes", fields=BOX))
BOXES = st.lists(st.dictionaries(st.sampled_from("XYWH"), st.text(), min_size=1), min_size=1, max_size=12)


@given(BOXES)
def test_unflatten_reverses_flatten(boxes: list[dict[str, str]]) -> None:
    request = {"VideoUrl": "http://host/a.mp4", "Boxes": boxes}

    assert unflatten(flatten(request), PARAMETERS) == request


def test_items_come_in_the_order_of_their_numbers() -> None:
    wire = {"Boxes.10.X": "c", "Boxes.2.X": "b", "Boxes.1.X": "a"}

    assert unflatten(wire, PARAMETERS) == {"Boxes": [{"X": "a"}, {"X": "b"}, {"X": "c"}]}


def test_unknown_parameters_are_ignored() -> None:
    wire = {
        "Boxes.1.X": "a",
        "Boxes.1.Colour": "b",
        "Boxes.0.X": "c",
        "Boxes.X": "d",
        "Boxes": "e",
        "Other": "f",
    }

    assert unflatten(wire, PARAMETERS) == {"Boxes": [{"X": "a"}]}
