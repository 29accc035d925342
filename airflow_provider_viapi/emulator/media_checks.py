"""Media work behind checks of its source files by the limits in the service model, action by action."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from airflow_provider_viapi.alibaba.parameters import Media, Parameter, Structured
from airflow_provider_viapi.alibaba.services import find
from airflow_provider_viapi.emulator import media
from airflow_provider_viapi.emulator.media.errors import MediaError
from airflow_provider_viapi.media_limits import MediaLimits

_IMAGES = {"jpeg", "png", "bmp", "gif", "webp", "tiff"}
_CONTAINERS = {"matroska,webm": "mkv", "mpegts": "ts", "mpeg": "mpg", "mxf_opatom": "mxf"}
_QUICKTIME = "mov,mp4,m4a,3gp,3g2,mj2"


@dataclass(frozen=True)
class MediaInfo:
    """Properties of a media file, read from its content.

    :param formats: its possible types, such as ``mp4``; several if the content does not distinguish them
    :param size: (width, height) in pixels, of an image or a video
    :param seconds: its duration, if it has one
    """

    formats: frozenset[str]
    size: tuple[int, int] | None
    seconds: float | None


def checked_transform(action: str, request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Check the source files of a job, and do its media work.

    :param action: name of the action
    :param request: its parameters, with local files
    :param folder: an empty folder for the results
    :raises MediaError: a file exceeds the limits of the action, or cannot be used
    """
    for name, path, limits in _sources(request, find(action).parameters):
        _check(name, path, limits)
    if action == "AbstractFilmVideo":
        _check_length(request)
    return media.transform(action, request, folder)


TRANSFORMS: Mapping[str, Callable[[Mapping[str, Any], Path], Mapping[str, Any]]] = {
    action: partial(checked_transform, action) for action in media.TRANSFORMS
}
"""Media work by action name, as functions that can be pickled."""


def applicable(parameter: Parameter, structure: Mapping[str, Any]) -> Iterator[MediaLimits]:
    """Return the limits of the file that a parameter names.

    :param structure: the request, or the item of a list that has the parameter
    """
    for limits in parameter.limits if isinstance(parameter, Media) else ():
        if limits.applies_to(structure):
            yield limits


def _sources(
    request: Mapping[str, Any], parameters: Iterable[Parameter], prefix: str = ""
) -> Iterator[tuple[str, Path, MediaLimits]]:
    for parameter in parameters:
        value = request.get(parameter.name)
        if isinstance(parameter, Structured):
            for inside, item in parameter.structures(value):
                yield from _sources(item, parameter.fields, f"{prefix}{inside}")
        elif isinstance(value, Path):
            for limits in applicable(parameter, request):
                yield f"{prefix}{parameter.name}", value, limits


def _check(name: str, path: Path, limits: MediaLimits) -> None:
    size, most, least = path.stat().st_size, limits.max_bytes, limits.min_bytes
    if most is not None and size > most:
        raise MediaError("InvalidFile.Size", f"{name} has {size} bytes; the action reads at most {most}")
    if least is not None and size < least:
        raise MediaError("InvalidFile.Size", f"{name} has {size} bytes; the action reads at least {least}")
    info = probe(path)
    if info is None:
        return  # The media work reports a file that cannot be read.
    if limits.formats and not info.formats & set(limits.formats):
        found, allowed = " or ".join(sorted(info.formats)), ", ".join(limits.formats)
        raise MediaError("InvalidFile.Type", f"{name} is of type {found}; the action reads {allowed}")
    if info.size is not None and not limits.allows_pixels(*info.size):
        width, height = info.size
        raise MediaError(
            "InvalidFile.Resolution", f"{name} is {width}×{height}; the action reads {limits.pixels}"
        )
    if limits.max_seconds is not None and info.seconds is not None and info.seconds > limits.max_seconds:
        raise MediaError(
            "InvalidFile.Content",
            f"{name} lasts {info.seconds:.1f} s; the action reads at most {limits.max_seconds:g} s",
        )


def _check_length(request: Mapping[str, Any]) -> None:
    info = probe(request["VideoUrl"])
    if info is not None and info.seconds is not None and request["Length"] >= info.seconds:
        raise MediaError(
            "InvalidParameter",
            f"Length is {request['Length']}, but the video lasts only {info.seconds:.1f} s; Length must be less",
        )


def probe(path: Path) -> MediaInfo | None:
    """Read type, size in pixels and duration of a media file; ``None`` if it cannot be read."""
    return _probe_image(path) or _probe_container(path)


def _probe_image(path: Path) -> MediaInfo | None:
    from PIL import Image

    try:
        with Image.open(path, formats=sorted(_IMAGES)) as image:
            # MPO is the JPEG of cameras that add a second image.
            kind = "jpeg" if image.format == "MPO" else str(image.format).lower()
            return MediaInfo(frozenset({kind}), image.size, None)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def _probe_container(path: Path) -> MediaInfo | None:
    from airflow_provider_viapi.emulator.media import containers

    try:
        with containers.open_media(path, containers.AUDIO_CONTAINERS) as container:
            video = containers.find_film_stream(container, path)
            size = None if video is None else (video.width, video.height)
            seconds = containers.stated_duration(container)
            formats = _formats(container.format.name, container.metadata.get("major_brand", "").strip())
    except (MediaError, ValueError):
        return None
    return MediaInfo(formats, size if size and all(size) else None, seconds)


def _formats(container: str, brand: str) -> frozenset[str]:
    if container == _QUICKTIME:
        return frozenset({"mov"} if brand == "qt" else {"mp4"} if brand else {"mov", "mp4"})
    return frozenset({_CONTAINERS.get(container, container)})
