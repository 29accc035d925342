"""AssessSharpness and AssessExposure: scores of an image from 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from airflow_provider_viapi.emulator.media.frames import Plane
from airflow_provider_viapi.emulator.media.still_images import open_image

SHARP = 500.0
"""Variance of the Laplacian of an image with a sharpness of 0.63."""


def assess_sharpness(request: Mapping[str, Any], folder: Path) -> dict[str, float]:
    """Score the sharpness by the variance of the Laplacian; a blank image has 0.

    :param request: ``ImageURL``, the image
    :return: ``Sharpness``, 0 to 1
    :raises MediaError: the image cannot be read
    """
    return {"Sharpness": round(sharpness(np.asarray(open_image(request["ImageURL"]).convert("L"))), 4)}


def assess_exposure(request: Mapping[str, Any], folder: Path) -> dict[str, float]:
    """Score the exposure by the mean brightness: 0 is black, 1 white.

    :param request: ``ImageURL``, the image
    :return: ``Exposure``, 0 to 1
    :raises MediaError: the image cannot be read
    """
    mean = float(np.asarray(open_image(request["ImageURL"]).convert("L")).mean())
    return {"Exposure": round(mean / 255, 4)}


def sharpness(luma: Plane) -> float:
    """Return the sharpness of a plane, 0 to 1."""
    plane = luma.astype(np.float32)
    sides = plane[:-2, 1:-1] + plane[2:, 1:-1] + plane[1:-1, :-2] + plane[1:-1, 2:]
    laplacian = sides - 4 * plane[1:-1, 1:-1]
    return float(1 - np.exp(-laplacian.var() / SHARP)) if laplacian.size else 0.0
