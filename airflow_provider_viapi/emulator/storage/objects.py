"""Objects in buckets: files on the disk, and an index of them in memory."""

from __future__ import annotations

import shutil
import uuid
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from airflow_provider_viapi.emulator.errors import ApiError

RESULTS = "viapi-results"
"""The bucket of what jobs made."""

UPLOADS = "viapi-uploads"
"""The bucket of files that were uploaded for jobs; everybody can read them."""


@dataclass(frozen=True)
class StoredObject:
    """An object.

    :param key: its name in its bucket
    :param path: the file
    :param size: its bytes
    :param etag: tells its content from another, without quotation marks
    :param modified: when it was stored, in Unix time
    :param headers: what is told along with it: content-type and the user's own x-oss-meta-...
    """

    key: str
    path: Path
    size: int
    etag: str
    modified: float
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing:
    """A page of a bucket's keys, in their order.

    :param objects: those on the page
    :param prefixes: what stands for all keys that go on after a delimiter
    :param next_start: the key to go on after, or ``None`` when this was the last page
    """

    objects: list[StoredObject]
    prefixes: list[str]
    next_start: str | None


class ObjectStore:
    """Objects by bucket and key; used from one event loop.

    :param folder: where the files lie; empty at first
    :param now: the clock, in Unix time
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._folder = folder
        self._now = now
        self._buckets: dict[str, dict[str, StoredObject]] = {}

    def new_file(self) -> Path:
        """A path to write an object's content to, before it is put."""
        return self._folder / uuid.uuid4().hex

    def put(
        self, bucket: str, key: str, path: Path, *, etag: str, headers: Mapping[str, str] | None = None
    ) -> StoredObject:
        """Store a file as an object, in the place of one that has that key.

        :param path: from :meth:`new_file`, or a file elsewhere, which stays its owner's
        """
        stored = StoredObject(key, path, path.stat().st_size, etag, self._now(), headers or {})
        self.delete(bucket, key)
        self._buckets.setdefault(bucket, {})[key] = stored
        return stored

    def get(self, bucket: str, key: str) -> StoredObject:
        """The object of that key.

        :raises ApiError: there is none
        """
        stored = self._buckets.get(bucket, {}).get(key)
        if stored is None:
            raise ApiError("NoSuchKey", "The specified key does not exist.", 404)
        return stored

    def delete(self, bucket: str, key: str) -> None:
        """Forget the object of that key, if there is one."""
        stored = self._buckets.get(bucket, {}).pop(key, None)
        if stored is not None and stored.path.parent == self._folder:
            stored.path.unlink(missing_ok=True)

    def delete_all(self, bucket: str, prefix: str) -> None:
        """Forget the objects whose keys begin like that."""
        for key in [key for key in self._buckets.get(bucket, {}) if key.startswith(prefix)]:
            self.delete(bucket, key)

    def page(self, bucket: str, prefix: str, delimiter: str, start_after: str, limit: int) -> Listing:
        """A page of a bucket's keys.

        :param prefix: how keys begin
        :param delimiter: keys that have it after the prefix are told as one, up to it; none if empty
        :param start_after: only keys, and common prefixes, behind this one
        :param limit: most to tell, from 1
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
        """Forget all objects and delete their files."""
        self._buckets.clear()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(exist_ok=True)


def _listing(found: Mapping[str, StoredObject | None], next_start: str | None) -> Listing:
    return Listing(
        [stored for stored in found.values() if stored is not None],
        [name for name, stored in found.items() if stored is None],
        next_start,
    )
