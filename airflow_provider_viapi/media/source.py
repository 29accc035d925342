"""A file that is to be staged: where it is, what is known of it, and its bytes, counted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_provider_viapi.errors import (
    ConfigurationError,
    InvalidMedia,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.redaction import redact_text

if TYPE_CHECKING:
    from airflow_provider_viapi.fs.oss_client import Oss
    from airflow_provider_viapi.hooks.viapi import ViapiHook

AHEAD = 1 << 20
"""Bytes that are fetched beyond what is read in small pieces."""

# Under which names file systems tell that a file's content is another: S3 and OSS, Azure, Google, disks.
_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5", "generation", "LastModified", "last_modified", "mtime")


def bare(address: str) -> str:
    """The address as a message or a log may show it: without what stands before the host, which may be a password."""
    return re.sub(r"://[^/@]*@", "://", address)


@dataclass(frozen=True)
class Source:
    """A file to be staged.

    :param address: as its author wrote it
    :param size: its bytes
    :param fingerprint: tells its content from another, as far as the file system tells
    :param oss: OSS, bucket and key, if that is where it lies
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
    def shown(self) -> str:
        """The address as a message or a log may show it."""
        return bare(self.address)

    def check_unchanged(self) -> None:
        """Let pass if the file is still what it was when it was looked up.

        :raises TransientError: it is another one; with the code ``SourceChanged``
        :raises InvalidMedia: it is not there any more
        """
        with _in_our_words(self.address):
            now = _told_of(self._fs, self._path)
        if _size(now) != self.size or _fingerprint(now) != self.fingerprint:
            raise _changed(self.address)

    @contextmanager
    def open(self, *, ahead: bool = True) -> Iterator[BinaryIO]:
        """The file, to be read from its beginning.

        :param ahead: fetch more than is asked for, since it is read in small pieces; otherwise it is read once, in
            large ones
        """
        with _in_our_words(self.address):
            cache = "readahead" if ahead else "none"
            file = self._fs.open(self._path, "rb", block_size=AHEAD, cache_type=cache)
            if not ahead:
                file = _sequential(self._fs, self._path, file)
        try:
            yield file
        finally:
            file.close()

    @contextmanager
    def read(self, *, ahead: bool = True) -> Iterator[CountedReader]:
        """The file's bytes from the beginning, counted."""
        with self.open(ahead=ahead) as file:
            yield CountedReader(file, self)


class CountedReader:
    """Reads a file once, from its beginning to its end, and counts.

    :raises TransientError: what comes is less or more than the file's size; with the code ``SourceChanged``
    """

    def __init__(self, file: BinaryIO, source: Source) -> None:
        self._file, self._source = file, source
        self._count = 0

    def read(self, size: int = AHEAD) -> bytes:
        """Up to so many bytes; none at the end, if all came that there were."""
        with _in_our_words(self._source.address):
            content = self._file.read(size)
        self._count += len(content)
        if self._count > self._source.size or (not content and size and self._count != self._source.size):
            raise _changed(self._source.address)
        return content

    def read_whole(self, size: int) -> bytes:
        """So many bytes; fewer only at the end."""
        content = self.read(size)
        while len(content) < size and (more := self.read(size - len(content))):
            content += more
        return content

    def tell(self) -> int:
        """How much was read."""
        return self._count

    def seek(self, offset: int, whence: int = 0) -> int:
        """Where that is; nothing is moved, since this is only asked for the length and the beginning."""
        return self._source.size if whence == 2 else offset


def stat(address: str, hook: ViapiHook) -> Source:
    """Find the file of an address that staging reads from; nothing of its content is read.

    :param hook: whose connection is used for ``oss://`` unless the address names another (``oss://conn@bucket/key``)
    :raises InvalidMedia: there is no such file
    :raises PermissionDenied: it may not be read
    :raises ConfigurationError: what opens such addresses is not installed
    """
    with _in_our_words(address):
        fs, path = _open_with(address, hook)
        told = _told_of(fs, path)
        if told.get("type") == "directory":
            raise IsADirectoryError(path)
        size = _size(told)
    oss = None
    if address.startswith("oss://"):
        bucket, _, key = path.partition("/")
        oss = (fs.oss, bucket, key)
    return Source(address, size, _fingerprint(told), oss, fs, path)


def _open_with(address: str, hook: ViapiHook) -> tuple[Any, str]:
    scheme, _, rest = address.partition("://")
    if scheme == "oss":
        from airflow_provider_viapi.fs.oss import OssFileSystem

        conn_id, _, path = rest.rpartition("@") if "@" in rest.partition("/")[0] else ("", "", rest)
        return OssFileSystem(conn_id or hook.viapi_conn_id), path

    from airflow.providers.common.compat.sdk import ObjectStoragePath

    opened = ObjectStoragePath(address)
    try:
        return opened.fs, opened.path
    except ValueError:
        raise ConfigurationError(
            f"nothing that is installed opens {scheme}://; its provider may be missing",
            code="ConfigurationError",
        ) from None


def _sequential(fs: Any, path: str, file: BinaryIO) -> Any:
    from airflow_provider_viapi.media.sequential_reader import SequentialFile

    return SequentialFile(fs, path, file)


def _told_of(fs: Any, path: str) -> dict[str, Any]:
    fs.invalidate_cache()
    told: dict[str, Any] = fs.info(path)
    return told


def _size(told: dict[str, Any]) -> int:
    return int(told["size"])


def _fingerprint(told: dict[str, Any]) -> str:
    version = [str(told["size"]), *(f"{name}={told[name]}" for name in _VERSIONS if told.get(name))]
    return sha256("\n".join(version).encode()).hexdigest()[:16]


def _changed(address: str) -> TransientError:
    return TransientError(f"{bare(address)} has changed while it was read", code="SourceChanged")


@contextmanager
def _in_our_words(address: str) -> Iterator[None]:
    shown = bare(address)
    try:
        yield
    except (ServiceError, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        error: ServiceError = InvalidMedia(
            f"{shown} is not there, or is no file", code="InvalidFile.NotFound"
        )
    except PermissionError:
        error = PermissionDenied(f"{shown} may not be read", code="AccessDenied")
    except ImportError as missing:
        error = ConfigurationError(f"{shown} cannot be opened: {missing}", code="ConfigurationError")
    except ValueError as unusable:
        error = InvalidRequest(
            f"{shown} cannot be opened: {redact_text(str(unusable))}", code="InvalidParameter"
        )
    except Exception as failure:
        # Its words are left out: they may quote a signed request.
        error = TransientError(
            f"{shown} could not be read ({type(failure).__name__})", code="SourceUnreadable"
        )
    else:
        return
    raise error
