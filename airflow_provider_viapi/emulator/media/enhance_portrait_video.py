"""EnhancePortraitVideo: sharpen skin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image, ImageFilter

from airflow_provider_viapi.emulator.media.frames import Plane, chroma_step, planes
from airflow_provider_viapi.emulator.media.video import FULL_HD, VideoSource, rewrite

# The chroma of skin of all shades, by the usual thresholds.
SKIN_U, SKIN_V = (77, 127), (133, 173)
STRENGTH = 0.8
FINEST, SOFTEST = 540, 40  # what is sharpened, and the border of skin: as parts of the shorter side


def enhance_portrait_video(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Sharpen regions with the colour of skin.

    The service restores faces with a model of them; this knows no faces and restores nothing: it strengthens
    the fine contrasts that are there, wherever the colour is that of skin.

    :param request: ``VideoUrl``, the file
    :param folder: where to write
    :return: ``VideoUrl``, an H.264 MP4 of the same size, with the same times and audio
    :raises MediaError: as :class:`VideoSource` does; ``InvalidFile.Resolution`` also above 1080p
    """
    target = folder / "video.mp4"
    with VideoSource(request["VideoUrl"], largest=FULL_HD) as clip:
        rewrite(clip, target, sharpened)
    return {"VideoUrl": target}


def sharpened(frames: Iterable[VideoFrame]) -> Iterator[VideoFrame]:
    """Sharpen the skin in each frame, in place."""
    for frame in frames:
        frame.make_writable()  # the decoder may still need what it handed out
        luma, u, v = planes(frame)
        shorter = min(luma.shape)
        skin = (u >= SKIN_U[0]) & (u <= SKIN_U[1]) & (v >= SKIN_V[0]) & (v <= SKIN_V[1])
        step = chroma_step(frame)
        large = (
            (255 * skin.astype(np.uint8)).repeat(step, 0).repeat(step, 1)[: luma.shape[0], : luma.shape[1]]
        )
        weight = _blurred(large, shorter / SOFTEST).astype(np.float32) / 255
        fine = luma.astype(np.float32) - _blurred(luma, max(1.0, shorter / FINEST))
        luma[:] = np.clip(np.rint(luma + STRENGTH * weight * fine), 0, 255)
        yield frame


def _blurred(plane: Plane, radius: float) -> Plane:
    image = Image.fromarray(np.ascontiguousarray(plane))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)))
