"""Transitions between shots.

Most are wipes: a plan says for every pixel when its turn comes, from 0 to 1, and how soft the border is that runs
over the frame. They resemble the service's by name and idea only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]
Turns = npt.NDArray[np.float64]

Plan = Callable[[Turns, Turns, np.random.Generator], Turns]
"""(rows, columns, chance) -> when each pixel turns; rows and columns are positions from 0 to 1."""

BLIND_COUNT = 8
BLOCK_COUNT = 12


def _noise(rows: Turns, chance: np.random.Generator, cells: int, smooth: bool) -> Turns:
    how = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    coarse = Image.fromarray(chance.random((cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize(rows.shape[::-1], how), np.float64)


WIPES: dict[str, tuple[Plan, float]] = {
    "fast": (lambda rows, columns, chance: rows, 0.05),
    "shift": (lambda rows, columns, chance: columns, 0.05),
    "shutter": (lambda rows, columns, chance: (rows * BLIND_COUNT) % 1, 0.1),
    "zoom": (lambda rows, columns, chance: np.maximum(abs(rows - 0.5), abs(columns - 0.5)), 0.1),
    "mask": (lambda rows, columns, chance: np.hypot(rows - 0.5, columns - 0.5), 0.02),
    "mosaic": (lambda rows, columns, chance: _noise(rows, chance, BLOCK_COUNT, smooth=False), 0.02),
    "glitch": (
        lambda rows, columns, chance: _noise(rows, chance, 2 * BLOCK_COUNT, smooth=False)[:, :1] + 0 * rows,
        0.02,
    ),
    "brush": (lambda rows, columns, chance: rows + columns + 0.15 * np.sin(rows * 40), 0.2),
    "wind": (lambda rows, columns, chance: columns + 0.3 * chance.random((len(rows), 1)), 0.1),
    "smog": (lambda rows, columns, chance: _noise(rows, chance, BLOCK_COUNT // 2, smooth=True), 0.8),
    "ink": (
        lambda rows, columns, chance: (
            np.hypot(rows - 0.5, columns - 0.5) + 0.3 * _noise(rows, chance, BLOCK_COUNT, smooth=True)
        ),
        0.15,
    ),
}
"""Transition style -> its plan, and how soft its border is, as a share of the transition."""

FADES = frozenset({"normal", "slow"})
CUT = "basic"


class Transition:
    """A transition of one style for frames of one size.

    :param style: a ``TransitionStyle`` of the service
    :param size: (width, height)
    """

    def __init__(self, style: str, size: tuple[int, int]) -> None:
        width, height = size
        self._turns: Turns | None = None
        if style not in FADES:
            rows, columns = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
            plan, self._softness = WIPES[style]
            turns = plan(rows, columns, np.random.default_rng(0))
            self._turns = (turns - turns.min()) / np.ptp(turns)

    def between(self, before: Pixels, after: Pixels, progress: float) -> Pixels:
        """Blend two frames, (rows, columns, RGB), for ``progress`` from 0 to 1."""
        weight: Turns | float = progress
        if self._turns is not None:
            weight = np.clip((progress * (1 + self._softness) - self._turns) / self._softness, 0, 1)[
                ..., None
            ]
        blended = before + (after.astype(np.float32) - before) * weight
        return np.asarray(np.rint(blended), np.uint8)
