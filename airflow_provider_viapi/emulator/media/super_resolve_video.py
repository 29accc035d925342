"""SuperResolveVideo: double the size of a clip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation

from airflow_provider_viapi.emulator.media.frames import EXACT, working_format
from airflow_provider_viapi.emulator.media.video import FULL_HD, MEGABIT, VideoSource, rewrite

SHARP = Interpolation.LANCZOS | EXACT
DEFAULT_MEGABITS = 10


def super_resolve_video(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Enlarge a clip to twice its width and height.

    The service infers detail; this is a Lanczos filter, which keeps edges as sharp as they are and adds
    no detail.

    :param request: ``VideoUrl``, the file; ``BitRate`` of the result in Mbit/s (default 10)
    :param folder: where to write
    :return: ``VideoUrl``, an H.264 MP4 with the same times and audio
    :raises MediaError: as :class:`VideoSource` does; ``InvalidFile.Resolution`` also above 1080p
    """
    target = folder / "video.mp4"
    bit_rate = request.get("BitRate", DEFAULT_MEGABITS) * MEGABIT
    with VideoSource(request["VideoUrl"], largest=FULL_HD, deinterlace=True) as clip:
        width, height = (2 * side for side in clip.traits.size)

        def enlarged(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
            for frame in frames:
                yield frame.reformat(width, height, working_format(width, height), interpolation=SHARP)

        rewrite(clip, target, enlarged, traits=replace(clip.traits, size=(width, height)), bit_rate=bit_rate)
    return {"VideoUrl": target}
