"""The sheet of the actions on single images, which share one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

import media_samples
from sheets import clips
from sheets.page import Page, Shown, high

HEIGHT = 190
LINE = "Three cups before noon"


def images(folder: Path) -> Page:
    """Photographs, each beside what an action makes of it."""
    photographs = media_samples.photographs()
    coffee, astronaut, chelsea, rocket = (
        photographs[name] for name in ("coffee", "astronaut", "chelsea", "rocket")
    )
    page = Page(
        "Actions on images",
        "Parameters: see each image",
        "Letters and masked parts are filled from their surroundings; sizes, colours and styles change as asked.",
        clips.credit(clips.COFFEE, clips.ASTRONAUT, clips.CHELSEA, clips.ROCKET),
    )
    captioned, mask = _captioned(coffee, folder), _mask(coffee, folder)
    page.row(
        [
            _shown("given", captioned),
            _shown("RemoveImageSubtitles", _made("RemoveImageSubtitles", {"ImageURL": captioned}, folder)),
            _shown("mask", mask),
            _shown("ErasePerson", _made("ErasePerson", {"ImageURL": coffee, "UserMask": mask}, folder)),
        ]
    )
    size = {"Url": astronaut, "Width": 300, "Height": 450}
    color = {"ImageURL": chelsea, "Mode": "LogC", "OutputFormat": "png"}
    page.row(
        [
            _shown("given", astronaut),
            _shown("ChangeImageSize to 300 by 450", _made("ChangeImageSize", size, folder)),
            _shown("given", chelsea),
            _shown("EnhanceImageColor", _made("EnhanceImageColor", color, folder)),
        ]
    )
    like_coffee = {"Url": rocket, "Mode": "REF_PIC", "RefUrl": coffee}
    style = {"ImageURL": rocket, "StyleUrl": coffee}
    page.row(
        [
            _shown("given", rocket),
            _shown("RecolorImage, colours of the coffee", _made("RecolorImage", like_coffee, folder)),
            _shown("ImitatePhotoStyle, of the coffee", _made("ImitatePhotoStyle", style, folder)),
        ]
    )
    return page


def _made(action: str, request: Mapping[str, Any], folder: Path) -> Path:
    """Run an action and return the first file of its result."""
    value = next(
        each for each in clips.answered(action, request, folder).values() if not isinstance(each, int)
    )
    while isinstance(value, list):
        value = value[0]
    return Path(value)


def _shown(caption: str, path: Path) -> Shown:
    with Image.open(path) as image:
        return Shown(caption, high(image.convert("RGB"), HEIGHT))


def _captioned(path: Path, folder: Path) -> Path:
    image = Image.open(path).convert("RGB")
    font = ImageFont.load_default(size=image.height // 12)
    place = image.width / 2, image.height * 0.9
    ImageDraw.Draw(image).text(place, LINE, "white", font, "mm", stroke_width=3, stroke_fill="black")
    image.save(folder / "captioned.png")
    return folder / "captioned.png"


def _mask(path: Path, folder: Path) -> Path:
    """Mark a part of the saucer and the table."""
    with Image.open(path) as image:
        mask = Image.new("L", image.size)
    width, height = mask.size
    box = (0.62 * width, 0.55 * height, 0.98 * width, 0.95 * height)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    mask.save(folder / "mask.png")
    return folder / "mask.png"
