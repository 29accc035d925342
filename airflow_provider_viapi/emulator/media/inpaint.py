"""Fill holes of an image from their surroundings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from airflow_provider_viapi.emulator.media.connected_components import Mask
from airflow_provider_viapi.emulator.media.frames import Plane

Samples = npt.NDArray[np.float32]


def push_pull(plane: Plane, hole: Mask) -> Plane:
    """Fill a hole of a plane smoothly from its rim; the rest is unchanged.

    The known samples are averaged into ever coarser levels until these have no hole, then the levels are
    interpolated back, each only where the finer one has no samples. It generates no texture.

    :param plane: (rows, columns) of samples
    :param hole: where the samples are replaced; when that is everywhere, the plane is returned unchanged
    """
    if not hole.any() or hole.all():
        return plane
    known = (~hole).astype(np.float32)
    levels = [(plane * known, known)]
    while levels[-1][1].min() == 0:
        levels.append(_coarser(*levels[-1]))
    filled, _ = levels.pop()
    for values, weights in reversed(levels):
        filled = weights * values + (1 - weights) * _finer(filled, values.shape)
    return np.where(hole, np.rint(filled), plane).astype(np.uint8)


def _coarser(values: Samples, weights: Samples) -> tuple[Samples, Samples]:
    """Halve the size: the weighted mean of each 2x2 block, known as far as any of the four is."""
    total, weight = _sum_of_blocks(values * weights), _sum_of_blocks(weights)
    return total / np.maximum(weight, np.float32(1e-6)), np.minimum(weight, 1)


def _sum_of_blocks(values: Samples) -> Samples:
    rows, columns = values.shape
    padded = np.pad(values, ((0, rows % 2), (0, columns % 2)))
    return padded[0::2, 0::2] + padded[1::2, 0::2] + padded[0::2, 1::2] + padded[1::2, 1::2]


def _finer(values: Samples, shape: tuple[int, ...]) -> Samples:
    """Double the size, linearly interpolated, cut to ``shape``."""
    for axis in (0, 1):
        line = np.moveaxis(values, axis, 0)
        before, after = np.concatenate([line[:1], line[:-1]]), np.concatenate([line[1:], line[-1:]])
        doubled = np.empty((2 * line.shape[0], *line.shape[1:]), np.float32)
        doubled[0::2], doubled[1::2] = 0.75 * line + 0.25 * before, 0.75 * line + 0.25 * after
        values = np.moveaxis(doubled, 0, axis)
    return values[: shape[0], : shape[1]]
