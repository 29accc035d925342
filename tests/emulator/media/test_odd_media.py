"""Containers, codecs, stream orders, clocks, aspects, rotations and audio: what every action keeps of them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_viapi.emulator.media import transform
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
    assert 0 <= begin < 0.03  # audio may begin earlier, by what only prepares its decoder
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
        if not action.startswith("Abstract"):
            assert channels == (6 if "5.1" in odd.layout else 2)
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
