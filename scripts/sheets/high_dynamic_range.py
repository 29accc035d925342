"""The sheet of the clip that is made for HDR screens, larger and at a higher rate."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image

from airflow_provider_viapi.emulator.media.hdr import BT_709_TO_2020, PQ_PEAK, SDR_WHITE
from sheets import clips
from sheets.page import Page, Shown, wide

SECONDS = 2.0
NUMBER = 43
"""The picture of the clip that is looked at; the rabbit moves fast."""
FACE = (200, 60, 340, 200)
RABBIT = (60, 15, 340, 255)
"""Left, top, right and bottom in the enlarged clip, in pixels."""

PQ = 0.8359375, 18.8515625, 18.6875, 0.1593017578125, 78.84375
"""The constants of SMPTE ST 2084: c1, c2, c3, m1 and m2."""

Light = npt.NDArray[np.float64]


def enhance_video_quality(folder: Path) -> Page:
    """Show a clip enlarged, at twice the rate and in HDR."""
    given = clips.bunny(folder / "given.mp4", SECONDS, size=(320, 180))
    (original,) = clips.images(clips.bunny(folder / "original.mp4", SECONDS), (NUMBER,))
    made = clips.made("EnhanceVideoQuality", {"VideoURL": given}, folder)["VideoURL"]
    (before,), (stored,) = clips.images(given, (NUMBER,)), clips.images(made, (2 * NUMBER,))
    light = _lights(made)
    now = _on_sdr(light[2 * NUMBER])
    page = Page(
        "EnhanceVideoQuality",
        "Parameters: by default HDRFormat=PQ, FrameRate=50 and twice the size: 320x180 at 25 becomes 640x360 at 50",
        "The file is for HDR screens; a picture like this cannot show what they do with it. Its numbers shown as "
        "they are, by a program that knows no HDR, are flat and dark. Cut at the white of ordinary screens it is "
        "the clip again, its bright tones lifted. What is yellow asks for more light than that.",
        clips.credit(clips.BUNNY),
    )
    page.row(
        [
            Shown("given", wide(before, 281)),
            Shown("made: its numbers as they are", wide(stored, 281)),
            Shown(f"made: cut at {SDR_WHITE} nits", wide(now, 281)),
            Shown(
                f"made: {SDR_WHITE} nits (grey) to {PQ_PEAK} (yellow)",
                wide(_above_white(light[2 * NUMBER]), 281),
            ),
        ],
        "Light",
    )
    doubled = before.resize(now.size, Image.Resampling.NEAREST)
    sizes = {"given, pixels doubled": doubled, "made": now, "the original of that size": original}
    page.row(
        [Shown(name, wide(image.crop(FACE), 281)) for name, image in sizes.items()],
        "Size: interpolated, no detail is invented",
    )
    numbers = range(2 * NUMBER - 2, 2 * NUMBER + 3)
    page.row(
        [
            Shown(f"{number / 50:.2f} s, {'new' if number % 2 else 'given'}", _rabbit(light[number]))
            for number in numbers
        ],
        "Rate: every second picture is new",
    )
    return page


def _rabbit(light: Light) -> Image.Image:
    return wide(_on_sdr(light).crop(RABBIT), 222)


def _lights(video: Path) -> list[Light]:
    """Return the light of the pictures of a PQ clip in nits: (rows, columns, RGB of BT.2020)."""
    first, second, third, inner, outer = PQ
    lights = []
    with av.open(str(video)) as container:
        for frame in container.decode(video=0):
            root = (frame.to_ndarray(format="rgb48le").astype(np.float64) / 65535) ** (1 / outer)
            lights.append(10_000 * (np.maximum(root - first, 0) / (second - third * root)) ** (1 / inner))
    return lights


def _on_sdr(light: Light) -> Image.Image:
    """Convert light for an SDR screen; what is brighter than its white is clipped."""
    shown = np.clip(light @ np.linalg.inv(BT_709_TO_2020).T / SDR_WHITE, 0, 1) ** (1 / 2.4)
    return Image.fromarray(np.asarray(np.rint(255 * shown), np.uint8))


def _above_white(light: Light) -> Image.Image:
    """Mark pixels brighter than an SDR screen's white in yellow on a dark picture."""
    above = np.clip((light.max(axis=2, keepdims=True) - SDR_WHITE) / (PQ_PEAK - SDR_WHITE), 0, 1)
    grey = np.asarray(_on_sdr(light).convert("L"), np.float64)[..., None] * 0.35
    return Image.fromarray(np.asarray(grey * (1 - above) + np.array([255, 220, 40]) * above, np.uint8))
