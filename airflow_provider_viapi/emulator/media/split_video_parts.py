"""SplitVideoParts: find the parts of a clip by its shots."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.media.shots import find_shots
from airflow_provider_viapi.emulator.media.video import VideoSource


def split_video_parts(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Split a clip at its cuts. Topics are not recognised, so ``SplitVideoPartResults`` is by shots alone.

    :param request: ``VideoUrl``, the clip; ``MinTime`` and ``MaxTime`` of a part in seconds; ``Template`` is ignored
    :return: ``Elements`` and ``SplitVideoPartResults``, with times in seconds
    :raises MediaError: the clip cannot be used
    """
    with VideoSource(request["VideoUrl"]) as clip:
        footage = find_shots(clip.frames())
    ends = _merged([footage.times[cut] for cut in footage.cuts], footage.times[-1], request.get("MinTime", 0))
    parts = list(pairwise(ends))
    if longest := request.get("MaxTime"):
        parts = [piece for part in parts for piece in _pieces(*part, longest)]
    times = [{"BeginTime": round(begin, 3), "EndTime": round(end, 3)} for begin, end in parts]
    return {
        "Elements": [{"Index": number, **each} for number, each in enumerate(times)],
        "SplitVideoPartResults": [{**each, "By": "shot", "Theme": "", "Type": ""} for each in times],
    }


def _merged(begins: list[float], end: float, shortest: float) -> list[float]:
    """Return where parts begin, and the end of the last one; those that are too short join the one before."""
    kept = begins[:1]
    for begin in begins[1:]:
        if begin - kept[-1] >= shortest and end - begin >= shortest:
            kept.append(begin)
    return [*kept, end]


def _pieces(begin: float, end: float, longest: float) -> list[tuple[float, float]]:
    """Return a part in pieces of equal length that are not too long."""
    count = max(1, -int(-(end - begin) // longest))
    length = (end - begin) / count
    return [(begin + number * length, begin + (number + 1) * length) for number in range(count)]
