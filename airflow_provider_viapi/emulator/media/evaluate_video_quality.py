"""EvaluateVideoQuality: simple measures of the image quality of a clip."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from airflow_provider_viapi.emulator.media.frames import NEUTRAL_CHROMA, Plane, planes
from airflow_provider_viapi.emulator.media.images.scores import sharpness
from airflow_provider_viapi.emulator.media.video import FULL_HD, VideoSource

MAX_SAMPLES = 48
PAGE = (600, 360)


def evaluate_video_quality(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Measure brightness, contrast, color, blur, noise and block edges of frames at even distances.

    Each measure is from 0 to 1. The service predicts the opinion of viewers with a model; ``MosScore`` here is only
    the mean of sharpness, contrast, saturation and the absence of noise and block edges, on a scale from 1 to 5.

    :param request: ``VideoUrl``, the clip; ``Mode`` is ignored
    :param folder: where to write
    :return: ``VideoQualityInfo``, and the same as ``JsonUrl`` and ``PdfUrl``
    :raises MediaError: as :class:`VideoSource` does; ``InvalidFile.Resolution`` also above 1080p
    """
    measured: list[dict[str, float]] = []
    every = 1
    with VideoSource(request["VideoUrl"], largest=FULL_HD, deinterlace=True) as clip:
        for number, frame in enumerate(clip.frames()):
            if number % every == 0:
                measured.append(_measures(*planes(frame)))
            if len(measured) > MAX_SAMPLES:
                measured, every = measured[::2], 2 * every
    info = {name: round(float(np.mean([each[name] for each in measured])), 4) for name in measured[0]}
    good = [1 - info["Blurriness"], info["ColorContrast"], info["ColorSaturation"]]
    good += [1 - info["NoiseIntensity"], 1 - info["CompressiveStrength"]]
    info["MosScore"] = round(1 + 4 * float(np.mean(good)), 4)
    report, page = folder / "quality.json", folder / "quality.pdf"
    report.write_text(json.dumps({"VideoQualityInfo": info}, indent=1))
    _write_page(info, page)
    return {"JsonUrl": report, "PdfUrl": page, "VideoQualityInfo": info}


def _measures(luma: Plane, u: Plane, v: Plane) -> dict[str, float]:
    chroma = np.hypot(u.astype(np.float32) - NEUTRAL_CHROMA, v.astype(np.float32) - NEUTRAL_CHROMA)
    return {
        "Luminance": float(luma.mean()) / 255,
        "ColorContrast": min(1.0, float(luma.std()) / 80),
        "ColorSaturation": min(1.0, float(chroma.mean()) / 40),
        "Colorfulness": min(1.0, float(chroma.std()) / 40),
        "Blurriness": 1 - sharpness(luma),
        "NoiseIntensity": _noise(luma),
        "CompressiveStrength": _blocks(luma),
    }


def _noise(luma: Plane) -> float:
    """Return the median of fine differences, which edges hardly change, as a part of what would be all noise."""
    plane = luma.astype(np.float32)
    fine = plane[:-1, :-1] - plane[1:, :-1] - plane[:-1, 1:] + plane[1:, 1:]
    return min(1.0, float(np.median(np.abs(fine))) / 20)


def _blocks(luma: Plane) -> float:
    """Return how much stronger differences are at multiples of 8 pixels than elsewhere."""
    across = np.abs(np.diff(luma.astype(np.float32), axis=1)).mean(axis=0)
    if len(across) < 16:
        return 0.0
    edges = across[7::8].mean()
    others = np.delete(across, np.s_[7::8]).mean()
    return float(np.clip((edges - others) / max(others, 1.0), 0, 1))


def _write_page(info: Mapping[str, float], target: Path) -> None:
    page = Image.new("RGB", PAGE, "white")
    draw = ImageDraw.Draw(page)
    for number, (name, value) in enumerate(info.items()):
        draw.text((30, 30 + 32 * number), f"{name}: {value}", fill="black")
    page.save(target, "PDF")
