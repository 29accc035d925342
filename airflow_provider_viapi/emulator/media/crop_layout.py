"""Fit frames into a canvas of another shape: the crop and its place."""

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
    planes,
    with_planes,
    working_format,
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
    """Crop and place of every frame.

    :param crop: the part of the frame that is kept
    :param place: where it goes on the canvas
    :param canvas: (width, height) of the canvas
    """

    crop: Box
    place: Box
    canvas: tuple[int, int]


def plan_layout(
    traits: Traits, canvas: tuple[int, int], tightness: float, looked_at: Map | None = None
) -> Layout:
    """Choose the crop and its place, without distortion.

    :param traits: of the clip
    :param canvas: (width, height) to fill, in pixels
    :param tightness: how much is cropped of what could be, 0-1: at 0 the whole frame is kept and leaves the
        canvas partly free, at 1 the canvas is full
    :param looked_at: the weight of each part of the frame, by which the crop is chosen; the middle when None
    """
    width, height = canvas
    columns, rows = traits.size
    weights = np.ones((1, 1)) if looked_at is None else looked_at
    wider = columns * traits.pixel_aspect / rows / Fraction(width, height)  # than the canvas, as a factor
    kept = 1 - tightness * (1 - float(min(wider, 1 / wider)))
    if wider > 1:
        left, across = heaviest_span(weights.sum(axis=0), kept, columns)
        crop, place = Box(left, 0, across, rows), _centered_box(width, height / float(wider) / kept, canvas)
    else:
        top, down = heaviest_span(weights.sum(axis=1), kept, rows)
        crop, place = Box(0, top, columns, down), _centered_box(width * float(wider) / kept, height, canvas)
    return Layout(crop, place, canvas)


def apply_layout(frame: VideoFrame, layout: Layout, background: Sequence[Plane] | None = None) -> VideoFrame:
    """Crop and scale a frame and put it onto the canvas.

    :param background: Y, U and V of the canvas, visible where the frame leaves it free; needed only then
    """
    (width, height), place = layout.canvas, layout.place
    kept = cropped(frame, layout.crop.rows, layout.crop.columns)
    if background is None or (place.width, place.height) == layout.canvas:
        return kept.reformat(width, height, working_format(width, height), interpolation=SMOOTH)
    scaled = kept.reformat(place.width, place.height, "yuv444p", interpolation=SMOOTH)
    whole = [plane.copy() for plane in background]
    for target, source in zip(whole, planes(scaled), strict=True):
        target[place.rows, place.columns] = source
    return with_planes(frame, whole).reformat(format=working_format(width, height), interpolation=SMOOTH)


def heaviest_span(weights: Map, share: float, pixels: int) -> tuple[int, int]:
    """Return start and length of the span of a side with most weight, in pixels; even, as chroma is shared.

    :param weights: along the side, at any resolution
    :param share: length of the span as a fraction of the side
    """
    length = min(pixels, max(2, round(pixels * share) // 2 * 2)) if share < 1 else pixels
    starts = np.arange(0, pixels - length + 1, 2)
    running = np.concatenate([[0.0], np.cumsum(weights / weights.sum())])
    held = np.interp(np.arange(pixels + 1) / pixels, np.linspace(0, 1, len(running)), running)
    gain = held[starts + length] - held[starts]
    off_middle = np.abs(starts - (pixels - length) / 2)
    best = np.lexsort((off_middle, -np.round(gain, 6)))[0]
    return int(starts[best]), length


def _centered_box(across: float, down: float, canvas: tuple[int, int]) -> Box:
    width, height = (
        min(side, max(2, round(length))) for side, length in zip(canvas, (across, down), strict=True)
    )
    return Box((canvas[0] - width) // 2, (canvas[1] - height) // 2, width, height)
