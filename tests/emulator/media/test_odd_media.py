"""Containers, codecs, stream orders, clocks, aspects, rotations and audio: what every action keeps of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from airflow_provider_viapi.emulator.media import transform
from airflow_provider_viapi.emulator.media.abstract_film_video import abstract_film_video
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.hdr import from_sdr, to_hlg, to_pq
from airflow_provider_viapi.emulator.media.image_features import fingerprint
from airflow_provider_viapi.emulator.media.video import VideoSource, rewrite
from airflow_provider_viapi.emulator.media_checks import probe
from emulator.media.odd_clips import FLASH, RATE, Odd, Seen, observe, write

ODD = [
    Odd("plain"),
    *(Odd(f"audio-first-{name}", name, audio_first=True) for name in ("mp4", "mov", "mkv", "ts", "flv")),
    Odd("audio-first-avi", "avi", audio="pcm_s16le", audio_first=True),
    Odd("audio-first-mpg", "mpg", video="mpeg2video", audio="mp2", audio_first=True),
    Odd("wma", "avi", video="mpeg4", audio="wmav2"),
    Odd("wma-first", "avi", video="mpeg4", audio="wmav2", audio_first=True),
    Odd("mp3-12k", "mkv", audio="libmp3lame", audio_rate=12_000),
    Odd("mp3-8k", "avi", video="mpeg4", audio="libmp3lame", audio_rate=8_000),
    Odd("opus", "mkv", audio="libopus"),
    Odd("mp2", "mkv", audio="mp2"),
    Odd("flac", "mkv", audio="flac"),
    Odd("pcm-side", "mov", audio="pcm_s16le", layout="5.1(side)"),
    Odd("pcm-eight", "mov", audio="pcm_s16le", layout="7.1"),
    Odd("ac3-side", "mkv", audio="ac3", layout="5.1(side)"),
    Odd("two-languages", "mkv", languages=("eng", "spa")),
    Odd("two-languages-pcm", "mov", audio="pcm_s16le", languages=("eng", "spa")),
    *(Odd(f"late-{name}", name, start=5.0) for name in ("mp4", "mkv", "flv", "ts")),
    Odd("wide-pixels", aspect=Fraction(4, 3)),
    Odd("narrow-pixels", "mkv", aspect=Fraction(8, 9)),
    Odd("turned", rotation=90),
    Odd("upside-down", rotation=180),
    Odd("turned-wide-pixels", rotation=-90, aspect=Fraction(4, 3)),
    Odd("square-turned-wide-pixels", rotation=90, aspect=Fraction(4, 3), size=(96, 96)),
    Odd("interlaced", "mp4", interlaced=True),
    Odd("interlaced-deep", "mp4", pixel_format="yuv422p", interlaced=True),
    Odd("b-frames-avi", "avi", audio="pcm_s16le", b_frames=2),
    Odd("b-frames-mpeg4-avi", "avi", video="mpeg4", audio="pcm_s16le", b_frames=2),
    Odd("b-frames-ts", "ts", b_frames=2),
    Odd("palette", "mov", video="png", pixel_format="pal8", audio="pcm_s16le"),
    Odd("rgb", "avi", video="rawvideo", pixel_format="bgr24", audio=None),
    Odd("still-first", "mkv", still_first=True),
    Odd("still-first-mp4", "mp4", still_first=True),
    Odd("mjpeg", "mov", video="mjpeg", pixel_format="yuvj422p", audio="pcm_s16le"),
    Odd("deep", "mov", video="prores_ks", pixel_format="yuv422p10le", audio="pcm_s24le"),
    Odd("odd-size", "mp4", pixel_format="yuv444p", size=(127, 95)),
    Odd("silent", audio=None),
]

ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "AbstractEcommerceVideo": ("VideoUrl", {"Duration": 60.0}),
    "AbstractFilmVideo": ("VideoUrl", {"Length": 60}),
    "AdjustVideoColor": ("VideoUrl", {"Mode": "Rec709"}),
    "ChangeVideoSize": ("VideoUrl", {"Width": 128, "Height": 128, "CropType": "fill"}),
    "EnhancePortraitVideo": ("VideoUrl", {}),
    "EnhanceVideoQuality": ("VideoURL", {"FrameRate": 25}),
    "EraseVideoLogo": ("VideoUrl", {"Boxes": [{"X": 0.9, "Y": 0.9, "W": 0.05, "H": 0.05}]}),
    "EraseVideoSubtitles": ("VideoUrl", {}),
    "InterpolateVideoFrame": ("VideoURL", {"FrameRate": 25}),
    "SuperResolveVideo": ("VideoUrl", {}),
}
SCALING = {
    "AbstractEcommerceVideo",
    "ChangeVideoSize",
    "EnhanceVideoQuality",
    "InterpolateVideoFrame",
    "SuperResolveVideo",
}
RECOLOURING = {"AdjustVideoColor", "EnhanceVideoQuality"}


def result(action: str, source: Path, folder: Path) -> Path:
    name, request = ACTIONS[action]
    made: Path = transform(action, {name: source, **request}, folder)[name]
    return made


def require_kept(odd: Odd, seen: Seen, action: str) -> None:
    """Hold a result to what the clip shows: count, span, aspect, colour, tracks and synchronization."""
    assert len(seen.times) == odd.count
    begin = seen.times[0]
    # Audio may begin earlier, by what only prepares its decoder; a steady rate rounds that to a picture.
    assert 0 <= begin < 0.041
    assert seen.times == pytest.approx([begin + number / RATE for number in range(odd.count)], abs=0.011)
    if action != "ChangeVideoSize":
        assert seen.shown_aspect == pytest.approx(odd.shown_aspect, rel=0.03)
    assert seen.flash == pytest.approx(begin + FLASH.start / RATE, abs=0.011)
    assert seen.colour_tags[0] != 0
    if action not in RECOLOURING and not odd.rotation and not odd.interlaced and action != "ChangeVideoSize":
        assert seen.left == pytest.approx([200, 0, 0], abs=14)
    tracks = len(odd.languages) if odd.audio else 0
    assert len(seen.channels) == tracks
    for tone, end, channels in zip(seen.tones, seen.audio_ends, seen.channels, strict=True):
        assert tone == pytest.approx(seen.flash, abs=1 / RATE)
        assert end == pytest.approx(odd.count / RATE, abs=0.09)
        assert channels == {"stereo": 2, "7.1": 8}.get(odd.layout, 6)
    if odd.container in ("mp4", "mov", "mkv", "ts"):
        assert seen.languages == list(odd.languages[:tracks])
    if odd.interlaced:
        assert seen.interlaced == (action not in SCALING)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_a_rewritten_clip_keeps_what_the_source_shows(odd: Odd, tmp_path: Path) -> None:
    source = write(odd, tmp_path)

    require_kept(odd, observe(result("EnhancePortraitVideo", source, tmp_path)), "EnhancePortraitVideo")


@pytest.mark.matrix
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_every_action_keeps_what_the_source_shows(odd: Odd, action: str, tmp_path: Path) -> None:
    source = write(odd, tmp_path)

    require_kept(odd, observe(result(action, source, tmp_path)), action)


@pytest.mark.parametrize("action", ["EnhancePortraitVideo", "AbstractFilmVideo", "InterpolateVideoFrame"])
def test_the_clock_of_joined_transport_streams_continues(action: str, tmp_path: Path) -> None:
    part = write(Odd("part", "ts"), tmp_path).read_bytes()
    source = tmp_path / "joined.ts"
    source.write_bytes(part + part)

    seen = observe(result(action, source, tmp_path))

    assert len(seen.times) == pytest.approx(50, abs=2 if action == "InterpolateVideoFrame" else 0)
    assert max(np.diff(seen.times)) < 0.1
    assert min(np.diff(seen.times)) > 0.03
    assert seen.times[-1] == pytest.approx(1.96, abs=0.08)
    assert seen.audio_ends == pytest.approx([2.0], abs=0.12)
    assert seen.tones[0] == pytest.approx(seen.flash, abs=0.04)


@pytest.mark.parametrize("start", [0.0, 5.0])
@pytest.mark.parametrize("container", ["mp4", "mkv", "ts", "flv"])
def test_a_generated_video_has_the_audio_of_its_clip_in_time(
    container: str, start: float, tmp_path: Path
) -> None:
    source = write(Odd("clip", container, start=start, count=75), tmp_path)
    request = {
        "FileList": [{"Type": "video", "FileUrl": source}],
        "Width": 128,
        "Height": 96,
        "Duration": 5.0,
        "TransitionStyle": "basic",
    }

    seen = observe(transform("GenerateVideo", request, tmp_path)["VideoUrl"])

    assert seen.flash is not None
    assert seen.tones[0] == pytest.approx(seen.flash, abs=0.04)


def still(picture: Image.Image, folder: Path, **options: Any) -> Path:
    path = folder / "still.png"
    picture.save(path, **options)
    return path


def generated(folder: Path, *files: dict[str, Any]) -> Path:
    request = {"FileList": files, "Width": 64, "Height": 64, "DurationAdaption": True, "Style": "fast"}
    made: Path = transform("GenerateVideo", {**request, "SmartEffect": False}, folder)["VideoUrl"]
    return made


def first_colour(path: Path) -> np.ndarray[Any, Any]:
    with av.open(str(path)) as container:
        colours = next(container.decode(video=0)).to_ndarray(format="rgb24")
    return np.asarray(colours.mean(axis=(0, 1)))


def adobe_rgb() -> bytes:
    """Return a profile with the primaries, white and gamma of Adobe RGB (1998)."""
    tags = {
        b"desc": b"desc" + bytes(4) + (6).to_bytes(4, "big") + b"Adobe\0" + bytes(79),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.60974, 0.31111, 0.01947),
        b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
        b"bXYZ": xyz(0.14919, 0.06322, 0.74457),
        **{
            tag: b"curv" + bytes(4) + (1).to_bytes(4, "big") + (563).to_bytes(2, "big")
            for tag in (b"rTRC", b"gTRC", b"bTRC")
        },
    }
    table, data = len(tags).to_bytes(4, "big"), b""
    begin = 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + (begin + len(data)).to_bytes(4, "big") + len(value).to_bytes(4, "big")
        data += value + bytes(-len(value) % 4)
    header = bytearray(128)
    header[0:4] = (begin + len(data)).to_bytes(4, "big")
    header[8:12], header[12:24], header[36:40] = b"\2\x10\0\0", b"mntrRGB XYZ ", b"acsp"
    header[68:80] = xyz(0.9642, 1.0, 0.8249)[8:]
    return bytes(header) + table + data


def xyz(*values: float) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(round(value * 65536).to_bytes(4, "big") for value in values)


def hdr_clip(path: Path, values: np.ndarray[Any, Any], transfer: int) -> Path:
    """Write half a second of one colour in BT.2020, given as RGB of 10 bits."""
    colours = np.zeros((96, 128, 3), np.uint16)
    colours[:] = np.rint(values * 65535 / 1023)
    with av.open(str(path), "w") as target:
        stream: Any = target.add_stream("libx265", rate=25, options={"x265-params": "log-level=error"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_range, context.color_primaries, context.color_trc = (
            9,
            1,
            9,
            transfer,
        )
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(colours, "rgb48le")
            frame = frame.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range=1)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def test_what_is_transparent_in_a_generated_video_is_white(tmp_path: Path) -> None:
    picture = still(Image.new("RGBA", (128, 128), (255, 0, 0, 0)), tmp_path)

    colour = first_colour(generated(tmp_path, {"Type": "image", "FileUrl": picture}))

    assert colour == pytest.approx([255, 255, 255], abs=4)


def test_a_grey_of_sixteen_bits_keeps_its_tone(tmp_path: Path) -> None:
    picture = still(Image.fromarray(np.full((128, 128), 0x8080, np.uint16)), tmp_path)

    colour = first_colour(generated(tmp_path, {"Type": "image", "FileUrl": picture}))

    assert colour == pytest.approx([128, 128, 128], abs=4)


def test_a_colour_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    picture = still(Image.new("RGB", (128, 128), (144, 100, 100)), tmp_path, icc_profile=adobe_rgb())

    colour = first_colour(generated(tmp_path, {"Type": "image", "FileUrl": picture}))

    assert colour[0] > 154
    assert (
        float(
            fingerprint(picture)
            @ fingerprint(still(Image.new("RGB", (128, 128), tuple(map(round, colour))), tmp_path))
        )
        > 0.99
    )


def test_hdr_is_tone_mapped_where_the_result_is_sdr(tmp_path: Path) -> None:
    sdr = np.array([0.6, 0.3, 0.2])
    for transfer, code, encode in (("pq", 16, to_pq), ("hlg", 18, to_hlg)):
        values = np.rint(1023 * encode(from_sdr(sdr, 203)))
        source = hdr_clip(tmp_path / f"{transfer}.mp4", values, code)

        colour = first_colour(generated(tmp_path, {"Type": "video", "FileUrl": source}))

        assert colour == pytest.approx(255 * sdr, abs=12)


def test_an_error_names_the_file_of_the_list_that_cannot_be_used(tmp_path: Path) -> None:
    good = still(Image.new("RGB", (128, 128)), tmp_path)
    broken = tmp_path / "broken.png"
    broken.write_bytes(good.read_bytes()[:60])

    with pytest.raises(MediaError, match=r"FileList\.2 \(holiday\.png\)") as caught:
        generated(
            tmp_path,
            {"Type": "image", "FileUrl": good},
            {"Type": "image", "FileUrl": broken, "FileName": "holiday.png"},
        )

    assert caught.value.code == "InvalidFile.Decode"


@pytest.mark.parametrize("animated", [False, True])
@pytest.mark.parametrize(
    "odd",
    [
        Odd("wide", aspect=Fraction(2)),
        Odd("turned", aspect=Fraction(2), rotation=90),
        Odd("square", aspect=Fraction(4, 3), rotation=90, size=(96, 96)),
    ],
    ids=lambda odd: odd.name,
)
def test_covers_have_the_aspect_that_is_shown(odd: Odd, animated: bool, tmp_path: Path) -> None:
    source = write(odd, tmp_path)

    outputs = transform("GenerateVideoCover", {"VideoUrl": source, "IsGif": animated}, tmp_path)["Outputs"]

    with Image.open(outputs[0]["ImageURL"]) as cover:
        assert cover.width / cover.height == pytest.approx(odd.shown_aspect, rel=0.03)


def test_a_huge_film_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    source = tmp_path / "huge.mp4"
    with av.open(str(source), "w") as target:
        stream: Any = target.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 8192, 8192, "yuvj420p"
        target.mux(stream.encode(av.VideoFrame(8192, 8192, "yuvj420p")))
        target.mux(stream.encode(None))

    for action in ("AbstractFilmVideo", "AbstractEcommerceVideo", "AdjustVideoColor", "ChangeVideoSize"):
        with pytest.raises(MediaError) as caught:
            result(action, source, tmp_path)
        assert caught.value.code == "InvalidFile.Resolution"


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "flv"])
def test_a_file_that_is_cut_off_is_refused(container: str, tmp_path: Path) -> None:
    source = write(Odd("whole", container, count=100, audio=None), tmp_path)
    content = source.read_bytes()
    if container in ("mp4", "mov"):  # the index is at the end, unless it was moved
        moved = tmp_path / f"moved.{container}"
        with (
            av.open(str(source)) as before,
            av.open(str(moved), "w", container_options={"movflags": "+faststart"}) as after,
        ):
            stream = after.add_stream_from_template(before.streams.video[0], opaque=True)
            for packet in before.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    after.mux(packet)
        content = moved.read_bytes()
    source.write_bytes(content[: len(content) * 6 // 10])

    with pytest.raises(MediaError, match="cut off") as caught:
        result("EnhancePortraitVideo", source, tmp_path)

    assert caught.value.code == "InvalidFile.Decode"


def test_a_job_that_loses_pictures_fails(tmp_path: Path) -> None:
    source = write(Odd("plain"), tmp_path)

    with VideoSource(source) as clip, pytest.raises(MediaError, match=r"24 .* were written") as caught:
        rewrite(clip, tmp_path / "a.mp4", lambda pictures: (p for n, p in enumerate(pictures) if n != 12))

    assert caught.value.code == "InternalError.Algo"


def test_all_languages_of_a_film_are_in_its_summary(tmp_path: Path) -> None:
    source = write(Odd("film", "mkv", count=100, languages=("eng", "spa")), tmp_path)

    seen = observe(abstract_film_video({"VideoUrl": source, "Length": 2}, tmp_path)["VideoUrl"])

    assert seen.languages == ["eng", "spa"]
    assert seen.audio_ends == pytest.approx([2.0, 2.0], abs=0.05)


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_the_limits_are_those_of_the_film_and_not_of_a_still_before_it(
    container: str, tmp_path: Path
) -> None:
    info = probe(write(Odd("still-first", container, still_first=True), tmp_path))

    assert info is not None
    assert info.size == (128, 96)


@pytest.mark.parametrize("container", ["mp4", "mkv", "flv", "ts"])
def test_a_late_clock_does_not_count_as_length(container: str, tmp_path: Path) -> None:
    info = probe(write(Odd("late", container, start=5.0), tmp_path))

    assert info is not None
    assert info.seconds == pytest.approx(1.0, abs=0.06)
