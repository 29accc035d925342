"""A file that comes to stand under its name whole and at once, or not at all.

What that takes differs. On object stores that put many parts together (S3, GCS) nothing is to be seen before the last
part is acknowledged, so what is written goes straight to its name and is committed at the end. Elsewhere the bytes go
into a file beside it, which is then moved. Imported only where something is written.
"""

from __future__ import annotations

import logging
import secrets
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from fsspec.implementations.local import LocalFileSystem
from fsspec.spec import AbstractBufferedFile

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

logger = logging.getLogger(__name__)

BLOCK = 16 << 20
"""Bytes of one part of an upload; a service that takes 10,000 parts takes 160 GB so."""

FORGOTTEN_AFTER = 3600.0
"""Seconds without a write after which the temporary file of a worker that died is removed."""

_PREFIX, _SUFFIX = ".viapi-", ".part"


class Draft:
    """A file to be; a context manager that leaves nothing behind unless :meth:`keep` was called.

    :param path: the name that it gets in the end
    """

    def __init__(self, path: ObjectStoragePath) -> None:
        self._fs: Any = path.fs
        self._final = str(path.path)
        self._writing: _AtOnce | _Beside | None = None
        self.length = 0

    def __enter__(self) -> Draft:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.begin_again()

    def begin_again(self) -> None:
        """Forget what was written."""
        writing, self._writing, self.length = self._writing, None, 0
        if writing is None:
            return
        try:
            writing.discard()
        except Exception as error:
            logger.warning("%s is left over and could not be removed: %s", writing.left_over, error)

    def write(self, chunk: bytes) -> None:
        """Add to what was written.

        :raises OSError: the storage cannot take it: full, not allowed, not there
        """
        if self._writing is None:
            self._writing = _open(self._fs, self._final)
        self._writing.file.write(chunk)
        self.length += len(chunk)

    def keep(self) -> None:
        """Let the file stand under its name, in place of one that may stand there."""
        if self._writing is not None:
            self._writing.keep()
            self._writing = None


class _AtOnce:
    """A file that the store itself makes visible when all of it is there."""

    def __init__(self, fs: Any, file: Any, final: str) -> None:
        self.file = file
        self.left_over = f"an unfinished upload to {final}"

    def keep(self) -> None:
        self.file.close()
        self.file.commit()

    def discard(self) -> None:
        # Closing would send the rest, and so would its end as an object.
        self.file.closed = True
        self.file.discard()


class _Beside:
    """A file under a name of its own beside the final one."""

    def __init__(self, fs: Any, file: Any, temporary: str, final: str) -> None:
        self.file = file
        self.left_over = temporary
        self._fs, self._final = fs, final

    def keep(self) -> None:
        self.file.close()
        try:
            if isinstance(self._fs, LocalFileSystem):
                Path(self.left_over).replace(self._final)
            else:
                self._fs.mv(self.left_over, self._final)
        except BaseException:
            self._remove()
            raise

    def discard(self) -> None:
        with suppress(Exception):
            self.file.close()
        self._remove()

    def _remove(self) -> None:
        with suppress(FileNotFoundError):
            self._fs.rm_file(self.left_over)


def _open(fs: Any, final: str) -> _AtOnce | _Beside:
    folder = final.rpartition("/")[0]
    temporary = f"{folder}/{_PREFIX}{secrets.token_hex(8)}{_SUFFIX}"
    if isinstance(fs, LocalFileSystem):
        Path(folder or "/").mkdir(parents=True, exist_ok=True)
        _remove_forgotten(Path(folder or "/"))
        return _Beside(fs, Path(temporary).open("wb"), temporary, final)
    try:
        file = _open_uncommitted(fs, temporary)
    except FileNotFoundError:
        fs.makedirs(folder, exist_ok=True)
        file = _open_uncommitted(fs, temporary)
    if _can_be_committed(file):
        file.closed = True
        file.discard()
        return _AtOnce(fs, _open_uncommitted(fs, final), final)
    return _Beside(fs, file, temporary, final)


def _open_uncommitted(fs: Any, name: str) -> Any:
    # Its public twin would also keep the file for the end of a transaction, which all threads share.
    return fs._open(name, "wb", block_size=BLOCK, autocommit=False)


def _can_be_committed(file: Any) -> bool:
    # The base class takes both words and does nothing.
    kind = type(file)
    return (
        isinstance(file, AbstractBufferedFile)
        and kind.discard is not AbstractBufferedFile.discard
        and kind.commit is not AbstractBufferedFile.commit
    )


def _remove_forgotten(folder: Path) -> None:
    for path in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > FORGOTTEN_AFTER:
                path.unlink()
