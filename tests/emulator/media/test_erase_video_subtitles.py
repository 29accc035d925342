from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.media.erase_video_subtitles import (
    Band,
    erase_subtitles,
    erase_video_subtitles,
)
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.frames import planes
from airflow_provider_viapi.emulator.media.video import VideoSource
from emulator.media.sample_clips import (
    pictures,
    psnr,
    real_frames,
    sound,
    times,
    video_stream,
    write_clip,
)

LOWER_QUARTER = np.s_[270:]
THE_REST = np.s_[:270]


def erased(source: Path, folder: Path, **band: float) -> Path:
    return erase_video_subtitles({"VideoUrl": source, **band}, folder)["VideoUrl"]


def changed_samples(source: Path, band: Band) -> list[int]:
    """Count the changed luma samples of each picture, before anything is encoded again."""
    counts = []
    with VideoSource(source) as clip:
        before = [planes(picture)[0].copy() for picture in clip.frames()]
    with VideoSource(source) as clip:
        for luma, picture in zip(before, erase_subtitles(clip.frames(), band, reach=5), strict=True):
            counts.append(int((planes(picture)[0] != luma).sum()))
    return counts


def test_what_was_under_the_subtitles_comes_back_by_ten_decibels(
    clean: Path, subtitled: Path, tmp_path: Path
) -> None:
    target = erased(subtitled, tmp_path)

    before = psnr(pictures(subtitled), pictures(clean), LOWER_QUARTER)
    after = psnr(pictures(target), pictures(clean), LOWER_QUARTER)
    assert before < 20
    assert after > before + 10
    assert after > 29


def test_no_letter_is_left_anywhere_in_the_clip(clean: Path, subtitled: Path, tmp_path: Path) -> None:
    target = erased(subtitled, tmp_path)

    worst = min(
        psnr([after], [before], LOWER_QUARTER)
        for after, before in zip(pictures(target), pictures(clean), strict=True)
    )
    assert worst > 27


def test_the_rest_of_the_clip_stays_as_it_is(subtitled: Path, tmp_path: Path) -> None:
    target = erased(subtitled, tmp_path)

    assert psnr(pictures(target), pictures(subtitled), THE_REST) > 38
    assert times(target) == times(subtitled)
    assert np.array_equal(sound(target), sound(subtitled))


def test_no_sample_outside_of_the_band_changes(subtitled: Path) -> None:
    band = Band(x=0.25, y=0.8, width=0.3, height=0.2)
    with VideoSource(subtitled) as clip:
        before = [[plane.copy() for plane in planes(picture)] for picture in clip.frames()]

    with VideoSource(subtitled) as clip:
        after = [
            [plane.copy() for plane in planes(picture)]
            for picture in erase_subtitles(clip.frames(), band, reach=5)
        ]

    changed = [np.any([a[i] != b[i] for a, b in zip(before, after, strict=True)], axis=0) for i in range(3)]
    rows, columns = np.nonzero(changed[0])
    assert 288 <= rows.min() < rows.max() < 360
    assert 160 <= columns.min() < columns.max() < 352
    rows, columns = np.nonzero(changed[1] | changed[2])
    assert 144 <= rows.min() < rows.max() < 180
    assert 80 <= columns.min() < columns.max() < 176


def test_a_sky_without_subtitles_stays_as_it_is(clean: Path) -> None:
    assert not any(changed_samples(clean, Band(y=0.0, height=1.0)))


def test_white_vans_and_glare_without_subtitles_stay_as_they_are() -> None:
    assert not any(changed_samples(media_samples.bikes(), Band(y=0.0, height=1.0)))


@pytest.mark.parametrize("name", ["rocket", "chelsea", "hubble_deep_field"])
def test_bright_skies_white_fur_and_stars_are_no_subtitles(name: str, tmp_path: Path) -> None:
    photograph = Image.open(media_samples.photographs()[name]).resize((640, 426))
    frames = [av.VideoFrame.from_image(photograph).reformat(format="yuv420p") for _ in range(8)]
    source = write_clip(tmp_path / "a.mp4", frames)

    assert not any(changed_samples(source, Band()))


def test_subtitles_are_found_on_white_cars_in_glare_and_over_cuts(tmp_path: Path) -> None:
    clean, subtitled = tmp_path / "clean.mp4", tmp_path / "subtitled.mp4"
    media_samples.clean_copy(media_samples.bikes(), clean, seconds=4.0)
    media_samples.burn_subtitles(media_samples.bikes(), subtitled, seconds=4.0)

    target = erased(subtitled, tmp_path)

    band = np.s_[204:]
    before = psnr(pictures(subtitled), pictures(clean), band)
    assert psnr(pictures(target), pictures(clean), band) > before + 10


def test_the_band_can_be_anywhere(clean: Path, subtitled: Path, tmp_path: Path) -> None:
    upside_down = tmp_path / "top.mp4"
    frames = [
        av.VideoFrame.from_ndarray(np.roll(pixels, 180, axis=0), "rgb24").reformat(format="yuv420p")
        for pixels in pictures(subtitled)[:10]
    ]
    write_clip(upside_down, frames)

    missed = erased(upside_down, tmp_path)
    untouched = psnr(pictures(missed), pictures(upside_down))
    target = erased(upside_down, tmp_path, BX=0.0, BY=0.25, BW=1.0, BH=0.25)

    expected = [np.roll(pixels, 180, axis=0) for pixels in pictures(clean)[:10]]
    assert untouched > 38
    assert psnr(pictures(target), expected, np.s_[90:180]) > 29


@pytest.mark.parametrize(("width", "height"), [(0.0, 0.25), (1.0, 0.0)])
def test_an_empty_band_erases_nothing(subtitled: Path, width: float, height: float) -> None:
    assert not any(changed_samples(subtitled, Band(width=width, height=height)))


def test_an_odd_size_is_erased_and_kept(tmp_path: Path) -> None:
    clean, subtitled = tmp_path / "clean.mp4", tmp_path / "subtitled.mp4"
    media_samples.clean_copy(media_samples.big_buck_bunny(), clean, seconds=0.6, size=(641, 361))
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), subtitled, seconds=0.6, size=(641, 361))

    target = erased(subtitled, tmp_path)

    stream = video_stream(target)
    before = psnr(pictures(subtitled), pictures(clean), np.s_[271:])
    assert (stream.width, stream.height) == (641, 361)
    assert psnr(pictures(target), pictures(clean), np.s_[271:]) > before + 10


def test_a_single_picture_is_erased_too(tmp_path: Path) -> None:
    clean, subtitled = tmp_path / "clean.mp4", tmp_path / "subtitled.mp4"
    media_samples.clean_copy(media_samples.big_buck_bunny(), clean, seconds=0.04, size=(640, 360))
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), subtitled, seconds=0.04, size=(640, 360))

    target = erased(subtitled, tmp_path)

    assert len(times(target)) == 1
    assert psnr(pictures(target), pictures(clean), LOWER_QUARTER) > 29


def test_more_than_full_hd_is_refused(tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "a.mp4", real_frames(1, (1088, 1920), "yuv420p"), time_base=Fraction(1, 25)
    )

    with pytest.raises(MediaError) as caught:
        erased(source, tmp_path)

    assert caught.value.code == "InvalidFile.Resolution"
