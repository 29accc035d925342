"""AbstractFilmVideo and AbstractEcommerceVideo, and how shots are found for them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.media.abstract_ecommerce_video import abstract_ecommerce_video
from airflow_provider_viapi.emulator.media.abstract_film_video import abstract_film_video
from airflow_provider_viapi.emulator.media.shots import Footage, best_parts, find_shots
from airflow_provider_viapi.emulator.media.video import VideoSource
from emulator.media.sample_clips import Pixels, pictures, sound, times


def film(source: Path, folder: Path, length: int) -> Path:
    return abstract_film_video({"VideoUrl": source, "Length": length}, folder)["VideoUrl"]


def shop(source: Path, folder: Path, **request: Any) -> dict[str, Path]:
    return abstract_ecommerce_video({"VideoUrl": source, **request}, folder)


def origin(made: Pixels, source: list[Pixels]) -> int:
    """Return the number of the source's picture that is most similar."""
    few = np.s_[::4, ::4]
    return int(np.argmin([np.abs(pixels[few].astype(int) - made[few]).mean() for pixels in source]))


def test_all_cuts_of_a_street_scene_are_found_and_nothing_else() -> None:
    with VideoSource(media_samples.bikes()) as clip:
        footage = find_shots(clip.frames())

    assert footage.cuts == (0, 30, 76, 137, 187, 242)


def test_a_camera_that_moves_makes_no_cut(clean: Path) -> None:
    with VideoSource(clean) as clip:
        assert find_shots(clip.frames()).cuts == (0,)


def test_a_summary_shows_several_shots_in_their_order_for_exactly_as_long_as_asked(tmp_path: Path) -> None:
    target = film(media_samples.bikes(), tmp_path, 4)

    made, source = pictures(target, "gray"), pictures(media_samples.bikes(), "gray")
    origins = [origin(pixels, source) for pixels in made[::10]]
    shots = np.searchsorted((30, 76, 137, 187, 242), origins, side="right")
    assert times(target) == pytest.approx([number / 25 for number in range(100)])
    assert origins == sorted(origins)
    assert len(set(shots)) == 4


def test_the_audio_of_a_summary_matches_its_pictures(clean: Path, tmp_path: Path) -> None:
    target = film(clean, tmp_path, 1)

    start = origin(pictures(target, "gray")[0], pictures(clean, "gray")) * 1920
    before, after = sound(clean)[start : start + 48_000], sound(target)[:48_000]
    length = min(len(before), len(after))
    assert abs(len(sound(target)) - 48_000) <= 1024
    assert np.corrcoef(before[2000 : length - 2000], after[2000 : length - 2000])[0, 1] > 0.9


def test_a_film_that_is_short_enough_is_shown_whole(clean: Path, tmp_path: Path) -> None:
    assert times(film(clean, tmp_path, 60)) == pytest.approx(times(clean))


@pytest.mark.parametrize(
    ("request_", "size"),
    [
        ({}, (640, 360)),
        ({"Width": 320}, (320, 180)),
        ({"Height": 90}, (160, 90)),
        ({"Width": 101, "Height": 99}, (101, 99)),
        ({"Width": 2160, "Height": 1080}, (1300, 650)),
    ],
)
def test_an_ecommerce_summary_has_the_size_and_length_asked_for(
    clean: Path, tmp_path: Path, request_: dict[str, int], size: tuple[int, int]
) -> None:
    made = shop(clean, tmp_path, Duration=0.6, **request_)

    assert len(times(made["VideoUrl"])) == 15
    assert pictures(made["VideoUrl"])[0].shape == (size[1], size[0], 3)
    assert Image.open(made["VideoCoverUrl"]).size == size


@st.composite
def footages(draw: st.DrawFn) -> Footage:
    count = draw(st.integers(1, 300))
    cuts = draw(st.sets(st.integers(1, max(1, count - 1)), max_size=12)) - {count}
    worth = np.random.default_rng(draw(st.integers(0, 99))).random(count)
    return Footage(tuple(number / 25 for number in range(count + 1)), worth, (0, *sorted(cuts)))


@given(footages(), st.floats(0.1, 15))
def test_parts_lie_within_shots_and_fill_the_time(footage: Footage, seconds: float) -> None:
    parts = best_parts(footage, seconds)

    total = len(footage.worth)
    shown = sum(len(part) for part in parts)
    assert shown == total or abs(shown - max(1, seconds * 25)) < 0.51
    assert all(one.stop <= other.start for one, other in pairwise(parts))
    if shown < total:
        assert all(
            any(part.start in shot and part[-1] in shot for shot in footage.shots) for part in parts if part
        )
