"""The sheets of short versions: which parts of a clip they show."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageOps

from airflow_provider_viapi.emulator.media.shots import find_shots
from airflow_provider_viapi.emulator.media.video import VideoSource
from before_after import FAINT_INK, PAPER
from sheets import clips
from sheets.clips import RATE, Pixels
from sheets.page import MARGIN, WIDTH, Page, Shown, high, wide

THUMBNAILS, BAR = 12, 34
SHOT_COLOURS, TAKEN = ("#d8dde3", "#bcc4cd"), "#d0432c"
FEW = np.s_[::2, ::2]
"""The pixels by which pictures are compared."""


def abstract_film_video(folder: Path) -> Page:
    """Show a clip of six shots in four seconds."""
    return _summary(
        "AbstractFilmVideo",
        {"Length": 4},
        "Of ten seconds with six shots four are left: a second of each of four shots, in their order. "
        "What matters to a story it does not know, it takes what is rich in tones and moves.",
        folder,
        shown=4,
        height=118,
    )


def abstract_ecommerce_video(folder: Path) -> Page:
    """Show the same clip in three seconds, in the upright frame of a shop, with a cover."""
    return _summary(
        "AbstractEcommerceVideo",
        {"Duration": 3, "Width": 300, "Height": 400},
        "As AbstractFilmVideo, in the size that a shop asked for: the middle of the picture is cut out, whatever "
        "is there. It does not know what is sold. The cover is one of the pictures.",
        folder,
        shown=6,
        height=190,
    )


def _summary(
    action: str, request: dict[str, Any], look_for: str, folder: Path, shown: int, height: int
) -> Page:
    """Return the sheet of a summary.

    :param shown: how many pictures of it
    :param height: of these, in pixels
    """
    source, _ = clips.several_shots(folder / "given.mp4")
    made = clips.made(action, {"VideoUrl": source, **request}, folder)
    before, after = clips.pictures(source), clips.pictures(made["VideoUrl"])
    origins = _origins(after, before)
    page = Page(action, request, look_for, clips.several_owners())
    with VideoSource(source) as clip:
        cuts = find_shots(clip.frames()).cuts
    page.row(
        [Shown("", timeline(before, (*cuts, len(before)), origins))],
        f"given, {len(before) / RATE:.0f} s; below it in grey its shots, in red what was taken",
    )
    row = [
        Shown(
            f"{number / RATE:.1f} s: from {origins[number] / RATE:.1f} s",
            high(Image.fromarray(after[number]), height),
        )
        for number in middles(len(after), shown)
    ]
    if "VideoCoverUrl" in made:
        with Image.open(made["VideoCoverUrl"]) as cover:
            row.append(Shown("the cover", high(cover.convert("RGB"), height)))
    page.row(row, f"made, {len(after) / RATE:.0f} s")
    return page


def timeline(pictures: Sequence[Pixels], ends: Sequence[int], taken: Sequence[int] = ()) -> Image.Image:
    """Thumbnails of a clip, evenly spread, over a bar that shows its shots and what was taken of them."""
    width = WIDTH - 2 * MARGIN
    thumbnails = [
        wide(Image.fromarray(pictures[number]), width // THUMBNAILS)
        for number in middles(len(pictures), THUMBNAILS)
    ]
    top = thumbnails[0].height + 6
    strip = Image.new("RGB", (width, top + BAR), PAPER)
    for number, thumbnail in enumerate(thumbnails):
        strip.paste(thumbnail, (number * width // THUMBNAILS, 0))
    draw = ImageDraw.Draw(strip)
    for number, (start, end) in enumerate(pairwise(ends)):
        left, right = (place * width / len(pictures) for place in (start, end))
        draw.rectangle((left, top, right, top + BAR), fill=SHOT_COLOURS[number % 2])
        draw.text((left + 4, top + BAR - 4), f"{start / RATE:.1f} s", fill=FAINT_INK, anchor="ls")
    for number in taken:
        left, right = (place * width / len(pictures) for place in (number, number + 1))
        draw.rectangle((left, top, right, top + BAR // 2), fill=TAKEN)
    return strip


def middles(length: int, parts: int) -> list[int]:
    """Return the middles of equal parts."""
    return [int((part + 0.5) * length / parts) for part in range(parts)]


def _origins(made: Sequence[Pixels], source: Sequence[Pixels]) -> list[int]:
    """Return the number of the source's picture that is most similar to each one of the result."""
    rows, columns, _ = made[0].shape
    middles = np.stack([_middle(pixels, (columns, rows))[FEW] for pixels in source])
    return [int(np.abs(middles - pixels[FEW]).mean(axis=(1, 2, 3)).argmin()) for pixels in made]


def _middle(pixels: Pixels, size: tuple[int, int]) -> npt.NDArray[np.int16]:
    """As much of the middle as has the shape of a size, in this size."""
    return np.asarray(ImageOps.fit(Image.fromarray(pixels), size), np.int16)
