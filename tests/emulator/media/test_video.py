from __future__ import annotations

import random
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, strategies as st

import media_samples
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.video import VideoSource, rewrite, with_neighbours
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


def rewritten(source: Path, folder: Path) -> Path:
    target = folder / "rewritten.mp4"
    with VideoSource(source) as clip:
        rewrite(clip, target, lambda pictures: pictures)
    return target


def shown_upright(frames: list[av.VideoFrame], turns: int) -> list[Pixels]:
    return [np.rot90(frame.to_ndarray(format="rgb24"), turns) for frame in frames]


def test_a_variable_rate_is_kept_and_a_late_clock_starts_at_zero(tmp_path: Path) -> None:
    pts = [300 + 40 * number + number**2 for number in range(30)]
    source = write_clip(
        tmp_path / "a.mp4", real_frames(30, (160, 90), "yuv420p"), pts=pts, time_base=Fraction(1, 1000)
    )

    target = rewritten(source, tmp_path)

    assert times(source) == [number / 1000 for number in pts]
    assert times(target) == [(number - 300) / 1000 for number in pts]


def test_the_arbitrary_clock_of_a_transport_stream_starts_at_zero(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.ts", real_frames(10, (160, 90), "yuv420p"), pts=range(90_000, 90_010))

    target = rewritten(source, tmp_path)

    assert times(source)[0] >= 3600
    assert times(target) == pytest.approx([number / 25 for number in range(10)], abs=1e-4)


def test_audio_that_an_mp4_takes_is_copied(clean: Path, tmp_path: Path) -> None:
    target = rewritten(clean, tmp_path)

    with av.open(str(clean)) as before, av.open(str(target)) as after:
        packets = [[bytes(packet) for packet in clip.demux(audio=0)] for clip in (before, after)]
    assert len(packets[0]) > 60
    assert packets[0] == packets[1]


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.avi", "pcm_s16le"), ("a.mkv", "mp2"), ("a.ts", "mp2"), ("a.flv", "libmp3lame")],
)
def test_audio_of_any_container_is_kept(tmp_path: Path, name: str, codec: str) -> None:
    source = write_clip(tmp_path / name, real_frames(25, (160, 90), "yuv420p"), sound=codec)

    target = rewritten(source, tmp_path)

    before, after = sound(source), sound(target)
    length = min(len(before), len(after), 40_000)
    spectra = [np.abs(np.fft.rfft(wave[:length]))[: length // 8] for wave in (before, after)]
    assert abs(len(before) - len(after)) < 48_000 * 0.1
    assert np.corrcoef(*spectra)[0, 1] > 0.95


def test_a_rotated_recording_is_stored_upright(tmp_path: Path) -> None:
    frames = real_frames(5, (160, 90), "yuv420p")
    source = write_clip(tmp_path / "a.mp4", frames, adjust=lambda stream: stream.set_display_rotation(90))

    target = rewritten(source, tmp_path)

    assert psnr(pictures(target), shown_upright(frames, 1)) > 32


@pytest.mark.parametrize(("degrees", "mirrored"), [(0, True), (90, True), (-90, False), (180, False)])
def test_turned_and_mirrored_clips_are_shown_as_ffmpeg_shows_them(
    tmp_path: Path, degrees: int, mirrored: bool
) -> None:
    frames = real_frames(3, (160, 90), "yuv420p")
    source = write_clip(
        tmp_path / "a.mp4",
        frames,
        adjust=lambda stream: stream.set_display_rotation(degrees, hflip=mirrored),
    )

    target = rewritten(source, tmp_path)

    turned = shown_upright(frames, degrees // 90)
    assert psnr(pictures(target), [pixels[:, :: -1 if mirrored else 1] for pixels in turned]) > 32


@pytest.mark.parametrize("size", [(161, 91), (160, 91), (161, 90)])
def test_an_odd_size_stays_exactly_as_it_is(tmp_path: Path, size: tuple[int, int]) -> None:
    source = write_clip(tmp_path / "a.mp4", real_frames(5, size, "yuv444p"))

    target = rewritten(source, tmp_path)

    stream = video_stream(target)
    assert (stream.width, stream.height) == size
    assert stream.codec_context.pix_fmt == "yuv444p"
    assert psnr(pictures(target), pictures(source)) > 32


@pytest.mark.parametrize(
    ("matrix", "colour_range", "pixel_format"),
    [
        ("itu709", 1, "yuv420p"),
        ("itu709", 2, "yuv420p"),
        ("itu601", 1, "yuv420p"),
        ("itu601", 2, "yuvj420p"),
        ("itu709", 1, "yuv420p10le"),
        ("itu601", 1, "yuv422p"),
    ],
)
def test_colours_look_the_same_whatever_matrix_range_and_depth_hold_them(
    tmp_path: Path, matrix: str, colour_range: int, pixel_format: str
) -> None:
    frames = real_frames(5, (160, 90), pixel_format, dst_colorspace=matrix, dst_color_range=colour_range)

    def tag(stream: av.VideoStream) -> None:
        stream.codec_context.colorspace = {"itu709": 1, "itu601": 6}[matrix]
        stream.codec_context.color_range = colour_range

    source = write_clip(tmp_path / "a.mp4", frames, adjust=tag)

    target = rewritten(source, tmp_path)

    drift = np.mean(pictures(target), axis=(0, 1, 2)) - np.mean(pictures(source), axis=(0, 1, 2))
    assert psnr(pictures(target), pictures(source)) > 32
    assert np.abs(drift).max() < 2


def test_rgb_becomes_yuv_of_the_same_colours(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.avi", real_frames(5, (160, 90), "bgr24"), codec="rawvideo")

    target = rewritten(source, tmp_path)

    drift = np.mean(pictures(target), axis=(0, 1, 2)) - np.mean(pictures(source), axis=(0, 1, 2))
    assert video_stream(target).codec_context.pix_fmt == "yuv420p"
    assert np.abs(drift).max() < 1.5


def test_pixels_that_are_not_square_stay_so(tmp_path: Path) -> None:
    def anamorphic(stream: av.VideoStream) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)

    source = write_clip(tmp_path / "a.mp4", real_frames(3, (160, 90), "yuv420p"), adjust=anamorphic)

    target = rewritten(source, tmp_path)

    with av.open(str(target)) as written:
        assert written.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_the_index_is_at_the_beginning_of_the_file(clean: Path, tmp_path: Path) -> None:
    content = rewritten(clean, tmp_path).read_bytes()

    assert content.index(b"moov") < content.index(b"mdat")


def test_damage_in_the_middle_costs_only_what_is_damaged(tmp_path: Path) -> None:
    frames = real_frames(50, (320, 180), "yuv420p")
    source = write_clip(tmp_path / "a.mp4", frames, adjust=lambda stream: setattr(stream, "gop_size", 10))
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    source.write_bytes(content)

    target = rewritten(source, tmp_path)

    assert 25 <= len(times(target)) <= 50


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "aac"), ("a.avi", "pcm_s16le"), ("a.mkv", "flac"), ("a.ts", "aac")]
)
def test_a_damaged_clip_is_rewritten_or_refused(tmp_path: Path, name: str, codec: str, seed: int) -> None:
    source = write_clip(tmp_path / name, real_frames(10, (64, 48), "yuv420p"), sound=codec)
    chance = random.Random(seed)
    content = bytearray(source.read_bytes())
    for _ in range(12):
        start = chance.randrange(len(content))
        content[start : start + chance.choice([1, 8, 300])] = chance.randbytes(chance.choice([1, 8, 300]))
    source.write_bytes(content)

    with suppress(MediaError):
        assert times(rewritten(source, tmp_path))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "InvalidFile.Decode"),
        (b"this is no video at all\n" * 40, "InvalidFile.Decode"),
        (b"\x00\x00\x00 ftypisom\x00\x00\x02\x00isomiso2avc1mp41" + bytes(500), "InvalidFile.Decode"),
    ],
    ids=["nothing", "text", "an MP4 that breaks off"],
)
def test_a_file_that_is_no_video_is_refused(tmp_path: Path, content: bytes, code: str) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(content)

    with pytest.raises(MediaError) as caught:
        VideoSource(source)

    assert caught.value.code == code


