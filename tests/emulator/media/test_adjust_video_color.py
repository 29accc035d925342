from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from airflow_provider_viapi.emulator.media.adjust_video_color import adjust_video_color, from_log_c
from emulator.media.sample_clips import Pixels, pictures, psnr, sound, times, video_stream, write_clip

BT_709_TO_WIDE_GAMUT = np.array(
    [
        [0.638008, 0.271940, 0.090080],
        [0.036119, 0.875128, 0.088750],
        [0.017355, 0.163735, 0.818902],
    ]
)


def log_c(pixels: Pixels) -> Pixels:
    """Simulate an ARRI camera's recording of this scene."""
    display = pixels / 255
    light = np.where(display < 0.081, display / 4.5, ((display + 0.099) / 1.099) ** (1 / 0.45))
    scene = light @ BT_709_TO_WIDE_GAMUT.T
    recorded = np.where(
        scene > 0.010591,
        0.247190 * np.log10(5.555556 * scene + 0.052272) + 0.385537,
        5.367655 * scene + 0.092809,
    )
    return np.rint(recorded * 255).astype(np.uint8)


def flat(pixels: Pixels) -> Pixels:
    """Dull weather: nothing is black or white any more."""
    return np.rint(pixels * 0.6 + 45).astype(np.uint8)


def recorded(source: Path, target: Path, change: Any) -> Path:
    frames = [
        av.VideoFrame.from_ndarray(change(pixels), "rgb24").reformat(format="yuv420p")
        for pixels in pictures(source)[::5]
    ]
    return write_clip(target, frames)


def adjusted(source: Path, folder: Path, **request: Any) -> Path:
    return adjust_video_color({"VideoUrl": source, **request}, folder)["VideoUrl"]


def test_log_c_footage_is_developed(clean: Path, tmp_path: Path) -> None:
    source = recorded(clean, tmp_path / "a.mp4", log_c)

    target = adjusted(source, tmp_path)

    truth = pictures(clean)[::5]
    assert psnr(pictures(source), truth) < 18
    assert psnr(pictures(target), truth) > 30


def test_a_low_contrast_clip_gets_the_full_range_of_tones(clean: Path, tmp_path: Path) -> None:
    source = recorded(clean, tmp_path / "a.mp4", flat)

    target = adjusted(source, tmp_path, Mode="Rec709")

    before, after = (np.percentile(pictures(path, "gray"), (1, 99)) for path in (source, target))
    assert np.ptp(after) > 1.4 * np.ptp(before)
    assert psnr(pictures(target), pictures(clean)[::5]) > psnr(pictures(source), pictures(clean)[::5]) + 6


def test_the_same_change_is_made_to_every_picture(clean: Path, tmp_path: Path) -> None:
    target = adjusted(clean, tmp_path, Mode="Rec709")

    gains = [
        np.polyfit(before.ravel(), after.ravel(), 1)[0]
        for before, after in zip(pictures(clean, "gray")[::10], pictures(target, "gray")[::10], strict=True)
    ]
    assert np.ptp(gains) < 0.05


def test_middle_grey_of_the_camera_is_middle_grey_of_the_screen() -> None:
    grey = np.full(3, 0.391)  # what the maker's curve records of an 18 % grey card

    assert from_log_c(grey) == pytest.approx(np.full(3, 0.409), abs=0.003)


def test_the_camera_s_black_is_black_and_the_brightest_is_within_white() -> None:
    black, brightest = from_log_c(np.full(3, 0.0928)), from_log_c(np.ones(3))

    assert black == pytest.approx(np.zeros(3), abs=0.001)
    assert np.all((brightest > 0.99) & (brightest <= 1))


@pytest.mark.parametrize(
    ("request_", "codec", "suffix"),
    [
        ({}, "h264", ".mp4"),
        ({"VideoCodec": "hevc", "VideoFormat": "mov"}, "hevc", ".mov"),
        ({"VideoCodec": "prores"}, "prores", ".mov"),
    ],
)
def test_codec_and_container_are_those_asked_for(
    clean: Path, tmp_path: Path, request_: dict[str, str], codec: str, suffix: str
) -> None:
    source = recorded(clean, tmp_path / "a.mp4", log_c)

    target = adjusted(source, tmp_path, **request_)

    assert video_stream(target).codec_context.name == codec
    assert target.suffix == suffix
    assert psnr(pictures(target), pictures(clean)[::5]) > 29


def test_times_and_audio_are_kept(clean: Path, tmp_path: Path) -> None:
    target = adjusted(clean, tmp_path, Mode="Rec709")

    assert times(target) == times(clean)
    assert np.array_equal(sound(target), sound(clean))
