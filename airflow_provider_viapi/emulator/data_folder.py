"""The folder that holds an emulator's files, locked while it runs."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import IO

_LOCK = "viapi-emulator.lock"


class DataFolderError(Exception):
    """The folder cannot be created or written to, or is in use; the message says which."""


class DataFolder:
    """A folder and the layout of its content, reserved for one emulator until :meth:`close`.

    ``files``, ``objects`` and ``images`` are folders that are emptied at the start and at the end;
    ``image_databases`` and ``image_instances`` are files that are kept.

    :param path: created if missing; refused if it holds other files; default: a temporary folder
    :raises DataFolderError: it cannot be used
    """

    def __init__(self, path: Path | None = None) -> None:
        self._temporary = path is None
        try:
            self._path = Path(tempfile.mkdtemp(prefix="viapi-emulator-")) if path is None else path.absolute()
            self._path.mkdir(parents=True, exist_ok=True)
            _check_owner(self._path)
            self._lock = (self._path / _LOCK).open("w")
            _lock(self._lock, self._path)
            self.files, self.objects, self.images = (
                self._path / name for name in ("files", "objects", "images")
            )
            self.image_databases = self._path / "images.sqlite"
            self.image_instances = self._path / "instances.sqlite"
            self._delete_files()
            for folder in (self.files, self.objects, self.images):
                folder.mkdir()
        except OSError as error:
            raise DataFolderError(
                f"{path or tempfile.gettempdir()} cannot be used: {error.strerror}"
            ) from None

    def close(self) -> None:
        """Delete the temporary files and release the folder."""
        self._delete_files()
        if self._temporary:
            shutil.rmtree(self._path, ignore_errors=True)
        self._lock.close()

    def _delete_files(self) -> None:
        for folder in (self.files, self.objects, self.images):
            shutil.rmtree(folder, ignore_errors=True)


def _check_owner(path: Path) -> None:
    # The content of the folder is deleted at the start: never do that to a folder with the user's own files.
    if not (path / _LOCK).exists() and any(path.iterdir()):
        raise DataFolderError(
            f"{path} is not empty and was not created by an emulator; choose another folder"
        )


def _lock(file: IO[str], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise DataFolderError(f"{path} is in use by another emulator") from None
