from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import media_samples
from airflow_provider_viapi.emulator.media.erase_video_logo import erase_video_logo
from airflow_provider_viapi.emulator.media.errors import MediaError
from emulator.media.sample_clips import Pixels, pictures, psnr, real_frames, sound, times, write_clip

LOGO = np.s_[15:65, 255:305]
BOX = {"X": 0.79, "Y": 0.07, "W": 0.17, "H": 0.3}


def station(pixels: Pixels) -> Pixels:
    """The picture with a red disc and the name of a station in its upper right corner."""
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    draw.ellipse((255, 15, 305, 65), fill=(210, 30, 40))
    draw.text((280, 40), "TV 9", fill="white", font=ImageFont.load_default(size=16), anchor="mm")
    return np.asarray(image)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A street with several shots, 320x180: without and with the logo of a station."""
    folder = tmp_path_factory.mktemp("logo")
    clean, marked = folder / "clean.mp4", folder / "marked.mp4"
    media_samples.clean_copy(media_samples.bikes(), clean, size=(320, 180))
    frames = [
        av.VideoFrame.from_ndarray(station(pixels), "rgb24").reformat(format="yuv420p")
        for pixels in pictures(clean)[::3]
    ]
    write_clip(marked, frames)
    write_clip(
        clean,
        [
            av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format="yuv420p")
            for pixels in pictures(clean)[::3]
        ],
    )
    return clean, marked


def erased(source: Path, folder: Path, **request: Any) -> Path:
    return erase_video_logo({"VideoUrl": source, **request}, folder)["VideoUrl"]


@pytest.mark.parametrize("request_", [{}, {"Boxes": [BOX]}], ids=["found", "boxed"])
def test_what_was_under_the_logo_comes_back(
    street: tuple[Path, Path], tmp_path: Path, request_: dict[str, Any]
) -> None:
    clean, marked = (pictures(path) for path in street)

    target = pictures(erased(street[1], tmp_path, **request_))

    before = psnr(marked, clean, LOGO)
    assert psnr(target, clean, LOGO) > before + 7
    assert psnr(target, clean, np.s_[80:]) > 35


def test_a_clip_without_a_logo_stays_as_it_is(street: tuple[Path, Path], tmp_path: Path) -> None:
    target = erased(street[0], tmp_path)

    assert psnr(pictures(target), pictures(street[0])) > 35


def test_a_static_scene_is_not_detected_as_a_logo(tmp_path: Path) -> None:
    photograph = Image.open(media_samples.photographs()["motorcycle_left"]).resize((320, 216))
    frames = [av.VideoFrame.from_image(photograph).reformat(format="yuv420p") for _ in range(10)]
    source = write_clip(tmp_path / "a.mp4", frames)

    target = erased(source, tmp_path)

    assert psnr(pictures(target), pictures(source)) > 35


def test_only_the_first_two_boxes_count(clean: Path, tmp_path: Path) -> None:
    boxes = [{"X": 0.25 * number, "Y": 0.0, "W": 0.2, "H": 0.2} for number in range(4)]

    target = erased(clean, tmp_path, Boxes=boxes)

    changes = [
        psnr(pictures(target), pictures(clean), np.s_[:72, 160 * number : 160 * number + 128])
        for number in range(4)
    ]
    assert max(changes[:2]) < 30 < 36 < min(changes[2:])


def test_times_and_audio_are_kept(clean: Path, tmp_path: Path) -> None:
    target = erased(clean, tmp_path, Boxes=[BOX])

    assert times(target) == times(clean)
    assert np.array_equal(sound(target), sound(clean))


def test_more_than_full_hd_is_refused(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", real_frames(1, (2048, 64), "yuv420p"), time_base=Fraction(1, 25))

    with pytest.raises(MediaError) as caught:
        erased(source, tmp_path)

    assert caught.value.code == "InvalidFile.Resolution"
