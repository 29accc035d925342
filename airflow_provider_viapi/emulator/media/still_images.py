"""Open images of users: upright, opaque, 8 bits of sRGB, whatever the file holds."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from airflow_provider_viapi.emulator.media.errors import MediaError

MAX_PIXELS = 8192 * 8192
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF")
_ORIENTATION = 0x0112
"""The EXIF tag."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_OPAQUE_MODES = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK"}


def image_formats() -> list[str]:
    """Return what Pillow may open of files from anywhere: images, not programs, such as EPS for Ghostscript."""
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def open_image(path: Path, kind: str = "InvalidImage") -> Image.Image:
    """Return an image as RGB: turned by its EXIF orientation, on white, converted from its profile to sRGB.

    :param kind: prefix of the error codes: InvalidImage, or InvalidFile where it is one of several files
    :raises MediaError: ``….Decode`` when the file cannot be read as an image, ``….Resolution`` when it has more
        than 8192x8192 pixels
    """
    try:
        with Image.open(path, formats=image_formats()) as image:
            if image.width * image.height > MAX_PIXELS:
                raise MediaError(
                    f"{kind}.Resolution",
                    f"the image is {image.width}x{image.height}, at most {MAX_PIXELS} pixels are supported",
                )
            return to_srgb(image)
    except Image.DecompressionBombError as error:
        raise MediaError(f"{kind}.Resolution", f"the image has more than {MAX_PIXELS} pixels") from error
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        raise MediaError(f"{kind}.Decode", "the file cannot be read as an image") from error


def to_srgb(image: Image.Image) -> Image.Image:
    """Return an image as RGB: 8 bits, upright, on white, in sRGB."""
    upright = _eight_bit(_upright(image))
    if upright.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in upright.info:
        alpha = upright.convert("RGBA").getchannel("A")
    else:
        alpha = None
    opaque = upright.convert(_OPAQUE_MODES.get(upright.mode, "RGB"))
    colours = _from_profile(opaque, image.info.get("icc_profile"))
    if alpha is None:
        return colours
    return Image.composite(colours, Image.new("RGB", colours.size, "white"), alpha)


def _upright(image: Image.Image) -> Image.Image:
    """Turn an image as its EXIF data say, whatever else is in them."""
    image.load()
    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Return a grey image of 16 bits or floating point at 8 bits; a plain conversion would clip it."""
    if not image.mode.startswith(("I", "F")):
        return image
    values = np.asarray(image).astype(np.float64)
    # Floating point is from 0 to 1, unless there is more.
    largest = 65535 if image.mode != "F" or values.max() > 255 else 255 if values.max() > 1 else 1
    samples = np.rint(np.nan_to_num(values) * (255 / largest))
    return Image.fromarray(np.clip(samples, 0, 255).astype(np.uint8))


def _from_profile(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert colours from an ICC profile to sRGB; one that is damaged or of other channels is ignored."""
    converted = None
    if profile:
        try:
            source, target = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
    return converted or image.convert("RGB")
