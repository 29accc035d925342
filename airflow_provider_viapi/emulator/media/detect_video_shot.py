"""DetectVideoShot: where the shots of a video begin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.media.shots import watch
from airflow_provider_viapi.emulator.media.video import VideoSource


def detect_video_shot(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Find hard cuts: pictures that differ from the one before far more than the clip's motion explains.

    What the service's ids mean is not documented; here they are the numbers, counted from 0, of the pictures with
    which shots begin. Fades and dissolves are not found.

    :param request: ``VideoUrl``, the clip
    :return: ``ShotFrameIds``, the first of them 0
    :raises MediaFault: the clip cannot be used
    """
    with VideoSource(request["VideoUrl"]) as clip:
        return {"ShotFrameIds": list(watch(clip.pictures()).cuts)}
