"""Length, picture size and frame rate of MP4, MOV and WAV files, read from their headers.

Only a few kilobytes are read, wherever in the file they are: usage is measured for each job, and most files have
hundreds of megabytes. ``probe`` reads more kinds of files, for the checks of sources.
"""

from __future__ import annotations

import io
import struct
import time
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_viapi.jobs.usage_and_cost import Clip
from airflow_provider_viapi.media.addresses import is_http_url

if TYPE_CHECKING:
    import requests

    from airflow_provider_viapi.http_settings import HttpSettings

MAX_HEADER = 32 << 20
"""Longest index (``moov``) that is read, in bytes; one of a two-hour film has about 5 MB."""

MAX_BOXES = 200
"""Boxes at the top of a file that are looked at."""

BLOCK = 64 << 10
"""Bytes of one request: the beginning of most files holds all that is needed."""

MAX_SKIPPED = 64 << 20
"""Bytes that are read and dropped to reach a position, from a server that does not send parts of a file."""

MAX_FORMAT = 64 << 10
"""Longest description of the format of a WAV file that is read, in bytes; it usually has 16 to 40."""

STREAMED_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF)
"""Sizes in the header of a WAV file that was written before its length was known."""

_TIMEOUTS = (5.0, 10.0)
"""Seconds to wait for a connection, and for the next bytes: measuring must not hold up a task for long."""

_SECONDS_OF_ONE_REQUEST = 30.0


def measure(address: str, http: HttpSettings, allowed_hosts: Collection[str] = ()) -> Clip | None:
    """Return what the header of a file says; ``None`` if it is of another kind.

    :param address: of a landed file, or a link
    :param http: settings of the connection
    :param allowed_hosts: private hosts that may be read from
    :raises Exception: whatever the storage or the server raises
    """
    if not is_http_url(address):
        from airflow_provider_viapi.media.open_storage import open_path

        path = open_path(address)
        # By default s3fs reads 50 MB at each position.
        with path.fs.open(path.path, "rb", block_size=BLOCK, cache_type="readahead") as file:
            return read_clip(file)
    from airflow_provider_viapi.media.ssrf_guard import public_session

    with public_session(http, allowed_hosts) as session:
        return read_clip(RangeReader(session, address))


def read_clip(file: Any) -> Clip | None:
    """Return what the header of an open file says; ``None`` if it is neither MP4, MOV nor WAV, or damaged."""
    try:
        start = file.read(12)
        if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
            return _wav(file)
        if start[4:8] not in (b"ftyp", b"moov", b"wide", b"free", b"mdat", b"skip"):
            return None
        moov = _find_moov(file)
        return None if moov is None else _movie(moov)
    except (struct.error, ValueError, IndexError, ZeroDivisionError):
        return None


def _find_moov(file: BinaryIO) -> bytes | None:
    position = 0
    for _ in range(MAX_BOXES):
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            return None
        size, kind = struct.unpack(">I4s", head[:8])
        header = 8
        if size == 1:
            size, header = struct.unpack(">Q", head[8:16])[0], 16
        if kind == b"moov":
            if size - header > MAX_HEADER:
                return None
            file.seek(position + header)
            return file.read(size - header if size else MAX_HEADER)
        if size < header:
            return None
        position += size
    return None


def _movie(moov: bytes) -> Clip | None:
    boxes = list(_boxes(moov))
    header = next((body for kind, body in boxes if kind == b"mvhd"), None)
    if header is None:
        return None
    seconds = _duration(header)
    width = height = 0
    frame_rate = 0.0
    for kind, track in boxes:
        if kind != b"trak":
            continue
        found = _video_track(track)
        if found is not None:
            width, height, frame_rate = found
            break
    return Clip(seconds, width, height, frame_rate)


