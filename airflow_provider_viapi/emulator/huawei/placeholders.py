"""What MetaStudio's jobs make here: stand-ins, done in a worker process. Importing this costs nothing.

Each takes a request as ``media_jobs`` prepares it and an empty folder, and gives the fields of a result in which
files are paths.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.huawei import silence
from airflow_provider_viapi.emulator.media.faults import MediaFault
from airflow_provider_viapi.emulator.worker import Transform

USUAL_SIZE = (1920, 1080)
LONGEST = 10 * 60.0
"""Seconds of the longest stand-in; longer ones are cut."""


def speak(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Silence for a text.

    :param request: of ``CreateAsyncTtsJob`` or ``CreateTtsAudition``
    :return: ``audio_file_url`` and, where asked for, ``audio_srt_file_url`` and ``audio_info_file_url``
    """
    text = request["text"]
    seconds = min(silence.seconds_of(text, request.get("speed") or 100), LONGEST)
    audio = folder / f"speech.{request.get('audio_format', 'WAV').lower()}"
    silence.write_silence(audio, seconds, request.get("channels", 1))
    made: dict[str, Any] = {"audio_file_url": audio, "duration": seconds}
    if request.get("gen_srt"):
        made["audio_srt_file_url"] = folder / "speech.srt"
        lines = silence.lines_of(text, request.get("srt_len") or 30)
        silence.write_subtitles(made["audio_srt_file_url"], silence.timed(lines, seconds))
    if request.get("need_timestamp"):
        made["audio_info_file_url"] = folder / "speech.json"
        silence.write_timestamps(made["audio_info_file_url"], text, seconds)
    return made


def show(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A still with its script.

    :param request: ``scenes``, their texts or lengths; ``speed``; ``picture`` in Base64, if there is one; ``width``
        and ``height``
    :return: ``preview_video_url``, ``cover_url`` and ``duration`` in seconds
    """
    from airflow_provider_viapi.emulator.huawei import placeholder_video

    size = (request.get("width") or USUAL_SIZE[0], request.get("height") or USUAL_SIZE[1])
    if not all(isinstance(side, int) and 16 <= side <= placeholder_video.LARGEST_SIDE for side in size):
        raise MediaFault(
            "MSS.00000003", f"width and height are numbers from 16 to {placeholder_video.LARGEST_SIDE}"
        )
    picture = placeholder_video.read_picture(request["picture"]) if request.get("picture") else None
    cues, seconds = _cues(request["scenes"], request.get("speed") or 100)
    video, cover = folder / "video.mp4", folder / "cover.jpg"
    placeholder_video.write_video(video, picture, size, cues, seconds)
    placeholder_video.write_cover(cover, picture, size)
    return {"preview_video_url": video, "cover_url": cover, "duration": round(seconds, 3)}


def look(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Whether a photo is one; nobody looks for a face in it.

    :param request: ``picture`` in Base64
    """
    from airflow_provider_viapi.emulator.huawei import placeholder_video

    width, height = placeholder_video.read_picture(request["picture"]).size
    return {"width": width, "height": height}


def subtitle(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Subtitles for the scenes of a script.

    :param request: ``scenes`` with the number and the text of each; ``speed``
    :return: ``files``, the number of each scene and its file
    """
    files = []
    for scene in request["scenes"]:
        path = folder / f"{scene['sequence_no']}.srt"
        seconds = silence.seconds_of(scene["text"], request.get("speed") or 100)
        silence.write_subtitles(path, silence.timed(silence.lines_of(scene["text"]), seconds))
        files.append({"sequence_no": scene["sequence_no"], "file": path})
    return {"files": files}


def _cues(scenes: Sequence[Mapping[str, Any]], speed: int) -> tuple[list[tuple[float, float, str]], float]:
    cues: list[tuple[float, float, str]] = []
    begin = 0.0
    for scene in scenes:
        text = scene.get("text") or ""
        seconds = scene.get("seconds") or silence.seconds_of(text, speed)
        if text:
            lines = silence.timed(silence.lines_of(text), seconds)
            cues += [(begin + start, begin + end, line) for start, end, line in lines]
        begin += seconds
    return cues, min(begin or silence.SHORTEST, LONGEST)


def _work(name: str, request: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    work: Transform = {"speak": speak, "show": show, "look": look, "subtitle": subtitle}[name]
    return work(request, folder)


SPEAK, SHOW, LOOK, SUBTITLE = (partial(_work, name) for name in ("speak", "show", "look", "subtitle"))
"""The same, as worker processes are given them."""
