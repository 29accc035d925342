"""RemoveImageSubtitles and ErasePerson: fill parts of an image from their surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from airflow_provider_viapi.emulator.media.connected_components import Mask
from airflow_provider_viapi.emulator.media.erase_video_subtitles import Band
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.frames import NEUTRAL_CHROMA
from airflow_provider_viapi.emulator.media.inpaint import push_pull
from airflow_provider_viapi.emulator.media.still_images import open_image
from airflow_provider_viapi.emulator.media.text_mask import Scale, find_letters, find_strokes, with_outline


def remove_image_subtitles(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Erase white subtitles with a dark outline inside a band, as EraseVideoSubtitles does in each frame.

    :param request: ``ImageURL``, the image; ``BX``, ``BY``, ``BW``, ``BH``, the band in fractions of the image
        (default: 0, 0.75, 1, 0.25)
    :param folder: where to write
    :return: ``ImageURL``, a PNG of the same size; nothing outside of the band changes
    :raises MediaError: the image cannot be read
    """
    image = open_image(request["ImageURL"])
    band = Band(*(request.get(name, getattr(Band, field)) for name, field in _BAND.items()))
    hole = _letters(image)
    inside = np.zeros_like(hole)
    inside[band.pixels(image.width, image.height)] = True
    return {"ImageURL": _filled(image, hole & inside, folder)}


_BAND = {"BX": "x", "BY": "y", "BW": "width", "BH": "height"}


def erase_person(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Fill what a mask marks. People are not recognised: the whole mask is filled.

    :param request: ``ImageURL``, the image; ``UserMask``, an image of the same size that is bright where the
        image is filled
    :param folder: where to write
    :return: ``ImageUrl``, a PNG of the same size
    :raises MediaError: an image cannot be read, or the mask has another size
    """
    image, mask = open_image(request["ImageURL"]), open_image(request["UserMask"])
    if mask.size != image.size:
        raise MediaError(
            "InvalidImage.Resolution",
            f"UserMask is {mask.width}x{mask.height}, the image {image.width}x{image.height}; both need one size",
        )
    return {"ImageUrl": _filled(image, np.asarray(mask.convert("L")) > 127, folder)}


def _letters(image: Image.Image) -> Mask:
    luma, *chroma = (np.array(plane) for plane in image.convert("YCbCr").split())
    colour = np.maximum(*(np.abs(plane.astype(np.int16) - NEUTRAL_CHROMA) for plane in chroma))
    scale = Scale(min(image.size))
    thin = find_strokes(luma, colour.astype(np.uint8), scale)
    return with_outline(find_letters(luma, thin, scale), luma, scale)


def _filled(image: Image.Image, hole: Mask, folder: Path) -> Path:
    target = folder / "image.png"
    planes = [push_pull(np.array(plane), hole) for plane in image.split()]
    Image.fromarray(np.dstack(planes)).save(target, "PNG")
    return target
