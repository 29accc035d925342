"""What a clip looks like as a whole: small pictures from all over it, and where in the frame viewers look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from PIL import Image, ImageFilter

from airflow_provider_viapi.emulator.media.frames import Plane, planes

Map = npt.NDArray[np.float64]

LONGER_SIDE = 160
MOST_GLIMPSES = 64
# Differences of a few steps are the codec's noise; where most of the picture changes, it is another shot.
NOISE, ANOTHER_SHOT = 8, 40


@dataclass(frozen=True)
class Glimpse:
    """A picture made small.

    :param planes: Y, U and V, each (rows, columns)
    :param motion: how much the luma of each pixel differs from the picture before, 0-255
    """

    planes: tuple[Plane, Plane, Plane]
    motion: Plane


def survey(pictures: Iterable[VideoFrame]) -> list[Glimpse]:
    """Small pictures at even distances, 64 at most, however long the clip is.

    :param pictures: all of one size; read to the end
    """
    glimpses: list[Glimpse] = []
    every, before = 1, None
    for number, picture in enumerate(pictures):
        luma, u, v = small(picture)
        if number % every == 0:
            motion = np.zeros_like(luma) if before is None else _difference(luma, before)
            glimpses.append(Glimpse((luma, u, v), motion))
            if len(glimpses) > MOST_GLIMPSES:
                glimpses, every = glimpses[::2], 2 * every
        before = luma
    return glimpses


def attention(glimpses: Iterable[Glimpse]) -> Map:
    """Where in the frame viewers probably look: (rows, columns) of weights that sum up to 1.

    What stands out in colour or brightness from the whole picture counts as much as what moves; the middle
    counts a little more than the rim. It knows nothing of faces or things.
    """
    glimpses = list(glimpses)
    standing_out = sum((_share(_standing_out(glimpse)) for glimpse in glimpses), start=np.zeros(()))
    moving = sum((_share(glimpse.motion.astype(np.float64)) for glimpse in glimpses), start=np.zeros(()))
    return _share((_share(standing_out) + _share(moving)) * _middle(standing_out.shape))


def small(picture: VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Y, U and V of a picture made so small that its longer side has 160 samples."""
    scale = LONGER_SIDE / max(picture.width, picture.height)
    width, height = (max(8, round(side * scale)) for side in (picture.width, picture.height))
    luma, u, v = planes(picture.reformat(width, height, "yuv444p", interpolation=Interpolation.AREA))
    return luma.copy(), u.copy(), v.copy()


def richness(luma: Plane) -> float:
    """How much there is to see: the entropy of the tones in bits, and a little more for strong edges.

    It is 0 for a blank picture.
    """
    share = np.bincount(luma.ravel() >> 3, minlength=32) / luma.size
    share = share[share > 0]
    edges = np.abs(np.diff(luma.astype(np.int16), axis=1)).mean()
    return float(-(share * np.log2(share)).sum() + 0.25 * np.log2(1 + edges))


def _difference(luma: Plane, before: Plane) -> Plane:
    difference = np.abs(luma.astype(np.int16) - before)
    if difference.mean() > ANOTHER_SHOT:
        return np.zeros_like(luma)
    return np.asarray(np.maximum(difference - NOISE, 0), np.uint8)


def _standing_out(glimpse: Glimpse) -> Map:
    """How far the colour around each pixel is from the average colour of the picture."""
    image = Image.fromarray(np.dstack(glimpse.planes)).filter(ImageFilter.GaussianBlur(2))
    colours = np.asarray(image, np.float64)
    return np.asarray(np.linalg.norm(colours - colours.mean(axis=(0, 1)), axis=2), np.float64)


def _middle(shape: tuple[int, ...]) -> Map:
    rows, columns = (np.linspace(-1, 1, side) ** 2 for side in shape)
    return 1 - 0.25 * (rows[:, None] + columns)


def _share(weights: Map) -> Map:
    total = weights.sum()
    return weights / total if total else weights
