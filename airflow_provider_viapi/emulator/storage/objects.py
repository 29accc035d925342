"""Objects in buckets: files on the disk with an index in memory."""

from __future__ import annotations

import shutil
import uuid
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from airflow_provider_viapi.emulator.errors import ApiError

RESULTS = "viapi-results"
"""Bucket of the results of jobs."""

UPLOADS = "viapi-uploads"
"""Bucket of files that were uploaded for jobs; it can be read without a signature."""


@dataclass(frozen=True)
class StoredObject:
    """An object.

    :param key: key in its bucket
    :param path: file with its content
    :param size: size in bytes
    :param etag: ETag without quotation marks
    :param modified: time at which it was stored, in Unix time
    :param headers: headers that are returned with it: content-type and x-oss-meta-...
    """

    key: str
    path: Path
    size: int
    etag: str
    modified: float
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """A page of a bucket's keys in alphabetical order.

    :param objects: the objects on the page
    :param prefixes: the common prefixes on the page
    :param next_start: start of the next page, or ``None`` if this is the last one
    """

    objects: list[StoredObject]
    prefixes: list[str]
    next_start: str | None


class ObjectStore:
    """Objects by bucket and key; used from one event loop.

    :param folder: folder for the files; empty at first
    :param now: the clock, in Unix time
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._folder = folder
        self._now = now
        self._buckets: dict[str, dict[str, StoredObject]] = {}

    def new_file(self) -> Path:
        """Return a path for the content of an object that is being uploaded."""
        return self._folder / uuid.uuid4().hex

    def put(
        self, bucket: str, key: str, path: Path, *, etag: str, headers: Mapping[str, str] | None = None
    ) -> StoredObject:
        """Store a file as an object, replacing the object with that key.

        :param path: from :meth:`new_file`, or a file elsewhere, which is not deleted with the object
        """
        stored = StoredObject(key, path, path.stat().st_size, etag, self._now(), headers or {})
        self.delete(bucket, key)
        self._buckets.setdefault(bucket, {})[key] = stored
        return stored

    def get(self, bucket: str, key: str) -> StoredObject:
        """Return the object with that key.

        :raises ApiError: there is no such object
        """
        stored = self._buckets.get(bucket, {}).get(key)
        if stored is None:
            raise ApiError("NoSuchKey", "The specified key does not exist.", 404)
        return stored

    def delete(self, bucket: str, key: str) -> None:
        """Delete the object with that key, if there is one."""
        stored = self._buckets.get(bucket, {}).pop(key, None)
        if stored is not None and stored.path.parent == self._folder:
            stored.path.unlink(missing_ok=True)

    def delete_all(self, bucket: str, prefix: str) -> None:
        """Delete the objects whose keys have that prefix."""
        for key in [key for key in self._buckets.get(bucket, {}) if key.startswith(prefix)]:
            self.delete(bucket, key)

    def page(self, bucket: str, prefix: str, delimiter: str, start_after: str, limit: int) -> Listing:
        """Return a page of a bucket's keys.

        :param prefix: prefix of the keys
        :param delimiter: keys that contain it after the prefix are listed as one common prefix; none if empty
        :param start_after: only keys and common prefixes that follow this one
        :param limit: size of the page, from 1
        """
        index = self._buckets.get(bucket, {})
        keys = sorted(index)
        found: dict[str, StoredObject | None] = {}
        for key in keys[bisect_right(keys, start_after) :]:
            if not key.startswith(prefix):
                continue
            head, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            name = f"{prefix}{head}{cut}" if cut else key
            if name <= start_after or name in found:
                continue
            if len(found) == limit:
                return _listing(found, next_start=list(found)[-1])
            found[name] = None if cut else index[key]
        return _listing(found, next_start=None)

    def clear(self) -> None:
        """Delete all objects and their files."""
        self._buckets.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(exist_ok=True)


def _listing(found: Mapping[str, StoredObject | None], next_start: str | None) -> Listing:
    return Listing(
        [stored for stored in found.values() if stored is not None],
        [name for name, stored in found.items() if stored is None],
        next_start,
    )
