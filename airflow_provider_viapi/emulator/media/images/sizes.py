"""MakeSuperResolutionImage, GenerateSuperResolutionImage and ChangeImageSize."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from airflow_provider_viapi.emulator.media.crop_layout import heaviest_span
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.frame_stats import LONGER_SIDE, FrameSample, saliency_map
from airflow_provider_viapi.emulator.media.still_images import open_image

MAX_FACTOR, MAX_SIDE = 8, 16384
FORMATS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "bmp": "BMP"}
DEFAULT_QUALITY = 95


def make_super_resolution_image(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Enlarge an image with a Lanczos filter, which adds no detail; Mode ``enhancement`` sharpens it.

    :param request: ``Url``, the image; ``UpscaleFactor``, 1-4 (default: 2); ``Mode``; ``OutputFormat`` (default:
        png); ``OutputQuality``
    :param folder: where to write
    :return: ``Url``, the larger image
    :raises MediaError: the image cannot be read, or the output would be too large
    """
    sharpened = request.get("Mode", "base") == "enhancement"
    enlarged = _enlarged(open_image(request["Url"]), request.get("UpscaleFactor", 2), sharpened=sharpened)
    return {"Url": _saved(enlarged, request, folder)}


def generate_super_resolution_image(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Enlarge an image with a Lanczos filter and sharpen it; the service generates detail, which this does not.

    :param request: ``ImageUrl``, the image; ``Scale`` (default: 2); ``OutputFormat``; ``OutputQuality``
    :param folder: where to write
    :return: ``ResultUrl``, the larger image
    :raises MediaError: the image cannot be read, or the output would be too large
    """
    enlarged = _enlarged(open_image(request["ImageUrl"]), request.get("Scale", 2), sharpened=True)
    return {"ResultUrl": _saved(enlarged, request, folder)}


def change_image_size(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Crop an image to the shape of the output around what is salient, and scale it.

    :param request: ``Url``, the image; ``Width`` and ``Height`` of the output in pixels
    :param folder: where to write
    :return: ``Url``, a PNG of exactly that size; ``RetainLocation``, what was kept of the image
    :raises MediaError: the image cannot be read, or the output would be too large
    """
    image, target = open_image(request["Url"]), folder / "image.png"
    width, height = request["Width"], request["Height"]
    if max(width, height) > MAX_SIDE:
        raise MediaError("InvalidParameter", f"the output is at most {MAX_SIDE} pixels wide and high")
    left, top, right, bottom = _crop(image, width / height)
    image.crop((left, top, right, bottom)).resize((width, height), Image.Resampling.LANCZOS).save(target)
    kept = {"X": left, "Y": top, "Width": right - left, "Height": bottom - top}
    return {"Url": target, "RetainLocation": kept}


def _crop(image: Image.Image, shape: float) -> tuple[int, int, int, int]:
    """Return the box of a certain shape (width / height) with most of what is salient."""
    small = image.copy()
    small.thumbnail((LONGER_SIDE, LONGER_SIDE))
    luma, u, v = (np.array(plane) for plane in small.convert("YCbCr").split())
    weights = saliency_map([FrameSample((luma, u, v), np.zeros_like(luma))])
    if not weights.any():
        weights = np.ones_like(weights)
    width, height = image.size
    wider = width / height / shape
    if wider > 1:
        left, across = heaviest_span(weights.sum(axis=0), 1 / wider, width)
        return left, 0, left + across, height
    top, down = heaviest_span(weights.sum(axis=1), wider, height)
    return 0, top, width, top + down


def _enlarged(image: Image.Image, factor: int, *, sharpened: bool) -> Image.Image:
    size = image.width * factor, image.height * factor
    if not 1 <= factor <= MAX_FACTOR or max(size) > MAX_SIDE:
        raise MediaError(
            "InvalidParameter",
            f"the emulator enlarges 1 to {MAX_FACTOR} times, up to {MAX_SIDE} pixels a side",
        )
    large = image.resize(size, Image.Resampling.LANCZOS)
    return large.filter(ImageFilter.UnsharpMask(radius=factor, percent=80)) if sharpened else large


def _saved(image: Image.Image, request: Mapping[str, Any], folder: Path) -> Path:
    kind = str(request.get("OutputFormat", "png")).lower()
    if kind not in FORMATS:
        raise MediaError("InvalidParameter", f"OutputFormat must be one of {', '.join(FORMATS)}")
    target = folder / f"image.{kind}"
    quality = {"quality": request.get("OutputQuality", DEFAULT_QUALITY)} if FORMATS[kind] == "JPEG" else {}
    image.save(target, FORMATS[kind], **quality)
    return target
