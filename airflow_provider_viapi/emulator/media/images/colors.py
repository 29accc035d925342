"""EnhanceImageColor, RecolorImage, RecolorHDImage, ImitatePhotoStyle and RecognizeImageColor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageEnhance, ImageOps

from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.still_images import open_image

Colours = npt.NDArray[np.float64]

SATURATION = {"LogC": 1.4}
MAX_IMAGES = 8
DEFAULT_COLOURS, MAX_COLOURS, THUMBNAIL = 5, 32, 200
NAMES = (
    "black",
    "gray",
    "white",
    "red",
    "orange",
    "yellow",
    "green",
    "cyan",
    "blue",
    "purple",
    "pink",
    "brown",
)


def enhance_image_color(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Stretch contrast and raise saturation, with Mode ``LogC`` more.

    :param request: ``ImageURL``, the image; ``Mode``; ``OutputFormat``, png, jpg or bmp
    :param folder: where to write
    :return: ``ImageURL``, the image in that format
    :raises MediaError: the image cannot be read, or the format is another
    """
    kind = str(request["OutputFormat"]).lower()
    if kind not in ("png", "jpg", "bmp"):
        raise MediaError("InvalidParameter", "OutputFormat must be png, jpg or bmp")
    target = folder / f"image.{kind}"
    stretched = ImageOps.autocontrast(open_image(request["ImageURL"]), cutoff=1, preserve_tone=True)
    saturation = SATURATION.get(request["Mode"], 1.15)
    ImageEnhance.Color(stretched).enhance(saturation).save(target, quality=95)
    return {"ImageURL": target}


def recolor_image(request: Mapping[str, Any], folder: Path) -> dict[str, list[Path]]:
    """Give an image other colors; brightness stays.

    ``AUTO`` turns the hues evenly, once for each output; ``TEMPLATE`` and ``REF_PIC`` transfer mean and spread of
    the colors of a palette or of another image. What is looked at is not spared, as the service says it does.

    :param request: ``Url``, the image; ``Mode``; ``ColorCount``; ``ColorTemplate``; ``RefUrl``
    :param folder: where to write
    :return: ``ImageList``, PNGs of the same size
    :raises MediaError: an image cannot be read, or what the mode needs is missing
    """
    image, mode = open_image(request["Url"]), request.get("Mode", "AUTO")
    if mode == "REF_PIC":
        _require(request, "RefUrl", mode)
        made = [_with_colours_of(image, _samples(open_image(request["RefUrl"])))]
    elif mode == "TEMPLATE":
        _require(request, "ColorTemplate", mode)
        made = [
            _with_colours_of(image, _palette([each.get("Color", "") for each in request["ColorTemplate"]]))
        ]
    else:
        count = min(MAX_IMAGES, max(1, request.get("ColorCount", 1)))
        made = [_turned(image, number / (count + 1)) for number in range(1, count + 1)]
    targets = [folder / f"image-{number}.png" for number in range(1, len(made) + 1)]
    for changed, target in zip(made, targets, strict=True):
        changed.save(target)
    return {"ImageList": targets}


def imitate_photo_style(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Transfer mean and spread of brightness and colors of one image to another.

    :param request: ``ImageURL``, the image to change; ``StyleUrl``, the other one
    :param folder: where to write
    :return: ``ImageURL``, a PNG of the same size
    :raises MediaError: an image cannot be read
    """
    target = folder / "image.png"
    style = _samples(open_image(request["StyleUrl"]))
    _with_colours_of(open_image(request["ImageURL"]), style, luma=True).save(target)
    return {"ImageURL": target}


def recognize_image_color(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return the main colors of an image by median cut; a label is the nearest of twelve names.

    :param request: ``Url``, the image; ``ColorCount`` (default: 5)
    :return: ``ColorTemplateList``, largest share first: ``Color``, ``Label`` and ``Percentage``
    :raises MediaError: the image cannot be read
    """
    small = open_image(request["Url"])
    small.thumbnail((THUMBNAIL, THUMBNAIL))
    count = min(MAX_COLOURS, max(1, request.get("ColorCount", DEFAULT_COLOURS)))
    mapped = small.quantize(count, Image.Quantize.MEDIANCUT)
    palette = np.array((mapped.getpalette() or [])[: 3 * count], np.uint8).reshape(-1, 3)
    shares = np.bincount(np.asarray(mapped).ravel(), minlength=len(palette)) / mapped.width / mapped.height
    largest = [index for index in np.argsort(-shares) if shares[index] > 0]
    return {
        "ColorTemplateList": [
            {
                "Color": bytes(palette[index]).hex().upper(),
                "Label": _name(palette[index]),
                "Percentage": round(float(shares[index]), 4),
            }
            for index in largest
        ]
    }


def _require(request: Mapping[str, Any], name: str, mode: str) -> None:
    if not request.get(name):
        raise MediaError("MissingParameter", f"{name} is missing; Mode {mode} requires it")


def _turned(image: Image.Image, turn: float) -> Image.Image:
    hue, saturation, value = image.convert("HSV").split()
    turned = hue.point([round(level + 256 * turn) % 256 for level in range(256)])
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def _samples(image: Image.Image) -> Colours:
    return np.asarray(image.convert("YCbCr"), np.float64).reshape(-1, 3)


def _palette(texts: Sequence[str]) -> Colours:
    try:
        colours = [ImageColor.getrgb(f"#{text.lstrip('#')[-6:]}") for text in texts]
    except ValueError:
        raise MediaError("InvalidParameter", "a Color must be a hexadecimal number of six digits") from None
    image = Image.new("RGB", (len(colours), 1))
    image.putdata(colours)
    return _samples(image)


def _with_colours_of(image: Image.Image, wanted: Colours, *, luma: bool = False) -> Image.Image:
    given = np.asarray(image.convert("YCbCr"), np.float64)
    first = 0 if luma else 1
    own = given[..., first:]
    spread = np.maximum(own.std(axis=(0, 1)), 1e-6)
    aim = wanted[:, first:]
    # A palette of one color has no spread; the image keeps some of its own.
    scale = np.maximum(aim.std(axis=0), 0.25 * spread) / spread
    changed = given.copy()
    changed[..., first:] = (own - own.mean(axis=(0, 1))) * scale + aim.mean(axis=0)
    return Image.fromarray(np.clip(np.rint(changed), 0, 255).astype(np.uint8), "YCbCr").convert("RGB")


def _name(colour: npt.NDArray[np.uint8]) -> str:
    distances = {
        name: np.abs(np.subtract(ImageColor.getrgb(name), colour, dtype=int)).sum() for name in NAMES
    }
    return min(distances, key=lambda name: distances[name])
