"""AdjustVideoColor: develop flat camera footage, or stretch the tones of an ordinary clip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.frames import (
    BT_709,
    FULL_RANGE,
    NEUTRAL_CHROMA,
    SMOOTH,
    Colour,
    Plane,
    planes,
    with_planes,
    working_format,
)
from airflow_provider_viapi.emulator.media.lut3d import Colours, apply_lut, write_lut
from airflow_provider_viapi.emulator.media.video import MEGABIT, VideoSource, rewrite
from airflow_provider_viapi.emulator.media.writer import H264, HEVC, PRORES, Traits

CODECS = {"h264": H264, "hevc": HEVC, "prores": PRORES}
DEFAULT_MEGABITS = 20
ULTRA_HD = (3840, 2160)

# ARRI's LogC, exposure index 800, and its wide gamut: the maker's published curve and matrix.
CUT, A, B, C, D, E, F = 0.010591, 5.555556, 0.052272, 0.247190, 0.385537, 5.367655, 0.092809
WIDE_GAMUT_TO_BT_709 = np.array(
    [
        [1.617523, -0.537287, -0.080237],
        [-0.070573, 1.334613, -0.264040],
        [-0.021102, -0.226954, 1.248056],
    ]
)
SHOULDER = 0.9  # display values above are compressed, as highlights of the camera lie far above white

RARE = 0.005  # the share of the darkest and of the brightest pixels that may be lost
MAX_GAIN = 1.6


def adjust_video_color(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Correct the colours of a clip, the same way from its first frame to its last.

    ``LogC`` takes the clip as flat footage of an ARRI camera (curve and wide gamut, exposure index 800) and
    develops it for BT.709 screens; ``Rec709`` stretches the tones of an ordinary clip so that they reach from
    black to white. Neither matches shots to each other, as the service does. Frames are read at 8 bits.

    :param request: ``VideoUrl``, the file; ``Mode``, LogC or Rec709 (default LogC); ``VideoBitrate`` in Mbit/s
        (default 20), which ProRes ignores; ``VideoCodec``, h264, hevc or prores (default h264);
        ``VideoFormat``, mp4 or mov (default mp4), always mov for ProRes, as no MP4 carries it
    :param folder: where to write
    :return: ``VideoUrl``, with the same times and audio; what exceeds 3840x2160 is scaled down
    :raises MediaError: as :class:`VideoSource` does
    """
    source, log = request["VideoUrl"], request.get("Mode", "LogC") == "LogC"
    codec = CODECS[request.get("VideoCodec", "h264")]
    target = folder / f"video.{'mov' if codec is PRORES else request.get('VideoFormat', 'mp4')}"
    bit_rate = request.get("VideoBitrate", DEFAULT_MEGABITS) * MEGABIT
    deinterlace = (
        log or codec is not H264
    )  # where colours are converted at full size, or fields are not known
    with VideoSource(source, deinterlace=deinterlace) as clip:
        table = None if log else _tone_curve(clip.frames(), clip.traits.colour)
    with VideoSource(source, deinterlace=deinterlace) as clip:
        size = _within_ultra_hd(clip.traits.size)
        traits = replace(clip.traits, size=size, colour=BT_709 if log else clip.traits.colour)

        def adjusted(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
            scaled = (p.reformat(*size, working_format(*size), interpolation=SMOOTH) for p in frames)
            return _develop(scaled, traits) if table is None else _apply_tone_curve(scaled, table)

        rewrite(clip, target, adjusted, traits=traits, codec=codec, bit_rate=bit_rate)
    return {"VideoUrl": target}


def _within_ultra_hd(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, max(ULTRA_HD) / max(size), min(ULTRA_HD) / min(size))
    return size if scale == 1 else (round(size[0] * scale / 2) * 2, round(size[1] * scale / 2) * 2)


def _develop(frames: Iterable[VideoFrame], traits: Traits) -> Iterator[VideoFrame]:
    with TemporaryDirectory() as folder:
        cube = Path(folder) / "log_c.cube"
        write_lut(cube, from_log_c)
        yield from apply_lut(frames, cube, working_format(*traits.size), traits.colour)


def from_log_c(colours: Colours) -> Colours:
    """Convert LogC camera values to BT.709 display values, both (..., RGB) and 0-1; highlights are rolled off."""
    scene = np.where(colours > E * CUT + F, (10 ** ((colours - D) / C) - B) / A, (colours - F) / E)
    light = np.maximum(scene @ WIDE_GAMUT_TO_BT_709.T, 0)
    display = np.where(light < 0.018, 4.5 * light, 1.099 * light**0.45 - 0.099)
    range_ = 1 - SHOULDER
    rolled = SHOULDER + range_ * (1 - np.exp(-(display - SHOULDER) / range_))
    return np.asarray(np.where(display > SHOULDER, rolled, display), np.float64)


@dataclass(frozen=True)
class ToneCurve:
    """Lookup tables of samples, 0-255: for luma, and for both chroma planes."""

    luma: Plane
    chroma: Plane


def _tone_curve(frames: Iterable[VideoFrame], colour: Colour) -> ToneCurve:
    """Return the curve that stretches the tones of a clip, all but the rarest, from black to white."""
    counts = np.zeros(256, np.int64)
    for frame in frames:
        counts += np.bincount(planes(frame)[0].ravel(), minlength=256)
    darkest, brightest = np.searchsorted(np.cumsum(counts) / counts.sum(), (RARE, 1 - RARE))
    black, white = (0, 255) if colour.range == FULL_RANGE else (16, 235)
    gain = np.clip((white - black) / max(1, brightest - darkest), 1, MAX_GAIN)
    middle, reach = (darkest + brightest) / 2, gain * (brightest - darkest) / 2
    new_middle = np.clip(middle, black + reach, max(black + reach, white - reach))
    return ToneCurve(luma=_line(middle, new_middle, gain), chroma=_line(NEUTRAL_CHROMA, NEUTRAL_CHROMA, gain))


def _line(at: float, to: float, gain: float) -> Plane:
    samples = to + (np.arange(256) - at) * gain
    return np.asarray(np.clip(np.rint(samples), 0, 255), np.uint8)


def _apply_tone_curve(frames: Iterable[VideoFrame], table: ToneCurve) -> Iterator[VideoFrame]:
    for frame in frames:
        luma, u, v = planes(frame)
        yield with_planes(frame, [table.luma[luma], table.chroma[u], table.chroma[v]])
