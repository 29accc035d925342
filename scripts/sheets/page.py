"""The paper of a contact sheet: a heading, rows of pictures with captions, and whose pictures they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from before_after import FAINT_INK, INK, PAPER

WIDTH, MARGIN, GAP = 1200, 20, 12
TITLE, TEXT, CAPTION, CREDIT = 26, 17, 15, 12  # sizes of letters, in pixels
LINE = 1.35  # height of a line of text, in sizes of its letters
WIDTH_OF_A_LETTER = 0.5  # on average and a little more, in sizes
QUALITIES = (80, 75, 70)
LARGEST = 170_000  # bytes

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Shown:
    """A picture on the sheet.

    :param caption: the text above it
    :param picture: the picture, in the size in which it is shown
    """

    caption: str
    picture: Image.Image


@dataclass
class Page:
    """A sheet while it is filled.

    :param action: whose sheet it is
    :param request: the parameters that were used, but for the files
    :param look_for: what the reader should see
    :param credit: whose pictures are shown
    """

    action: str
    request: Mapping[str, Any] | str
    look_for: str
    credit: str
    rows: list[tuple[str, Sequence[Shown]]] = field(default_factory=list)

    def row(self, pictures: Sequence[Shown], heading: str = "") -> None:
        """Add pictures side by side.

        :param heading: what they have in common
        """
        self.rows.append((heading, pictures))

    def save(self, path: Path) -> None:
        """Write the sheet as a JPEG, of the best quality that keeps it small."""
        paper = self._drawn()
        for quality in QUALITIES:
            paper.save(path, "JPEG", quality=quality, optimize=True, progressive=True)
            if path.stat().st_size <= LARGEST:
                return

    def _drawn(self) -> Image.Image:
        paper = Image.new("RGB", (WIDTH, 4000), PAPER)
        pen = _Pen(paper)
        pen.write(self.action, TITLE, INK)
        pen.write(self._parameters(), TEXT, INK)
        pen.write(self.look_for, TEXT, FAINT_INK)
        for heading, pictures in self.rows:
            pen.skip(GAP)
            if heading:
                pen.write(heading, TEXT, INK)
            pen.draw(pictures)
        pen.skip(GAP // 2)
        pen.write(self.credit, CREDIT, FAINT_INK)
        return paper.crop((0, 0, WIDTH, pen.top + MARGIN // 2))

    def _parameters(self) -> str:
        if isinstance(self.request, str):
            return self.request
        given = ", ".join(f"{name}={value}" for name, value in self.request.items())
        return f"Parameters: {given or 'none but the file'}"


class _Pen:
    """Draws from the top of a sheet downwards."""

    def __init__(self, paper: Image.Image) -> None:
        self._paper = paper
        self._draw = ImageDraw.Draw(paper)
        self.top = MARGIN

    def skip(self, height: int) -> None:
        self.top += height

    def write(self, text: str, size: int, ink: str) -> None:
        """Add a paragraph over the whole width."""
        for line in wrap(text, int((WIDTH - 2 * MARGIN) / (size * WIDTH_OF_A_LETTER))):
            self._draw.text((MARGIN, self.top), line, fill=ink, font=_font(size))
            self.top += round(size * LINE)

    def draw(self, pictures: Sequence[Shown]) -> None:
        """Pictures side by side, each below its caption."""
        captions = [
            wrap(shown.caption, max(8, int(shown.picture.width / (CAPTION * WIDTH_OF_A_LETTER))))
            for shown in pictures
        ]
        height = round(CAPTION * LINE) * max(len(lines) for lines in captions)
        left = MARGIN
        for shown, lines in zip(pictures, captions, strict=True):
            for number, line in enumerate(lines):
                top = self.top + number * round(CAPTION * LINE)
                self._draw.text((left, top), line, fill=INK, font=_font(CAPTION))
            self._paper.paste(shown.picture, (left, self.top + height))
            left += shown.picture.width + GAP
        self.top += height + max(shown.picture.height for shown in pictures)


def _font(size: int) -> Font:
    return ImageFont.load_default(size=size)


def high(picture: Image.Image, height: int) -> Image.Image:
    """Scale a picture to a height."""
    return picture.resize((round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS)


def wide(picture: Image.Image, width: int) -> Image.Image:
    """Scale a picture to a width."""
    return picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)


def magnified(picture: Image.Image, box: tuple[int, int, int, int], times: int) -> Image.Image:
    """Enlarge a part of a picture without smoothing; ``box`` is left, top, right and bottom."""
    part = picture.crop(box)
    return part.resize((part.width * times, part.height * times), Image.Resampling.NEAREST)
