"""The material of a generated video: stills with a slow zoom, and parts of clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageOps

from airflow_provider_viapi.emulator.media.audio import Samples, load_audio
from airflow_provider_viapi.emulator.media.crop_layout import apply_layout, plan_layout
from airflow_provider_viapi.emulator.media.frames import rgb
from airflow_provider_viapi.emulator.media.shots import best_parts, find_shots
from airflow_provider_viapi.emulator.media.still_images import open_image
from airflow_provider_viapi.emulator.media.transitions import Pixels
from airflow_provider_viapi.emulator.media.video import VideoSource

RATE = 25  # frames a second of everything that is made here
ZOOM = 0.12  # how much nearer a still comes while it is shown
TOP_SHARE = 0.3  # of what is cut off from a photograph that is too high, as heads are in the upper half
TOLERANCE = 1e-3  # seconds; times of clips are rounded


class Shot(Protocol):
    """Material that is shown for some time."""

    def longest(self, wanted: int) -> int:
        """Return how many of the wanted frames it has."""

    def frames(self, count: int, size: tuple[int, int]) -> Iterator[Pixels]:
        """Yield this many frames, each (rows, columns, RGB); the last one is repeated where it has fewer."""

    def audio(self, count: int) -> Samples | None:
        """Return the audio of this many frames, None when it has none."""


@dataclass(frozen=True)
class Still:
    """A photograph, or several side by side; in motion, it slowly comes nearer.

    :param paths: of the photographs
    :param moving: whether it moves
    """

    paths: tuple[Path, ...]
    moving: bool

    def longest(self, wanted: int) -> int:
        """Return the wanted number: a still can be shown for any time."""
        return wanted

    def frames(self, count: int, size: tuple[int, int]) -> Iterator[Pixels]:
        """Yield the still at that size: excess width is cut on both sides, excess height more below."""
        width, height = (round(side * (1 + ZOOM * self.moving)) for side in size)
        large = _side_by_side(self.paths, (width, height))
        for number in range(count):
            near = number / max(1, count - 1)
            left, top = (width - size[0]) / 2 * near, (height - size[1]) / 2 * near
            part = (left, top, width - left, height - top)
            yield np.asarray(large.resize(size, Image.Resampling.BICUBIC, box=part))

    def audio(self, count: int) -> None:
        """Return None: a still has no audio."""


@dataclass(frozen=True)
class ClipPart:
    """A part of a clip.

    :param path: of the clip
    :param start: in seconds
    :param end: likewise
    """

    path: Path
    start: float
    end: float

    def longest(self, wanted: int) -> int:
        """Return as many as it lasts."""
        return min(wanted, round((self.end - self.start) * RATE))

    def frames(self, count: int, size: tuple[int, int]) -> Iterator[Pixels]:
        """Yield the frames that are shown when it plays, cropped around the middle to that size."""
        made = 0
        with VideoSource(self.path, deinterlace=True) as clip:
            layout = plan_layout(clip.traits, size, tightness=1.0)
            shown = rgb(apply_layout(clip.first, layout))
            for frame in clip.frames(until=self.end):
                while made < count and self.start + made / RATE < frame.time - TOLERANCE:
                    yield shown
                    made += 1
                if made == count:
                    return
                if frame.time + 1 / RATE > self.start:
                    shown = rgb(apply_layout(frame, layout))
        for _ in range(made, count):
            yield shown

    def audio(self, count: int) -> Samples | None:
        """Return the audio of the clip."""
        return load_audio(self.path, self.start, count / RATE)


def best_clip_parts(path: Path, seconds: float, until: float) -> tuple[list[ClipPart], float]:
    """Return the best parts of a clip, and how much of it was analysed, in seconds.

    :param seconds: how long they are altogether
    :param until: where to stop, in seconds
    """
    with VideoSource(path, deinterlace=True) as clip:
        footage = find_shots(clip.frames(until=until))
    parts = best_parts(footage, seconds)
    chosen = [ClipPart(path, footage.times[part.start], footage.times[part.stop]) for part in parts]
    return chosen, footage.times[-1]


def _side_by_side(paths: Sequence[Path], size: tuple[int, int]) -> Image.Image:
    across = ceil(sqrt(len(paths)))
    down = ceil(len(paths) / across)
    whole = Image.new("RGB", size)
    for number, path in enumerate(paths):
        row, column = divmod(number, across)
        columns = min(across, len(paths) - row * across)
        left, right = (size[0] * edge // columns for edge in (column, column + 1))
        top, bottom = (size[1] * edge // down for edge in (row, row + 1))
        whole.paste(_photograph(path, (right - left, bottom - top)), (left, top))
    return whole


def _photograph(path: Path, size: tuple[int, int]) -> Image.Image:
    return ImageOps.fit(
        open_image(path, "InvalidFile"), size, Image.Resampling.LANCZOS, centering=(0.5, TOP_SHARE)
    )
