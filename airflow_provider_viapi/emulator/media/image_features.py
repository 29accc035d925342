"""Features of the image search: validation of images, fingerprints, and their similarity.

A fingerprint describes colours, edges and layout. It finds an image again after it was scaled, recompressed,
slightly cropped or brightened; unlike the service it does not know what is in the image, so two photographs
of one product from different sides do not match.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.still_images import image_formats, open_image
from airflow_provider_viapi.media_limits import MediaLimits

Vector = npt.NDArray[np.float32]
Samples = npt.NDArray[np.floating[Any]]

_ORIENTATION = 0x0112  # the EXIF tag
SIDE = 64  # of the image that is described, in pixels
TILES = 8
CHROMA_BINS, TONES = 8, 3
DIRECTIONS = 9
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue: BT.601, as in JPEG

# Cosine -> score: the same image, whatever was done to it, lies above .95, another one below .70.
COSINES, SCORES = (0.0, 0.70, 0.95, 1.0), (0.0, 2.0, 9.0, 10.0)


def check_limits(path: Path, limits: MediaLimits) -> tuple[int, int]:
    """Return the size of an image in pixels, or refuse it by an action's limits.

    :param path: the file; its content decides what it is, not its name
    :raises MediaError: ``InvalidImage.Size`` when it has too many bytes; ``.Decode`` when it cannot be read as a
        image; ``.Type`` when it is of another type; ``.Resolution`` when it is too small or too large;
        ``.Rotation`` when its EXIF orientation turns it and the action takes only upright images
    """
    if (size := path.stat().st_size) > (limits.max_bytes or size):
        raise MediaError(
            "InvalidImage.Size", f"the image has {size} bytes, at most {limits.max_bytes} are accepted"
        )
    try:
        with Image.open(path, formats=image_formats()) as image:
            # Before a pixel is decoded, so that no small file expands to a huge image. MPO is the JPEG of cameras
            # that add a preview.
            kind = {"MPO": "jpeg"}.get(str(image.format), str(image.format).lower())
            if kind not in limits.formats:
                raise MediaError(
                    "InvalidImage.Type", f"the image is {kind}; accepted: {', '.join(limits.formats)}"
                )
            if not limits.allows_pixels(*image.size):
                raise MediaError(
                    "InvalidImage.Resolution",
                    f"the image is {image.width}x{image.height}; accepted: {limits.pixels}",
                )
            if limits.upright and image.getexif().get(_ORIENTATION, 1) != 1:
                raise MediaError("InvalidImage.Rotation", "the image is rotated by its EXIF orientation")
            image.load()
            return image.width, image.height
    except Image.DecompressionBombError as error:
        raise MediaError("InvalidImage.Resolution", "the image has too many pixels to be read") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError("InvalidImage.Decode", "the file cannot be read as an image") from error


def cropped(path: Path, region: str) -> Image.Image:
    """Return a part of an image.

    :param region: ``x1,x2,y1,y2`` in pixels
    :raises MediaError: ``InvalidImage.Region`` when it is not inside the image
    """
    left, right, top, bottom = map(int, region.split(","))
    image = open_image(path)
    if right > image.width or bottom > image.height:
        raise MediaError(
            "InvalidImage.Region", f"the region is outside of {image.width}x{image.height} pixels"
        )
    return image.crop((left, top, right, bottom))


def fingerprint(image: Path) -> Vector:
    """Describe an image as 960 numbers whose squares sum up to 1; the cosine of two is their dot product.

    :param image: any image that was checked; an EXIF orientation is respected, transparency shows white
    :raises MediaError: ``InvalidImage.Decode``
    """
    colours = _colours(image)
    luma = colours @ LUMA
    chroma = np.dstack([0.564 * (colours[..., 2] - luma), 0.713 * (colours[..., 0] - luma)])
    parts = (
        (0.30, _histogram(luma, chroma)),
        (0.40, _edges(luma)),
        (0.30, _layout(luma, chroma)),
    )
    whole = np.concatenate([weight**0.5 * _unit(part.ravel()) for weight, part in parts])
    return _unit(whole).astype(np.float32)


def score(cosine: float) -> float:
    """Return the similarity of two images, 0-10, from the cosine of their fingerprints; 9 or more if equal."""
    return float(np.interp(cosine, COSINES, SCORES))


def _colours(image: Path) -> Samples:
    """Return the image in 64x64 pixels: (rows, columns, RGB) from 0 to 1."""
    return np.asarray(open_image(image).resize((SIDE, SIDE), Image.Resampling.BOX), np.float32) / 255


def _histogram(luma: Samples, chroma: Samples) -> Samples:
    """Return the frequency of each chroma among dark, middle and bright pixels: (tones, bins, bins).

    Tones are thirds of the image by rank, so that brightening does not change them; a pixel counts for the
    four bins around it, so that a slight shift of colour changes little. Square roots tame large areas.
    """
    tone = np.argsort(np.argsort(luma, axis=None)) * TONES // luma.size
    position = np.clip((chroma.reshape(-1, 2) * 1.6 + 0.5) * (CHROMA_BINS - 1), 0, CHROMA_BINS - 1.001)
    low = position.astype(np.intp)
    part = position - low
    histogram = np.zeros((TONES, CHROMA_BINS, CHROMA_BINS), np.float32)
    for across in (0, 1):
        for down in (0, 1):
            weight = np.abs(1 - across - part[:, 0]) * np.abs(1 - down - part[:, 1])
            np.add.at(histogram, (tone, low[:, 0] + across, low[:, 1] + down), weight)
    return np.sqrt(histogram)


def _edges(luma: Samples) -> Samples:
    """Histograms of oriented gradients, (tiles, tiles, directions), each in proportion to those around it."""
    down, across = np.gradient(luma)
    strength = np.hypot(down, across)
    angle = np.mod(np.arctan2(down, across), np.pi) / np.pi * DIRECTIONS
    low = angle.astype(np.intp) % DIRECTIONS
    part = angle - np.floor(angle)
    rows, columns = np.indices(luma.shape) * TILES // SIDE
    tiles = np.zeros((TILES, TILES, DIRECTIONS), np.float32)
    np.add.at(tiles, (rows, columns, low), strength * (1 - part))
    np.add.at(tiles, (rows, columns, (low + 1) % DIRECTIONS), strength * part)
    padded = np.pad(np.square(tiles).sum(axis=2), 1, mode="edge")
    around = np.sum([padded[i : i + TILES, j : j + TILES] for i in range(3) for j in range(3)], axis=0)
    return np.asarray(tiles / np.sqrt(around + 1e-2)[..., None], np.float32)


def _layout(luma: Samples, chroma: Samples) -> Samples:
    """Average chroma and, relative to the image's own, luma of each tile: (tiles, tiles, 3)."""
    relative = (luma - luma.mean()) / (luma.std() + 0.05)
    samples = np.dstack([chroma * 4, relative])
    tiles = samples.reshape(TILES, SIDE // TILES, TILES, SIDE // TILES, 3)
    return np.asarray(tiles.mean(axis=(1, 3)), np.float32)


def _unit(vector: Samples) -> Samples:
    length = np.linalg.norm(vector)
    return vector / length if length else vector
