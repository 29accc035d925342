"""Checks of a file before it is copied or submitted: its size, its type, the dimensions of an image, and of a video
its length, picture size and frame rate.

A file of which nothing can be read passes: the service decides. A picture size holds upright and landscape, since the
documents do not say how they mean the dimensions of portrait videos.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from airflow_provider_viapi.errors import InvalidMedia, ServiceError
from airflow_provider_viapi.media.file_types import HEADER_SIZE, KNOWN_TYPES, type_by_name, types_by_content

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media_limits import MediaLimits

LENGTH_TOLERANCE = 1.0
"""Seconds by which a file may be longer than allowed: its sound often ends after its picture."""


class File(Protocol):
    """A file that is checked: a ``source.Source`` or a ``probe.LinkedFile``."""

    @property
    def size(self) -> int:
        """Its bytes."""
        ...

    @property
    def name(self) -> str:
        """The last part of its path."""
        ...

    @property
    def display_url(self) -> str:
        """The address as a message or a log may show it."""
        ...

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Open it for reading from its beginning."""
        ...


def check_source_file(
    source: File,
    limits: MediaLimits | None,
    *,
    parameter: str,
    action: str,
    log: Log | None = None,
) -> None:
    """Refuse a file that is empty or, as far as can be seen, outside the limits.

    :param limits: of the file in the action's documents; ``None`` for none
    :param parameter: names the file in the action's request, for the message
    :param log: logs what the service will do with a video that is longer or larger than it takes; a video is opened
        only if this is given
    :raises InvalidMedia: the file is refused; nothing was copied
    :raises ServiceError: it cannot be read
    """
    with parameter_named(parameter, action):
        try:
            _check_size(source, limits)
            if limits is not None:
                _check_type(source, limits)
                if not _check_dimensions(source, limits) and log is not None:
                    _check_video(source, limits, parameter, log)
        except _Refused as refused:
            raise InvalidMedia(f"{source.display_url} {refused}", code=refused.code) from None


@contextmanager
def parameter_named(parameter: str, action: str) -> Iterator[None]:
    """Name the parameter and the action in an error about its file."""
    try:
        yield
    except ServiceError as error:
        error.message = f"{parameter}: {error.message}"
        error.action = error.action or action
        raise


class _Refused(Exception):
    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = f"InvalidFile.{code}"


def _check_size(source: File, limits: MediaLimits | None) -> None:
    if source.size == 0:
        raise _Refused("Size", "is empty")
    if limits is None:
        return
    least, most = limits.min_bytes or 1, limits.max_bytes
    if source.size < least or (most is not None and source.size > most):
        allowed = f"{least:,} to {most:,}" if most is not None else f"at least {least:,}"
        raise _Refused("Size", f"has {source.size:,} bytes; allowed: {allowed}")


def _check_type(source: File, limits: MediaLimits) -> None:
    if not limits.formats:
        return
    by_name = type_by_name(source.name)
    with source.open() as file:
        beginning = file.read(HEADER_SIZE)
    seen = types_by_content(beginning) or ((by_name,) if by_name in KNOWN_TYPES else ())
    # A container that is either of two is what its name says, if that is one of them.
    seen = (by_name,) if by_name in seen else seen
    if seen and not set(seen) & set(limits.formats):
        raise _Refused("Type", f"is of type {' or '.join(seen)}; allowed: {', '.join(limits.formats)}")


def _check_dimensions(source: File, limits: MediaLimits) -> bool:
    """Check the dimensions of an image; return false if it is none, or nothing limits them."""
    if limits.min_pixels is None and limits.max_pixels is None:
        return False
    size = _dimensions(source, limits)
    if size is not None:
        _check_pixels(size, limits)
    return size is not None


def _check_pixels(size: tuple[int, int], limits: MediaLimits) -> None:
    if not limits.allows_pixels(*size):
        raise _Refused("Resolution", f"has {size[0]}×{size[1]} pixels; allowed: {limits.pixels}")


def _check_video(source: File, limits: MediaLimits, parameter: str, log: Log) -> None:
    limited = (
        limits.min_pixels,
        limits.max_pixels,
        limits.sizes,
        limits.scaled_above,
        limits.min_seconds,
        limits.max_seconds,
        limits.cut_after,
    )
    if not limits.constant_frame_rate and not any(limited):
        return
    from airflow_provider_viapi.media.probe import probe

    with source.open() as file:
        facts = probe(file, source.size)
    if facts is None:
        log.info("%s: %s could not be probed; the service checks it", parameter, source.display_url)
        return
    seconds, size = facts.seconds or 0.0, facts.size or (0, 0)
    if facts.size is not None:
        _check_pixels(facts.size, limits)
    if limits.max_seconds is not None and seconds > limits.max_seconds + LENGTH_TOLERANCE:
        raise _Refused("Content", f"is {seconds:,.1f} s long; allowed: at most {limits.max_seconds:,g} s")
    if limits.min_seconds is not None and 0 < seconds < limits.min_seconds - LENGTH_TOLERANCE:
        raise _Refused("Content", f"is {seconds:,.1f} s long; allowed: at least {limits.min_seconds:,g} s")
    if limits.constant_frame_rate and facts.varies:
        raise _Refused("Content", "has a variable frame rate; allowed: a constant frame rate")
    if limits.cut_after is not None and seconds > limits.cut_after:
        log.warning(
            "%s is %.0f s long: the service ignores what follows after %g s",
            parameter,
            seconds,
            limits.cut_after,
        )
    if limits.scaled_above is not None and max(size) > limits.scaled_above:
        log.info(
            "%s has %d×%d pixels: the service scales it down to %d on the longer side",
            parameter,
            *size,
            limits.scaled_above,
        )


def _dimensions(source: File, limits: MediaLimits) -> tuple[int, int] | None:
    try:
        from PIL import Image
    except ImportError:
        return None
    from airflow_provider_viapi.media.inputs.resize import image_formats

    with source.open() as file:
        try:
            # Only the header is read; an image that Pillow cannot read passes.
            size: Any = Image.open(file, formats=image_formats()).size
        except ServiceError:
            raise
        except Image.DecompressionBombError:
            if limits.max_pixels is None:
                return None
            most = 2 * (Image.MAX_IMAGE_PIXELS or 0)
            raise _Refused("Resolution", f"has more than {most:,} pixels; allowed: {limits.pixels}") from None
        except Exception:
            # What the readers of rare formats raise depends on the damage.
            return None
    return int(size[0]), int(size[1])
