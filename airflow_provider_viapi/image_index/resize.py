"""Resizing of images for image search; needs Pillow, the extra ``images``."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_viapi.alibaba.parameters import Media, MediaLimits
from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE
from airflow_provider_viapi.errors import ConfigurationError, InvalidMedia

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_BYTES_READ = 100 << 20
"""Size limit of a file that is read to be resized."""

_QUALITY = 90
_ACCEPTED_FORMATS = frozenset({"JPEG", "MPO", "PNG"})


def check_installed() -> None:
    """Check that Pillow is installed.

    :raises ConfigurationError: it is not
    """
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            "fit=True needs Pillow: pip install 'airflow-provider-viapi[images]'", code="ConfigurationError"
        ) from None


def limits() -> MediaLimits:
    """Return the limits of AddImage."""
    (media,) = (each for each in ADD_IMAGE.parameters if isinstance(each, Media))
    return media.limits[0]


def fit(file: Path, display_url: str) -> Path | None:
    """Write an image within AddImage's limits beside the given one; return ``None`` if that is within them already.

    The result is upright, in 8 bits and sRGB; transparency becomes white.

    :param file: the image
    :param display_url: its address, for messages
    :return: a JPEG file
    :raises InvalidMedia: it cannot be read, or is too small on one side when the other one fits
    """
    from PIL import Image, ImageOps

    allowed = limits()
    longest = max(allowed.max_pixels or (1024, 1024)) - 1
    try:
        with Image.open(file) as image:
            if (
                image.format in _ACCEPTED_FORMATS
                and allowed.allows_pixels(*image.size)
                and file.stat().st_size <= (allowed.max_bytes or 0)
            ):
                return None
            image.draft("RGB", (longest, longest))
            upright = _to_eight_bits(ImageOps.exif_transpose(image))
            upright.thumbnail((longest, longest))
            opaque = _to_srgb_on_white(upright)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidMedia(
            f"{display_url} cannot be read as an image ({type(error).__name__})", code="InvalidImage.Decode"
        ) from None
    if not allowed.allows_pixels(*opaque.size):
        raise InvalidMedia(
            f"{display_url} would be {opaque.width}×{opaque.height} pixels; allowed: {allowed.pixels}",
            code="InvalidImage.Resolution",
        )
    fitted = file.with_name(f"{file.stem}-fitted.jpg")
    opaque.save(fitted, "JPEG", quality=_QUALITY)
    return fitted


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

    has_alpha = "A" in image.getbands() or "transparency" in image.info
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
    if image.mode == "P":
        image = image.convert("RGB")
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
