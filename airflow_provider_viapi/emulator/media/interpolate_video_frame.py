"""InterpolateVideoFrame: change the frame rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.media.frame_rate import interpolate_to_rate
from airflow_provider_viapi.emulator.media.video import FULL_HD, MEGABIT, VideoSource, rewrite

DEFAULT_RATE = 50
DEFAULT_MEGABITS = 20


def interpolate_video_frame(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Bring a clip to a constant frame rate, with interpolated frames.

    The service infers them; here blocks of pixels are tracked from frame to frame (see
    :func:`interpolate_to_rate`), which may tear what turns, hides or changes its shape.

    :param request: ``VideoURL``, the file; ``FrameRate``, 1-120 frames a second (default 50); ``Bitrate`` of
        the result in Mbit/s (default 20)
    :param folder: where to write
    :return: ``VideoURL``, an H.264 MP4 of the same size, length and audio
    :raises MediaError: as :class:`VideoSource` does; ``InvalidFile.Resolution`` also above 1080p
    """
    target = folder / "video.mp4"
    rate = request.get("FrameRate", DEFAULT_RATE)
    bit_rate = request.get("Bitrate", DEFAULT_MEGABITS) * MEGABIT
    with VideoSource(request["VideoURL"], largest=FULL_HD, deinterlace=True) as clip:
        traits = replace(clip.traits, frame_rate=Fraction(rate), time_base=Fraction(1, rate))
        rewrite(
            clip,
            target,
            lambda frames: interpolate_to_rate(frames, clip.traits, rate),
            traits=traits,
            bit_rate=bit_rate,
        )
    return {"VideoURL": target}
