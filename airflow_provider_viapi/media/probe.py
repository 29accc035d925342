"""Length, picture size, frame rate and codec of a video, read from the few parts of a file that state them.

MediaInfo (extra ``probe``) reads a file's head and jumps to where the rest is: it reads a few hundred kilobytes of a
film of gigabytes. Without it :mod:`media_headers` reads MP4 and MOV, and detects no variable frame rate. If nothing
can be read of a file, its properties are unknown: a probe never fails a task.
"""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from airflow_provider_viapi.media.addresses import display_url
from airflow_provider_viapi.media.media_headers import RangeReader, read_clip

if TYPE_CHECKING:
    import requests

    from airflow_provider_viapi.jobs.usage_and_cost import Clip

logger = logging.getLogger(__name__)

MAX_BYTES = 32 << 20
"""Bytes that are read of a file at most; the index of a film of hours takes some megabytes."""

MAX_SECONDS = 20.0
"""Seconds after which nothing more is read."""

VARIABLE_RATIO = 1.5
"""Ratio of longest to shortest frame above which the frame rate varies: timestamps are rounded."""


@dataclass(frozen=True)
class MediaFacts:
    """Properties that a video file states of itself; ``None`` for those that it does not.

    :param seconds: length
    :param size: width and height in pixels, as stored
    :param frame_rate: frames per second, on average
    :param varies: the frame rate is not constant
    :param codec: of the picture, such as ``AVC`` or ``HEVC``
    """

    seconds: float | None = None
    size: tuple[int, int] | None = None
    frame_rate: float | None = None
    varies: bool = False
    codec: str | None = None


def probe(
    file: BinaryIO, size: int, *, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS
) -> MediaFacts | None:
    """Return what a file states; ``None`` if it is no video, cannot be read within the limits, or nothing reads it.

    :param file: may be read from any position
    :param size: its bytes
    :param max_bytes, max_seconds: limits of reading
    """
    reader = LimitedReader(file, size, max_bytes, max_seconds)
    parse = _parser()
    try:
        facts = _of_clip(read_clip(reader)) if parse is None else _of_tracks(parse(reader).tracks)
    except Exception as error:
        # Whatever a file or its storage causes: the service decides about the file.
        logger.debug("The probe failed with %s", type(error).__name__)
        return None
    if reader.is_exhausted:
        # A length that was estimated from part of a file may be wrong.
        logger.debug("The probe needed more than %d bytes or %g s", max_bytes, max_seconds)
        return None
    return facts


class LimitedReader(io.RawIOBase):
    """Reads a file until it reaches a limit, and then as if it had ended.

    :param size: bytes of the file
    """

    def __init__(
        self, file: BinaryIO, size: int, max_bytes: int = MAX_BYTES, max_seconds: float = MAX_SECONDS
    ) -> None:
        self._file, self._size, self._left = file, size, max_bytes
        self._until = time.monotonic() + max_seconds
        self._position = 0
        self.is_exhausted = False

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes; none at the end or when a limit is reached."""
        size = min(size if size >= 0 else self._left, self._size - self._position)
        if size <= 0:
            return b""
        if size > self._left or time.monotonic() > self._until:
            self.is_exhausted = True
            return b""
        self._file.seek(self._position)
        content = self._file.read(size)
        self._position += len(content)
        self._left -= len(content)
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:  # words: ok
        """Return the new position; nothing is read."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]  # words: ok
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position


class LinkedFile:
    """A file at an HTTP(S) address whose server answers ranges.

    :param session: refuses private addresses
    :param size: bytes of the file
    """

    def __init__(self, session: requests.Session, url: str, size: int) -> None:
        self._session, self._url, self.size = session, url, size

    @property
    def name(self) -> str:
        """The last part of the address's path."""
        return PurePosixPath(unquote(urlsplit(self._url).path)).name

    @property
    def display_url(self) -> str:
        """The address without its query, which may hold a signature."""
        return display_url(self._url)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the file for reading from its beginning, within the limits of a probe."""
        ranges = cast(BinaryIO, RangeReader(self._session, self._url))
        yield cast(BinaryIO, LimitedReader(ranges, self.size))


@cache
def _parser() -> Callable[[Any], Any] | None:
    """Return what parses a file; ``None``, with one line in the log, if it is not installed."""
    try:
        from pymediainfo import MediaInfo

        usable = MediaInfo.can_parse()
    except (ImportError, OSError, RuntimeError):
        usable = False
    if not usable:
        logger.debug(
            "Only MP4 and MOV are probed: pip install 'airflow-provider-viapi[probe]' to check other videos"
        )
        return None

    def parse(file: Any) -> Any:
        # Speed 0 reads no further than the file's own statements.
        return MediaInfo.parse(file, parse_speed=0.0)

    return parse


def _of_tracks(tracks: Any) -> MediaFacts | None:
    videos = [track for track in tracks if track.track_type == "Video"]
    general = next((track for track in tracks if track.track_type == "General"), None)
    if not videos or general is None:
        return None
    video = videos[0]
    milliseconds = _number(general.duration) or _number(video.duration)
    width, height = _number(video.width), _number(video.height)
    slowest, fastest = _number(video.minimum_frame_rate), _number(video.maximum_frame_rate)
    return MediaFacts(
        seconds=milliseconds / 1000 if milliseconds else None,
        size=(int(width), int(height)) if width and height else None,
        frame_rate=_number(video.frame_rate),
        varies=video.frame_rate_mode == "VFR"
        and bool(slowest and fastest and fastest > VARIABLE_RATIO * slowest),
        codec=video.format,
    )


def _of_clip(clip: Clip | None) -> MediaFacts | None:
    if clip is None or not clip.width:
        return None
    return MediaFacts(clip.seconds or None, (clip.width, clip.height), clip.frame_rate or None)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
