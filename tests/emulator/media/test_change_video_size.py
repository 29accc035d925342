from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.media.change_video_size import change_video_size
from emulator.media.sample_clips import (
    Pixels,
    pictures,
    psnr,
    real_frames,
    sound,
    times,
    video_stream,
    write_clip,
)

NOWHERE = np.ones((90, 160))


def resized(source: Path, folder: Path, width: int, height: int, **parameters: Any) -> Path:
    folder.mkdir(exist_ok=True)
    request = {"VideoUrl": source, "Width": width, "Height": height, **parameters}
    return change_video_size(request, folder)["VideoUrl"]


def liveliness(clip: list[Pixels]) -> float:
    """Return the mean change from picture to picture."""
    return float(np.abs(np.diff(np.asarray(clip, np.int16), axis=0)).mean())


@pytest.mark.parametrize(
    ("crop_type", "size"),
    [("smart", (32, 200)), ("fill", (201, 133)), ("cut", (400, 32)), ("smart", (99, 98))],
)
def test_the_output_has_exactly_the_size_asked_for(
    clean: Path, tmp_path: Path, crop_type: str, size: tuple[int, int]
) -> None:
    target = resized(clean, tmp_path, *size, CropType=crop_type)

    stream = video_stream(target)
    assert (stream.width, stream.height) == size
    assert stream.codec_context.name == "h264"


def test_times_and_audio_are_kept(clean: Path, tmp_path: Path) -> None:
    target = resized(clean, tmp_path, 100, 100)

    assert times(target) == times(clean)
    assert np.array_equal(sound(target), sound(clean))


def test_cut_keeps_the_middle_and_fills_the_frame(clean: Path, tmp_path: Path) -> None:
    target = resized(clean, tmp_path, 360, 360, CropType="cut")

    assert psnr(pictures(target), [pixels[:, 140:500] for pixels in pictures(clean)]) > 34


def test_fill_keeps_the_whole_picture_and_its_proportions(clean: Path, tmp_path: Path) -> None:
    target = resized(clean, tmp_path, 640, 640, CropType="fill")

    assert psnr([pixels[140:500] for pixels in pictures(target)], pictures(clean)) > 34


def test_the_image_fill_is_one_blurred_picture(clean: Path, tmp_path: Path) -> None:
    target = resized(clean, tmp_path, 640, 640, CropType="fill", FillType="image")

    bars = [pixels[:136] for pixels in pictures(target)]
    blurred = np.abs(np.diff(np.asarray(bars, np.int16), axis=2)).mean()
    sharp = np.abs(np.diff(np.asarray(pictures(clean), np.int16), axis=2)).mean()
    assert liveliness(bars) < 0.5
    assert blurred < sharp / 4
    assert np.std(bars) > 10


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 128, 255), (255, 255, 255)])
def test_the_colour_fill_is_the_colour_asked_for(
    clean: Path, tmp_path: Path, colour: tuple[int, ...]
) -> None:
    red, green, blue = colour

    target = resized(clean, tmp_path, 320, 320, CropType="fill", FillType="color", R=red, G=green, B=blue)

    bars = [np.concatenate([pixels[:64], pixels[-64:]]) for pixels in pictures(target)]
    assert np.abs(np.mean(bars, axis=(0, 1, 2)) - colour).max() < 4


def test_the_colour_fill_is_right_in_a_full_range_clip_of_bt_709(tmp_path: Path) -> None:
    def tag(stream: av.VideoStream) -> None:
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 2

    frames = real_frames(2, (320, 180), "yuv420p", dst_colorspace="itu709", dst_color_range=2)
    source = write_clip(tmp_path / "a.mp4", frames, adjust=tag)

    target = resized(source, tmp_path, 180, 180, CropType="fill", FillType="color", R=250, G=120, B=30)

    assert np.abs(pictures(target)[0][:30].mean(axis=(0, 1)) - (250, 120, 30)).max() < 4


def test_stretch_fills_the_frame_with_all_of_the_picture(clean: Path, tmp_path: Path) -> None:
    target = resized(clean, tmp_path, 320, 320, CropType="fill", FillType="stretch")

    squeezed = [
        np.asarray(Image.fromarray(pixels).resize((320, 320), Image.Resampling.BICUBIC))
        for pixels in pictures(clean)
    ]
    assert psnr(pictures(target), squeezed) > 30


@pytest.fixture(scope="module")
def cat_on_the_right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A still scene, 640x360, in which a cat's face moves up and down in columns 440 to 590."""
    scene = Image.open(media_samples.photographs()["rocket"]).resize((640, 360))
    face = Image.open(media_samples.photographs()["chelsea"]).crop((100, 20, 300, 220)).resize((150, 150))
    frames = []
    for number in range(24):
        shown = scene.copy()
        shown.paste(face, (440, 100 + abs(12 - number) * 4))
        frames.append(av.VideoFrame.from_image(shown).reformat(format="yuv420p"))
    return write_clip(tmp_path_factory.mktemp("clips") / "cat.mp4", frames)


def crops(target: Path, source: Path) -> set[int]:
    """Return the columns of the source at which crops of full height start."""
    whole, made = (np.asarray(pictures(path, "gray"), np.int16)[::6] for path in (source, target))
    width = made.shape[2]
    lefts = range(whole.shape[2] - width + 1)
    return {
        min(lefts, key=lambda left: np.abs(before[:, left : left + width] - after).sum())
        for before, after in zip(whole, made, strict=True)
    }


def test_smart_keeps_the_figure_that_cut_loses(cat_on_the_right: Path, tmp_path: Path) -> None:
    smart = resized(cat_on_the_right, tmp_path / "smart", 200, 360, Tightness=1.0)
    cut = resized(cat_on_the_right, tmp_path / "cut", 200, 360, CropType="cut")

    (left,) = crops(smart, cat_on_the_right)
    assert 390 <= left <= 440
    assert crops(cut, cat_on_the_right) == {220}


def test_the_smart_crop_does_not_move(clean: Path, tmp_path: Path) -> None:
    target = resized(clean, tmp_path, 200, 360, Tightness=1.0)

    assert len(crops(target, clean)) == 1


def test_the_cover_is_one_of_the_pictures(clean: Path, tmp_path: Path) -> None:
    made = change_video_size({"VideoUrl": clean, "Width": 300, "Height": 200}, tmp_path)

    cover = Image.open(made["VideoCoverUrl"])
    nearest = max(psnr([np.asarray(cover)], [pixels]) for pixels in pictures(made["VideoUrl"]))
    assert (cover.format, cover.size) == ("JPEG", (300, 200))
    assert nearest > 28


def test_the_cover_of_a_clip_that_fades_in_is_not_black(tmp_path: Path) -> None:
    frames = real_frames(40, (160, 90), "rgb24")
    for number, frame in enumerate(frames[:30]):
        pixels = frame.to_ndarray() * (number / 60)
        frames[number] = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), "rgb24")
    source = write_clip(tmp_path / "a.mp4", [frame.reformat(format="yuv420p") for frame in frames])

    made = change_video_size({"VideoUrl": source, "Width": 160, "Height": 90}, tmp_path)

    bright = np.mean(pictures(source)[-1])
    assert np.mean(np.asarray(Image.open(made["VideoCoverUrl"]))) > 0.9 * bright
