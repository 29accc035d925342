"""Sheets of shot detection and covers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image, ImageSequence

from before_after import PAPER
from sheets import clips
from sheets.clips import RATE
from sheets.page import GAP, MARGIN, WIDTH, Page, Shown, wide
from sheets.summaries import middles, timeline

ROOM = WIDTH - 2 * MARGIN
FRAMES_OF_A_GIF = 8


def detect_video_shot(folder: Path) -> Page:
    """Show a clip of six shots and the cuts that were found."""
    source, begins = clips.several_shots(folder / "given.mp4")
    found = clips.answered("DetectVideoShot", {"VideoUrl": source}, folder)["ShotFrameIds"]
    given = clips.pictures(source)
    page = Page(
        "DetectVideoShot",
        {},
        "Each shot begins with the first picture of another scene, and the picture before is still of the last "
        "one. These are hard cuts; a dissolve or a fade would not be found.",
        clips.several_owners(),
    )
    page.row(
        [Shown("", timeline(given, (*found, len(given))))],
        f"given, {len(given) / RATE:.0f} s, cut together at {', '.join(map(str, begins))}; below it in grey the "
        "shots that were found",
    )
    width = _width(len(found))
    page.row(
        [Shown(f"{number}", wide(Image.fromarray(given[number]), width)) for number in found],
        f"ShotFrameIds={found}: the pictures of these numbers",
    )
    page.row(
        [
            Shown(f"{number - 1}", wide(Image.fromarray(given[number - 1]), width))
            if number
            else Shown("", Image.new("RGB", (width, 1), PAPER))
            for number in found
        ],
        "the picture before each of them",
    )
    return page


def generate_video_cover(folder: Path) -> Page:
    """Show the covers of the same clip, still and animated."""
    source, _ = clips.several_shots(folder / "given.mp4")
    stills, animations = (_covers(source, folder, is_gif=is_gif) for is_gif in (False, True))
    given = clips.pictures(source)
    page = Page(
        "GenerateVideoCover",
        "Parameters: IsGif=False, and IsGif=True",
        "Three covers from three different shots, sharp and rich in tones. Whether they are beautiful, or show what "
        "the clip is about, is not judged. The GIF shows up to two seconds of the shot.",
        clips.several_owners(),
    )
    width = _width(12)
    page.row(
        [Shown("", wide(Image.fromarray(given[number]), width)) for number in middles(len(given), 12)],
        f"given, {len(given) / RATE:.0f} s",
    )
    row = []
    for output in stills:
        with Image.open(output["ImageURL"]) as cover:
            row.append(Shown(f"Confidence={output['Confidence']}", wide(cover.convert("RGB"), _width(3))))
    page.row(row, "made, IsGif=False: all covers")
    with Image.open(animations[0]["ImageURL"]) as gif:
        frames = [(frame.info["duration"], frame.convert("RGB")) for frame in ImageSequence.Iterator(gif)]
    length, width = sum(duration for duration, _ in frames) / 1000, _width(FRAMES_OF_A_GIF)
    numbers = middles(len(frames), min(len(frames), FRAMES_OF_A_GIF))
    page.row(
        [Shown(f"frame {number}", wide(frames[number][1], width)) for number in numbers],
        f"made, IsGif=True: {len(numbers)} of {len(frames)} frames of the first GIF, {length:.1f} s",
    )
    return page


def _covers(source: Path, folder: Path, *, is_gif: bool) -> list[dict[str, Any]]:
    request = {"VideoUrl": source, "IsGif": is_gif}
    outputs: list[dict[str, Any]] = clips.answered("GenerateVideoCover", request, folder)["Outputs"]
    return outputs


def _width(number: int) -> int:
    """Return the width of pictures side by side."""
    return (ROOM - (number - 1) * GAP) // number
