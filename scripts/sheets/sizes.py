"""Sheets of the actions that change the size of a clip: reframe it, or enlarge it."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from sheets import clips
from sheets.page import Page, Shown, high, magnified, wide

UPRIGHT = {"Width": 360, "Height": 640}
FILLS = {"image": {}, "color": {"R": 250, "G": 200, "B": 60}, "stretch": {}}
TIGHTNESSES = (0.0, 0.3, 0.6, 1.0)
MOMENTS = (12, 70)
FACE = (90, 20, 162, 92)
"""Left, top, right and bottom of the face in a clip of 320x180, in pixels."""


def change_video_size(folder: Path) -> Page:
    """Show a wide clip in an upright frame, in all nine ways."""
    given = clips.bunny(folder / "given.mp4", seconds=3.0)
    page = Page(
        "ChangeVideoSize",
        "Parameters: Width=360, Height=640; CropType and FillType as written; color: R=250, G=200, B=60",
        "smart keeps the rabbit, which is left of the middle; cut takes the middle and loses half of it; "
        "fill keeps the whole picture. What stays free shows a blur, a colour, or nothing when the picture is "
        "stretched. Tightness says how much smart crops.",
        clips.credit(clips.BUNNY),
    )
    smart = []
    for tightness in TIGHTNESSES:
        request = {"VideoUrl": given, **UPRIGHT, "CropType": "smart", "Tightness": tightness}
        (image,) = clips.images(clips.made("ChangeVideoSize", request, folder)["VideoUrl"], MOMENTS[1:])
        smart.append(Shown(f"smart, Tightness={tightness}", high(image, 270)))
    (source,) = clips.images(given, MOMENTS[1:])
    page.row([Shown("given, 640x360", high(source, 270)), *smart])
    nine: tuple[list[Shown], list[Shown]] = [], []
    for crop in ("smart", "cut", "fill"):
        for fill, colour in FILLS.items():
            request = {"VideoUrl": given, **UPRIGHT, "CropType": crop, "FillType": fill, **colour}
            made = clips.made("ChangeVideoSize", request, folder)["VideoUrl"]
            early, late = (wide(image, 118) for image in clips.images(made, MOMENTS))
            nine[0].append(Shown(f"{crop}, {fill}", early))
            nine[1].append(Shown("", late))
    for row, moment in zip(nine, MOMENTS, strict=True):
        page.row(row, f"{moment / clips.RATE:.1f} s")
    return page


def super_resolve_video(folder: Path) -> Page:
    """Show a small clip twice as large, at the same scale as plain enlargements and as the original of that size."""
    given = clips.bunny(folder / "given.mp4", seconds=2.0, size=(320, 180))
    original = clips.bunny(folder / "original.mp4", seconds=2.0)
    made = clips.made("SuperResolveVideo", {"VideoUrl": given}, folder)["VideoUrl"]
    page = Page(
        "SuperResolveVideo",
        "Parameters: none but the file; 320x180 becomes 640x360",
        "Edges are smooth instead of stairs, and a little crisper than by plain (bilinear) enlargement. The fur "
        "and the leaves of the original do not come back: no detail is invented.",
        clips.credit(clips.BUNNY),
    )
    plain = {
        "pixels doubled": Image.Resampling.NEAREST,
        "plain enlargement": Image.Resampling.BILINEAR,
    }
    videos = {
        name: clips.write(folder / f"{name}.mp4", [clips.scaled(p, 2, how) for p in clips.pictures(given)])
        for name, how in plain.items()
    }
    videos["made"] = made
    parts = [(2 * FACE[0], 2 * FACE[1], 2 * FACE[2], 2 * FACE[3]), (380, 60, 524, 204)]
    for part in parts:
        shown = [
            Shown(f"{name}: {clips.psnr(video, original):.1f} dB", _closer(video, part))
            for name, video in videos.items()
        ]
        page.row([*shown, Shown("the original of that size", _closer(original, part))])
    return page


def _closer(video: Path, part: tuple[int, int, int, int]) -> Image.Image:
    (image,) = clips.images(video, (40,))
    return wide(magnified(image, part, 2), 281)
