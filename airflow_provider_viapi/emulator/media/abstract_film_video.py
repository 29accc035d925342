"""AbstractFilmVideo: summarize a film in a few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.media.concatenation import write_parts
from airflow_provider_viapi.emulator.media.shots import best_parts, find_shots
from airflow_provider_viapi.emulator.media.video import ULTRA_HD, VideoSource


def abstract_film_video(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Summarize a film: the liveliest second or more of as many of its shots as fit, in their order.

    The service understands what happens in a film; here shots are separated by sudden changes of the image,
    and of each the part with most detail and motion is taken.

    :param request: ``VideoUrl``, the file; ``Length`` of the summary in seconds
    :param folder: where to write
    :return: ``VideoUrl``, an H.264 MP4 of that length to the nearest frame, with audio; the whole film when it
        is no longer than that
    :raises MediaError: as :class:`VideoSource` does; ``InvalidFile.Resolution`` also above 4096x2304
    """
    source, target = request["VideoUrl"], folder / "video.mp4"
    with VideoSource(source, largest=ULTRA_HD) as clip:
        footage = find_shots(clip.frames())
    parts = best_parts(footage, request["Length"])
    with VideoSource(source, largest=ULTRA_HD) as clip:
        write_parts(clip, target, footage, parts, clip.traits)
    return {"VideoUrl": target}
