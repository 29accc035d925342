"""Sheet of frame interpolation: the frames between two frames of the source."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image

from sheets import clips
from sheets.clips import RATE, Pixels
from sheets.page import Page, Shown, wide

RABBIT = 80, 15, 330, 255
"""Left, top, right and bottom of what moves in Big Buck Bunny at 640x360, in pixels."""


def interpolate_video_frame(folder: Path) -> Page:
    """Show a clip without every second picture, and the interpolated ones."""
    whole = clips.pictures(clips.bunny(folder / "whole.mp4", seconds=5.0))
    given = clips.write(folder / "given.mp4", whole[::2])
    request = {"VideoURL": given, "FrameRate": 2 * RATE}
    missing = whole[1:-1:2]
    made = clips.pictures(clips.made("InterpolateVideoFrame", request, folder)["VideoURL"])[
        1 : 2 * len(missing) : 2
    ]
    kept = clips.pictures(given)
    mixed = [np.asarray(np.mean(pair, axis=0), np.uint8) for pair in pairwise(kept)]
    alike, alike_mixed = (list(map(_likeness, some, missing)) for some in (made, mixed[: len(missing)]))
    page = Page(
        "InterpolateVideoFrame",
        f"Parameters: FrameRate={2 * RATE}; the clip has {RATE} a second, every other picture of a longer one",
        "The second picture was not in the file, it was made from the first and the last. Arms and ears are where "
        "they were on the way, not in two places as in a mixture of both. What moves far, turns or hides is "
        f"smeared, such as the ears and the hand. On the average of {len(missing)} pictures it is "
        f"{np.mean(alike):.1f} dB from what was left out, the mixture {np.mean(alike_mixed):.1f} dB.",
        clips.credit(clips.BUNNY),
    )
    ranked = np.argsort(alike)
    places = {"the median": len(ranked) // 2, "one of the fastest": len(ranked) // 10, "the worst": 0}
    for name, number in ((name, int(ranked[place])) for name, place in places.items()):
        shown = {
            "given": kept[number],
            f"made: {alike[number]:.1f} dB": made[number],
            f"a mixture: {alike_mixed[number]:.1f} dB": mixed[number],
            "what was left out": missing[number],
            "given, the next one": kept[number + 1],
        }
        page.row(_rabbits(shown.items()), name)
    return page


def _rabbits(pictures: Iterable[tuple[str, Pixels]]) -> list[Shown]:
    return [Shown(caption, wide(Image.fromarray(pixels).crop(RABBIT), 222)) for caption, pixels in pictures]


def _likeness(one: Pixels, other: Pixels) -> float:
    """PSNR in dB where the rabbit is."""
    left, top, right, bottom = RABBIT
    part = np.s_[top:bottom, left:right]
    error = np.square(one[part].astype(np.float64) - other[part]).mean()
    return float(10 * np.log10(255**2 / error))
