"""Statistics of a whole clip: thumbnails at even distances, detail, and saliency."""

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
MAX_SAMPLES = 64
# Differences of a few steps are the codec's noise; where most of the frame changes, it is another shot.
NOISE, ANOTHER_SHOT = 8, 40


@dataclass(frozen=True)
class FrameSample:
    """A thumbnail of a frame.

    :param planes: Y, U and V, each (rows, columns)
    :param motion: how much the luma of each pixel differs from the frame before, 0-255
    """

    planes: tuple[Plane, Plane, Plane]
    motion: Plane


def sample_frames(frames: Iterable[VideoFrame]) -> list[FrameSample]:
    """Return thumbnails at even distances, 64 at most, however long the clip is.

    :param frames: all of one size; read to the end
    """
    samples: list[FrameSample] = []
    every, before = 1, None
    for number, frame in enumerate(frames):
        luma, u, v = thumbnail(frame)
        if number % every == 0:
            motion = np.zeros_like(luma) if before is None else _difference(luma, before)
            samples.append(FrameSample((luma, u, v), motion))
            if len(samples) > MAX_SAMPLES:
                samples, every = samples[::2], 2 * every
        before = luma
    return samples


def saliency_map(samples: Iterable[FrameSample]) -> Map:
    """Return the weight with which viewers look at each part: (rows, columns), with a sum of 1.

    Contrast to the whole frame, in colour or brightness, counts as much as motion; the centre counts a
    little more than the rim. Faces and objects are not recognised.
    """
    samples = list(samples)
    salient = sum((_share(_saliency(sample)) for sample in samples), start=np.zeros(()))
    moving = sum((_share(sample.motion.astype(np.float64)) for sample in samples), start=np.zeros(()))
    return _share((_share(salient) + _share(moving)) * _middle(salient.shape))


def thumbnail(frame: VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Return Y, U and V of a frame scaled so that its longer side has 160 samples."""
    scale = LONGER_SIDE / max(frame.width, frame.height)
    width, height = (max(8, round(side * scale)) for side in (frame.width, frame.height))
    luma, u, v = planes(frame.reformat(width, height, "yuv444p", interpolation=Interpolation.AREA))
    return luma.copy(), u.copy(), v.copy()


def detail_score(luma: Plane) -> float:
    """Return the detail of a frame: the entropy of its tones in bits, and a little more for strong edges.

    It is 0 for a blank frame.
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


def _saliency(sample: FrameSample) -> Map:
    """Return the distance of the colour around each pixel from the average colour."""
    image = Image.fromarray(np.dstack(sample.planes)).filter(ImageFilter.GaussianBlur(2))
    colours = np.asarray(image, np.float64)
    return np.asarray(np.linalg.norm(colours - colours.mean(axis=(0, 1)), axis=2), np.float64)


def _middle(shape: tuple[int, ...]) -> Map:
    rows, columns = (np.linspace(-1, 1, side) ** 2 for side in shape)
    return 1 - 0.25 * (rows[:, None] + columns)


def _share(weights: Map) -> Map:
    total = weights.sum()
    return weights / total if total else weights
