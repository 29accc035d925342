"""GenerateVideoCover: cover images, still or animated."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from airflow_provider_viapi.emulator.media.frames import shown_image
from airflow_provider_viapi.emulator.media.shots import Footage, find_shots
from airflow_provider_viapi.emulator.media.video import VideoSource

COVERS = 3
GIF_SECONDS, GIF_FRAMES_PER_SECOND, GIF_WIDTH = 2.0, 8, 320


def generate_video_cover(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Take the most detailed frame of each of the best shots, by tones and sharpness.

    :param request: ``VideoUrl``, the clip; ``IsGif``, short animations instead of stills
    :param folder: for the images
    :return: ``Outputs``, at most three, best first: ``ImageURL`` and ``Confidence``, here the worth of the frame
        as a share of the best one's
    :raises MediaError: the clip cannot be used
    """
    source, animated = request["VideoUrl"], bool(request["IsGif"])
    with VideoSource(source, deinterlace=True) as clip:
        footage = find_shots(clip.frames())
    outputs = []
    for number, best in enumerate(_best_frames(footage), start=1):
        target = folder / f"cover-{number}.{'gif' if animated else 'jpg'}"
        _write(source, target, footage, best, animated=animated)
        share = float(footage.worth[best] / max(footage.worth.max(), 1e-9))
        outputs.append({"ImageURL": target, "Confidence": round(share, 3)})
    return {"Outputs": outputs}


def _best_frames(footage: Footage) -> list[int]:
    of_shots = [max(shot, key=lambda index: float(footage.worth[index])) for shot in footage.shots]
    return sorted(of_shots, key=lambda index: -float(footage.worth[index]))[:COVERS]


def _write(source: Path, target: Path, footage: Footage, best: int, *, animated: bool) -> None:
    with VideoSource(source, deinterlace=True) as clip:
        if not animated:
            frame = next(islice(clip.frames(), best, None))
            shown_image(frame, clip.traits.pixel_aspect).save(target, "JPEG", quality=90)
            return
        wanted = set(_frames_of_gif(footage, best))
        images = [
            _small(shown_image(frame, clip.traits.pixel_aspect))
            for index, frame in enumerate(clip.frames())
            if index in wanted
        ]
    period = round(1000 / GIF_FRAMES_PER_SECOND)
    images[0].save(target, "GIF", save_all=True, append_images=images[1:], duration=period, loop=0)


def _frames_of_gif(footage: Footage, best: int) -> list[int]:
    shot = next(shot for shot in footage.shots if best in shot)
    times = np.array(footage.times[shot.start : shot.stop])
    begin = min(footage.times[best], max(times[0], times[-1] - GIF_SECONDS))
    moments = np.arange(begin, min(begin + GIF_SECONDS, times[-1] + 1e-6), 1 / GIF_FRAMES_PER_SECOND)
    return [shot.start + int(np.abs(times - moment).argmin()) for moment in moments]


def _small(image: Image.Image) -> Image.Image:
    width = min(GIF_WIDTH, image.width)
    return image.resize((width, max(1, round(image.height * width / image.width))))
