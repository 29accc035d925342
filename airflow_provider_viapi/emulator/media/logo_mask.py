"""Detect overlays of a clip that do not move while the frame below changes, such as a station's logo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame

from airflow_provider_viapi.emulator.media.connected_components import Mask, connected_regions, dilate
from airflow_provider_viapi.emulator.media.frames import planes

Map = npt.NDArray[np.float64]

CORNER = 0.4  # height and width of each corner that is searched, as a fraction of the frame's
# In steps of 0-255: an edge of the averaged frame that only an overlay leaves, and how much the luma of half
# of the frame must vary at least.
PERSISTENT_EDGE, MIN_VARIATION = 24.0, 6.0
MAX_CORNER_SHARE = 0.5  # above this share, it is the scene that does not change


def find_logos(frames: Iterable[VideoFrame]) -> Mask:
    """Return the mask of what does not move in the corners of a changing frame: (rows, columns).

    The edges of the scene average out over time, those of a logo do not. Where the scene itself does
    not change, nothing is found.

    :param frames: all of one size; read to the end
    """
    count, squares, totals = 0, np.zeros(()), [np.zeros(())] * 3
    for frame in frames:
        samples = [plane.astype(np.float64) for plane in planes(frame)]
        totals = [total + plane for total, plane in zip(totals, samples, strict=True)]
        count, squares = count + 1, squares + samples[0] ** 2
    means = [total / count for total in totals]
    variation = np.sqrt(np.maximum(squares / count - means[0] ** 2, 0))
    marks = np.zeros(variation.shape, np.bool_)
    if np.median(variation) >= MIN_VARIATION:
        edges = _edges(means)
        for corner in _corners(edges.shape):
            marks[corner] = _solid(edges[corner], reach=max(2, min(edges.shape) // 40))
    return marks


def _edges(means: Sequence[Map]) -> Mask:
    """Return the edges of the averaged luma or chroma; a logo may be as bright as its surroundings."""
    rows, columns = means[0].shape
    edges = np.zeros((rows, columns), np.bool_)
    for mean in means:
        step = -(-rows // mean.shape[0])
        strong = np.hypot(*np.gradient(mean)) > PERSISTENT_EDGE
        edges |= strong.repeat(step, 0).repeat(step, 1)[:rows, :columns]
    return edges


def _corners(shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    rows, columns = (round(CORNER * side) for side in shape)
    return [
        (vertical, horizontal)
        for vertical in (slice(None, rows), slice(shape[0] - rows, None))
        for horizontal in (slice(None, columns), slice(shape[1] - columns, None))
    ]


def _solid(edges: Mask, reach: int) -> Mask:
    """Return the filled outlines of the edges; those within ``reach`` pixels of each other are one."""
    regions = connected_regions(dilate(edges, reach))
    solid = np.zeros(edges.shape, np.bool_)
    for number in np.flatnonzero(regions.count(edges) >= reach**2):
        outline = edges & (regions.labels == number)
        solid |= dilate(_between_first_and_last(outline) & _between_first_and_last(outline.T).T, 3)
    return solid if solid.mean() <= MAX_CORNER_SHARE else np.zeros_like(solid)


def _between_first_and_last(mask: Mask) -> Mask:
    """Fill between the first and the last pixel of each row."""
    after_first = np.logical_or.accumulate(mask, axis=1)
    before_last = np.logical_or.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    between: Mask = after_first & before_last
    return between
