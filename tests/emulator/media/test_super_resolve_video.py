from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.media.super_resolve_video import super_resolve_video
from emulator.media.sample_clips import pictures, psnr, sound, times, video_stream


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "small.mp4"
    media_samples.clean_copy(media_samples.big_buck_bunny(), path, seconds=1.0, size=(320, 180))
    return path


def test_a_clip_becomes_twice_as_large_and_sharper_than_by_doubling_pixels(
    clean: Path, small: Path, tmp_path: Path
) -> None:
    target = pictures(super_resolve_video({"VideoUrl": small}, tmp_path)["VideoUrl"])

    truth = pictures(clean)[:25]
    doubled = [
        np.asarray(Image.fromarray(pixels).resize((640, 360), Image.Resampling.NEAREST))
        for pixels in pictures(small)
    ]
    assert target[0].shape == (360, 640, 3)
    assert psnr(target, truth) > psnr(doubled, truth) + 1


def test_times_and_audio_are_kept(small: Path, tmp_path: Path) -> None:
    target = super_resolve_video({"VideoUrl": small}, tmp_path)["VideoUrl"]

    assert times(target) == times(small)
    assert np.array_equal(sound(target), sound(small))


@pytest.mark.parametrize("megabits", [1, 4])
def test_the_bit_rate_is_near_the_one_asked_for(small: Path, tmp_path: Path, megabits: int) -> None:
    target = super_resolve_video({"VideoUrl": small, "BitRate": megabits}, tmp_path)["VideoUrl"]

    assert video_stream(target).bit_rate == pytest.approx(megabits * 1_000_000, rel=0.35)
