"""Checks of a file before it is copied or submitted: its size, its type, the dimensions of an image, and of a video
its length, picture size and frame rate.

A file of which nothing can be read passes: the service decides. A picture size holds upright and landscape, since the
documents do not say how they mean the dimensions of portrait videos.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from airflow_provider_viapi.errors import InvalidMedia, ServiceError

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log
    from airflow_provider_viapi.media_limits import MediaLimits

# Extensions with the same meaning.
_SAME_EXTENSIONS = {
    "jpg": "jpeg",
    "jpe": "jpeg",
    "m4v": "mp4",
    "mpeg": "mpg",
    "m2ts": "ts",
    "mts": "ts",
    "qt": "mov",
}
_KNOWN_EXTENSIONS = frozenset(
    "mp4 mov avi mkv flv ts mpg mxf webm wmv jpeg png bmp gif webp tiff heic mp3 wav pdf zip txt html csv".split()  # noqa: SIM905
)

_MAGIC_NUMBERS: tuple[tuple[int, bytes, tuple[str, ...]], ...] = (
    *((4, b"ftyp" + brand, ("heic",)) for brand in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")),
    *((4, b"ftyp" + brand, ("avif",)) for brand in (b"avif", b"avis")),
    # Of either, as the list of compatible brands that follows says.
    *((4, b"ftyp" + brand, ("heic", "avif")) for brand in (b"mif1", b"msf1")),
    (4, b"ftyp", ("mp4", "mov")),
    (8, b"AVI ", ("avi",)),
    (8, b"WAVE", ("wav",)),
    (8, b"WEBP", ("webp",)),
    (0, b"\x1a\x45\xdf\xa3", ("mkv", "webm")),
    (0, b"FLV\x01", ("flv",)),
    (0, b"\x00\x00\x01\xba", ("mpg",)),
    (0, b"\x00\x00\x01\xb3", ("mpg",)),
    (0, b"\x06\x0e\x2b\x34", ("mxf",)),
    (0, b"\xff\xd8\xff", ("jpeg",)),
    (0, b"\x89PNG\r\n\x1a\n", ("png",)),
    (0, b"GIF8", ("gif",)),
    (0, b"ID3", ("mp3",)),
    (0, b"%PDF-", ("pdf",)),
    (0, b"PK\x03\x04", ("zip",)),
)
"""Offset and bytes in a file, and the types that have them."""

_PORTABLE_PIXMAP = re.compile(rb"P[1-6][ \t\r\n]+[#0-9]")
"""Beginning of PBM, PGM and PPM, which may look like a text: of a grey image each byte may be a letter."""

HEADER_SIZE = 512
"""Bytes that are read of a file to recognise its type."""

TEXT_SIZE = 32
"""Bytes after which a file that is a text so far counts as one."""

_SHORT_ERROR = re.compile(
    rb"(?i)(?:[45][0-9]{2} )?(?:(?:file |page |object )?not found|access denied|forbidden|unauthorized|no such "
    rb"|bad gateway|internal server error|service unavailable|gateway timeout)"
)
"""Responses of servers that are shorter than :data:`TEXT_SIZE`."""

UTF_8_BYTES = 4
"""Bytes of a character at most."""

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
    extension = PurePosixPath(source.name).suffix.lstrip(".").lower()
    by_name = _SAME_EXTENSIONS.get(extension, extension)
    with source.open() as file:
        beginning = file.read(HEADER_SIZE)
    by_content = _recognized(beginning)
    seen = by_content or ((by_name,) if by_name in _KNOWN_EXTENSIONS else ())
    # A container that is either of two is what its name says, if that is one of them.
    seen = (by_name,) if by_name in seen else seen
    if seen and not set(seen) & set(limits.formats):
        raise _Refused("Type", f"is of type {' or '.join(seen)}; allowed: {', '.join(limits.formats)}")


def _recognized(beginning: bytes) -> tuple[str, ...]:
    for offset, mark, types in _MAGIC_NUMBERS:
        if beginning.startswith(mark, offset):
            return types
    if beginning[:1] == b"G" and beginning[188:189] == b"G":
        return ("ts",)
    if _PORTABLE_PIXMAP.match(beginning):
        return ("ppm",)
    return ("text",) if _is_text(beginning) else ()


def _is_text(beginning: bytes) -> bool:
    """Return whether a file is a text, such as an error page or a script: no media file begins with one."""
    # Its last character may be cut off.
    text = beginning.decode(errors="ignore")
    is_decoded = len(beginning) - len(text.encode()) < UTF_8_BYTES
    is_printable = all(character.isprintable() or character.isspace() for character in text)
    # JSON and HTML are often written without any space.
    has_words = bool(set(text) & set(" \n")) or text.startswith(("{", "[", "<"))
    is_long = len(beginning) >= TEXT_SIZE
    return (
        is_decoded and is_printable and ((is_long and has_words) or _SHORT_ERROR.match(beginning) is not None)
    )


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
