"""A file that appears under its name whole and at once, or not at all.

On object stores that put many parts together (S3, GCS) nothing is visible before the last part is acknowledged, so
the bytes are written to the final name and committed at the end. Elsewhere they go into a temporary file beside it,
which is then renamed. Imported only where something is written.
"""

from __future__ import annotations

import logging
import secrets
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fsspec.implementations.local import LocalFileSystem
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

logger = logging.getLogger(__name__)

BLOCK_SIZE = 16 << 20
"""Bytes of one part of an upload; a service that takes 10,000 parts takes 160 GB so."""

MAX_IDLE_SECONDS = 3600.0
"""Seconds without a write after which the temporary file of a lost worker is removed."""

_PREFIX, _SUFFIX = ".viapi-", ".part"


class AtomicFile:
    """A file that is being written; a context manager that leaves nothing behind unless :meth:`commit` was called.

    :param path: its final name
    :param block_size: bytes of one part of an upload
    """

    def __init__(self, path: ObjectStoragePath, block_size: int = BLOCK_SIZE) -> None:
        self._fs: Any = path.fs
        self._name = str(path.path)
        self._block_size = block_size
        self._writer: _CommittedAtEnd | _RenamedAtEnd | None = None
        self.length = 0

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.reset()

    def reset(self) -> None:
        """Discard what was written."""
        writer, self._writer, self.length = self._writer, None, 0
        if writer is None:
            return
        try:
            writer.discard()
        except Exception as error:
            logger.warning("%s could not be removed: %s", writer.leftover, error)

    def write(self, chunk: bytes) -> None:
        """Append bytes; if the storage refuses them, what was written before is discarded.

        :raises OSError: the storage refuses them: it is full, access is denied, a bucket does not exist
        """
        if self._writer is None:
            self._writer = self._open()
        try:
            self._writer.file.write(chunk)
        except BaseException:
            # A storage's file may be closed now, and nothing can be appended to it.
            self.reset()
            raise
        self.length += len(chunk)

    def commit(self) -> None:
        """Make the file appear under its name, in place of one that may be there."""
        if self._writer is not None:
            self._writer.commit()
            self._writer = None

    def check_writable(self) -> None:
        """Begin a file and discard it, to find out whether the storage would take one.

        :raises OSError: it would not
        """
        if isinstance(self._fs, LocalFileSystem):
            _check_folder(Path(self._name).parent)
            return
        writer = self._open()
        try:
            if isinstance(writer, _CommittedAtEnd):
                # Nothing is sent before a part is full; this is how fsspec's files begin an upload.
                writer.file.offset = 0
                writer.file._initiate_upload()
            else:
                writer.file.close()
        finally:
            writer.discard()

    def _open(self) -> _CommittedAtEnd | _RenamedAtEnd:
        fs, name = self._fs, self._name
        folder = name.rpartition("/")[0]
        temporary = f"{folder}/{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
        if isinstance(fs, LocalFileSystem):
            Path(folder or "/").mkdir(parents=True, exist_ok=True)
            _remove_leftovers(Path(folder or "/"))
            return _RenamedAtEnd(fs, Path(temporary).open("wb"), temporary, name)
        try:
            file = self._open_uncommitted(temporary)
        except FileNotFoundError:
            fs.makedirs(folder, exist_ok=True)
            file = self._open_uncommitted(temporary)
        if _can_be_committed(file):
            file.closed = True
            file.discard()
            return _CommittedAtEnd(self._open_uncommitted(name), name)
        return _RenamedAtEnd(fs, file, temporary, name)

    def _open_uncommitted(self, name: str) -> Any:
        # Its public twin would also keep the file for the end of a transaction, which all threads share.
        return self._fs._open(name, "wb", block_size=self._block_size, autocommit=False)


class _CommittedAtEnd:
    """A file that the store itself makes visible when all of it has arrived."""

    def __init__(self, file: Any, name: str) -> None:
        self.file = file
        self.leftover = f"an unfinished upload to {name}"

    def commit(self) -> None:
        self.file.close()
        self.file.commit()

    def discard(self) -> None:
        # Closing would send the rest, and so would the end of the object's life.
        self.file.closed = True
        self.file.discard()


class _RenamedAtEnd:
    """A file under a temporary name beside the final one."""

    def __init__(self, fs: Any, file: Any, temporary: str, name: str) -> None:
        self.file = file
        self.leftover = temporary
        self._fs, self._name = fs, name

    def commit(self) -> None:
        self.file.close()
        try:
            if isinstance(self._fs, LocalFileSystem):
                Path(self.leftover).replace(self._name)
            elif type(self._fs).mv is AbstractFileSystem.mv:
                # Its own mv takes a name as a pattern, and does the same.
                self._fs.cp_file(self.leftover, self._name)
                self._remove()
            else:
                self._fs.mv(self.leftover, self._name)
        except BaseException:
            # Why the file could not be renamed matters more than what is left over.
            with suppress(Exception):
                self._remove()
            raise

    def discard(self) -> None:
        with suppress(Exception):
            self.file.close()
        self._remove()

    def _remove(self) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(self.leftover)


def _can_be_committed(file: Any) -> bool:
    # The base class has both methods, and they do nothing.
    kind = type(file)
    return (
        isinstance(file, AbstractBufferedFile)
        and kind.discard is not AbstractBufferedFile.discard
        and kind.commit is not AbstractBufferedFile.commit
    )


def _check_folder(folder: Path) -> None:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir():
        raise NotADirectoryError(f"{existing} is not a folder")
    try:
        # Permission bits say nothing to root, and nothing about a full or a read-only file system.
        Path(tempfile.mkdtemp(prefix=_PREFIX, dir=existing)).rmdir()
    except OSError as error:
        raise PermissionError(f"nothing can be written to {existing} ({error.strerror})") from None


def _remove_leftovers(folder: Path) -> None:
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > MAX_IDLE_SECONDS:
                path.unlink()
