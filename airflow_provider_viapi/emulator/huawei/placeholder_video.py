"""A placeholder for an avatar video: a still image with the script as subtitles, and silence; marked in a corner."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from airflow_provider_viapi.emulator.media.audio import RATE as SOUND_RATE, silence
from airflow_provider_viapi.emulator.media.audio_tracks import AudioTraits
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.frames import BT_709, from_rgb, working_format
from airflow_provider_viapi.emulator.media.still_images import image_formats
from airflow_provider_viapi.emulator.media.writer import Traits, VideoTarget

RATE = 5
"""Frames per second: only the subtitles change."""

MARK = "emulator placeholder"
"""Text in a corner of every frame."""

MAX_SIDE = 3840
"""Largest width and height in pixels."""

_BACKGROUND, _FIGURE, _WHITE, _OUTLINE = (52, 64, 84), (112, 128, 150), (240, 240, 240), (16, 16, 16)

Cue = tuple[float, float, str]


def read_image(text: str) -> Image.Image:
    """Decode an image in Base64.

    :raises MediaError: it is not an image
    """
    try:
        content = text.partition(",")[2] if text.startswith("data:") else text
        file = io.BytesIO(base64.b64decode(content, validate=True))
        with Image.open(file, formats=image_formats()) as image:
            readable: Image.Image = image.convert("RGB")
            return readable
    except (AttributeError, ValueError, OSError, Image.DecompressionBombError):
        raise MediaError("MSS.00000003", "the image cannot be read, or is not in Base64") from None


def write_video(
    path: Path, image: Image.Image | None, size: tuple[int, int], cues: Sequence[Cue], seconds: float
) -> None:
    """Write a video as MP4 (H.264, AAC).

    :param image: image to show; default: a figure without a face
    :param size: (width, height) in pixels
    :param cues: start, end and text of each subtitle
    :param seconds: duration
    """
    scene = _scene(image, size)
    traits = Traits(size, Fraction(1), Fraction(RATE), Fraction(1, RATE), BT_709)
    with VideoTarget(path, traits, sampled=[AudioTraits()]) as video:
        shown, pixels = None, None
        for number in range(max(1, round(seconds * RATE))):
            line = next((text for begin, end, text in cues if begin <= number / RATE < end), "")
            if pixels is None or line != shown:
                shown, pixels = line, np.asarray(_with_subtitle(scene, line))
            frame = from_rgb(pixels, BT_709).reformat(format=working_format(*size))
            frame.pts, frame.time_base = number, traits.time_base
            video.add_frame(frame)
            video.add_samples(silence(SOUND_RATE // RATE))


def write_cover(path: Path, image: Image.Image | None, size: tuple[int, int]) -> None:
    """Write the still image as JPEG."""
    _scene(image, size).save(path, "JPEG", quality=85)


def _scene(image: Image.Image | None, size: tuple[int, int]) -> Image.Image:
    width, height = size
    scene = Image.new("RGB", size, _BACKGROUND)
    draw = ImageDraw.Draw(scene)
    if image is not None:
        fitted = image.copy()
        fitted.thumbnail(size)
        scene.paste(fitted, ((width - fitted.width) // 2, (height - fitted.height) // 2))
    else:
        middle, head = width / 2, min(size) / 8
        draw.ellipse((middle - head, height * 0.3 - head, middle + head, height * 0.3 + head), fill=_FIGURE)
        shoulders = (middle - 2.2 * head, height * 0.3 + 1.3 * head, middle + 2.2 * head, height * 1.2)
        draw.rounded_rectangle(shoulders, radius=head, fill=_FIGURE)
    _write(draw, (width * 0.02, height * 0.02), MARK, min(size) / 30, anchor="la")
    return scene


def _with_subtitle(scene: Image.Image, line: str) -> Image.Image:
    if not line:
        return scene
    image = scene.copy()
    width, height = image.size
    draw = ImageDraw.Draw(image)
    # The font size makes every line fit into the width.
    letter = min(height / 14, 1.7 * width / max(len(line), 1))
    _write(draw, (width / 2, height * 0.95), line, letter, anchor="md")
    return image


def _write(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, height: float, anchor: str
) -> None:
    font = ImageFont.load_default(max(8.0, height))
    draw.text(
        place, text, fill=_WHITE, font=font, anchor=anchor, stroke_width=max(1, round(height / 14)),
        stroke_fill=_OUTLINE,
    )  # fmt: skip
