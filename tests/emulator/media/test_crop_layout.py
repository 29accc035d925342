from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.emulator.media.crop_layout import plan_layout
from airflow_provider_viapi.emulator.media.frames import Colour
from airflow_provider_viapi.emulator.media.writer import Traits

SIDES = st.integers(32, 2160)
SIZES = st.tuples(SIDES, SIDES)


def traits(width: int, height: int, pixel_aspect: Fraction = Fraction(1)) -> Traits:
    return Traits((width, height), pixel_aspect, Fraction(25), Fraction(1, 25), Colour(2, 0, 2, 2))


@given(SIZES, SIZES, st.floats(0, 1), st.fractions(Fraction(1, 2), 2, max_denominator=16))
def test_every_crop_lies_in_the_picture_and_every_place_in_the_frame(
    size: tuple[int, int], frame: tuple[int, int], tightness: float, pixel_aspect: Fraction
) -> None:
    layout = plan_layout(traits(*size, pixel_aspect), frame, tightness)

    crop, place = layout.crop, layout.place
    assert 0 <= crop.left < crop.left + crop.width <= size[0]
    assert 0 <= crop.top < crop.top + crop.height <= size[1]
    assert 0 <= place.left < place.left + place.width <= frame[0]
    assert 0 <= place.top < place.top + place.height <= frame[1]
    assert crop.left % 2 == crop.top % 2 == 0
    assert place.width == frame[0] or place.height == frame[1]


@given(SIZES, SIZES)
def test_tightness_zero_keeps_the_picture_and_one_fills_the_frame(
    size: tuple[int, int], frame: tuple[int, int]
) -> None:
    loosest, tightest = (plan_layout(traits(*size), frame, tightness) for tightness in (0.0, 1.0))

    assert (loosest.crop.width, loosest.crop.height) == size
    assert (tightest.place.width, tightest.place.height) == frame


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_is_cropped_with_more_tightness(one: float, other: float) -> None:
    kept = [
        plan_layout(traits(1280, 720), (600, 1000), tightness).crop.width
        for tightness in sorted((one, other))
    ]

    assert kept[0] >= kept[1]


def test_pixels_that_are_not_square_are_made_square() -> None:
    layout = plan_layout(traits(720, 576, Fraction(16, 15)), (400, 300), 0.0)

    assert (layout.place.width, layout.place.height) == (400, 300)


@pytest.mark.parametrize("column", range(0, 160, 20))
def test_the_crop_holds_the_heaviest_part(column: int) -> None:
    looked_at = np.full((90, 160), 1e-6)
    looked_at[40:50, column] = 1

    crop = plan_layout(traits(1280, 720), (600, 1000), 1.0, looked_at).crop

    assert crop.left <= column * 8 < column * 8 + 8 <= crop.left + crop.width
