"""ChangeVideoSize: crop a clip to its salient part and fill the rest of the canvas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from airflow_provider_viapi.emulator.media.cover_image import write_cover
from airflow_provider_viapi.emulator.media.crop_layout import Box, apply_layout, plan_layout
from airflow_provider_viapi.emulator.media.frame_stats import FrameSample, saliency_map, sample_frames
from airflow_provider_viapi.emulator.media.frames import Colour, Plane, from_rgb, planes
from airflow_provider_viapi.emulator.media.video import VideoSource, rewrite

MAX_SECONDS = 2 * 60 * 60
TIGHTNESS = 0.6
BLUR = 5  # of the background, in pixels of an image that is 160 pixels long


def change_video_size(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Bring a clip to another size and shape.

    ``smart`` is an approximation by classical means: one crop for the whole clip, around what is salient and
    moves most, as tight as ``Tightness`` says; the rest of the canvas is filled. ``cut`` crops around the
    middle until the canvas is full, ``fill`` crops nothing. The fill is a blurred frame from the middle of
    the clip (``image``), a colour (``color``), or there is none and the frame is stretched (``stretch``).

    :param request: ``VideoUrl``, the file; ``Width`` and ``Height`` of the canvas, 32-2160 pixels;
        ``CropType``, smart, fill or cut (default smart); ``FillType``, image, color or stretch (default
        image); ``Tightness``, 0-1, how much is cropped of what could be (default 0.6); ``R``, ``G``, ``B``,
        0-255, the colour (default black)
    :param folder: where to write
    :return: ``VideoUrl``, an H.264 MP4 of exactly that size, two hours long at most; 4:4:4 when a side is odd
        (see :class:`VideoTarget`). ``VideoCoverUrl``, a JPEG of one of its frames
    :raises MediaError: as :class:`VideoSource` does
    """
    video, cover = folder / "video.mp4", folder / "cover.jpg"
    size = request["Width"], request["Height"]
    smart = request.get("CropType", "smart") == "smart"
    tightness = request.get("Tightness", TIGHTNESS) if smart else float(request["CropType"] == "cut")
    with VideoSource(request["VideoUrl"], deinterlace=True) as clip:
        samples = sample_frames(clip.frames(until=MAX_SECONDS))
    with VideoSource(request["VideoUrl"], deinterlace=True) as clip:
        layout = plan_layout(clip.traits, size, tightness, saliency_map(samples) if smart else None)
        if request.get("FillType") == "stretch":
            layout = replace(layout, place=Box(0, 0, *size))
        background = _background(request, clip.traits.colour, samples[len(samples) // 2])
        traits = replace(clip.traits, size=size, pixel_aspect=Fraction(1))
        rewrite(
            clip,
            video,
            lambda frames: (apply_layout(frame, layout, background) for frame in frames),
            traits=traits,
            until=MAX_SECONDS,
        )
    write_cover(video, cover)
    return {"VideoUrl": video, "VideoCoverUrl": cover}


def _background(request: Mapping[str, Any], meaning: Colour, middle: FrameSample) -> list[Plane]:
    """Return what fills the canvas around the frames: Y, U and V at full size."""
    width, height = request["Width"], request["Height"]
    if request.get("FillType") == "color":
        colour = np.array([[[request.get(name, 0) for name in "RGB"]]], np.uint8)
        return [np.full((height, width), plane[0, 0]) for plane in planes(from_rgb(colour, meaning))]
    small = Image.fromarray(np.dstack(middle.planes)).filter(ImageFilter.GaussianBlur(BLUR))
    large = np.asarray(ImageOps.fit(small, (width, height), Image.Resampling.BICUBIC))
    return [large[..., index] for index in range(3)]
