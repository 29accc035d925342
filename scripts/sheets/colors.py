"""Sheets of the actions that change colors and sharpness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from sheets import clips
from sheets.page import Page, Shown, wide

MOMENTS = (12, 60)
FACE = (100, 0, 340, 240)
"""Left, top, right and bottom of the astronaut's face and collar, in pixels of the photograph."""


def adjust_video_color(folder: Path) -> Page:
    """Flat camera footage and a dull clip, computed from one that is neither."""
    original = clips.write(folder / "original.mp4", clips.pictures(clips.bunny(folder / "a.mp4", 3.0)))
    page = Page(
        "AdjustVideoColor",
        "Parameters: Mode as written, the others by default",
        "LogC: grey footage, as an ARRI camera records it, gets its colours back. Rec709: a dull clip reaches "
        "from black to white again. Both were made from the clip on the right, so the nearer to it the better.",
        clips.credit(clips.BUNNY),
    )
    for mode, change in (("LogC", clips.log_c), ("Rec709", clips.dull)):
        given = clips.write(folder / f"{mode}.mp4", [change(pixels) for pixels in clips.pictures(original)])
        made = clips.made("AdjustVideoColor", {"VideoUrl": given, "Mode": mode}, folder)["VideoUrl"]
        captions = [
            f"given: {clips.psnr(given, original):.1f} dB from the original",
            f"made: {clips.psnr(made, original):.1f} dB",
            "the original",
        ]
        columns = [clips.images(video, MOMENTS) for video in (given, made, original)]
        for number, moment in enumerate(MOMENTS):
            page.row(
                [
                    Shown(caption if number == 0 else "", wide(column[number], 320))
                    for caption, column in zip(captions, columns, strict=True)
                ],
                f"Mode={mode}, {moment / clips.RATE:.1f} s",
            )
    return page


def enhance_portrait_video(folder: Path) -> Page:
    """Show a face, and a table that has the colour of skin as well."""
    page = Page(
        "EnhancePortraitVideo",
        "Parameters: none but the file",
        "Skin is sharper: brows, eyes and teeth have more contrast. Nothing is restored, and no face is recognised: "
        "whatever has the colour of skin is sharpened too, such as hair and a wooden table. "
        "The pictures on the right show what changed: differences of brightness, times 6.",
        clips.credit(clips.ASTRONAUT, clips.COFFEE),
    )
    for photograph, box, part in (
        ("astronaut", FACE, (140, 150, 330, 340)),
        ("coffee", (0, 0, 400, 400), None),
    ):
        given = clips.write(folder / f"{photograph}.mp4", clips.nearing(photograph, box, (480, 480)))
        made = clips.made("EnhancePortraitVideo", {"VideoUrl": given}, folder)["VideoUrl"]
        ((before,), (after,)) = (clips.images(video, (12,)) for video in (given, made))
        change = _brightness(after) - _brightness(before)
        difference = Image.fromarray(np.asarray(np.clip(128 + 6 * change, 0, 255), np.uint8)).convert("RGB")
        captions = f"given ({photograph})", "made", "what changed"
        page.row(
            [
                Shown(caption, wide(image, 300))
                for caption, image in zip(captions, (before, after, difference), strict=True)
            ]
        )
        if part:
            close = [wide(image.crop(part), 300) for image in (before, after, difference)]
            page.row([Shown("", image) for image in close], "the same, larger")
    return page


def _brightness(image: Image.Image) -> npt.NDArray[np.float64]:
    return np.asarray(image.convert("L"), np.float64)
