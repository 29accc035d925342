"""Shapes of a mask: its connected regions, its surroundings. All masks are (rows, columns) of bool."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Regions:
    """The regions of a mask, connected over sides and corners, numbered from 0.

    ``labels`` is -1 outside of all regions. The other arrays hold one number for each region: the first row
    and column that it covers, the first that it does not cover any more, and its pixels.
    """

    labels: Numbers
    top: Numbers
    bottom: Numbers
    left: Numbers
    right: Numbers
    area: Numbers

    @property
    def height(self) -> Numbers:
        """Rows from the first to the last of each region."""
        return self.bottom - self.top

    @property
    def width(self) -> Numbers:
        """Columns from the first to the last of each region."""
        return self.right - self.left

    def count(self, mask: Mask) -> Numbers:
        """Count the pixels of each region in a mask of the same shape."""
        labels = self.labels[mask]
        return np.bincount(labels[labels >= 0], minlength=len(self.area))

    def select(self, chosen: npt.NDArray[np.bool_]) -> Mask:
        """Return the mask of the regions for which ``chosen`` holds."""
        return np.append(chosen, False)[self.labels]


def connected_regions(mask: Mask) -> Regions:
    """Find the regions of a mask: join the runs of its rows to those that they touch in the next row."""
    row, start, end = _runs(mask)
    region = merge_groups(len(row), *_touching(row, start, end, mask.shape[0]))
    numbers, region = np.unique(region, return_inverse=True)
    count = len(numbers)
    labels = np.full(mask.shape, -1, np.intp)
    labels[mask] = np.repeat(region, end - start)  # runs and the mask's pixels are both in reading order
    top, left = np.full(count, mask.shape[0]), np.full(count, mask.shape[1])
    bottom, right = np.zeros(count, np.intp), np.zeros(count, np.intp)
    np.minimum.at(top, region, row)
    np.minimum.at(left, region, start)
    np.maximum.at(bottom, region, row + 1)
    np.maximum.at(right, region, end)
    area = np.bincount(region, weights=end - start, minlength=count).astype(np.intp)
    return Regions(labels, top, bottom, left, right, area)


def _runs(mask: Mask) -> tuple[Numbers, Numbers, Numbers]:
    """Row, first column and column after the last of every unbroken run of pixels, in reading order."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(edges == 1)
    _, end = np.nonzero(edges == -1)
    return row, start, end


def _touching(row: Numbers, start: Numbers, end: Numbers, rows: int) -> tuple[Numbers, Numbers]:
    """Pairs of runs, of one row and the next, that share a side or a corner."""
    width = int(end.max(initial=0)) + 2
    # A run and its row as one rising number, so that a single search finds the neighbours below.
    first = np.searchsorted(row * width + end, (row + 1) * width + start)
    beyond = np.searchsorted(row * width + start, (row + 1) * width + end, side="right")
    count = np.maximum(beyond - first, 0)
    above = np.repeat(np.arange(len(row)), count)
    within = np.arange(len(above)) - np.repeat(np.cumsum(count) - count, count)
    return above, first[above] + within


def merge_groups(count: int, one: Numbers, other: Numbers) -> Numbers:
    """Return the lowest number in the group of each of ``count`` items, given pairs of the same group."""
    lowest = np.arange(count)
    while True:
        before = lowest.copy()
        least = np.minimum(lowest[one], lowest[other])
        for side in (one, other):
            np.minimum.at(lowest, lowest[side], least)
            np.minimum.at(lowest, side, least)
        lowest = lowest[lowest]
        if np.array_equal(lowest, before):
            return lowest


def dilate(mask: Mask, radius: int) -> Mask:
    """Grow a mask by ``radius`` pixels along rows and columns (a square)."""
    grown = mask
    for axis in (0, 1):
        grown = _dilated_along(grown, radius, axis)
    return grown


def _dilated_along(mask: Mask, radius: int, axis: int) -> Mask:
    line = np.moveaxis(mask, axis, 0)
    grown = line.copy()
    for step in range(1, min(radius, len(line) - 1) + 1):
        grown[step:] |= line[:-step]
        grown[:-step] |= line[step:]
    return np.moveaxis(grown, 0, axis)


def block_any(mask: Mask, step: int) -> Mask:
    """Return for each block of ``step`` x ``step`` pixels whether any is in the mask; the last ones are cut."""
    rows, columns = mask.shape
    whole = np.pad(mask, ((0, -rows % step), (0, -columns % step)))
    blocks: Mask = np.logical_or.reduce([whole[i::step, j::step] for i in range(step) for j in range(step)])
    return blocks
