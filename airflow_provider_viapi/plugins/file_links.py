"""Short-lived links to files in object storage, for the users of the UI.

The connection that signs may read more than the user who wants to see a file. So only files are linked that the
task's rendered fields name: its sources, and what lies where its ``land_to`` sends results. Rendered fields are
written by the task itself; XComs, which users with the right to edit them can change, decide nothing here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_viapi.media.storage_schemes import storage_of

logger = logging.getLogger(__name__)

EXPIRES_IN = 600
"""Seconds for which a link works."""

DESTINATIONS = ("land_to", "to")
"""Operator arguments that say where results are stored: a folder if they end in a slash."""

FOLDERS = ("images_to",)
"""Operator arguments that name a folder of results, with or without a slash at the end."""

_IN_STORAGE = re.compile(r"([a-z0-9]+)://[^/]+/.")
_PLACEHOLDER = re.compile(r"\\{[a-z_]+\\}")


class FileNotLinked(Exception):
    """There is no link to a file.

    :param status: of the HTTP response
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def file_link(address: str, *, dag_id: str, run_id: str, task_id: str, map_index: int) -> str:
    """Return a link to a file of a task.

    :param address: of the file, such as ``s3://conn@bucket/key``
    :raises FileNotLinked: the task does not name the file, or nothing can sign a link to it
    """
    found = _IN_STORAGE.match(address)
    if found is None or not storage_of(found[1]).signs or ".." in address.split("/"):
        raise FileNotLinked(400, "only files in object storage can be linked")
    fields = _rendered_fields(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index)
    if fields is None or not names_file(fields, address):
        # The same answer as for a file that is unknown: it says nothing about what exists.
        raise FileNotLinked(
            404, "this task does not name such a file, or its rendered fields are not kept any more"
        )
    return signed_link(address)


def signed_link(address: str) -> str:
    """Return a link to a file in object storage that works for :data:`EXPIRES_IN` seconds.

    :raises FileNotLinked: its connection does not exist, or has no key that signs
    """
    try:
        from airflow_provider_viapi.media.open_storage import open_path

        path = open_path(address)
        url = str(path.fs.sign(path.path, expiration=EXPIRES_IN))
    except Exception as error:
        # Whatever the storage library raises; its text may quote a key.
        logger.warning("No link to a landed file: %s", type(error).__name__)
        raise FileNotLinked(
            501, f"its connection is missing, or has no key that signs links ({type(error).__name__})"
        ) from None
    if not url.startswith(("https://", "http://")):
        raise FileNotLinked(501, "the storage gives no link that a browser can open")
    return url


def names_file(fields: Mapping[str, Any], address: str) -> bool:
    """Return whether rendered fields name a file, as a source or by where results are stored."""
    for name, value in fields.items():
        if name in (*DESTINATIONS, *FOLDERS) and isinstance(value, str):
            if _destination(f"{value.rstrip('/')}/" if name in FOLDERS else value).fullmatch(address):
                return True
        elif address in _texts(value):
            return True
    return False


def _destination(template: str) -> re.Pattern[str]:
    """Return a pattern of the addresses at which results with this ``land_to`` are stored."""
    pattern = _PLACEHOLDER.sub("[^/]+", re.escape(template))
    return re.compile(pattern + "[^/]+" if template.endswith("/") else pattern)


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a rendered field, which Airflow stores as they are or as the text of a collection."""
    if isinstance(value, str):
        yield value
        yield from re.findall(r"[\"']([a-z0-9]+://[^\"']+)[\"']", value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _rendered_fields(*, dag_id: str, run_id: str, task_id: str, map_index: int) -> Mapping[str, Any] | None:
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    # Airflow 3.4 has renamed the column.
    model: Any = TaskInstance
    position = model.region_index if hasattr(model, "region_index") else model.map_index
    key = (model.dag_id == dag_id, model.run_id == run_id, model.task_id == task_id, position == map_index)
    with create_session() as session:
        instance = session.scalar(select(model).where(*key))
        if instance is None:
            return None
        found: Any = RenderedTaskInstanceFields.get_templated_fields(instance, session=session)
        return found if isinstance(found, Mapping) else None
