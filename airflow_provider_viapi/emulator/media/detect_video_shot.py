"""DetectVideoShot: find the beginnings of shots."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.media.shots import find_shots
from airflow_provider_viapi.emulator.media.video import VideoSource


def detect_video_shot(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Find hard cuts: frames that differ from the one before far more than the clip's motion explains.

    The meaning of the service's ids is not documented; here they are the numbers, counted from 0, of the frames
    with which shots begin. Fades and dissolves are not found.

    :param request: ``VideoUrl``, the clip
    :return: ``ShotFrameIds``, the first of them 0
    :raises MediaError: the clip cannot be used
    """
    with VideoSource(request["VideoUrl"]) as clip:
        return {"ShotFrameIds": list(find_shots(clip.frames()).cuts)}
