"""A file to be staged: its address, what is known of it, and its bytes, counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from airflow_provider_viapi.errors import TransientError
from airflow_provider_viapi.media.addresses import display_url
from airflow_provider_viapi.media.open_storage import open_storage, translate_errors

if TYPE_CHECKING:
    from airflow_provider_viapi.fs.oss_client import Oss
    from airflow_provider_viapi.hooks.viapi import ViapiHook

READ_AHEAD = 1 << 20
"""Bytes that are read beyond what is requested in small pieces."""

VERSION_FIELDS = (
    "ETag",
    "etag",
    "md5Hash",
    "content_md5",
    "generation",
    "LastModified",
    "last_modified",
    "mtime",
)
"""Fields by which file systems report that a file's content is another: S3 and OSS, Azure, Google, disks."""


@dataclass(frozen=True)
class Source:
    """A file to be staged.

    :param address: as its author wrote it
    :param size: its bytes
    :param fingerprint: differs when the content does, as far as the file system reports
    :param oss: OSS, bucket and key, if it is there
    """

    address: str
    size: int
    fingerprint: str
    oss: tuple[Oss, str, str] | None
    _fs: Any = field(repr=False, compare=False)
    _path: str = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self._path).name

    @property
    def display_url(self) -> str:
        """The address as a message or a log may show it."""
        return display_url(self.address)

    def check_unchanged(self) -> None:
        """Refuse a file that has changed since :func:`stat`.

        :raises TransientError: it has changed; with the code ``SourceChanged``
        :raises InvalidMedia: it no longer exists
        """
        with translate_errors(self.address):
            info = _info(self._fs, self._path)
        if int(info["size"]) != self.size or _fingerprint(info) != self.fingerprint:
            raise _changed(self.address)

    @contextmanager
    def open(self, *, ahead: bool = True) -> Iterator[BinaryIO]:
        """Open the file for reading from its beginning.

        :param ahead: read more than is requested, for reads in small pieces; otherwise it is read once, in large ones
        """
        with translate_errors(self.address):
            cache = "readahead" if ahead else "none"
            file = self._fs.open(self._path, "rb", block_size=READ_AHEAD, cache_type=cache)
            if not ahead:
                file = SequentialFile(self._fs, self._path, file)
        try:
            yield cast(BinaryIO, _TranslatingFile(file, self.address))
        finally:
            file.close()

    @contextmanager
    def read(self, *, ahead: bool = True) -> Iterator[CountingReader]:
        """Open the file for reading from its beginning, and count its bytes."""
        with self.open(ahead=ahead) as file:
            yield CountingReader(file, self)


class _TranslatingFile:
    """An open file whose reads raise the errors of a storage as those of our tree.

    Opening a file need not read anything: an archived object, or a connection that breaks, is noticed by the first
    read, whose error may quote a signed request.
    """

    def __init__(self, file: BinaryIO, address: str) -> None:
        self._file, self._address = file, address

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes."""
        with translate_errors(self._address):
            return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class CountingReader:
    """Reads a file once, from its beginning to its end, and counts.

    :raises TransientError: there are fewer or more bytes than the file's size; with the code ``SourceChanged``
    """

    def __init__(self, file: BinaryIO, source: Source) -> None:
        self._file, self._source = file, source
        self._count = 0

    def read(self, size: int = READ_AHEAD) -> bytes:
        """Return up to so many bytes; none at the end, if all of the file was read."""
        content = self._file.read(size)
        self._count += len(content)
        if self._count > self._source.size or (not content and size and self._count != self._source.size):
            raise _changed(self._source.address)
        return content

    def read_whole(self, size: int) -> bytes:
        """Return so many bytes; fewer only at the end."""
        content = self.read(size)
        while len(content) < size and (more := self.read(size - len(content))):
            content += more
        return content

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._count

    def seek(self, offset: int, whence: int = 0) -> int:  # words: ok
        """Return the position; nothing is moved, since HTTP clients only ask for the length and the beginning."""
        return self._source.size if whence == 2 else offset  # words: ok


class SequentialFile:
    """Reads a file once, forwards: by one response where the file system gives that.

    Requesting one range after the other costs a round trip each, and more on servers that read the whole object for
    every range. But a range can be requested again when the connection breaks, so that is what happens then.

    :param by_range: the same file, opened without a cache
    """

    def __init__(self, fs: Any, path: str, by_range: BinaryIO) -> None:
        from fsspec.asyn import AsyncFileSystem, sync

        self._fs, self._by_range, self._position = fs, by_range, 0
        self._response: Any = None
        if isinstance(fs, AsyncFileSystem):
            with suppress(NotImplementedError, ValueError):
                self._response = sync(fs.loop, fs.open_async, path, "rb")

    def read(self, size: int = -1) -> bytes:
        """Return so many bytes; fewer only at the end."""
        content = self._read_response(size) if self._response is not None else None
        if content is None:
            self._by_range.seek(self._position)
            content = self._by_range.read(size)
        self._position += len(content)
        return content

    def close(self) -> None:
        """Close the connections."""
        self._drop_response()
        self._by_range.close()

    def _read_response(self, size: int) -> bytes | None:
        from fsspec.asyn import sync

        try:
            content: bytes = sync(self._fs.loop, _read_fully, self._response, size)
        except (FileNotFoundError, PermissionError):
            raise
        except Exception:
            self._drop_response()
            return None
        return content

    def _drop_response(self) -> None:
        response, self._response = self._response, None
        # s3fs closes no response that was not read to its end.
        body = getattr(response, "r", None)
        if body is not None:
            self._fs.loop.call_soon_threadsafe(body.close)


async def _read_fully(response: Any, size: int) -> bytes:
    pieces, missing = [], size
    while missing > 0 and (piece := await response.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def stat(address: str, hook: ViapiHook) -> Source:
    """Find the file at an address; nothing of its content is read.

    :param hook: its connection is used for ``oss://`` unless the address names another (``oss://conn@bucket/key``)
    :raises InvalidMedia: there is no such file
    :raises PermissionDenied: it may not be read
    :raises ConfigurationError: what opens such addresses is not installed
    """
    with translate_errors(address):
        fs, path = open_storage(address, hook)
        info = _info(fs, path)
        if info.get("type") == "directory":
            raise IsADirectoryError(path)
        size = int(info["size"])
    oss = None
    if address.startswith("oss://"):
        bucket, _, key = path.partition("/")
        oss = (fs.oss, bucket, key)
    return Source(address, size, _fingerprint(info), oss, fs, path)


def _info(fs: Any, path: str) -> dict[str, Any]:
    fs.invalidate_cache()
    info: dict[str, Any] = fs.info(path)
    return info


def _fingerprint(info: dict[str, Any]) -> str:
    version = [str(info["size"]), *(f"{name}={info[name]}" for name in VERSION_FIELDS if info.get(name))]
    return sha256("\n".join(version).encode()).hexdigest()[:16]


def _changed(address: str) -> TransientError:
    return TransientError(f"{display_url(address)} was changed while it was read", code="SourceChanged")
