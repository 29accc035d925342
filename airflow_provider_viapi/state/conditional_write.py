"""Objects that are replaced only if nobody has replaced them since they were read.

Two attempts of one task may run at the same time: a worker that lost contact with Airflow, and the retry that
replaced it. Both read, and both write; the second write must fail. How far a storage prevents it:

* local and shared file systems: fully, by a lock (``flock``; where the file system has none, as below)
* S3: fully, by ``If-None-Match`` and ``If-Match``, which botocore knows from 1.36 on
* any other storage: creation fully where its fsspec file system knows ``mode="create"`` (GCS, Azure); a replacement
  is compared with what was read just before it is written, which leaves a gap of one round trip
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import inspect
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

Version = str | None
"""Identifies the content of an object; ``None``: there is no object."""


class Conflict(FileExistsError):
    """The object is not in the version that was expected."""


class Objects(Protocol):
    """Reads and replaces small objects by path."""

    def read(self, path: str) -> tuple[bytes | None, Version]:
        """Return content and version, never from a cache."""
        ...

    def write(self, path: str, data: bytes, expected: Version) -> Version:
        """Replace the object as a whole and return its new version.

        :raises Conflict: the object is not in the expected version
        """
        ...

    def remove(self, path: str) -> None:
        """Delete the object in whatever version."""
        ...


def open_objects(fs: Any) -> Objects:
    """Return the strictest implementation for an fsspec file system."""
    protocols = (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
    if "file" in protocols:
        return LocalObjects()
    return S3Objects(fs) if hasattr(fs, "call_s3") else AnyObjects(fs)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class LocalObjects:
    """Files: written beside their place, then renamed; writers take turns by a lock on the folder's lock file."""

    def read(self, path: str) -> tuple[bytes | None, Version]:
        """Return content and version."""
        try:
            data = Path(path).read_bytes()
        except FileNotFoundError:
            return None, None
        return data, _digest(data)

    def write(self, path: str, data: bytes, expected: Version) -> Version:
        """Replace the file as a whole and return its new version."""
        place = Path(path)
        created = [folder for folder in place.parents if not folder.exists()]
        place.parent.mkdir(parents=True, exist_ok=True)
        with _lock(place.parent / ".lock"):
            if self.read(path)[1] != expected:
                raise Conflict
            draft = place.with_name(f".{uuid.uuid4().hex}.tmp")
            try:
                with draft.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(place)
            finally:
                draft.unlink(missing_ok=True)
            # A rename, too, survives a crash of the machine only once its folder is written.
            for folder in (place.parent, *(each.parent for each in created)):
                _sync_folder(folder)
        return _digest(data)

    def remove(self, path: str) -> None:
        """Delete the file, and the folders that are empty without it."""
        place = Path(path)
        place.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            if [each.name for each in place.parent.iterdir()] == [".lock"]:
                (place.parent / ".lock").unlink()
            for folder in list(place.parents)[:3]:
                folder.rmdir()


def _sync_folder(folder: Path) -> None:
    # Some network file systems cannot do that for a folder, or do it with each rename.
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    import fcntl

    with path.open("ab") as file:
        # Some network file systems have no locks; the comparison then is the only protection.
        with contextlib.suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class AnyObjects:
    """Objects of any fsspec file system.

    :param fs: the file system
    """

    def __init__(self, fs: Any) -> None:
        self._fs = fs

    def read(self, path: str) -> tuple[bytes | None, Version]:
        """Return content and version."""
        try:
            data: bytes = self._fs.cat_file(path)
        except FileNotFoundError:
            return None, None
        return data, _digest(data)

    def write(self, path: str, data: bytes, expected: Version) -> Version:
        """Replace the object as a whole and return its new version."""
        if self.read(path)[1] != expected:
            raise Conflict
        # Object storage has no folders and may refuse to make one; what is really wrong, the write reports.
        with contextlib.suppress(OSError, NotImplementedError):
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
        try:
            if expected is None and "mode" in inspect.signature(self._fs.pipe_file).parameters:
                self._fs.pipe_file(path, data, mode="create")
            else:
                self._fs.pipe_file(path, data)
        except FileExistsError:
            raise Conflict from None
        except NotImplementedError:
            self._fs.pipe_file(path, data)
        return _digest(data)

    def remove(self, path: str) -> None:
        """Delete the object."""
        self._fs.rm_file(path)


class S3Objects(AnyObjects):
    """Objects of S3, through s3fs; versions are ETags."""

    def read(self, path: str) -> tuple[bytes | None, Version]:
        """Return content and version."""
        bucket, key, _ = self._fs.split_path(path)
        try:
            # The ETag first: if the object is replaced in between, our next write fails instead of replacing that.
            etag = self._fs.call_s3("head_object", Bucket=bucket, Key=key)["ETag"]
            return self._fs.cat_file(path), etag
        except FileNotFoundError:
            return None, None

    def write(self, path: str, data: bytes, expected: Version) -> Version:
        """Replace the object as a whole and return its new version."""
        bucket, key, _ = self._fs.split_path(path)
        condition = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
        try:
            response = self._fs.call_s3("put_object", Bucket=bucket, Key=key, Body=data, **condition)
        except OSError as error:
            if _is_conflict(error, expected):
                raise Conflict from error
            if error.errno != errno.ENOSYS:
                raise
            # A store that speaks S3 without conditional writes.
            if self.read(path)[1] != expected:
                raise Conflict from error
            response = self._fs.call_s3("put_object", Bucket=bucket, Key=key, Body=data)
        self._fs.invalidate_cache(path)
        return str(response["ETag"])


def _is_conflict(error: OSError, expected: Version) -> bool:
    response = getattr(error.__cause__, "response", None) or {}
    code = str(response.get("Error", {}).get("Code", ""))
    if code in ("PreconditionFailed", "412") or isinstance(error, FileExistsError):
        return True
    # With If-Match, an object that was deleted meanwhile is not found.
    return code in ("NoSuchKey", "404") and expected is not None
