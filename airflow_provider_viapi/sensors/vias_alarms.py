"""Sensor of VIAS's alarms that were stored as files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_viapi.best_effort import logging_failure
from airflow_provider_viapi.errors import InvalidRequest, TransientError
from airflow_provider_viapi.operators.arguments.checks import is_templated, not_allowed
from airflow_provider_viapi.operators.provider_task import ProviderTask
from airflow_provider_viapi.operators.task.attempt import fail_without_retry
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.huawei.alarm_events import Alarm
    from airflow_provider_viapi.operators.arguments.options import Address
    from airflow_provider_viapi.watch.folder import StoredFile

SEEN = ".viapi-seen"
"""Folder of the markers of files that were taken, in the folder of the alarms."""

MAX_BYTES = 4 << 20
"""Bytes of the alarms of one file in an XCom."""

ENOUGH_BYTES = 2 << 20
"""Bytes of alarms after which no further file is read: the next run takes it."""


class ViasAlarmSensor(ProviderTask, BaseSensorOperator):
    """Wait for alarms of VIAS in a folder, and return them; each file is returned once.

    A file is taken by a marker in the folder ``.viapi-seen`` beside it, which is written before the file is read.
    Of all sensors on a folder, in whatever DAG and run, one gets a file. A retry of the task returns the files
    again that an earlier attempt has taken and not returned. If a picture cannot be stored, the task fails, and its
    files are free again. A file that can never be read is returned as an alarm of kind ``unknown``; one that cannot
    be read now is read again later. A storage without conditional writes may give a file to two sensors that poke at
    the same time.

    Returns ``alarms``, each with ``kind``, ``task_id``, ``stream_id``, ``at``, ``events``, ``problems``, ``raw`` (the
    message without its pictures; ``None`` above 64 KB), ``file``, and ``image``, the address of its picture if
    ``images_to`` is given. After 2 MB of alarms no further file is taken, and of one file at most 4 MB are returned.

    :param folder: folder of the alarms' files in any storage that Airflow's ``ObjectStoragePath`` opens, such as
        ``s3://conn@bucket/alarms/``; folders in it are searched, too
    :param images_to: folder for the pictures of the alarms; default: pictures are not stored
    :param max_files: most files that one run returns; the others wait for the next. 1–1000; default: 100
    """

    template_fields: Sequence[str] = ("folder", "images_to")
    ui_color = "#fdeaea"

    def __init__(
        self, *, folder: Address, images_to: Address | None = None, max_files: int = 100, **kwargs: Any
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if isinstance(max_files, bool) or not isinstance(max_files, int) or not 1 <= max_files <= 1000:
            raise not_allowed("max_files", max_files, "a whole number from 1 to 1000")
        self.folder = folder
        self.images_to = images_to
        self.max_files = max_files
        given = {"folder": folder, "images_to": images_to}
        literal = {name: each for name, each in given.items() if each is not None and not is_templated(each)}
        for name, each in literal.items():
            self._address(each, name)
        if len(literal) == 2:
            self._refuse_pictures_among_alarms()

    def never_none(self) -> Collection[str]:
        """Return also the folder without which pictures are not stored."""
        return (*super().never_none(), "images_to")

    def poke(self, context: Context) -> PokeReturnValue:
        """Look for files that nobody has taken; return their alarms if there are any."""
        with fail_without_retry():
            self.check_rendered()
            self._refuse_pictures_among_alarms()
            taken = self._take(context)
            try:
                alarms = self._read_all(taken)
            except Exception:
                self._give_back(marker for _, marker in taken)
                raise
        if not alarms:
            return PokeReturnValue(False)
        self.log.info("%d alarms in %s", len(alarms), self._address(self.folder))
        return PokeReturnValue(True, {"alarms": alarms})

    def _refuse_pictures_among_alarms(self) -> None:
        if self.images_to is not None:
            from airflow_provider_viapi.storage_addresses import comparable_folder

            folder, images = self._address(self.folder), self._address(self.images_to, "images_to")
            if f"{comparable_folder(images)}/".startswith(f"{comparable_folder(folder)}/"):
                raise InvalidRequest(
                    f"images_to is {short_repr(images)}, in the folder of the alarms; allowed: a folder elsewhere"
                )

    def _take(self, context: Context) -> list[tuple[StoredFile, str]]:
        """Return the files that are this task's, by name, each with the path of its marker."""
        from airflow_provider_viapi.jobs.attempt_context import TaskKey
        from airflow_provider_viapi.state.conditional_write import Conflict, open_objects
        from airflow_provider_viapi.watch.folder import list_files

        fs, root = self._open(self.folder)
        fs.invalidate_cache()
        objects, owner = open_objects(fs), json.dumps(list(TaskKey.of(context["ti"]))).encode()
        # What this task is about to take, in whichever attempt: only these markers need to be read.
        own_list = f"{root}/{SEEN}/{hashlib.sha256(owner).hexdigest()}.taken"
        markers = set(fs.find(f"{root}/{SEEN}"))
        data, version = objects.read(own_list) if own_list in markers else (None, None)
        own = markers & {f"{root}/{SEEN}/{name}" for name in json.loads(data or b"[]")}
        marked = ((file, _marker(root, file)) for file in list_files(fs, root))
        free = sorted(
            (each for each in marked if each[1] not in markers or each[1] in own),
            key=lambda each: each[0].name,
        )[: self.max_files]
        new = {marker for _, marker in free if marker not in markers}
        if new:
            names = sorted(marker.rpartition("/")[2] for marker in own | new)
            try:
                objects.write(own_list, json.dumps(names).encode(), version)
            except Conflict:
                # Another attempt of this task is running.
                return []
        taken = []
        for file, marker in free:
            if marker in new:
                try:
                    objects.write(marker, owner, None)
                except Conflict:
                    continue
            elif objects.read(marker)[0] != owner:
                continue
            taken.append((file, marker))
        return taken

    def _give_back(self, markers: Iterable[str]) -> None:
        """Remove markers, so that a file whose alarms this task could not return is free for others."""
        from airflow_provider_viapi.state.conditional_write import open_objects

        objects = open_objects(self._open(self.folder)[0])
        for marker in markers:
            # A retry of this task still finds the file.
            with logging_failure(self.log, "The marker %s cannot be removed: %s", marker):
                objects.remove(marker)

    def _read_all(self, taken: Sequence[tuple[StoredFile, str]]) -> list[dict[str, Any]]:
        """Return the alarms of files; those that cannot be read now, or are too many for an XCom, are given back."""
        alarms: list[dict[str, Any]] = []
        left = ENOUGH_BYTES
        for number, (file, marker) in enumerate(taken):
            try:
                found = list(self._read(file))
            except TransientError as error:
                self.log.warning("%s; it is read again later", error)
                self._give_back([marker])
                continue
            alarms += found
            left -= len(json.dumps(found))
            if left <= 0:
                self._give_back(marker for _, marker in taken[number + 1 :])
                break
        return alarms

    def _read(self, file: StoredFile) -> Iterable[dict[str, Any]]:
        from airflow_provider_viapi.huawei.alarm_events import UNKNOWN, Alarm
        from airflow_provider_viapi.result_fields import storable
        from airflow_provider_viapi.triggers.vias_alarms import read_alarms

        fs, root = self._open(self.folder)
        address = f"{self._address(self.folder)}/{file.name}"
        try:
            alarms, _ = read_alarms(lambda: fs.cat_file(f"{root}/{file.name}"), address, file.size, self.log)
        except FileNotFoundError:
            self.log.warning("%s does not exist any more", address)
            return
        left = MAX_BYTES
        for number, alarm in enumerate(alarms):
            described = {**alarm.as_dict(), "file": address}
            left -= len(json.dumps(described))
            if left < 0:
                problem = f"{len(alarms) - number} more alarms are in the file, too many for an XCom"
                yield storable({**Alarm(None, UNKNOWN, problems=(problem,)).as_dict(), "file": address})
                return
            if storable(file.name) != file.name:
                described["problems"].append("the name of the file is not UTF-8, or has a NUL in it")
            if self.images_to is not None and alarm.image is not None:
                described["image"] = self._store(alarm, f"/{file.name} {number}")
            yield storable(described)

    def _store(self, alarm: Alarm, identity: str) -> str:
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        from airflow_provider_viapi.media.outputs.atomic_file import AtomicFile

        # The same name in each attempt.
        file = f"{alarm.kind}-{_digest(identity)[:24]}{alarm.image_suffix}"
        address = f"{self._address(self.images_to, 'images_to')}/{file}"
        with AtomicFile(ObjectStoragePath(address)) as written:
            written.write(alarm.image or b"")
            written.commit()
        return address

    def _open(self, folder: Any) -> tuple[Any, str]:
        from airflow_provider_viapi.media.open_storage import open_path

        path = open_path(self._address(folder))
        return path.fs, str(path.path).rstrip("/")

    @staticmethod
    def _address(folder: Any, name: str = "folder") -> str:
        from airflow_provider_viapi.storage_addresses import folder_address

        return folder_address(folder, name, "an address such as s3://bucket/alarms/")


def _marker(root: str, file: StoredFile) -> str:
    # A file that is written again under the same name is another alarm.
    return f"{root}/{SEEN}/{_digest(f'/{file.name} {file.version}')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