def _video_track(track: bytes) -> tuple[int, int, float] | None:
    """Return width, height and frame rate of a video track; ``None`` for another track."""
    media = _inside(track, b"mdia")
    handler = _inside(media, b"hdlr")
    if handler[8:12] != b"vide":
        return None
    size = _inside(track, b"tkhd")[-8:]
    width, height = (value >> 16 for value in struct.unpack(">II", size))
    timing = _inside(_inside(_inside(media, b"minf"), b"stbl"), b"stts")
    count = struct.unpack(">I", timing[4:8])[0]
    frames = sum(
        struct.unpack(">I", timing[8 + 8 * i : 12 + 8 * i])[0]
        for i in range(min(count, len(timing) // 8 - 1))
    )
    seconds = _duration(_inside(media, b"mdhd"))
    return width, height, frames / seconds if seconds else 0.0


def _duration(header: bytes) -> float:
    """Return the seconds in an ``mvhd`` or ``mdhd`` box; 0 if it does not state them: of a fragmented file."""
    at, form = (20, ">IQ") if header[0] == 1 else (12, ">II")
    scale, duration = struct.unpack_from(form, header, at)
    # All bits are set where the length could not be determined [ISO/IEC 14496-12, 8.2.2].
    is_unknown = duration == (1 << (64 if header[0] == 1 else 32)) - 1
    return 0.0 if is_unknown else float(duration) / float(scale)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, position)
        if size < 8:
            return
        yield kind, data[position + 8 : position + size]
        position += size


def _inside(data: bytes, wanted: bytes) -> bytes:
    for kind, body in _boxes(data):
        if kind == wanted:
            return body
    raise ValueError(f"no {wanted!r}")


def _wav(file: BinaryIO) -> Clip | None:
    bytes_per_second = 0
    for _ in range(MAX_BOXES):
        head = file.read(8)
        if len(head) < 8:
            return None
        kind, size = struct.unpack("<4sI", head)
        if kind == b"fmt ":
            if size > MAX_FORMAT:
                return None
            bytes_per_second = struct.unpack_from("<I", file.read(size + size % 2), 8)[0]
        elif kind == b"data":
            is_known = bytes_per_second and size not in STREAMED_SIZES
            return Clip(size / bytes_per_second) if is_known else None
        else:
            file.read(min(size + size % 2, MAX_HEADER))
    return None


class RangeReader(io.RawIOBase):
    """File at an HTTP address that is read by ranges.

    :param session: sends the requests
    :param max_seconds: longest time for the response to one request
    """

    def __init__(
        self, session: requests.Session, url: str, max_seconds: float = _SECONDS_OF_ONE_REQUEST
    ) -> None:
        self._session = session
        self._url = url
        self._position = 0
        self._total: int | None = None
        self._start = 0
        self._block = b""
        self._max_seconds = max_seconds

    def seek(self, offset: int, whence: int = 0) -> int:  # words: ok
        """Return the new position, from the beginning; nothing is requested."""
        self._position = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes; none at the end.

        :raises OSError: the server does not send parts of a file, or sends them too slowly
        """
        if self._total is not None:
            size = min(size, self._total - self._position)
        if size <= 0:
            return b""
        if not self._start <= self._position or self._position + size > self._start + len(self._block):
            self._fetch(max(size, BLOCK))
        at = self._position - self._start
        data = self._block[at : at + size]
        self._position += len(data)
        return data

    def _fetch(self, size: int) -> None:
        from airflow_provider_viapi.http_session import size_of

        first = self._position
        # OSS sends the whole object for a range that does not lie in it [OSS, GetObject].
        end = first + size if self._total is None else min(first + size, self._total)
        headers = {"Range": f"bytes={first}-{end - 1}", "Accept-Encoding": "identity"}
        with self._session.get(self._url, headers=headers, stream=True, timeout=_TIMEOUTS) as response:
            if response.status_code == 416:
                self._start, self._block = first, b""
                return
            response.raise_for_status()
            self._total = size_of(response) or self._total
            skipped = 0 if response.status_code == 206 else first
            if skipped > MAX_SKIPPED:
                raise OSError("the server does not send parts of a file, but the whole file")
            self._start, self._block = first, self._read(response, skipped, size)

    def _read(self, response: requests.Response, skipped: int, size: int) -> bytes:
        """Return so many bytes of a response, without those before them.

        :raises TimeoutError: they arrive too slowly
        """
        from airflow_provider_viapi.http_session import read_pieces

        block = bytearray()
        for piece in read_pieces(response, time.monotonic() + self._max_seconds):
            block += piece[skipped:]
            skipped -= min(skipped, len(piece))
            if len(block) >= size:
                break
        return bytes(block[:size])
