"""Resizing of images to the limits of an action; needs Pillow, the extra ``images``."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from airflow_provider_viapi.errors import ConfigurationError, InvalidMedia, ServiceError
from airflow_provider_viapi.media_limits import MediaLimits

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES_READ = 100 << 20
"""Size limit of a file that is read to be resized."""

_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF")
_QUALITY = 90
_ORIENTATION = 0x0112
"""The EXIF tag."""


def is_installed() -> bool:
    """Return whether Pillow is installed."""
    try:
        import PIL  # noqa: F401
    except ImportError:
        return False
    return True


def check_installed() -> None:
    """Check that Pillow is installed.

    :raises ConfigurationError: it is not
    """
    if not is_installed():
        raise ConfigurationError("fit=True needs Pillow: pip install 'airflow-provider-viapi[images]'")


def image_formats() -> list[str]:
    """Return what Pillow may open of files from anywhere: images, not programs, such as EPS for Ghostscript."""
    from PIL import Image

    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]


def is_within_limits(file: BinaryIO, size: int, allowed: MediaLimits) -> bool:
    """Return whether an image is within limits, as far as its header shows; true for what is no image.

    :param size: bytes of the file
    """
    from PIL import Image

    try:
        with Image.open(file, formats=image_formats()) as image:
            return size <= (allowed.max_bytes or size) and _is_allowed(image, allowed)
    except Image.DecompressionBombError:
        return False
    except ServiceError:
        raise
    except Exception:
        # What the readers of rare formats raise depends on the damage.
        return True


def _is_allowed(image: Image, allowed: MediaLimits) -> bool:
    # MPO is the JPEG of cameras that add a preview.
    kind = "jpeg" if image.format == "MPO" else str(image.format).lower()
    is_turned = allowed.upright and image.getexif().get(_ORIENTATION, 1) != 1
    return kind in allowed.formats and allowed.allows_pixels(*image.size) and not is_turned


def resize_image(file: Path, display_url: str, allowed: MediaLimits) -> Path | None:
    """Write an image within limits beside the given one; return ``None`` if that is within them already.

    The result is upright, in 8 bits and sRGB; transparency becomes white.

    :param file: the image
    :param display_url: its address, for messages
    :param allowed: the limits of the action
    :return: a JPEG file
    :raises InvalidMedia: it cannot be read, or is too small on one side when the other one is within the limits
    """
    from PIL import Image

    size = file.stat().st_size
    longest = max(allowed.max_pixels or (1024, 1024)) - int(allowed.exclusive)
    try:
        with Image.open(file, formats=image_formats()) as image:
            if size <= (allowed.max_bytes or size) and _is_allowed(image, allowed):
                return None
            image.draft("RGB", (longest, longest))
            upright = _to_eight_bits(_to_channels(_upright(image)))
            upright.thumbnail((longest, longest))
            opaque = _to_srgb_on_white(upright)
    except Image.DecompressionBombError:
        raise InvalidMedia(
            f"{display_url} has more than {2 * (Image.MAX_IMAGE_PIXELS or 0):,} pixels, too many to be resized",
            code="InvalidImage.Resolution",
        ) from None
    except Exception as error:
        raise InvalidMedia(
            f"{display_url} cannot be read as an image ({type(error).__name__})", code="InvalidImage.Decode"
        ) from None
    if not allowed.allows_pixels(*opaque.size):
        raise InvalidMedia(
            f"{display_url} would be {opaque.width}×{opaque.height} pixels; allowed: {allowed.pixels}",
            code="InvalidImage.Resolution",
        )
    resized = file.with_name(f"{file.stem}-resized.jpg")
    opaque.save(resized, "JPEG", quality=_QUALITY)
    while resized.stat().st_size > (allowed.max_bytes or size) and min(opaque.size) > 2 * _least(allowed):
        opaque = opaque.reduce(2)
        opaque.save(resized, "JPEG", quality=_QUALITY)
    return resized


def _least(allowed: MediaLimits) -> int:
    return max(allowed.min_pixels or (1, 1))


def _upright(image: Image) -> Image:
    """Turn an image as its EXIF data say."""
    from PIL.Image import Transpose

    # Pillow's own function writes the other EXIF tags again, and fails at odd ones.
    image.load()
    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    turn = turns.get(image.getexif().get(_ORIENTATION, 1))
    return image if turn is None else image.transpose(turn)


def _to_channels(image: Image) -> Image:
    """Convert what cannot be scaled without a loss: indices of a palette, black and white, L*a*b*."""
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    if image.mode == "1":
        return image.convert("L" if "transparency" not in image.info else "LA")
    if image.mode == "LAB":
        colours = image.convert("RGB")
        # Its profile, if it has one, is of L*a*b*.
        colours.info.pop("icc_profile", None)
        return colours
    return image


def _to_eight_bits(image: Image) -> Image:
    """Scale grey of 16 bits or floating point, which a plain conversion would clip to white."""
    from PIL import Image

    if not image.mode.startswith(("I", "F")):
        return image
    values = image.convert("F")
    high: float = values.getextrema()[1]  # type: ignore[assignment]
    # 16 bits in integers; floating point is from 0 to 1, unless there is more.
    full = 65535.0 if image.mode.startswith("I") and high > 255 else 255.0
    if image.mode == "F":
        full = 1.0 if high <= 1 else 65535.0 if high > 255 else 255.0
    scaled = Image.eval(values, lambda value: value * (255.0 / full)).convert("L")
    scaled.info = {name: value for name, value in image.info.items() if name != "transparency"}
    return scaled


def _to_srgb_on_white(image: Image) -> Image:
    from PIL import Image

    # Not by the names of the bands: L*a*b* has an A, too.
    has_alpha = image.mode in ("RGBA", "LA", "RGBa", "La") or "transparency" in image.info
    if not has_alpha:
        return _to_srgb(image)
    with_alpha = image.convert("RGBA")
    colours = with_alpha.convert("RGB")
    colours.info = image.info
    converted = _to_srgb(colours)
    white = Image.new("RGB", image.size, "white")
    return Image.composite(converted, white, with_alpha.getchannel("A"))


def _to_srgb(image: Image) -> Image:
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, ValueError):
            # A profile for other colours than the image has, or a broken one: other programs ignore it as well.
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")
