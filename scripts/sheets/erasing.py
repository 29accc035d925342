"""The sheets of what paints something over: subtitles and logos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import media_samples
from sheets import clips
from sheets.page import Page, Shown, wide

SIZE = 640, 360
BAND = np.s_[270:]
LINE = (131, 270, 509, 360)
LOGO_PART = (520, 0, 640, 90)
"""Left, top, right and bottom of where the subtitles are, and of the corner in which the logo is, in pixels."""


def erase_video_subtitles(folder: Path) -> Page:
    """Burnt-in lines, erased, beside the clip that never had them."""
    given, clean = folder / "given.mp4", clips.bunny(folder / "clean.mp4", seconds=4.5)
    media_samples.burn_subtitles(media_samples.big_buck_bunny(), given, seconds=4.5, size=SIZE)
    made = clips.made("EraseVideoSubtitles", {"VideoUrl": given}, folder)["VideoUrl"]
    before, after = (clips.psnr(video, clean, BAND) for video in (given, made))
    page = Page(
        "EraseVideoSubtitles",
        "Parameters: the default band, BX=0, BY=0.75, BW=1, BH=0.25",
        "The letters are gone. Where they were, the grass is smooth: it is painted over from its surroundings, "
        "no blades are invented.",
        clips.credit(clips.BUNNY),
    )
    captions = [
        f"given: lower quarter {before:.1f} dB from the original",
        f"made: lower quarter {after:.1f} dB",
        "the original, which never had subtitles",
    ]
    moments = (18, 56, 100)
    columns = [clips.images(video, moments) for video in (given, made, clean)]
    for number in (0, 1):
        shown = [wide(column[number], 378) for column in columns]
        page.row(
            [
                Shown(caption if number == 0 else "", image)
                for caption, image in zip(captions, shown, strict=True)
            ],
            f"{moments[number] / clips.RATE:.1f} s",
        )
    for number in (1, 2):
        close = [column[number].crop(LINE) for column in columns]
        page.row(
            [Shown("", image) for image in close], f"{moments[number] / clips.RATE:.1f} s, pixel by pixel"
        )
    return page


def erase_video_logo(folder: Path) -> Page:
    """Show a station's disc in the corner of changing scenes, erased by box and by detection."""
    clean, _ = clips.several_shots(folder / "clean.mp4")
    scenes = clips.pictures(clean)
    given = clips.write(folder / "given.mp4", [clips.station_logo(pixels) for pixels in scenes])
    rows, columns, _ = scenes[0].shape
    box = clips.logo_box(columns, rows)
    by_box = clips.made("EraseVideoLogo", {"VideoUrl": given, "Boxes": [box]}, folder)["VideoUrl"]
    found = clips.made("EraseVideoLogo", {"VideoUrl": given}, folder)["VideoUrl"]
    page = Page(
        "EraseVideoLogo",
        f"Parameters: Boxes=[{', '.join(f'{name}: {value}' for name, value in box.items())}], and without Boxes",
        "The red disc is gone, also where nobody said where it is. A smooth patch is left, plain to see "
        "on a busy background: nothing is known of what was behind.",
        clips.several_owners(),
    )
    disc = np.s_[15:75, 550:610]
    captions = [
        f"{name}: {clips.psnr(video, clean, disc):.1f} dB at the logo"
        for name, video in (("given", given), ("made, with the box", by_box), ("made, without", found))
    ]
    _show_logos(page, [*captions, "the original"], [given, by_box, found, clean])
    return page


def _show_logos(page: Page, captions: list[str], videos: list[Path]) -> None:
    moments = (12, 100, 165, 205)
    columns = [clips.images(video, moments) for video in videos]
    for number in (0, 1, 2):
        shown = [wide(column[number], 278) for column in columns]
        page.row(
            [
                Shown(caption if number == 0 else "", image)
                for caption, image in zip(captions, shown, strict=True)
            ],
            f"{moments[number] / clips.RATE:.1f} s",
        )
    for number in (1, 3):
        corners = [_doubled(column[number].crop(LOGO_PART)) for column in columns]
        page.row(
            [Shown("", corner) for corner in corners], f"{moments[number] / clips.RATE:.1f} s, the corner"
        )


def _doubled(image: Image.Image) -> Image.Image:
    return wide(image, 278)
