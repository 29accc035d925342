"""Short-lived links to files in object storage, for the users of the UI.

The connection that signs may read more than the user who wants to see a file. So only files are linked that the
rendered fields of a task of this provider name: its sources, and what lies where its ``land_to`` sends results.
Rendered fields are written by the task itself; no address is taken from an XCom, which users with the right to edit
them can change. So the result that a task reused is linked only if it lies where the task itself would store it.

A user who triggers a run may choose what a template renders to, if it reads ``dag_run.conf`` or a parameter. So only
media are linked, and docs/ui.md advises which templates to avoid.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_viapi.media.file_types import is_media_name
from airflow_provider_viapi.media.storages import storage_of

logger = logging.getLogger(__name__)

EXPIRES_IN = 600
"""Seconds for which a link works."""

SOURCES = (
    *(
        "request",
        "items",
        "shared",
        "source",
        "before",
        "images",
        "recordings",
        "audio",
        "cover",
        "grant_file",
    ),
    *("training_video", "action_video", "id_card_image1", "id_card_image2", "authorization_letter"),
)
"""Operator arguments that hold the addresses of sources, at whatever depth."""

FOLDERS = ("images_to",)
"""Operator arguments that name a folder of results, with or without a slash at the end."""

_IN_STORAGE = re.compile(r"([a-z0-9]+)://[^/]+/.")
_OF_EACH_FILE = re.compile(r"\{(?:job_id|key|name|ext|index)\}")
"""Placeholders of destinations whose values differ between the files of a task."""


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
    # Storages read a version after ? or #, and sign a link to the file before it.
    if not (is_media_name(address) and is_media_name(re.split("[?#]", address, maxsplit=1)[0])):
        raise FileNotLinked(
            400,
            "only videos, sounds and images, and PDF files, can be linked, by the extensions of their names",
        )
    names: dict[str, Any] = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "map_index": map_index}
    fields = _rendered_fields(**names)
    if fields is None or not names_file(fields, address, names):
        # The same response as for a file that is unknown: it says nothing about what exists.
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


def names_file(fields: Mapping[str, Any], address: str, names: Mapping[str, Any]) -> bool:
    """Return whether rendered fields name a file, as a source or by where results are stored.

    :param names: values of the placeholders that are the same for all files of the task, such as ``dag_id``
    """
    for name, value in fields.items():
        if name in SOURCES:
            if address in _texts(value):
                return True
        elif name in ("land_to", *FOLDERS) and isinstance(value, str):
            folder = f"{value.rstrip('/')}/" if name in FOLDERS else value
            if _is_at(folder, address, names):
                return True
    return False


def _is_at(destination: str, address: str, names: Mapping[str, Any]) -> bool:
    """Return whether a result with this ``land_to`` may be stored at an address."""
    parts, found = destination.split("/"), address.split("/")
    if destination.endswith("/"):
        parts[-1] = "{name}"
    if len(parts) != len(found) or not found[-1]:
        return False
    *folders, file = zip(parts, found, strict=True)
    # Where the name belonged to another item of a batch, the job's id is in front of it.
    return all(_matches(*each, names) for each in folders) and (
        _matches(*file, names) or _matches(f"{{job_id}}-{file[0]}", file[1], names)
    )


def _matches(part: str, text: str, names: Mapping[str, Any]) -> bool:
    """Return whether a text, between two slashes, is what a part of a destination may become."""
    first, *others = (_with_values(piece, names) for piece in _OF_EACH_FILE.split(part))
    if not others:
        return text == first
    # From left to right and once: a regular expression goes back, for hours with some texts.
    at, end = len(first), len(text) - len(others[-1])
    if at > end or not text.startswith(first) or not text.endswith(others[-1]):
        return False
    for piece in others[:-1]:
        start = text.find(piece, at, end)
        if start < 0:
            return False
        at = start + len(piece)
    return True


def _with_values(piece: str, names: Mapping[str, Any]) -> str:
    for name, value in names.items():
        piece = piece.replace(f"{{{name}}}", str(value))
    return piece


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
    """Return the rendered fields of a task of this provider; ``None`` for any other task."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    from airflow_provider_viapi.plugins import STATIC

    # Airflow 3.4 has renamed the column.
    model: Any = TaskInstance
    position = model.region_index if hasattr(model, "region_index") else model.map_index
    key = (model.dag_id == dag_id, model.run_id == run_id, model.task_id == task_id, position == map_index)
    with create_session() as session:
        instance = session.scalar(select(model).where(*key))
        # XComs do not count as evidence: users who are not DAG authors can write them.
        if instance is None or instance.operator not in json.loads((STATIC / "operators.json").read_text()):
            return None
        found: Any = RenderedTaskInstanceFields.get_templated_fields(instance, session=session)
        return found if isinstance(found, Mapping) else None