def test_a_photograph_is_refused_as_another_type() -> None:
    with pytest.raises(MediaError) as caught:
        VideoSource(media_samples.photographs()["coffee"])

    assert caught.value.code == "InvalidFile.Type"


def test_a_playlist_of_this_machines_files_is_not_followed(clean: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.m3u8"
    source.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{clean}\n#EXT-X-ENDLIST\n")

    with pytest.raises(MediaError) as caught:
        VideoSource(source)

    assert caught.value.code == "InvalidFile.Type"


def test_audio_without_pictures_is_refused_as_another_type(clean: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.m4a"
    with av.open(str(clean)) as before, av.open(str(source), "w", format="mp4") as after:
        stream = after.add_stream_from_template(before.streams.audio[0])
        for packet in before.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                after.mux(packet)

    with pytest.raises(MediaError) as caught:
        VideoSource(source)

    assert caught.value.code == "InvalidFile.Type"


def test_a_video_track_without_a_frame_is_refused_for_its_content(clean: Path, tmp_path: Path) -> None:
    source = tmp_path / "a.avi"
    with av.open(str(clean)) as before, av.open(str(source), "w") as after:
        after.add_stream_from_template(before.streams.video[0], opaque=True)
        after.start_encoding()

    with pytest.raises(MediaError) as caught:
        VideoSource(source)

    assert caught.value.code == "InvalidFile.Content"


def test_a_tiny_video_is_refused_for_its_resolution(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", real_frames(2, (160, 30), "yuv420p"))

    with pytest.raises(MediaError) as caught:
        VideoSource(source)

    assert caught.value.code == "InvalidFile.Resolution"


def test_pictures_and_audio_after_the_end_are_left_out(clean: Path) -> None:
    heard: list[float] = []

    def hear(packet: av.Packet) -> None:
        heard.append(packet.pts * packet.time_base)

    with VideoSource(clean) as clip:
        seen = [picture.time for picture in clip.frames(hear, until=0.5)]

    assert len(seen) == 13
    assert max(seen) < 0.5
    assert 0.45 < max(heard) < 0.5


@given(st.lists(st.integers()), st.integers(1, 6))
def test_every_item_comes_with_its_neighbours(items: list[int], reach: int) -> None:
    met = list(with_neighbours(items, reach))

    around = [items[max(0, i - reach) : i + reach + 1] for i in range(len(items))]
    assert met == list(zip(items, around, strict=True))


def test_neighbours_are_read_no_further_ahead_than_they_reach() -> None:
    read = 0

    def endless() -> object:
        nonlocal read
        while True:
            read += 1
            yield read

    item, _ = next(with_neighbours(endless(), 3))

    assert (item, read) == (1, 4)
