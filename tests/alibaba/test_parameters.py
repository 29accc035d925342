"""Values that each kind of parameter accepts and refuses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy
import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.alibaba.model import Action, Service
from airflow_provider_viapi.alibaba.parameters import (
    Choice,
    Integer,
    ListOf,
    Number,
    Parameter,
    String,
    Url,
    ValidationError,
)
from airflow_provider_viapi.errors import InvalidRequest

FRACTION = Number(name="X", minimum=0, maximum=1)
PIXELS = Integer(name="Width", minimum=32, maximum=2160)
NAME = String(
    name="Name", min_length=2, max_length=64, pattern="[a-z0-9_]*", characters="a to z, 0 to 9 and _"
)
LIMITED = ListOf(name="Boxes", fields=(Number(name="X", minimum=0, maximum=1, required=True),), max_items=2)


@pytest.mark.parametrize(
    ("parameter", "given_value", "taken"),
    [
        (FRACTION, 0, 0.0),
        (FRACTION, "0.25", 0.25),
        (FRACTION, 1, 1.0),
        (PIXELS, 480, 480),
        (PIXELS, "480", 480),
        (PIXELS, 480.0, 480),
        (PIXELS, Decimal(480), 480),
        (PIXELS, numpy.int64(480), 480),
        (FRACTION, numpy.float32(0.5), 0.5),
        (FRACTION, Decimal("0.25"), 0.25),
        (NAME, "covers_2026", "covers_2026"),
        (NAME, 20231023, "20231023"),
        (Choice(name="CropType", choices=("smart", "cut")), "cut", "cut"),
        (Url(name="VideoUrl"), "http://h/a.mp4?e=%E4%B8%AD", "http://h/a.mp4?e=%E4%B8%AD"),
        (LIMITED, [{"X": "0.5"}], [{"X": 0.5}]),
    ],
)
def test_takes_values_as_written_and_as_rendered(parameter: Parameter, given_value: Any, taken: Any) -> None:
    checked = parameter.check(given_value)

    assert checked == taken
    assert type(checked) is type(taken)


@pytest.mark.parametrize(
    ("parameter", "refused"),
    [
        (FRACTION, 1.4),
        (FRACTION, float("nan")),
        (FRACTION, "inf"),
        (FRACTION, True),
        (FRACTION, "wide"),
        (FRACTION, "0_1"),
        (FRACTION, "٤.٨"),
        (FRACTION, None),
        (PIXELS, 10),
        (PIXELS, 2161),
        (PIXELS, 480.5),
        (PIXELS, "480.5"),
        (PIXELS, True),
        (PIXELS, "٤٨٠"),
        (NAME, "a"),
        (NAME, "Covers"),
        (NAME, "x" * 65),
        (NAME, "covers\n"),
        (NAME, 0.5),
        (NAME, True),
        (NAME, "ab\ud800"),
        (FRACTION, 10**400),
        (FRACTION, Decimal("NaN")),
        (PIXELS, Decimal("480.5")),
        (PIXELS, float("nan")),
        (PIXELS, numpy.array([480])),
        (Choice(name="CropType", choices=("smart", "cut")), "SMART"),
        (Url(name="VideoUrl"), "http://h/视频.mp4"),
        (Url(name="VideoUrl"), "http://h/a b.mp4"),
        (Url(name="VideoUrl"), "ftp://h/a.mp4"),
        (Url(name="VideoUrl"), "http:///a.mp4"),
        (Url(name="VideoUrl"), "http://[::1/a.mp4"),
        (Url(name="VideoUrl"), "http://h:99999/a.mp4"),
        (Url(name="VideoUrl"), "http://h:abc/a.mp4"),
        (Url(name="VideoUrl"), "http://h/" + "a" * 16_384),
        (Url(name="VideoUrl"), 5),
        (LIMITED, [{"X": 0.5}] * 3),
        (LIMITED, [{"X": 0.5, "Z": 1}]),
        (LIMITED, [{}]),
        (LIMITED, [{"X": 7}]),
        (LIMITED, "X"),
    ],
)
def test_refuses_what_is_not_allowed_and_says_what_is(parameter: Parameter, refused: Any) -> None:
    with pytest.raises(ValidationError) as refusal:
        parameter.check(refused)

    assert str(refusal.value)


@pytest.mark.parametrize(
    ("parameter", "value", "bound"),
    [
        (Integer(name="CategoryId"), 2**40, "at most 2147483647"),
        (Integer(name="Length", minimum=1), 3_000_000_000, "at most 2147483647"),
        (Number(name="Duration"), 1e300, "at most 2147483647"),
        (PIXELS, 10, "from 32 to 2160"),
    ],
)
def test_the_bound_that_a_number_exceeds_is_named(parameter: Parameter, value: Any, bound: str) -> None:
    with pytest.raises(ValidationError, match=bound):
        parameter.check(value)


@given(st.integers())
def test_an_integer_is_taken_exactly_within_its_bounds(value: int) -> None:
    try:
        PIXELS.check(value)
        taken = True
    except ValidationError:
        taken = False

    assert taken is (32 <= value <= 2160)


@given(st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.binary(), st.lists(st.integers())))
def test_no_kind_of_value_makes_a_check_stumble(value: Any) -> None:
    for parameter in (
        FRACTION,
        PIXELS,
        NAME,
        LIMITED,
        Url(name="VideoUrl"),
        Choice(name="C", choices=("a",)),
    ):
        try:
            parameter.check(value)
        except ValidationError:
            assert parameter.redacted_repr(value)


@pytest.fixture
def action() -> Action:
    return Action(
        service=Service("videoenhan", "2020-03-20"),
        name="EraseVideoSubtitles",
        summary="",
        parameters=(Url(name="VideoUrl", required=True), Number(name="BX", minimum=0, maximum=1)),
    )


def test_an_error_says_which_parameter_what_was_given_and_what_is_allowed(action: Action) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        action.check({"VideoUrl": "http://h/a.mp4", "BX": 1.4})

    assert str(refusal.value) == (
        "EraseVideoSubtitles: BX is 1.4; allowed: a number from 0 to 1 (code InvalidParameter)"
    )


@pytest.mark.parametrize("empty", [{}, {"VideoUrl": None}, {"VideoUrl": ""}])
def test_a_missing_parameter_is_named(action: Action, empty: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match="VideoUrl is missing") as refusal:
        action.check(empty)

    assert refusal.value.code == "MissingParameter"


def test_an_unknown_parameter_is_named(action: Action) -> None:
    with pytest.raises(InvalidRequest, match="Colour is not a parameter"):
        action.check({"VideoUrl": "http://h/a.mp4", "Colour": "red"})


def test_an_unresolved_value_passes_as_it_is_and_the_others_are_checked(action: Action) -> None:
    def is_template(value: Any) -> bool:
        return value == "{{ url }}"

    assert action.check({"VideoUrl": "{{ url }}", "BX": "0.5"}, is_unresolved=is_template) == {
        "VideoUrl": "{{ url }}",
        "BX": 0.5,
    }
    with pytest.raises(InvalidRequest, match="BX"):
        action.check({"VideoUrl": "{{ url }}", "BX": 2}, is_unresolved=is_template)


def test_an_address_is_shown_without_its_signature_and_password(action: Action) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        action.check({"VideoUrl": "ftp://user:pass-word@h/a.mp4?Expires=1&Signature=sig-nature"})

    assert "ftp://h/a.mp4" in str(refusal.value)
    assert "sig-nature" not in str(refusal.value)
    assert "pass-word" not in str(refusal.value)
