"""Sensor of VIAS's alarms that were stored as files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.arguments.checks import is_templated
from airflow_provider_viapi.operators.provider_task import ProviderTask
from airflow_provider_viapi.operators.task.permanent_errors import fail_without_retry
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.huawei.alarm_events import Alarm
    from airflow_provider_viapi.operators.arguments.options import Address

SEEN = ".viapi-seen"
"""Folder of the markers of files that were taken, in the folder of the alarms."""


class ViasAlarmSensor(ProviderTask, BaseSensorOperator):
    """Wait for alarms of VIAS in a folder, and return them; each file is returned once.

    A file is taken by a marker in the folder ``.viapi-seen`` beside it, which is written before the file is read.
    Of all sensors on a folder, in whatever DAG and run, one gets a file. A retry of the task returns the files
    again that an earlier attempt has taken and not returned. A storage without conditional writes may give a file
    to two sensors that poke at the same time.

    Returns ``alarms``, each with ``kind``, ``task_id``, ``stream_id``, ``at``, ``events``, ``problems``, ``raw`` (the
    message without its picture), ``file``, and ``image``, the address of its picture if ``images_to`` is given.

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
            raise InvalidRequest(
                f"max_files is {short_repr(max_files)}; allowed: a whole number from 1 to 1000",
                code="InvalidParameter",
            )
        self.folder = folder
        self.images_to = images_to
        self.max_files = max_files
        literal = [each for each in (folder, images_to) if each is not None and not is_templated(each)]
        for each in literal:
            self._address(each)
        if len(literal) == 2:
            self._refuse_pictures_among_alarms()

    def poke(self, context: Context) -> PokeReturnValue:
        """Look for files that nobody has taken; return their alarms if there are any."""
        with fail_without_retry():
            self._refuse_pictures_among_alarms()
            alarms = [alarm for name in self._take(context) for alarm in self._read(name)]
        if not alarms:
            return PokeReturnValue(False)
        self.log.info("%d alarms in %s", len(alarms), self._address(self.folder))
        return PokeReturnValue(True, {"alarms": alarms})

    def _refuse_pictures_among_alarms(self) -> None:
        if self.images_to is not None:
            folder, images = self._address(self.folder), self._address(self.images_to)
            if f"{images}/".startswith(f"{folder}/"):
                raise InvalidRequest(
                    f"images_to is {images!r}, in the folder of the alarms; allowed: a folder elsewhere",
                    code="InvalidParameter",
                )

    def _take(self, context: Context) -> Iterable[str]:
        """Return the names of the files that are this task's, oldest name first."""
        from airflow_provider_viapi.state.conditional_write import Conflict, open_objects
        from airflow_provider_viapi.state.stores import TaskKey
        from airflow_provider_viapi.watch.folder import list_files

        fs, root = self._open(self.folder)
        fs.invalidate_cache()
        objects, owner = open_objects(fs), json.dumps(list(TaskKey.from_context(context))).encode()
        # In the first attempt, no marker can be this task's, and need not be read.
        is_first = context["ti"].try_number == 1
        markers = set(fs.find(f"{root}/{SEEN}"))
        taken = []
        for file in sorted(list_files(fs, root), key=lambda file: file.name):
            # A file that is written again under the same name is another alarm.
            about = f"/{file.name} {file.version}"
            name, marker = (
                f"{root}/{file.name}",
                f"{root}/{SEEN}/{hashlib.sha256(about.encode()).hexdigest()}",
            )
            if marker not in markers:
                try:
                    objects.write(marker, owner, None)
                except Conflict:
                    continue
            elif is_first or objects.read(marker)[0] != owner:
                continue
            taken.append(name)
            if len(taken) == self.max_files:
                break
        return taken

    def _read(self, name: str) -> Iterable[dict[str, Any]]:
        from airflow_provider_viapi.huawei.alarm_messages import parse_alarms

        fs, root = self._open(self.folder)
        for number, alarm in enumerate(parse_alarms(fs.cat_file(name))):
            described = {**alarm.as_dict(), "file": f"{self._address(self.folder)}/{name[len(root) + 1 :]}"}
            if self.images_to is not None and alarm.image is not None:
                described["image"] = self._store(alarm, f"{name[len(root) :]} {number}")
            yield described

    def _store(self, alarm: Alarm, identity: str) -> str:
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        from airflow_provider_viapi.media.outputs.atomic_file import AtomicFile

        # The same name in each attempt.
        file = f"{alarm.kind}-{hashlib.sha256(identity.encode()).hexdigest()[:24]}{alarm.image_suffix}"
        address = f"{self._address(self.images_to)}/{file}"
        with AtomicFile(ObjectStoragePath(address)) as written:
            written.write(alarm.image or b"")
            written.commit()
        return address

    def _open(self, folder: Any) -> tuple[Any, str]:
        from airflow_provider_viapi.media.open_storage import open_path

        path = open_path(self._address(folder))
        return path.fs, str(path.path).rstrip("/")

    @staticmethod
    def _address(folder: Any) -> str:
        from airflow_provider_viapi.schema import as_address

        address = as_address(folder)
        if not isinstance(address, str) or "://" not in address:
            raise InvalidRequest(
                f"the folder of alarms or pictures is {short_repr(address)}; allowed: an address such as s3://bucket/alarms/",
                code="InvalidParameter",
            )
        return address.rstrip("/")
