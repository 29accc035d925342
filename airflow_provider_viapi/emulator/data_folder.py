"""The folder that an emulator keeps its things in, which is its own as long as it runs."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import IO

_LOCK = "viapi-emulator.lock"


class FolderUnusable(Exception):
    """The folder cannot be made or written to, or is somebody else's; the words say which."""


class DataFolder:
    """A folder and what is where in it; nobody else may use it before :meth:`close`.

    ``files``, ``objects`` and ``pictures`` are folders that are empty at the beginning, ``image_databases`` is a
    file that stays from one emulator to the next.

    :param path: made if need be, and not filled with other things; a temporary folder unless given
    :raises FolderUnusable: it cannot be used
    """

    def __init__(self, path: Path | None = None) -> None:
        self._temporary = path is None
        try:
            self._path = Path(tempfile.mkdtemp(prefix="viapi-emulator-")) if path is None else path.absolute()
            self._path.mkdir(parents=True, exist_ok=True)
            _check_owner(self._path)
            self._lock = (self._path / _LOCK).open("w")
            _lock(self._lock, self._path)
            self.files, self.objects, self.pictures = (
                self._path / name for name in ("files", "objects", "pictures")
            )
            self.image_databases = self._path / "images.sqlite"
            self._delete_files()
            for folder in (self.files, self.objects, self.pictures):
                folder.mkdir()
        except OSError as error:
            raise FolderUnusable(
                f"{path or tempfile.gettempdir()} cannot be used: {error.strerror}"
            ) from None

    def close(self) -> None:
        """Delete what does not outlive an emulator, and let others have the folder."""
        self._delete_files()
        if self._temporary:
            shutil.rmtree(self._path, ignore_errors=True)
        self._lock.close()

    def _delete_files(self) -> None:
        for folder in (self.files, self.objects, self.pictures):
            shutil.rmtree(folder, ignore_errors=True)


def _check_owner(path: Path) -> None:
    # What lies in the folder is deleted at the beginning, which must not happen to what a user keeps there.
    if not (path / _LOCK).exists() and any(path.iterdir()):
        raise FolderUnusable(f"{path} is neither empty nor the folder of an emulator")


def _lock(file: IO[str], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise FolderUnusable(f"{path} is in use by another emulator") from None
