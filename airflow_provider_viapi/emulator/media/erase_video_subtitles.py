"""EraseVideoSubtitles: detect white subtitles and inpaint them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.connected_components import Mask, block_any
from airflow_provider_viapi.emulator.media.frames import (
    NEUTRAL_CHROMA,
    Plane,
    chroma_slice,
    chroma_step,
    planes,
)
from airflow_provider_viapi.emulator.media.inpaint import push_pull
from airflow_provider_viapi.emulator.media.text_mask import Scale, find_letters, find_strokes, with_outline
from airflow_provider_viapi.emulator.media.video import (
    FULL_HD,
    VideoSource,
    rewrite,
    with_neighbours,
)

# How far before and after a frame its letters are looked for: long enough for letters that their background
# hides now and then, short enough to hold in memory.
CONTEXT_SECONDS, CONTEXT_FRAMES = Fraction(1, 5), 8


@dataclass(frozen=True)
class Band:
    """The part of the frame in which subtitles are searched, in fractions (default: the lower quarter)."""

    x: float = 0.0
    y: float = 0.75
    width: float = 1.0
    height: float = 0.25

    def pixels(self, columns: int, rows: int) -> tuple[slice, slice]:
        """Return the rows and the columns of the band in a frame of this size."""
        return (
            slice(round(self.y * rows), min(rows, round((self.y + self.height) * rows))),
            slice(round(self.x * columns), min(columns, round((self.x + self.width) * columns))),
        )


@dataclass(frozen=True)
class TextCandidates:
    """A frame with the text found in it: thin strokes, and the bodies of letters in lines."""

    frame: VideoFrame
    thin: Mask
    bodies: Mask


def erase_video_subtitles(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Erase burnt-in white subtitles with a dark outline, as films have them, inside a band of the frame.

    It approximates the service by classical means: letters are recognised by shape and contrast, and filled smoothly
    from their surroundings without inventing texture. Letters that are coloured, fancy or without a dark edge
    stay, so does a line of fewer than three, and the faintest frames of a fade keep a trace. No sample
    outside of the band changes, but for being encoded again.

    :param request: ``VideoUrl``, the file; ``BX``, ``BY``, ``BW``, ``BH``, left, top, width and height of the
        band as fractions of the frame, 0-1 (default 0, 0.75, 1, 0.25)
    :param folder: where to write
    :return: ``VideoUrl``, an H.264 MP4 of the same size, with the same times and audio
    :raises MediaError: as :class:`VideoSource` does; ``InvalidFile.Resolution`` also above 1080p
    """
    band = Band(
        x=request.get("BX", Band.x),
        y=request.get("BY", Band.y),
        width=request.get("BW", Band.width),
        height=request.get("BH", Band.height),
    )
    target = folder / "video.mp4"
    with VideoSource(request["VideoUrl"], largest=FULL_HD) as clip:
        reach = min(CONTEXT_FRAMES, max(1, round(CONTEXT_SECONDS * clip.traits.frame_rate)))
        rewrite(clip, target, lambda frames: erase_subtitles(frames, band, reach))
    return {"VideoUrl": target}


def erase_subtitles(frames: Iterable[VideoFrame], band: Band, reach: int) -> Iterator[VideoFrame]:
    """Erase subtitles in each frame, in place.

    :param frames: all of one size and working format
    :param band: where to erase
    :param reach: how many frames before and after one are searched for its letters
    """
    for found, around in with_neighbours((_find_text(frame, band) for frame in frames), reach):
        seen = np.sum([neighbour.bodies for neighbour in around], axis=0, dtype=np.uint8)
        bodies = found.bodies | (found.thin & (seen > len(around) / 3))
        if bodies.any():
            _erase(found.frame, bodies, band)
        yield found.frame


def _find_text(frame: VideoFrame, band: Band) -> TextCandidates:
    luma, *chroma = _surroundings(frame, band)
    off_grey = np.maximum(*(np.abs(plane.astype(np.int16) - NEUTRAL_CHROMA) for plane in chroma))
    step = chroma_step(frame)
    colour = off_grey.repeat(step, 0).repeat(step, 1)[: luma.shape[0], : luma.shape[1]]
    scale = _scale(frame)
    thin = find_strokes(luma, colour, scale)
    return TextCandidates(frame, thin, find_letters(luma, thin, scale))


def _erase(frame: VideoFrame, bodies: Mask, band: Band) -> None:
    frame.make_writable()  # the decoder may still need what it handed out
    luma, *chroma = _surroundings(frame, band)
    inside = _inside(frame, band)
    hole = with_outline(bodies, luma, _scale(frame))
    np.copyto(luma, push_pull(luma, hole), where=inside)
    step = chroma_step(frame)
    for plane in chroma:
        np.copyto(plane, push_pull(plane, block_any(hole, step)), where=~block_any(~inside, step))


def _scale(frame: VideoFrame) -> Scale:
    return Scale(min(frame.width, frame.height))


def _surroundings(frame: VideoFrame, band: Band) -> list[Plane]:
    """Return views of the planes' rows of the band, and of the margin in which its letters may end."""
    rows = _rows_around(frame, band)
    luma, *chroma = planes(frame)
    return [luma[rows], *(plane[chroma_slice(frame, rows)] for plane in chroma)]


def _inside(frame: VideoFrame, band: Band) -> Mask:
    """Return the mask of the band within its surroundings."""
    around = _rows_around(frame, band)
    rows, columns = band.pixels(frame.width, frame.height)
    inside = np.zeros((around.stop - around.start, frame.width), np.bool_)
    inside[rows.start - around.start : rows.stop - around.start, columns] = True
    return inside


def _rows_around(frame: VideoFrame, band: Band) -> slice:
    rows, _ = band.pixels(frame.width, frame.height)
    margin = _scale(frame).max_letter_height
    return slice(max(0, rows.start - margin) // 2 * 2, min(frame.height, rows.stop + margin))
