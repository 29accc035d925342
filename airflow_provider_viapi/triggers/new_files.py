"""Trigger for new files in a folder of any storage."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.triggers.watcher import WatcherTrigger

if TYPE_CHECKING:
    from os import PathLike

    from airflow_provider_viapi.watch.cursor import ListEntry, StartFrom
    from airflow_provider_viapi.watch.shared_pages import Pages

LONGEST = 86_400.0


class NewFilesTrigger(WatcherTrigger):
    """Fire an event for each new file in a folder; for ``AssetWatcher``.

    Example::

        incoming = Asset(
            "incoming_films",
            watchers=[AssetWatcher(name="films", trigger=NewFilesTrigger(folder="oss://media/in/", pattern="*.mp4"))],
        )

    It lists the folder, and the folders in it; names that begin with a dot are left out. A file that is written again
    under its name is a new file. The payload of an event holds

    * ``file``: its address, with the connection id of ``folder``
    * ``name``: its path below ``folder``; ``size`` in bytes, ``modified_at`` (ISO 8601), each ``None`` if unknown
    * ``redelivered``: true if an earlier event about the file may exist (see :class:`WatcherTrigger`)

    :param folder: address of the folder, or a path object, in any storage that Airflow's ``ObjectStoragePath`` opens,
        such as ``oss://conn@bucket/in/``; at most 100,000 files
    :param pattern: fire only for names that match, such as ``*.mp4``; ``*`` matches slashes, too. Default: all
    :param start_from: what a new watcher does with files that exist already: ``now`` leaves them out, ``listed``
        fires an event for each; default: ``now``
    :param poll_interval: seconds between two listings, 1–86400; default: 30
    :param settle: seconds for which a file must be unchanged, 0–86400; default: 0 in object storage, which shows only
        complete files, and 10 elsewhere
    :raises InvalidRequest: an argument is invalid
    :raises ConfigurationError: Airflow is older than 3.0
    """

    def __init__(
        self,
        *,
        folder: str | PathLike[str],
        pattern: str = "*",
        start_from: StartFrom = "now",
        poll_interval: float = 30.0,
        settle: float | None = None,
    ) -> None:
        from airflow_provider_viapi.storage_addresses import folder_address
        from airflow_provider_viapi.watch.folder import settle_seconds

        super().__init__(start_from=start_from)
        # Airflow stores it in its database, and it is logged: a password in it is refused.
        self.folder = folder_address(
            folder, f"{type(self).__name__}: folder", "an address such as s3://bucket/incoming/"
        )
        if not isinstance(pattern, str) or not pattern:
            raise self.invalid("pattern", pattern, "a pattern such as *.mp4")
        self.pattern = pattern
        self.poll_interval = self._seconds("poll_interval", poll_interval, 1.0)
        self.settle = self._seconds("settle", settle_seconds(self.folder) if settle is None else settle, 0.0)

    @classmethod
    def _seconds(cls, parameter: str, value: Any, minimum: float) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not minimum <= value <= LONGEST:
            raise cls.invalid(parameter, value, f"seconds from {minimum:g} to {LONGEST:g}")
        return float(value)

    @classmethod
    def instead(cls) -> str:
        """Return what to use on Airflow 2."""
        return "Use a sensor of the storage's provider, such as S3KeySensor"

    @classmethod
    def list_key(cls, arguments: Mapping[str, Any]) -> Hashable:
        """Return what triggers have in common that list the same folder."""
        return (
            "files",
            *(arguments[name] for name in ("folder", "poll_interval", "settle")),
        )

    @property
    def listed(self) -> str:
        """Identity of the list."""
        return self.folder

    @classmethod
    def open_pages(cls, arguments: Mapping[str, Any]) -> Pages:
        """Begin to list the folder."""
        from airflow_provider_viapi.watch.folder import folder_pages

        return folder_pages(
            arguments["folder"], interval=arguments["poll_interval"], settle=arguments["settle"]
        )

    def arguments(self) -> dict[str, Any]:
        """Return the arguments that rebuild the trigger."""
        return {
            **super().arguments(),
            "folder": self.folder,
            "pattern": self.pattern,
            "poll_interval": self.poll_interval,
            "settle": self.settle,
        }

    def wants(self, entry: ListEntry) -> bool:
        """Return whether the name of a file matches."""
        return fnmatchcase(entry.fields["name"], self.pattern)
