"""InterpolateVideoFrame, EnhanceVideoQuality and EnhancePortraitVideo."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.media.enhance_portrait_video import enhance_portrait_video
from airflow_provider_viapi.emulator.media.enhance_video_quality import enhance_video_quality
from airflow_provider_viapi.emulator.media.hdr import from_sdr, to_hlg, to_pq
from airflow_provider_viapi.emulator.media.interpolate_video_frame import interpolate_video_frame
from emulator.media.sample_clips import (
    pictures,
    psnr,
    real_frames,
    sound,
    times,
    video_stream,
    write_clip,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "small.mp4"
    media_samples.clean_copy(media_samples.big_buck_bunny(), path, seconds=0.6, size=(160, 90))
    return path


@pytest.mark.parametrize("rate", [12, 50])
def test_a_clip_gets_a_constant_rate_and_keeps_its_length_and_audio(
    small: Path, tmp_path: Path, rate: int
) -> None:
    target = interpolate_video_frame({"VideoURL": small, "FrameRate": rate}, tmp_path)["VideoURL"]

    assert times(target) == pytest.approx([number / rate for number in range(round(0.6 * rate))], abs=1e-3)
    assert np.array_equal(sound(target), sound(small))


def test_a_picture_in_between_is_more_like_the_missing_one_than_its_neighbour_is(tmp_path: Path) -> None:
    frames = real_frames(21, (320, 180), "yuv420p")
    source = write_clip(tmp_path / "a.mp4", frames[::2], pts=range(0, 21, 2))

    target = interpolate_video_frame({"VideoURL": source, "FrameRate": 25}, tmp_path)["VideoURL"]

    missing = [frame.to_ndarray(format="rgb24") for frame in frames[1:20:2]]
    neighbours = [frame.to_ndarray(format="rgb24") for frame in frames[0:19:2]]
    assert psnr(pictures(target)[1:20:2], missing) > psnr(neighbours, missing) + 1


@pytest.mark.parametrize("count", [1, 2])
def test_even_the_shortest_clip_gets_its_rate(tmp_path: Path, count: int) -> None:
    source = write_clip(tmp_path / "a.mp4", real_frames(count, (160, 90), "yuv420p"))

    target = interpolate_video_frame({"VideoURL": source, "FrameRate": 50}, tmp_path)["VideoURL"]

    assert len(times(target)) == 2 * count


@pytest.mark.parametrize(("hdr", "transfer"), [("PQ", 16), ("HLG", 18)])
def test_an_enhanced_clip_is_larger_faster_and_hdr(
    small: Path, tmp_path: Path, hdr: str, transfer: int
) -> None:
    target = enhance_video_quality({"VideoURL": small, "HDRFormat": hdr}, tmp_path)["VideoURL"]

    context = video_stream(target).codec_context
    assert (context.name, context.pix_fmt) == ("hevc", "yuv420p10le")
    assert (context.width, context.height) == (320, 180)
    assert (context.color_primaries, context.color_trc, context.colorspace) == (9, transfer, 9)
    assert len(times(target)) == 30


def test_the_colours_of_an_hdr_clip_are_those_of_the_original(small: Path, tmp_path: Path) -> None:
    request = {"VideoURL": small, "FrameRate": 25, "OutPutWidth": 160, "OutPutHeight": 90}

    target = enhance_video_quality(request, tmp_path)["VideoURL"]

    meant = to_pq(from_sdr(np.asarray(pictures(small)) / 255, 600)) * 255
    assert psnr(pictures(target), list(meant)) > 30


def test_an_hdr_clip_is_stored_by_the_matrix_of_bt_2020(tmp_path: Path) -> None:
    colours = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200], [128, 128, 128]], np.uint8)
    bars = np.tile(colours.repeat(64, axis=0), (192, 1, 1))
    frame = av.VideoFrame.from_ndarray(bars, "rgb24").reformat(format="yuv420p")
    request = {
        "VideoURL": write_clip(tmp_path / "a.mp4", [frame] * 3),
        "OutPutWidth": 256,
        "OutPutHeight": 192,
    }

    target = enhance_video_quality(request, tmp_path)["VideoURL"]

    red, green, blue = to_pq(from_sdr(colours / 255, 600)).T
    luma = 0.2627 * red + 0.6780 * green + 0.0593 * blue
    with av.open(str(target)) as container:
        stored = np.frombuffer(memoryview(next(container.decode(video=0)).planes[0]), np.uint16)
    assert stored.reshape(192, -1)[96, 32:256:64] == pytest.approx(64 + 876 * luma, abs=4)


def test_greys_keep_their_light_and_white_reaches_the_peak() -> None:
    grey, white = from_sdr(np.full(3, 0.5), 600), from_sdr(np.ones(3), 600)

    assert grey == pytest.approx(np.full(3, 203 * 0.5**2.4), rel=0.02)
    assert white == pytest.approx(np.full(3, 600), rel=0.001)


def test_light_is_encoded_as_the_standards_say() -> None:
    assert to_pq(np.array([100.0, 1000.0, 10_000.0])) == pytest.approx([0.508, 0.752, 1.0], abs=0.001)
    assert to_hlg(np.full(3, 1000.0), 1000) == pytest.approx(np.ones(3), abs=0.001)
    assert to_hlg(np.full(3, 203.0), 1000) == pytest.approx(np.full(3, 0.75), abs=0.01)


def test_skin_becomes_sharper_and_the_rest_stays(tmp_path: Path) -> None:
    photograph = Image.open(media_samples.photographs()["astronaut"]).convert("RGB").crop((100, 0, 400, 200))
    frames = [av.VideoFrame.from_image(photograph).reformat(format="yuv420p") for _ in range(3)]
    source = write_clip(tmp_path / "a.mp4", frames)
    face, flag = np.s_[40:120, 80:170], np.s_[:30, :30]

    target = enhance_portrait_video({"VideoUrl": source}, tmp_path)["VideoUrl"]

    before, after = (np.float64(pictures(path, "gray")[0]) for path in (source, target))
    assert np.abs(np.diff(after[face])).mean() > 1.15 * np.abs(np.diff(before[face])).mean()
    assert np.abs(np.diff(after[flag])).mean() < 1.1 * np.abs(np.diff(before[flag])).mean()
    assert abs(after[face].mean() - before[face].mean()) < 1
