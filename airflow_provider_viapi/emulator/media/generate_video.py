"""GenerateVideo: compose clips, photographs and music."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from itertools import cycle, groupby
from pathlib import Path
from typing import Any

import numpy as np

from airflow_provider_viapi.emulator.media.audio import RATE as AUDIO_RATE, Samples, load_audio, silence
from airflow_provider_viapi.emulator.media.audio_tracks import AudioTraits
from airflow_provider_viapi.emulator.media.clips import RATE, Shot, Still, best_clip_parts
from airflow_provider_viapi.emulator.media.cover_image import write_cover
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.emulator.media.frames import BT_709, from_rgb, working_format
from airflow_provider_viapi.emulator.media.still_images import open_image
from airflow_provider_viapi.emulator.media.transitions import CUT, Pixels, Transition
from airflow_provider_viapi.emulator.media.writer import Traits, VideoTarget

DEFAULT_SIDE = 750
DEFAULT_SECONDS, MAX_SECONDS = 20.0, 60.0
MAX_VIDEOS, MAX_IMAGES = 5, 40
MAX_VIDEO_SECONDS = 180.0  # seconds that are looked through altogether
SHOT_SECONDS = {"fast": 1.6, "normal": 2.8, "slow": 4.4}
TRANSITION_SECONDS = {"fast": 0.24, "normal": 0.48, "slow": 0.8}
IMAGES_PER_PUZZLE = 4
SAMPLES_PER_FRAME = AUDIO_RATE // RATE

Scheduled = Sequence[tuple[Shot, int]]
"""Shots, and how many frames each is shown."""


def generate_video(request: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """Compose a video: the best parts of clips, photographs with a slow zoom, transitions, music.

    An approximation by classical means: ``Scene`` decides only the order (``keeporder``, that of the list;
    otherwise clips first), nothing is known of what is shown, music is not cut to its beat, and the transitions
    resemble the service's by their idea only.

    :param request: ``FileList``, mappings of ``FileUrl``, the file, and ``Type``, video, image or audio, of
        which 5 videos (3 minutes of them), 40 images and 1 audio count; ``Scene``; ``Style``, fast, normal or
        slow, the pace (default normal); ``Width`` and ``Height`` (default 750x750, with one of them a square);
        ``Duration`` in seconds (default 20), or ``DurationAdaption`` for as long as the material takes, up to
        60; ``TransitionStyle`` (default by the pace); ``SmartEffect``, whether stills move (default true);
        ``PuzzleEffect``, whether up to four of them are shown at once (default false); ``Mute`` (default false)
    :param folder: where to write
    :return: ``VideoUrl``, an H.264 MP4 of 25 frames a second, with the music or else the clips' own audio.
        ``VideoCoverUrl``, a JPEG of one of its frames
    :raises MediaError: as :class:`VideoSource` does; ``InvalidFile.Content`` when there is nothing to show
    """
    video, cover = folder / "video.mp4", folder / "cover.jpg"
    size = _size(request)
    pace = request.get("Style", "normal")
    style = request.get("TransitionStyle", pace)
    overlap = 0 if style == CUT else round(TRANSITION_SECONDS[pace] * RATE)
    scheduled = schedule(_shots(request, pace), pace, overlap, _wanted(request))
    audio = None if request.get("Mute", False) else _soundtrack(request, scheduled, overlap)
    traits = Traits(size, Fraction(1), Fraction(RATE), Fraction(1, RATE), BT_709)
    with VideoTarget(video, traits, sampled=[AudioTraits()] if audio is not None else []) as written:
        for number, pixels in enumerate(_joined(scheduled, size, style, overlap)):
            frame = from_rgb(pixels, BT_709).reformat(format=working_format(*size))
            frame.pts, frame.time_base = number, traits.time_base
            written.add_frame(frame)
            if audio is not None:
                written.add_samples(audio[:, number * SAMPLES_PER_FRAME : (number + 1) * SAMPLES_PER_FRAME])
    wanted = sum(count - overlap for _, count in scheduled) + overlap
    if written.count != wanted:
        raise MediaError("InternalError.Algo", f"frames were lost: {written.count} of {wanted} were written")
    write_cover(video, cover)
    return {"VideoUrl": video, "VideoCoverUrl": cover}


def schedule(shots: Sequence[Shot], pace: str, overlap: int, wanted: int | None) -> Scheduled:
    """Return how long each shot is shown, repeating them until the video has the wanted length.

    :param shots: at least one
    :param pace: fast, normal or slow
    :param overlap: how many frames a shot shares with the next one
    :param wanted: how many frames the video has; when None, as many as it takes to show each shot once
    """
    shortest = 2 * overlap + 1
    usual = round(SHOT_SECONDS[pace] * RATE) + overlap
    counts = [max(shortest, shot.longest(usual)) for shot in shots]
    everything = sum(counts) - overlap * (len(counts) - 1)
    left = (wanted or min(everything, round(MAX_SECONDS * RATE))) - overlap
    scheduled: list[tuple[Shot, int]] = []
    for shot, count in cycle(zip(shots, counts, strict=True)):
        left -= count - overlap
        if left < shortest - overlap:
            scheduled.append((shot, count + left))
            break
        scheduled.append((shot, count))
    return scheduled


def _wanted(request: Mapping[str, Any]) -> int | None:
    if request.get("DurationAdaption", False):
        return None
    seconds: float = request.get("Duration", DEFAULT_SECONDS)
    return round(seconds * RATE)


def _size(request: Mapping[str, Any]) -> tuple[int, int]:
    width, height = request.get("Width"), request.get("Height")
    return width or height or DEFAULT_SIDE, height or width or DEFAULT_SIDE


def _shots(request: Mapping[str, Any], pace: str) -> list[Shot]:
    """Return the material, each piece once, in the order in which it is shown."""
    videos = [file for file in request["FileList"] if file["Type"] == "video"][:MAX_VIDEOS]
    images = [file for file in request["FileList"] if file["Type"] == "image"][:MAX_IMAGES]
    for file in images:
        with _naming(file, request):
            open_image(file["FileUrl"], "InvalidFile")
    files = [*videos, *images]
    if request.get("Scene") == "keeporder":
        files = [file for file in request["FileList"] if file in files]
    shots: list[Shot] = []
    unseen = MAX_VIDEO_SECONDS
    for kind, group in groupby(files, key=lambda file: file["Type"]):
        files_of_kind = list(group)
        if kind == "image":
            shots += _stills([file["FileUrl"] for file in files_of_kind], request)
            continue
        for file in files_of_kind:
            if unseen > 0:
                with _naming(file, request):
                    parts, seen = best_clip_parts(file["FileUrl"], 2 * SHOT_SECONDS[pace], until=unseen)
                shots += parts
                unseen -= seen
    if not shots:
        raise MediaError("InvalidFile.Content", "there is neither a video nor an image to show")
    return shots


@contextmanager
def _naming(file: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[None]:
    """Add to an error which file of the list cannot be used."""
    try:
        yield
    except MediaError as fault:
        number = next(number for number, other in enumerate(request["FileList"], start=1) if other is file)
        name = f" ({file['FileName']})" if file.get("FileName") else ""
        raise MediaError(fault.code, f"FileList.{number}{name}: {fault.message}") from fault


def _stills(paths: Sequence[Path], request: Mapping[str, Any]) -> list[Still]:
    at_once = IMAGES_PER_PUZZLE if request.get("PuzzleEffect", False) else 1
    moving = request.get("SmartEffect", True)
    return [Still(tuple(paths[i : i + at_once]), moving) for i in range(0, len(paths), at_once)]


def _joined(scheduled: Scheduled, size: tuple[int, int], style: str, overlap: int) -> Iterator[Pixels]:
    """Yield the frames of all shots, with transitions where they overlap."""
    transition = Transition(style, size) if overlap else None
    waiting: list[Pixels] = []
    for place, (shot, count) in enumerate(scheduled):
        shared = 0 if place == len(scheduled) - 1 else overlap
        leaving, waiting = waiting, []
        for number, pixels in enumerate(shot.frames(count, size)):
            if transition and number < len(leaving):
                yield transition.between(leaving[number], pixels, (number + 1) / (overlap + 1))
            elif number >= count - shared:
                waiting.append(pixels)
            else:
                yield pixels


def _soundtrack(request: Mapping[str, Any], scheduled: Scheduled, overlap: int) -> Samples | None:
    """Return the music, repeated and faded out, else the clips' own audio, None without both."""
    length = SAMPLES_PER_FRAME * (sum(count - overlap for _, count in scheduled) + overlap)
    music = next((file for file in request["FileList"] if file["Type"] == "audio"), None)
    if music is not None:
        with _naming(music, request):
            samples = load_audio(music["FileUrl"], 0, MAX_SECONDS, padded=False)
            if samples is None or not samples.size:
                raise MediaError("InvalidFile.Content", "the file holds no audio")
        return _repeated(samples, length)
    whole, start, heard = silence(length), 0, False
    for shot, count in scheduled:
        own = shot.audio(count - overlap)
        if own is not None:
            heard = True
            whole[:, start : start + own.shape[1]] = own[:, : length - start]
        start += SAMPLES_PER_FRAME * (count - overlap)
    return whole if heard else None


def _repeated(music: Samples, length: int) -> Samples:
    whole = np.tile(music, -(-length // music.shape[1]))[:, :length]
    fade = np.clip(np.arange(length, 0, -1) / AUDIO_RATE, 0, 1)
    return (whole * fade).astype(np.float32)
