"""AbstractEcommerceVideo: summarize a product video in a given size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.media.concatenation import write_parts
from airflow_provider_viapi.emulator.media.cover_image import write_cover
from airflow_provider_viapi.emulator.media.crop_layout import apply_layout, plan_layout
from airflow_provider_viapi.emulator.media.shots import best_parts, find_shots
from airflow_provider_viapi.emulator.media.video import VideoSource
from airflow_provider_viapi.emulator.media.writer import Traits

MAX_SIDE = 1300


def abstract_ecommerce_video(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Summarize a video: the liveliest part of as many of its shots as fit, in their order.

    An approximation as for AbstractFilmVideo: it measures motion and detail and does not recognise products.

    :param request: ``VideoUrl``, the file; ``Duration`` of the summary in seconds; ``Width`` and ``Height`` of
        the result, 32-2160 pixels: with one of them the other follows in proportion, with none the size stays;
        with both the middle of the frame is cropped in that shape
    :param folder: where to write
    :return: ``VideoUrl``, an H.264 MP4 of that length to the nearest frame, with audio, its longer side scaled
        down to 1300 pixels at most, as at the service. ``VideoCoverUrl``, a JPEG of one of its frames
    :raises MediaError: as :class:`VideoSource` does
    """
    source, video, cover = request["VideoUrl"], folder / "video.mp4", folder / "cover.jpg"
    with VideoSource(source, deinterlace=True) as clip:
        footage, traits = find_shots(clip.frames()), clip.traits
    size = _size(traits, request.get("Width"), request.get("Height"))
    layout = plan_layout(traits, size, tightness=1.0)
    parts = best_parts(footage, request["Duration"])
    made = replace(traits, size=size, pixel_aspect=Fraction(1))
    with VideoSource(source, deinterlace=True) as clip:
        write_parts(clip, video, footage, parts, made, lambda frame: apply_layout(frame, layout))
    write_cover(video, cover)
    return {"VideoUrl": video, "VideoCoverUrl": cover}


def _size(traits: Traits, width: int | None, height: int | None) -> tuple[int, int]:
    """Return the size asked for, in proportion where a side is missing, scaled down to the longest side."""
    shown = traits.size[0] * traits.pixel_aspect, Fraction(traits.size[1])
    if width and height:
        wanted = Fraction(width), Fraction(height)
    elif width or height:
        scale = width / shown[0] if width else Fraction(height or 0) / shown[1]
        wanted = shown[0] * scale, shown[1] * scale
    else:
        wanted = shown
    scale = min(Fraction(1), MAX_SIDE / max(wanted))
    return _whole(wanted[0] * scale), _whole(wanted[1] * scale)


def _whole(side: Fraction) -> int:
    """Return a given side unchanged, a computed one as the nearest even number."""
    return int(side) if side.denominator == 1 else max(2, round(side / 2) * 2)
