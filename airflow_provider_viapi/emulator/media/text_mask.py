"""Detect the white letters of subtitles in a frame.

A letter of a film's subtitle is bright and without colour, its strokes are thin, a dark edge closes it off
from the frame on all sides, and it is in a line with others. All of this is required, so that skies,
glare, white cars and single stars are not erased. Lengths are in proportion to the shorter side
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
    dilate,
    merge_groups,
)
from airflow_provider_viapi.emulator.media.frames import Plane

# Samples are 0-255, white is 235 in most clips.
BRIGHT = 150
DARK_EDGE = 110
CONTRAST = 70
MAX_CHROMA = 28
# A letter is cut out at a level that its outline stays below; on a white background the outline is greyer.
LEVELS = (160, 200)
OUTLINE = 65
MIN_LETTERS_OF_A_LINE = 3


@dataclass(frozen=True)
class Scale:
    """The dimensions of letters in a frame of a certain size, in pixels.

    :param shorter_side: of the frame, in pixels
    """

    shorter_side: int

    @property
    def stroke(self) -> int:
        """Return the largest distance from the middle of a stroke to its dark edge."""
        return max(3, round(self.shorter_side / 45))

    @property
    def min_letter_height(self) -> int:
        """Return the smallest height of a letter; what is lower may be a dot or a comma in a line."""
        return max(4, round(self.shorter_side / 80))

    @property
    def max_letter_height(self) -> int:
        """Return the largest height of a letter."""
        return round(self.shorter_side / 8)

    @property
    def outline(self) -> int:
        """Return the largest width of a letter's dark outline."""
        return max(2, round(self.shorter_side / 120))


def find_strokes(luma: Plane, colour: Plane, scale: Scale) -> Mask:
    """Return the mask of bright, uncoloured pixels with dark ones a stroke's width away on two opposite sides.

    :param luma: (rows, columns), 0-255
    :param colour: how far the chroma of each of these pixels is from none
    """
    wanted = np.minimum(luma.astype(np.int16) - CONTRAST, DARK_EDGE)
    between_dark = np.zeros(luma.shape, np.bool_)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        reach = scale.stroke if down * right == 0 else round(scale.stroke * 0.7)
        sides = (_darkest(luma, down, right, reach), _darkest(luma, -down, -right, reach))
        between_dark |= np.maximum(*sides) <= wanted
    return between_dark & (luma >= BRIGHT) & (colour <= MAX_CHROMA)


def _darkest(luma: Plane, down: int, right: int, reach: int) -> Plane:
    """Return the lowest value of the next ``reach`` pixels in one direction, for every pixel."""
    rows, columns = luma.shape
    padded = np.pad(luma, reach, mode="edge")
    lowest, seen = padded, 1
    while seen < reach:
        step = min(seen, reach - seen)
        lowest = np.minimum(lowest, np.roll(lowest, (-down * step, -right * step), (0, 1)))
        seen += step
    return np.roll(lowest, (-down, -right), (0, 1))[reach : reach + rows, reach : reach + columns]


def find_letters(luma: Plane, thin: Mask, scale: Scale) -> Mask:
    """Return the mask of letters, their dots and punctuation in lines of text.

    :param luma: (rows, columns), 0-255
    :param thin: the :func:`find_strokes` of the same frame
    """
    found = np.zeros(luma.shape, np.bool_)
    for level in LEVELS:
        regions = connected_regions(luma >= level)
        parts = np.flatnonzero(
            (regions.count(thin) >= 0.5 * regions.area)
            & (regions.height <= scale.max_letter_height)
            & (regions.width <= 4 * scale.max_letter_height)
        )
        candidates = parts[regions.height[parts] >= scale.min_letter_height]
        in_line = np.zeros(len(regions.area), np.bool_)
        in_line[parts] = _in_text_lines(regions, parts, candidates)
        found |= regions.select(in_line)
    return found


def _in_text_lines(regions: Regions, parts: Numbers, candidates: Numbers) -> Mask:
    """Return which ``parts`` are in a line of several ``candidates``."""
    line = merge_groups(len(candidates), *np.nonzero(_neighbours(regions, candidates)))
    held = np.zeros(len(parts), np.bool_)
    for first in np.flatnonzero(np.bincount(line, minlength=len(candidates)) >= MIN_LETTERS_OF_A_LINE):
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
    """Return which candidates could follow one another in a line: (candidates, candidates)."""
    top, bottom = regions.top[candidates], regions.bottom[candidates]
    left, right = regions.left[candidates], regions.right[candidates]
    height = bottom - top
    shorter, taller = np.minimum.outer(height, height), np.maximum.outer(height, height)
    gap = np.maximum.outer(left, left) - np.minimum.outer(right, right)
    off_line = np.minimum(abs(np.subtract.outer(top, top)), abs(np.subtract.outer(bottom, bottom)))
    follow: Mask = (off_line <= 0.2 * taller) & (taller <= 2.5 * shorter) & (gap <= 1.2 * taller)
    return follow


def with_outline(body: Mask, luma: Plane, scale: Scale) -> Mask:
    """Add to the bodies of letters their dark outline and the soft edges of both."""
    soft = dilate(body, 1)
    return dilate(soft | (dilate(soft, scale.outline) & (luma <= OUTLINE)), 1)
