"""EnhanceVideoQuality: enlarge a clip, raise its frame rate and convert it to HDR."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.frame_rate import interpolate_to_rate
from airflow_provider_viapi.emulator.media.frames import SMOOTH, Colour, working_format
from airflow_provider_viapi.emulator.media.hdr import (
    HDR_TRANSFERS,
    HLG_PEAK,
    PQ_PEAK,
    Colours,
    from_hdr,
    from_sdr,
    to_hlg,
    to_pq,
)
from airflow_provider_viapi.emulator.media.lut3d import apply_lut, write_lut
from airflow_provider_viapi.emulator.media.video import FULL_HD, MEGABIT, VideoSource, rewrite
from airflow_provider_viapi.emulator.media.writer import HEVC

DEFAULT_RATE, DEFAULT_MEGABITS = 50, 20
PQ, HLG = (Colour(matrix=9, range=1, primaries=9, transfer=transfer) for transfer in (16, 18))  # BT.2100


def enhance_video_quality(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Enlarge a clip, interpolate its frames and spread its brightness for HDR screens.

    The service infers detail, motion and light; here the size is interpolated, motion is tracked block by block
    (see :func:`interpolate_to_rate`), and the brightest tones are lifted by a fixed curve, unless the source is HDR.
    The result is meant for HDR screens: others show it flat and dark.

    :param request: ``VideoURL``, the file; ``OutPutWidth`` and ``OutPutHeight`` in pixels (default twice the
        clip's); ``FrameRate``, 1-120 frames a second (default 50); ``HDRFormat``, PQ or HLG (default PQ);
        ``MaxIlluminance`` in nits, for HLG only (default 1000); ``Bitrate`` of the result in Mbit/s (default 20)
    :param folder: where to write
    :return: ``VideoURL``, an HEVC MP4 of 10 bits in BT.2020 colours, of the same length and audio
    :raises MediaError: as :class:`VideoSource` does; ``InvalidFile.Resolution`` also above 1080p
    """
    target = folder / "video.mp4"
    rate = request.get("FrameRate", DEFAULT_RATE)
    bit_rate = request.get("Bitrate", DEFAULT_MEGABITS) * MEGABIT
    hlg = request.get("HDRFormat", "PQ") == "HLG"
    peak = request.get("MaxIlluminance", HLG_PEAK) if hlg else PQ_PEAK
    source = VideoSource(request["VideoURL"], largest=FULL_HD, deinterlace=True)
    with source as clip, TemporaryDirectory() as tables:
        width, height = (2 * side for side in clip.traits.size)
        size = request.get("OutPutWidth", width), request.get("OutPutHeight", height)
        traits = replace(
            clip.traits,
            size=size,
            frame_rate=Fraction(rate),
            time_base=Fraction(1, rate),
            colour=HLG if hlg else PQ,
        )
        codec = replace(HEVC, pixel_format=f"{working_format(*size)}10le")
        cube = Path(tables) / "hdr.cube"
        transfer = HDR_TRANSFERS.get(clip.traits.colour.transfer)

        def converted(colours: Colours) -> Colours:
            nits = np.minimum(from_hdr(colours, transfer), peak) if transfer else from_sdr(colours, peak)
            return to_hlg(nits, peak) if hlg else to_pq(nits)

        write_lut(cube, converted)

        def enhanced(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
            smooth = interpolate_to_rate(frames, clip.traits, rate)
            larger = (p.reformat(*size, working_format(*size), interpolation=SMOOTH) for p in smooth)
            return apply_lut(larger, cube, f"{working_format(*size)}10le", traits.colour)

        rewrite(clip, target, enhanced, traits=traits, codec=codec, bit_rate=bit_rate)
    return {"VideoURL": target}
