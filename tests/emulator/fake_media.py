"""Media work that costs nothing and does what a test needs; worker processes import it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.media.errors import MediaError


def copy(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """The first words of the source decide what happens; otherwise it is copied."""
    source = request["VideoUrl"].read_bytes()
    order, _, argument = source.partition(b" ")
    if order == b"wait-for":
        (folder / "started").touch()
        release = Path(argument.decode())
        while not release.exists():
            time.sleep(0.01)
    if order == b"die":
        os.kill(os.getpid(), 9)
    if order == b"raise":
        raise ValueError("a mistake in the media work")
    if order == b"refuse":
        raise MediaError("InvalidFile.Decode", "this is no video")
    if order == b"forget":
        return {"VideoUrl": folder / "never-written.mp4"}
    video = folder / "video.mp4"
    video.write_bytes(source)
    return {"VideoUrl": video}


def copy_with_cover(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    cover = folder / "cover.jpg"
    cover.write_bytes(repr({name: request[name] for name in request if name != "VideoUrl"}).encode())
    return {**copy(request, folder), "VideoCoverUrl": cover}


def covers(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    found = []
    for number in (1, 2):
        cover = folder / f"{number}.jpg"
        cover.write_text(f"cover {number}")
        found.append({"ImageURL": cover, "Confidence": 1 / number})
    return {"Outputs": found}


TRANSFORMS = {"EraseVideoSubtitles": copy, "ChangeVideoSize": copy_with_cover, "GenerateVideoCover": covers}
