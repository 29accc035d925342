"""Finding the white letters of subtitles in a picture.

A letter of a film's subtitle is bright and without colour, its strokes are thin, a dark edge closes it off
from the picture on all sides, and it stands in a line with others of its kind. All of this is asked for, so
that skies, glare, white cars and lonely stars are left alone. Lengths are in proportion to the shorter side
of the frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airflow_provider_viapi.emulator.media.connected_components import (
    Mask,
    Numbers,
    Regions,
    connected_regions,
    dilated,
    joined,
)
from airflow_provider_viapi.emulator.media.frames import Plane

# Samples are 0-255, white is 235 in most clips.
BRIGHT = 150
DARK_EDGE = 110
CONTRAST = 70
LITTLE_COLOUR = 28
# A letter is cut out at a level that its outline stays below; on a white background the outline is greyer.
LEVELS = (160, 200)
OUTLINE = 65
LETTERS_OF_A_LINE = 3


@dataclass(frozen=True)
class Scale:
    """The lengths of lettering in a frame of a certain size, in pixels.

    :param shorter_side: of the frame, in pixels
    """

    shorter_side: int

    @property
    def stroke(self) -> int:
        """How far the middle of a stroke is from its dark edge, at most."""
        return max(3, round(self.shorter_side / 45))

    @property
    def lowest_letter(self) -> int:
        """What is lower may be a dot or a comma in a line, but makes none."""
        return max(4, round(self.shorter_side / 80))

    @property
    def highest_letter(self) -> int:
        """What is higher is no letter."""
        return round(self.shorter_side / 8)

    @property
    def outline(self) -> int:
        """How wide the dark outline of a letter is, at most."""
        return max(2, round(self.shorter_side / 120))


def strokes(luma: Plane, colour: Plane, scale: Scale) -> Mask:
    """Where the picture is bright, without colour, and dark on two opposite sides a stroke's width away.

    :param luma: (rows, columns), 0-255
    :param colour: how far the chroma of each of these pixels is from none
    """
    wanted = np.minimum(luma.astype(np.int16) - CONTRAST, DARK_EDGE)
    between_dark = np.zeros(luma.shape, np.bool_)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        reach = scale.stroke if down * right == 0 else round(scale.stroke * 0.7)
        sides = (_darkest(luma, down, right, reach), _darkest(luma, -down, -right, reach))
        between_dark |= np.maximum(*sides) <= wanted
    return between_dark & (luma >= BRIGHT) & (colour <= LITTLE_COLOUR)


def _darkest(luma: Plane, down: int, right: int, reach: int) -> Plane:
    """The lowest value of the next ``reach`` pixels in one direction, for every pixel."""
    rows, columns = luma.shape
    padded = np.pad(luma, reach, mode="edge")
    lowest, seen = padded, 1
    while seen < reach:
        step = min(seen, reach - seen)
        lowest = np.minimum(lowest, np.roll(lowest, (-down * step, -right * step), (0, 1)))
        seen += step
    return np.roll(lowest, (-down, -right), (0, 1))[reach : reach + rows, reach : reach + columns]


def letters(luma: Plane, thin: Mask, scale: Scale) -> Mask:
    """The bodies of letters, of their dots and of punctuation, that stand in lines.

    :param luma: (rows, columns), 0-255
    :param thin: the :func:`strokes` of the same picture
    """
    found = np.zeros(luma.shape, np.bool_)
    for level in LEVELS:
        regions = connected_regions(luma >= level)
        parts = np.flatnonzero(
            (regions.count(thin) >= 0.5 * regions.area)
            & (regions.height <= scale.highest_letter)
            & (regions.width <= 4 * scale.highest_letter)
        )
        candidates = parts[regions.height[parts] >= scale.lowest_letter]
        in_line = np.zeros(len(regions.area), np.bool_)
        in_line[parts] = _stand_in_lines(regions, parts, candidates)
        found |= regions.select(in_line)
    return found


def _stand_in_lines(regions: Regions, parts: Numbers, candidates: Numbers) -> Mask:
    """Which of the ``parts`` lie in a line that is made of several of the ``candidates``."""
    line = joined(len(candidates), *np.nonzero(_neighbours(regions, candidates)))
    held = np.zeros(len(parts), np.bool_)
    for first in np.flatnonzero(np.bincount(line, minlength=len(candidates)) >= LETTERS_OF_A_LINE):
        members = candidates[line == first]
        height = regions.height[members].max()
        if regions.bottom[members].max() - regions.top[members].min() > 1.8 * height:
            continue
        held |= (
            (regions.top[parts] >= regions.top[members].min() - height // 2)
            & (regions.bottom[parts] <= regions.bottom[members].max() + height // 2)
            & (regions.left[parts] >= regions.left[members].min() - height)
            & (regions.right[parts] <= regions.right[members].max() + height)
        )
    return held


def _neighbours(regions: Regions, candidates: Numbers) -> Mask:
    """Which candidates could follow one another in a line: (candidates, candidates)."""
    top, bottom = regions.top[candidates], regions.bottom[candidates]
    left, right = regions.left[candidates], regions.right[candidates]
    height = bottom - top
    shorter, taller = np.minimum.outer(height, height), np.maximum.outer(height, height)
    gap = np.maximum.outer(left, left) - np.minimum.outer(right, right)
    off_line = np.minimum(abs(np.subtract.outer(top, top)), abs(np.subtract.outer(bottom, bottom)))
    follow: Mask = (off_line <= 0.2 * taller) & (taller <= 2.5 * shorter) & (gap <= 1.2 * taller)
    return follow


def with_outline(body: Mask, luma: Plane, scale: Scale) -> Mask:
    """The bodies of letters together with their dark outline and the soft edges of both."""
    soft = dilated(body, 1)
    return dilated(soft | (dilated(soft, scale.outline) & (luma <= OUTLINE)), 1)
