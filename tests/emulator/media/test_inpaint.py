from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as nps
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.media.inpaint import push_pull

PLANES = nps.arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20)))


@given(PLANES, st.integers(0, 2**32), st.floats(0, 1))
def test_only_the_hole_changes_and_only_to_what_the_rest_holds(
    plane: np.ndarray, seed: int, share: float
) -> None:
    hole = np.random.default_rng(seed).random(plane.shape) < share

    filled = push_pull(plane, hole)

    assert np.array_equal(filled[~hole], plane[~hole])
    if not hole.all():
        assert plane[~hole].min() <= filled.min() <= filled.max() <= plane[~hole].max()


def test_a_hole_in_a_gradient_continues_the_gradient() -> None:
    plane = np.tile(np.arange(40, 200, 2, dtype=np.uint8), (60, 1))
    hole = np.zeros(plane.shape, np.bool_)
    hole[25:35, 35:45] = True

    filled = push_pull(plane, hole)

    assert np.abs(filled.astype(int) - plane)[hole].max() <= 8


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket"])
def test_scratches_of_a_photograph_become_hard_to_see(name: str) -> None:
    plane = np.asarray(Image.open(media_samples.photographs()[name]).convert("L"))
    hole = np.zeros(plane.shape, np.bool_)
    hole[:, ::40] = hole[:, 1::40] = hole[:, 2::40] = True

    filled = push_pull(np.where(hole, 255, plane).astype(np.uint8), hole)

    assert np.square(filled.astype(float) - plane)[hole].mean() < 15**2
