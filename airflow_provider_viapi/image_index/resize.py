"""Making a picture small enough for image search; needs Pillow, the extra ``images``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_viapi.alibaba.media_parameters import MediaLimits
from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE
from airflow_provider_viapi.errors import ConfigurationError, InvalidMedia

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_READ = 100 << 20
"""Bytes of the largest file that is read to be made smaller."""

_QUALITY = 90
_TAKEN = frozenset({"JPEG", "MPO", "PNG"})


def check_installed() -> None:
    """Let pass if Pillow is there.

    :raises ConfigurationError: it is not
    """
    try:
        import PIL  # noqa: F401
    except ImportError:
        raise ConfigurationError(
            "fit=True needs Pillow: pip install 'airflow-provider-viapi[images]'", code="ConfigurationError"
        ) from None


def limits() -> MediaLimits:
    """What AddImage takes."""
    (media,) = (each for each in ADD_IMAGE.parameters if isinstance(each, Media))
    return media.limits[0]


def fit(file: Path, shown: str) -> Path | None:
    """Make a picture within AddImage's limits beside the given one; ``None`` if it is within them already.

    A picture that is turned by its EXIF orientation is turned for good, transparency becomes white.

    :param file: the picture
    :param shown: what to call it in a message
    :return: a JPEG
    :raises InvalidMedia: it cannot be read, or is still too small on one side when the other one fits
    """
    from PIL import Image, ImageOps

    allowed = limits()
    longest = max(allowed.max_pixels or (1024, 1024)) - 1
    try:
        with Image.open(file) as image:
            if (
                image.format in _TAKEN
                and allowed.allows_pixels(*image.size)
                and file.stat().st_size <= (allowed.max_bytes or 0)
            ):
                return None
            image.draft("RGB", (longest, longest))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((longest, longest))
            opaque = _on_white(upright)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise InvalidMedia(
            f"{shown} cannot be read as a picture ({type(error).__name__})", code="InvalidImage.Decode"
        ) from None
    if not allowed.allows_pixels(*opaque.size):
        raise InvalidMedia(
            f"{shown} would be {opaque.width}×{opaque.height} pixels; allowed: {allowed.pixels}",
            code="InvalidImage.Resolution",
        )
    fitted = file.with_name(f"{file.stem}-fitted.jpg")
    opaque.save(fitted, "JPEG", quality=_QUALITY)
    return fitted


def _on_white(image: Image) -> Image:
    from PIL import Image

    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    with_alpha = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", with_alpha.size, "white"), with_alpha).convert("RGB")
