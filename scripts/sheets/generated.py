"""The sheet of the video that is put together from photographs and a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import media_samples
from airflow_provider_viapi.emulator.media.generate_video import SHOT_SECONDS, TRANSITION_SECONDS
from airflow_provider_viapi.emulator.media.transitions import WIPES
from sheets import clips
from sheets.clips import RATE
from sheets.page import Page, Shown, high, wide

PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")
SECONDS = 12
ACROSS = 10
"""Pictures in a row."""
SMALL = (1160 - (ACROSS - 1) * 12) // ACROSS


def generate_video(folder: Path) -> Page:
    """Four photographs and a clip as one video, its transitions, and photographs shown at once."""
    clip = clips.bunny(folder / "clip.mp4", seconds=3.0, size=(320, 180))
    files = [*map(_photograph, PHOTOGRAPHS[:2]), _file("video", clip), *map(_photograph, PHOTOGRAPHS[2:])]
    request = {"Scene": "keeporder", "Width": 320, "Height": 240, "Duration": SECONDS}
    video = clips.pictures(_made(files, request, folder))
    page = Page(
        "GenerateVideo",
        {**request, "Style": "normal", "TransitionStyle": "by the pace"},
        "The material comes one after the other in its order; photographs slowly come nearer; one melts into the "
        "next. Each fills the frame, and what is too much is cut off, whatever it shows. No beat is followed.",
        clips.credit(clips.BUNNY, clips.ASTRONAUT, clips.CHELSEA, clips.COFFEE, clips.ROCKET),
    )
    page.row(_material(clip), "given")
    moments = np.linspace(0, len(video) - 1, 2 * ACROSS).astype(int)
    for half in (moments[:ACROSS], moments[ACROSS:]):
        page.row([Shown(f"{moment / RATE:.1f} s", _small(video[moment])) for moment in half])
    start = round(SHOT_SECONDS["normal"] * RATE)
    steps = np.linspace(start - 2, start + round(TRANSITION_SECONDS["normal"] * RATE) + 1, ACROSS).astype(int)
    page.row(
        [Shown(f"{step / RATE:.2f} s", _small(video[step])) for step in steps],
        "one transition, picture by picture",
    )
    _show_styles(page, folder)
    return page


def _show_styles(page: Page, folder: Path) -> None:
    """Every wipe half-way, and several photographs at once."""
    pair = [_photograph("chelsea"), _photograph("coffee")]
    halfway = round((SHOT_SECONDS["slow"] + TRANSITION_SECONDS["slow"] / 2) * RATE)
    small = {"Width": 160, "Height": 120, "DurationAdaption": True, "Style": "slow"}
    shown = []
    for style in WIPES:
        video = clips.pictures(_made(pair, {**small, "TransitionStyle": style}, folder))
        shown.append(Shown(style, _small(video[halfway])))
    puzzle = {**small, "PuzzleEffect": True, "Width": 320, "Height": 240}
    together = clips.pictures(_made([_photograph(name) for name in PHOTOGRAPHS], puzzle, folder))
    shown.append(Shown("PuzzleEffect", _small(together[0])))
    page.row(shown[:ACROSS], "other TransitionStyles, half-way from the cat to the cup; PuzzleEffect=True")
    page.row(shown[ACROSS:])


def _made(files: list[dict[str, Any]], request: dict[str, Any], folder: Path) -> Path:
    return clips.made("GenerateVideo", {"FileList": files, **request}, folder)["VideoUrl"]


def _photograph(name: str) -> dict[str, Any]:
    return _file("image", media_samples.photographs()[name])


def _file(kind: str, path: Path) -> dict[str, Any]:
    return {"Type": kind, "FileName": path.name, "FileUrl": path}


def _material(clip: Path) -> list[Shown]:
    images = [Image.open(media_samples.photographs()[name]).convert("RGB") for name in PHOTOGRAPHS]
    images.insert(2, clips.images(clip, (40,))[0])
    names = [*PHOTOGRAPHS[:2], "Big Buck Bunny, 3 s", *PHOTOGRAPHS[2:]]
    return [Shown(name, high(image, 110)) for name, image in zip(names, images, strict=True)]


def _small(pixels: clips.Pixels) -> Image.Image:
    return wide(Image.fromarray(pixels), SMALL)
