"""The clips that the contact sheets start from, made where the action needs something that no sample has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

import media_samples
from airflow_provider_viapi.emulator.media import transform
from airflow_provider_viapi.emulator.media.adjust_video_color import (
    CUT,
    WIDE_GAMUT_TO_BT_709,
    A,
    B,
    C,
    D,
    E,
    F,
)
from airflow_provider_viapi.emulator.media.frames import BT_709, from_rgb, working_format
from airflow_provider_viapi.emulator.media.writer import Traits, VideoTarget

Pixels = npt.NDArray[np.uint8]

RATE = 25
LOGO_RADIUS = 30
EVERYTHING = np.s_[:, :]

BUNNY = "Big Buck Bunny (c) 2008 Blender Foundation, www.bigbuckbunny.org, CC BY 3.0"
ASTRONAUT = "astronaut: NASA, public domain"
CHELSEA = "cat: Stefan van der Walt, CC0"
COFFEE = "coffee: Rachel Michetti, CC0"
ROCKET = "rocket: SpaceX, public domain"

PARTS_OF_THE_BUNNY = slice(0, 55), slice(75, 130)
PICTURES_OF_A_PHOTOGRAPH = 35
SEVERAL = (640, 360)
"""The size of the clip of several shots, in pixels."""


def credit(*owners: str) -> str:
    """Return the line with the authors of a sheet's pictures."""
    return f"Stills, changed as described, from {'; '.join(owners)}."


def made(action: str, request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Run an action in a new folder inside the given one; return the files of its result."""
    return answered(action, request, folder)


def answered(action: str, request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Run an action whose result holds more than files."""
    return transform(action, request, Path(mkdtemp(dir=folder)))


def pictures(video: Path) -> list[Pixels]:
    """Every picture of a clip: (rows, columns, RGB)."""
    with av.open(str(video)) as container:
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in container.decode(video=0)]


def images(video: Path, numbers: Sequence[int]) -> list[Image.Image]:
    """Return some pictures of a clip by their numbers."""
    every = pictures(video)
    return [Image.fromarray(every[number]) for number in numbers]


def write(target: Path, frames: Sequence[Pixels], rate: int = RATE) -> Path:
    """Write pictures, all of one size, as a clip in the colours of HD screens."""
    size = frames[0].shape[1], frames[0].shape[0]
    traits = Traits(size, Fraction(1), Fraction(rate), Fraction(1, rate), BT_709)
    with VideoTarget(target, traits) as written:
        for number, pixels in enumerate(frames):
            picture = from_rgb(pixels, BT_709).reformat(format=working_format(*size))
            picture.pts, picture.time_base = number, traits.time_base
            written.add_frame(picture)
    return target


def psnr(one: Path, other: Path, part: Any = EVERYTHING) -> float:
    """Return the PSNR of two clips, or of the same part of their pictures, in dB."""
    errors = [
        np.square(a[part].astype(np.float64) - b[part]).mean()
        for a, b in zip(pictures(one), pictures(other), strict=True)
    ]
    return float(10 * np.log10(255**2 / np.mean(errors)))


def scaled(pixels: Pixels, times: int, how: Image.Resampling) -> Pixels:
    """Enlarge a picture by a factor."""
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((image.width * times, image.height * times), how))


def bunny(target: Path, seconds: float, size: tuple[int, int] = (640, 360)) -> Path:
    """Write a part of Big Buck Bunny."""
    media_samples.clean_copy(media_samples.big_buck_bunny(), target, seconds=seconds, size=size)
    return target


def several_shots(target: Path) -> tuple[Path, list[int]]:
    """Ten seconds with hard cuts: two parts of Big Buck Bunny, and four photographs that come nearer.

    :return: the clip, and the numbers of the pictures with which its shots begin
    """
    film = pictures(bunny(target.with_name("bunny.mp4"), seconds=5.5, size=SEVERAL))
    emerging, yawning = (film[part] for part in PARTS_OF_THE_BUNNY)
    astronaut, coffee, cat, rocket = (
        nearing(photograph, box, SEVERAL, PICTURES_OF_A_PHOTOGRAPH, nearer=0.12)
        for photograph, box in (
            ("astronaut", (0, 0, 512, 288)),
            ("coffee", (0, 40, 600, 377)),
            ("chelsea", (0, 10, 451, 264)),
            ("rocket", (0, 60, 640, 420)),
        )
    )
    shots = [emerging, astronaut, coffee, yawning, cat, rocket]
    begins = [sum(map(len, shots[:number])) for number in range(len(shots))]
    return write(target, [pixels for shot in shots for pixels in shot]), begins


def several_owners() -> str:
    """Return the credit of that clip."""
    return credit(BUNNY, ASTRONAUT, COFFEE, CHELSEA, ROCKET)


def station_logo(pixels: Pixels) -> Pixels:
    """Draw a red disc and the name of a station into the upper right corner of a picture."""
    image = Image.fromarray(pixels)
    width, radius = image.width, LOGO_RADIUS
    x, y = width - 2 * radius, round(1.5 * radius)
    draw = ImageDraw.Draw(image)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(210, 30, 40))
    draw.text((x, y), "TV 9", fill="white", font=ImageFont.load_default(size=radius * 0.7), anchor="mm")
    return np.asarray(image)


def logo_box(width: int, height: int) -> dict[str, float]:
    """Return the box around that logo in the form of ``Boxes``, with a margin."""
    side = 2.4 * LOGO_RADIUS
    return {
        "X": round(1 - 3.2 * LOGO_RADIUS / width, 3),
        "Y": round(0.3 * LOGO_RADIUS / height, 3),
        "W": round(side / width, 3),
        "H": round(side / height, 3),
    }


def log_c(pixels: Pixels) -> Pixels:
    """Simulate an ARRI camera's recording of this scene: flat and grey."""
    display = pixels / 255
    light = np.where(display < 0.081, display / 4.5, ((display + 0.099) / 1.099) ** (1 / 0.45))
    scene = light @ np.linalg.inv(WIDE_GAMUT_TO_BT_709).T
    recorded = np.where(scene > CUT, C * np.log10(A * scene + B) + D, E * scene + F)
    return np.asarray(np.rint(recorded * 255), np.uint8)


def dull(pixels: Pixels) -> Pixels:
    """Dull weather: nothing is black or white any more."""
    return np.asarray(np.rint(pixels * 0.6 + 45), np.uint8)


def nearing(
    photograph: str,
    box: tuple[int, int, int, int],
    size: tuple[int, int],
    length: int = RATE,
    nearer: float = 0.05,
) -> list[Pixels]:
    """Return pictures of a slow zoom into a photograph.

    :param box: what it shows at first: left, top, right and bottom in pixels of the photograph
    :param length: how many pictures; a second of them by default
    :param nearer: the share of the box that is lost on each side in the end
    """
    with Image.open(media_samples.photographs()[photograph]) as opened:
        image = opened.convert("RGB")
    left, top, right, bottom = box
    frames = []
    for number in range(length):
        step = nearer * number / length
        across, down = (right - left) * step, (bottom - top) * step
        part = (left + across, top + down, right - across, bottom - down)
        frames.append(np.asarray(image.resize(size, Image.Resampling.LANCZOS, box=part)))
    return frames
