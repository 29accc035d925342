"""Contact sheet of the demo's results: one row per moment, one column per version of the clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

ROW_HEIGHT = 270
GUTTER = 16
HEADING_HEIGHT = 48
TIME_WIDTH = 84
PAPER, INK, FAINT_INK = "white", "#222222", "#666666"


def contact_sheet(columns: Mapping[str, Path], target: Path, rows: int = 3) -> None:
    """Draw the same moments of several videos side by side.

    :param columns: videos by heading, in column order; the moments are spread over the first one's duration
    :param target: file to write
    :param rows: number of moments, spread evenly over the clip
    """
    length = duration(next(iter(columns.values())))
    moments = [length * (row + 0.5) / rows for row in range(rows)]
    pictures = [[_scaled(picture) for picture in frames_at(video, moments)] for video in columns.values()]

    lefts, right = [], TIME_WIDTH
    for column in pictures:
        lefts.append(right)
        right += column[0].width + GUTTER
    sheet = Image.new("RGB", (right, HEADING_HEIGHT + rows * (ROW_HEIGHT + GUTTER)), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=20)

    for heading, left, column in zip(columns, lefts, pictures, strict=True):
        draw.text((left, HEADING_HEIGHT / 2), heading, fill=INK, font=font, anchor="lm")
        for row, picture in enumerate(column):
            sheet.paste(picture, (left, _top(row)))
    for row, moment in enumerate(moments):
        middle = _top(row) + ROW_HEIGHT / 2
        draw.text((TIME_WIDTH - GUTTER, middle), f"{moment:.1f} s", fill=FAINT_INK, font=font, anchor="rm")
    sheet.save(target)


def duration(video: Path) -> float:
    """Return a video's duration in seconds."""
    with av.open(str(video)) as container:
        if container.duration is None:
            raise ValueError(f"{video.name} has no duration in its metadata")
        return float(container.duration / av.time_base)


def dimensions(video: Path) -> tuple[int, int]:
    """Return a video's width and height; raise ``ValueError`` for a file that is not a video."""
    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            return stream.width, stream.height
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"{video} is not a readable video") from error


def frames_at(video: Path, moments: Sequence[float]) -> list[Image.Image]:
    """Return the frames at these moments, in ascending order; after the video's end, its last frame."""
    frames: list[Image.Image] = []
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            last = frame
            while len(frames) < len(moments) and (frame.time or 0) >= moments[len(frames)]:
                frames.append(frame.to_image())
            if len(frames) == len(moments):
                return frames
    return frames + [last.to_image()] * (len(moments) - len(frames))


def _top(row: int) -> int:
    return HEADING_HEIGHT + row * (ROW_HEIGHT + GUTTER)


def _scaled(picture: Image.Image) -> Image.Image:
    return picture.resize((round(picture.width * ROW_HEIGHT / picture.height), ROW_HEIGHT))
