"""Fit pictures of one shape into a frame of another: the crop and its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.frame_stats import Map
from airflow_provider_viapi.emulator.media.frames import (
    SMOOTH,
    Plane,
    cropped,
    picture_format,
    planes,
    with_planes,
)
from airflow_provider_viapi.emulator.media.writer import Traits


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels."""

    left: int
    top: int
    width: int
    height: int

    @property
    def rows(self) -> slice:
        """The rows that it covers."""
        return slice(self.top, self.top + self.height)

    @property
    def columns(self) -> slice:
        """The columns that it covers."""
        return slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Layout:
    """Crop and place of every picture.

    :param crop: the part of the picture that is kept
    :param place: where it goes in the frame
    :param frame: (width, height) of the frame
    """

    crop: Box
    place: Box
    frame: tuple[int, int]


def plan_layout(
    traits: Traits, frame: tuple[int, int], tightness: float, looked_at: Map | None = None
) -> Layout:
    """Choose the crop and its place, without distortion.

    :param traits: of the clip
    :param frame: (width, height) to fill, in pixels
    :param tightness: how much is cropped of what could be, 0-1: at 0 the whole picture is kept and leaves the
        frame partly free, at 1 the frame is full
    :param looked_at: the weight of each part of the picture, by which the crop is chosen; the middle when None
    """
    width, height = frame
    columns, rows = traits.size
    weights = np.ones((1, 1)) if looked_at is None else looked_at
    wider = columns * traits.pixel_aspect / rows / Fraction(width, height)  # than the frame, as a factor
    kept = 1 - tightness * (1 - float(min(wider, 1 / wider)))
    if wider > 1:
        left, across = heaviest_span(weights.sum(axis=0), kept, columns)
        crop, place = Box(left, 0, across, rows), _centered_box(width, height / float(wider) / kept, frame)
    else:
        top, down = heaviest_span(weights.sum(axis=1), kept, rows)
        crop, place = Box(0, top, columns, down), _centered_box(width * float(wider) / kept, height, frame)
    return Layout(crop, place, frame)


def apply_layout(picture: VideoFrame, layout: Layout, canvas: Sequence[Plane] | None = None) -> VideoFrame:
    """Crop and scale a picture and put it into the frame.

    :param canvas: Y, U and V of the frame's size, which show where the picture leaves it free; needed only then
    """
    (width, height), place = layout.frame, layout.place
    kept = cropped(picture, layout.crop.rows, layout.crop.columns)
    if canvas is None or (place.width, place.height) == layout.frame:
        return kept.reformat(width, height, picture_format(width, height), interpolation=SMOOTH)
    scaled = kept.reformat(place.width, place.height, "yuv444p", interpolation=SMOOTH)
    whole = [plane.copy() for plane in canvas]
    for target, source in zip(whole, planes(scaled), strict=True):
        target[place.rows, place.columns] = source
    return with_planes(picture, whole).reformat(format=picture_format(width, height), interpolation=SMOOTH)


def heaviest_span(weights: Map, share: float, pixels: int) -> tuple[int, int]:
    """Return start and length of the span of a side with most weight, in pixels; even, as chroma is shared.

    :param weights: along the side, at any resolution
    :param share: length of the span as a fraction of the side
    """
    length = max(2, round(pixels * share) // 2 * 2) if share < 1 else pixels
    starts = np.arange(0, pixels - length + 1, 2)
    running = np.concatenate([[0.0], np.cumsum(weights / weights.sum())])
    held = np.interp(np.arange(pixels + 1) / pixels, np.linspace(0, 1, len(running)), running)
    gain = held[starts + length] - held[starts]
    off_middle = np.abs(starts - (pixels - length) / 2)
    best = np.lexsort((off_middle, -np.round(gain, 6)))[0]
    return int(starts[best]), length


def _centered_box(across: float, down: float, frame: tuple[int, int]) -> Box:
    width, height = (
        min(side, max(2, round(length))) for side, length in zip(frame, (across, down), strict=True)
    )
    return Box((frame[0] - width) // 2, (frame[1] - height) // 2, width, height)
