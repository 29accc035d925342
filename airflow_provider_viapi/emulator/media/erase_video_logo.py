"""EraseVideoLogo: inpaint logos in given boxes, or where they are detected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.connected_components import Mask, Numbers, block_any
from airflow_provider_viapi.emulator.media.frames import chroma_slice, chroma_step, planes
from airflow_provider_viapi.emulator.media.inpaint import push_pull
from airflow_provider_viapi.emulator.media.logo_mask import find_logos
from airflow_provider_viapi.emulator.media.video import FULL_HD, VideoSource, rewrite

MAX_BOXES = 2
MARGIN = 32  # pixels around a hole from which it is filled


def erase_video_logo(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Erase logos that do not move, such as a station's.

    It approximates the service by classical means: a box is filled smoothly from its surroundings, without
    inventing texture. When no boxes are given, the four corners are searched for what does not move while
    the scene changes; in a scene that hardly changes nothing is found.

    :param request: ``VideoUrl``, the file; ``Boxes``, mappings of ``X``, ``Y``, ``W``, ``H``, left, top, width
        and height as fractions of the frame, 0-1 (a missing one is 0); the first two count, as at the service
    :param folder: where to write
    :return: ``VideoUrl``, an H.264 MP4 of the same size, with the same times and audio
    :raises MediaError: as :class:`VideoSource` does; ``InvalidFile.Resolution`` also above 1080p
    """
    source, target = request["VideoUrl"], folder / "video.mp4"
    with VideoSource(source, largest=FULL_HD) as clip:
        columns, rows = clip.traits.size
        boxes = request.get("Boxes")
        hole = _boxed(boxes[:MAX_BOXES], (rows, columns)) if boxes else find_logos(clip.frames())
    with VideoSource(source, largest=FULL_HD) as clip:
        rewrite(clip, target, lambda frames: erase_region(hole, frames))
    return {"VideoUrl": target}


def erase_region(hole: Mask, frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    """Fill the hole in each frame, in place."""
    if not hole.any():
        yield from frames
        return
    rows, columns = _around(np.flatnonzero(hole.any(axis=1))), _around(np.flatnonzero(hole.any(axis=0)))
    for frame in frames:
        frame.make_writable()  # the decoder may still need what it handed out
        luma, *chroma = planes(frame)
        part = hole[rows, columns]
        luma[rows, columns] = push_pull(luma[rows, columns], part)
        part = block_any(part, chroma_step(frame))
        shared = chroma_slice(frame, rows), chroma_slice(frame, columns)
        for plane in chroma:
            plane[shared] = push_pull(plane[shared], part)
        yield frame


def _boxed(boxes: Sequence[Mapping[str, float]], shape: tuple[int, int]) -> Mask:
    hole = np.zeros(shape, np.bool_)
    for box in boxes:
        left, top, width, height = (box.get(name, 0.0) for name in ("X", "Y", "W", "H"))
        hole[
            round(top * shape[0]) : round((top + height) * shape[0]),
            round(left * shape[1]) : round((left + width) * shape[1]),
        ] = True
    return hole


def _around(occupied: Numbers) -> slice:
    """Return the rows or columns from which a hole is filled, beginning with an even one."""
    return slice(max(0, int(occupied[0]) - MARGIN) // 2 * 2, int(occupied[-1]) + 1 + MARGIN)
