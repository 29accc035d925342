"""Held against scikit-image, which solves the same problems in its own way."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given, strategies as st
from skimage.measure import label, regionprops
from skimage.morphology import dilation

from airflow_provider_viapi.emulator.media.connected_components import (
    block_any,
    connected_regions,
    dilate,
)

Mask = npt.NDArray[np.bool_]


@st.composite
def masks(draw: st.DrawFn) -> Mask:
    shape = draw(st.tuples(st.integers(1, 24), st.integers(1, 24)))
    share = draw(st.floats(0, 1))
    return np.random.default_rng(draw(st.integers(0, 2**32))).random(shape) < share


@given(masks())
def test_regions_are_those_that_touch_over_sides_and_corners(mask: Mask) -> None:
    regions = connected_regions(mask)

    expected = regionprops(label(mask, connectivity=2))
    found = sorted(zip(regions.top, regions.left, regions.bottom, regions.right, regions.area, strict=True))
    assert found == sorted((*region.bbox, region.area) for region in expected)
    for region in expected:
        rows, columns = region.coords.T
        assert len(set(regions.labels[rows, columns])) == 1


@given(masks())
def test_what_is_selected_of_all_regions_is_the_mask(mask: Mask) -> None:
    regions = connected_regions(mask)

    everything = regions.select(np.ones(len(regions.area), np.bool_))

    assert np.array_equal(everything, mask)
    assert np.array_equal(regions.count(mask), regions.area)


@given(masks(), st.integers(0, 30))
def test_a_mask_grows_by_a_square(mask: Mask, radius: int) -> None:
    grown = dilate(mask, radius)

    footprint = np.ones((2 * radius + 1, 2 * radius + 1), np.bool_)
    assert np.array_equal(grown, dilation(mask, footprint))


@given(masks(), st.integers(1, 3))
def test_a_block_counts_when_any_of_its_pixels_does(mask: Mask, step: int) -> None:
    blocks = block_any(mask, step)

    rows, columns = blocks.shape
    expected = [
        [
            mask[row * step : (row + 1) * step, column * step : (column + 1) * step].any()
            for column in range(columns)
        ]
        for row in range(rows)
    ]
    assert np.array_equal(blocks, expected)
