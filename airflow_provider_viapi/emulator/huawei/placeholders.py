"""Placeholders for the results of MetaStudio's jobs, produced in a worker process. Importing this is cheap.

Each function reads a request that ``media_jobs`` has prepared, writes into an empty folder, and returns the result
with paths.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.huawei import placeholder_speech
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.worker import Transform

DEFAULT_SIZE = (1920, 1080)
MAX_SECONDS = 10 * 60.0
"""Longest duration in seconds; longer results are cut."""


def speech(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write silence as long as a text takes to speak.

    :param request: of ``CreateAsyncTtsJob`` or ``CreateTtsAudition``
    :return: ``audio_file_url`` and, if requested, ``audio_srt_file_url`` and ``audio_info_file_url``
    """
    text = request["text"]
    seconds = min(placeholder_speech.speech_seconds(text, request.get("speed") or 100), MAX_SECONDS)
    audio = folder / f"speech.{request.get('audio_format', 'WAV').lower()}"
    placeholder_speech.write_silence(audio, seconds, request.get("channels", 1))
    result: dict[str, Any] = {"audio_file_url": audio, "duration": seconds}
    if request.get("gen_srt"):
        result["audio_srt_file_url"] = folder / "speech.srt"
        lines = placeholder_speech.split_lines(text, request.get("srt_len") or 30)
        placeholder_speech.write_subtitles(
            result["audio_srt_file_url"], placeholder_speech.timed(lines, seconds)
        )
    if request.get("need_timestamp"):
        result["audio_info_file_url"] = folder / "speech.json"
        placeholder_speech.write_timestamps(result["audio_info_file_url"], text, seconds)
    return result


def video(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write a still image with a script as subtitles.

    :param request: ``scenes`` with a text or a duration each; ``speed``; optionally ``image`` in Base64, ``width``
        and ``height``
    :return: ``preview_video_url``, ``cover_url`` and ``duration`` in seconds
    """
    from airflow_provider_viapi.emulator.huawei import placeholder_video

    size = (request.get("width") or DEFAULT_SIZE[0], request.get("height") or DEFAULT_SIZE[1])
    if not all(isinstance(side, int) and 16 <= side <= placeholder_video.MAX_SIDE for side in size):
        raise MediaError(
            "MSS.00000003", f"width and height must be numbers from 16 to {placeholder_video.MAX_SIDE}"
        )
    image = placeholder_video.read_image(request["image"]) if request.get("image") else None
    cues, seconds = _cues(request["scenes"], request.get("speed") or 100)
    path, cover = folder / "video.mp4", folder / "cover.jpg"
    placeholder_video.write_video(path, image, size, cues, seconds)
    placeholder_video.write_cover(cover, image, size)
    return {"preview_video_url": path, "cover_url": cover, "duration": round(seconds, 3)}


def photo_check(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Check that a photo can be read; faces are not detected.

    :param request: ``image`` in Base64
    """
    from airflow_provider_viapi.emulator.huawei import placeholder_video

    width, height = placeholder_video.read_image(request["image"]).size
    return {"width": width, "height": height}


def subtitles(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write subtitles for the scenes of a script.

    :param request: ``scenes`` with number and text each; ``speed``
    :return: ``files``: number and file of each scene
    """
    files = []
    for place, scene in enumerate(request["scenes"], 1):
        # The number of a scene is a text of the user's, and may be a path.
        path = folder / f"{place}.srt"
        seconds = placeholder_speech.speech_seconds(scene["text"], request.get("speed") or 100)
        lines = placeholder_speech.split_lines(scene["text"])
        placeholder_speech.write_subtitles(path, placeholder_speech.timed(lines, seconds))
        files.append({"sequence_no": scene["sequence_no"], "file": path})
    return {"files": files}


def picture_model(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Write the cover of an avatar: the image that it is modelled after.

    :param request: ``image`` in Base64, or its ``address``
    """
    from airflow_provider_viapi.emulator.download import MAX_IMAGE_BYTES, fetch
    from airflow_provider_viapi.emulator.huawei import placeholder_video

    image = request.get("image")
    if image is None:
        file, url = folder.parent / "sources" / "image", request["address"]
        fetch(url, file, name="picture_url", code="MSS.00000003", limit=MAX_IMAGE_BYTES)
        image = b64encode(file.read_bytes()).decode()
    cover = folder / "cover.jpg"
    placeholder_video.write_cover(cover, placeholder_video.read_image(image), (512, 512))
    return {"model_cover_url": cover}


def _cues(scenes: Sequence[Mapping[str, Any]], speed: int) -> tuple[list[tuple[float, float, str]], float]:
    cues: list[tuple[float, float, str]] = []
    start = 0.0
    for scene in scenes:
        text = scene.get("text") or ""
        seconds = scene.get("seconds") or placeholder_speech.speech_seconds(text, speed)
        if text:
            lines = placeholder_speech.timed(placeholder_speech.split_lines(text), seconds)
            cues += [(start + begin, start + end, line) for begin, end, line in lines]
        start += seconds
    return cues, min(start or placeholder_speech.MIN_SECONDS, MAX_SECONDS)


def _work(name: str, request: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    work: Transform = {
        "speech": speech,
        "video": video,
        "photo_check": photo_check,
        "subtitles": subtitles,
        "picture_model": picture_model,
    }[name]
    return work(request, folder)


SPEECH, VIDEO, PHOTO_CHECK, SUBTITLES, PICTURE_MODEL = (
    partial(_work, name) for name in ("speech", "video", "photo_check", "subtitles", "picture_model")
)
"""These functions in a form that can be pickled."""
