"""Reading of a folder: which files are new ones, in storages that say more or less about them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_viapi.watch.cursor import MAX_REMEMBERED, Page
from airflow_provider_viapi.watch.folder import folder_pages, list_files

try:
    from airflow.sdk.io import attach
except ImportError:
    from airflow.io.store import attach


class Storage:
    """A file system that lists one file."""

    def __init__(self, **info: Any) -> None:
        self.info = info

    def invalidate_cache(self) -> None:
        pass

    def find(self, root: str, detail: bool) -> dict[str, dict[str, Any]]:
        return {f"{root}/a.mp4": {"type": "file", "size": 4, **self.info}}


@pytest.mark.parametrize(
    "info",
    [
        {"mtime": 1_700_000_000},
        {"LastModified": "2023-11-14T22:13:20Z", "ETag": '"e"'},
        # WebHDFS, and FTP with MLSD.
        {"modificationTime": 1_700_000_000_000},
        {"modify": "20231114221320"},
        {"modify": "20231114221320.123"},
    ],
)
def test_storages_say_when_a_file_was_written_in_their_own_ways(info: dict[str, Any]) -> None:
    (file,) = list_files(Storage(**info), "in")

    assert file.modified is not None
    assert file.modified.isoformat() == "2023-11-14T22:13:20+00:00"


@pytest.mark.parametrize("modify", ["Nov 14 22:13", "20231399999999"])
def test_a_time_that_says_too_little_is_none(modify: str) -> None:
    (file,) = list_files(Storage(modify=modify), "in")

    assert file.modified is None


def test_a_file_that_is_overwritten_with_the_same_bytes_is_a_new_file() -> None:
    first, again = (
        next(iter(list_files(Storage(ETag='"e"', LastModified=at), "in")))
        for at in ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z")
    )

    assert first.version != again.version


def test_keys_that_differ_in_a_slash_are_two_files() -> None:
    listed = Storage()
    listed.find = lambda root, detail: {  # type: ignore[method-assign]
        f"{root}/a.mp4": {"type": "file", "size": 1},
        f"{root}//a.mp4": {"type": "file", "size": 2},
    }

    assert {file.name: file.size for file in list_files(listed, "in")} == {"a.mp4": 1, "/a.mp4": 2}


def test_a_link_to_a_file_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.mp4").write_bytes(b"film")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link.mp4").symlink_to(tmp_path / "real" / "a.mp4")
    (folder / "broken.mp4").symlink_to(tmp_path / "nothing.mp4")

    (file,) = list_files(LocalFileSystem(), str(folder))

    assert (file.name, file.size) == ("link.mp4", 4)


def test_more_files_than_can_be_remembered_need_a_storage_that_says_when_they_were_written() -> None:
    storage = MemoryFileSystem()
    attach("memory", fs=storage)

    async def read() -> Page:
        async for page in folder_pages("memory:///many", interval=1, settle=0):
            return page
        raise AssertionError("it ended")

    try:
        for number in range(MAX_REMEMBERED):
            storage.pipe_file(f"/many/{number}", b"")
        assert len(asyncio.run(read()).entries) == MAX_REMEMBERED
        storage.pipe_file("/many/another", b"")

        page = asyncio.run(read())
    finally:
        storage.rm("/many", recursive=True)

    assert not page.entries
    assert f"at most {MAX_REMEMBERED} files can be watched" in (page.problem or "")
