"""EnhanceVideoQuality: a clip larger, at a higher rate of pictures, and for HDR screens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from airflow_provider_viapi.emulator.media.frame_rate import at_rate
from airflow_provider_viapi.emulator.media.frames import SMOOTH, Colour, picture_format
from airflow_provider_viapi.emulator.media.lut3d import Colours, through_cube, write_cube
from airflow_provider_viapi.emulator.media.video import FULL_HD, MEGABIT, VideoSource, require_within
from airflow_provider_viapi.emulator.media.writer import HEVC, VideoTarget

DEFAULT_RATE, DEFAULT_MEGABITS = 50, 20
PQ, HLG = (Colour(matrix=9, range=1, primaries=9, transfer=transfer) for transfer in (16, 18))  # BT.2100

WHITE = 203  # nits of an SDR picture's white on an HDR screen, by BT.2408
PEAK_OF_PQ, DEFAULT_PEAK_OF_HLG = 600, 1000  # nits of the brightest highlight
BT_709_TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def enhance_video_quality(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Enlarge a clip, interpolate its pictures and spread its brightness for HDR screens.

    The service infers detail, motion and light; here the size is interpolated, motion is followed block by block
    (see :func:`at_rate`), and the brightest tones are lifted by a fixed curve. The result is meant for HDR
    screens: others show it flat and dark.

    :param request: ``VideoURL``, the file; ``OutPutWidth`` and ``OutPutHeight`` in pixels (default twice the
        clip's); ``FrameRate``, 1-120 pictures a second (default 50); ``HDRFormat``, PQ or HLG (default PQ);
        ``MaxIlluminance`` in nits, for HLG only (default 1000); ``Bitrate`` of the result in Mbit/s (default 20)
    :param folder: where to write
    :return: ``VideoURL``, an HEVC MP4 of 10 bits in BT.2020 colours, of the same length and sound
    :raises MediaFault: as :class:`VideoSource` does; ``InvalidFile.Resolution`` also above 1080p
    """
    target = folder / "video.mp4"
    rate = request.get("FrameRate", DEFAULT_RATE)
    bit_rate = request.get("Bitrate", DEFAULT_MEGABITS) * MEGABIT
    hlg = request.get("HDRFormat", "PQ") == "HLG"
    peak = request.get("MaxIlluminance", DEFAULT_PEAK_OF_HLG) if hlg else PEAK_OF_PQ
    with VideoSource(request["VideoURL"]) as clip, TemporaryDirectory() as tables:
        require_within(FULL_HD, clip)
        width, height = (2 * side for side in clip.traits.size)
        size = request.get("OutPutWidth", width), request.get("OutPutHeight", height)
        traits = replace(
            clip.traits,
            size=size,
            frame_rate=Fraction(rate),
            time_base=Fraction(1, rate),
            colour=HLG if hlg else PQ,
        )
        codec = replace(HEVC, pixel_format=f"{picture_format(*size)}10le")
        cube = Path(tables) / "hdr.cube"
        write_cube(cube, lambda colours: (to_hlg if hlg else to_pq)(in_nits(colours, peak), peak))
        with VideoTarget(target, traits, clip.audio, codec=codec, bit_rate=bit_rate) as written:
            smooth = at_rate(clip.pictures(written.add_audio), clip.traits, rate)
            larger = (p.reformat(*size, picture_format(*size), interpolation=SMOOTH) for p in smooth)
            for picture in through_cube(larger, cube, f"{picture_format(*size)}10le", traits.colour):
                written.add_picture(picture)
    return {"VideoURL": target}


def in_nits(colours: Colours, peak: float) -> Colours:
    """Light on an HDR screen, in nits and BT.2020 primaries, for BT.709 display values of 0-1.

    :param peak: where white is lifted to; greys stay as they are on an SDR screen
    """
    light = colours**2.4
    return np.asarray((WHITE * light + (peak - WHITE) * light**4) @ BT_709_TO_2020.T, np.float64)


def to_pq(nits: Colours, _: float) -> Colours:
    """The values of 0-1 that mean so much light in PQ (SMPTE ST 2084)."""
    light = (nits / 10_000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * light) / (1 + 18.6875 * light)) ** 78.84375, np.float64)


def to_hlg(nits: Colours, peak: float) -> Colours:
    """The values of 0-1 that mean so much light in HLG (BT.2100) on a screen of a certain peak, in nits."""
    share = nits / peak
    luminance = np.maximum(share @ np.array([0.2627, 0.6780, 0.0593]), 1e-9)[..., None]
    scene = share * luminance ** (1 / (1.2 + 0.42 * np.log10(peak / 1000)) - 1)
    bright = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright), np.float64)
