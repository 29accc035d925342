"""Read the files of a folder in any storage, again and again, for as long as anybody watches."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.media.storages import storage_of
from airflow_provider_viapi.redaction import describe_error
from airflow_provider_viapi.result_fields import storable
from airflow_provider_viapi.schema import short_repr
from airflow_provider_viapi.watch.cursor import MAX_REMEMBERED, ListEntry, Page

if TYPE_CHECKING:
    from airflow_provider_viapi.watch.shared_pages import Pages

logger = logging.getLogger(__name__)

MAX_FILES = 100_000
"""Files of a folder that are watched; each reading lists all of them."""

SETTLE = 10.0
"""Seconds for which a file must be unchanged, unless its storage shows a file only when it is complete."""


@dataclass(frozen=True)
class StoredFile:
    """A file in a folder.

    :param name: below the folder, such as ``2026/a.json``
    :param size: in bytes; ``None`` if the storage does not say
    :param modified: when it was last written; ``None`` if the storage does not say
    :param version: differs when a file is written again under the same name
    """

    name: str
    size: int | None
    modified: datetime | None
    version: str


def list_files(fs: Any, root: str) -> Iterator[StoredFile]:
    """Return the files of a folder and of the folders in it, without names that begin with a dot.

    A link to a file on a disk is a file; links to folders are not followed.

    :param fs: an fsspec file system, whose cache of listings is emptied
    :param root: path of the folder in it, without a slash at its end; it need not exist
    """
    from airflow_provider_viapi.state.object_storage import modified_at

    fs.invalidate_cache()
    try:
        listed = fs.find(root, detail=True)
    except FileNotFoundError:
        return
    for path, found in listed.items():
        info = found
        # Only one slash: in a store, "in//a" and "in/a" are two objects.
        name = path[len(root) :].removeprefix("/")
        if any(part.startswith(".") for part in name.split("/")):
            continue
        if info.get("type") not in ("file", "directory"):
            # On a disk, a link to a file is listed as neither.
            try:
                info = fs.info(path)
            except OSError:
                continue
        if info.get("type") == "file":
            modified = modified_at(info)
            # The same bytes again have the same ETag.
            version = f"{info.get('size')} {info.get('ETag')} {modified}"
            yield StoredFile(name, info.get("size"), modified, version)


def settle_seconds(folder: str) -> float:
    """Return for how long a file of a folder must be unchanged before it counts as complete."""
    return 0.0 if storage_of(folder.partition("://")[0]).is_object_store else SETTLE


async def folder_pages(folder: str, *, interval: float, settle: float) -> Pages:
    """Yield the files of a folder for ever, one listing for each page.

    :param folder: its address, without a slash at its end
    :param interval: seconds between two listings
    :param settle: seconds for which a file must be unchanged
    """
    reader = _FolderReader(folder, settle)
    while True:
        try:
            entries, problem = await asyncio.to_thread(reader.read)
            page = Page(entries, source=folder, problem=problem)
        except Exception as error:
            page = Page(problem=f"{folder} cannot be listed: {describe_error(error)}")
        yield page
        await asyncio.sleep(interval)


class _FolderReader:
    def __init__(self, folder: str, settle: float) -> None:
        self._folder = folder
        self._settle = settle
        self._first_seen: dict[str, float] = {}

    def read(self) -> tuple[list[ListEntry], str | None]:
        """Return the files, and what is left out, in words."""
        from airflow_provider_viapi.media.open_storage import open_path

        path = open_path(self._folder)
        entries, first_seen, now = [], {}, time.time()
        unnamed, without_time = [], 0
        for number, file in enumerate(list_files(path.fs, str(path.path).rstrip("/")), 1):
            if number > MAX_FILES:
                raise ValueError(f"it holds more than {MAX_FILES} files; watch a folder in it")
            if storable(file.name) != file.name:
                unnamed.append(file.name)
                continue
            without_time += file.modified is None
            if without_time > MAX_REMEMBERED:
                raise ValueError(
                    f"its storage does not say when files were written, so at most {MAX_REMEMBERED} files can be "
                    "watched; watch a folder in it, or move or delete files that were processed"
                )
            key = f"{file.name} {file.version}"
            first_seen[key] = self._first_seen.get(key, now)
            since = file.modified.timestamp() if file.modified else first_seen[key]
            if now - since >= self._settle:
                entries.append(self._entry(key, file))
        self._first_seen = first_seen
        return entries, _left_out(self._folder, unnamed)

    def _entry(self, key: str, file: StoredFile) -> ListEntry:
        return ListEntry(
            key,
            int(file.modified.timestamp()) if file.modified else None,
            {
                "file": f"{self._folder}/{file.name}",
                "name": file.name,
                "size": file.size,
                "modified_at": file.modified.isoformat() if file.modified else None,
            },
        )


def _left_out(folder: str, names: list[str]) -> str | None:
    if not names:
        return None
    more = f" and {len(names) - 1} more" if names[1:] else ""
    return (
        f"in {folder}, {short_repr(min(names))}{more}: these names are not UTF-8, or have a NUL in them, and fire no "
        "events; rename them"
    )
