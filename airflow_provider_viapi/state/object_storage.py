"""State in object storage or on a shared volume, for every Airflow: ``[viapi] state_path``.

Layout, version 1: one JSON object per task instance and key,
``<state_path>/<dag_id>/<run_id>/<task_id>/<map_index>/<key>.json`` with percent-encoded names; a name of more than
180 characters in that form ends with a digest instead. A task that is not mapped has the index -1. Each holds

* ``version``: 1
* ``dag_id``, ``run_id``, ``task_id``, ``map_index``, ``key``: as Airflow has them
* ``value``: what was stored; ``null`` once it was deleted, so that a deletion can be conditional too
* ``attempt``, ``written_at``: try number and time (ISO 8601, UTC) of the last write
* ``write_id``: a random id of the process that wrote last

An object is written as a whole, before a request is sent, and only if it is still as this attempt has read it (see
``conditional_write``). Nothing is cached. The values hold ids, times, digests and addresses of folders, and
no key. The response to a call without a job that could not be landed has links that work for half an hour, as the
result of a task does.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import re
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any, TypeVar
from urllib.parse import quote

from airflow_provider_viapi.errors import ConfigurationError, StateConflict, StateError
from airflow_provider_viapi.jobs.attempt_context import TaskKey
from airflow_provider_viapi.redaction import describe_error
from airflow_provider_viapi.retrying import STORAGE, retry_call
from airflow_provider_viapi.state.conditional_write import Conflict, Objects, Version, open_objects
from airflow_provider_viapi.state.stores import StateConfig
from airflow_provider_viapi.storage_addresses import place_problem

logger = logging.getLogger(__name__)

LAYOUT_VERSION = 1

DEPTH_IN_DAG = 4
"""Parts of an object's path below the folder of its DAG: run, task, index and key."""

MAX_NAME = 180
"""Longest percent-encoded part of a path; file systems allow 255 bytes."""

PRUNE_PROBABILITY = 0.01
"""Share of first writes of task instances that delete old state of their DAG: each time costs a listing."""

T = TypeVar("T")

_FTP_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?")


class ObjectStorageStore:
    """The state of one task instance below ``state_path``.

    :param config: of the section ``[viapi]``, with a path
    :param task: whose state it is
    :param attempt: try number, for whoever reads the objects
    :raises ConfigurationError: the path is not the address of a folder that can be opened here
    """

    is_persistent = True
    survives_clear = True

    def __init__(self, config: StateConfig, task: TaskKey, *, attempt: int = 0) -> None:
        self._config = config
        self._task = task
        self._attempt = attempt
        self._shown_path = _without_secret(config.path or "")
        self._fs, self._root = open_state_path(config.path or "")
        self.objects: Objects = open_objects(self._fs)
        self._versions: dict[str, Version] = {}
        self._write_id = uuid.uuid4().hex

    def get(self, key: str) -> Any:
        """Return the value, or ``None``.

        :raises StateError: the storage cannot be read
        """
        document, self._versions[key] = self._read(self._path(key))
        return None if document is None else document["value"]

    def set(self, key: str, value: Any) -> None:
        """Store a value of JSON's types.

        :raises ValueError: the value is ``None``, or JSON cannot hold it
        :raises StateConflict: another attempt has written the key since this one read it
        :raises StateError: the storage cannot be written
        """
        if value is None:
            raise ValueError("None cannot be stored; delete the key")
        self._write(key, value)

    def delete(self, key: str) -> None:
        """Delete the value, if there is one.

        :raises StateConflict: another attempt has written the key since this one read it
        :raises StateError: the storage cannot be written
        """
        if key not in self._versions:
            self.get(key)
        if self._versions[key] is not None:
            self._write(key, None)

    def prune(self) -> int:
        """Delete state of the DAG that was last written before ``state_retention_days``, and return how many objects.

        The objects of a task instance are deleted together, by the age of the newest: a batch does not write its
        first page again while it needs it. They must outlive the longest ``job_timeout``.
        """
        folder = f"{self._root}/{_encode(self._task.dag_id)}"
        days = self._config.retention_days
        # Of a DAG called "results" or "claims", the folder holds other objects too, which are less deep.
        return self._retry(
            "listed",
            folder,
            lambda: delete_older_than(days, self._fs, folder, depth=DEPTH_IN_DAG, together=True),
        )

    def _path(self, key: str) -> str:
        names = map(str, self._task)
        return "/".join((self._root, *map(_encode, names), f"{_encode(key)}.json"))

    def _read(self, path: str) -> tuple[dict[str, Any] | None, Version]:
        data, version = self._retry("read", path, lambda: self.objects.read(path))
        return None if data is None else self._decode(path, data), version

    def _decode(self, path: str, data: bytes) -> dict[str, Any]:
        try:
            document = json.loads(data)
            layout = document["version"]
        except (ValueError, KeyError, TypeError):
            layout = None
        if layout != LAYOUT_VERSION:
            raise StateError(
                f"the task's state at {self._name_of(path)} is not of version {LAYOUT_VERSION} (found: {layout!r});"
                " it was written by another version of this provider or damaged. Read the id of the job in this file;"
                " delete the file to submit again"
            )
        return dict(document)

    def _write(self, key: str, value: Any) -> None:
        path = self._path(key)
        if key not in self._versions:
            self.get(key)
        document = {
            "version": LAYOUT_VERSION,
            **self._task._asdict(),
            "key": key,
            "value": value,
            "attempt": self._attempt,
            "written_at": datetime.now(timezone.utc).isoformat(),
            "write_id": self._write_id,
        }
        data = json.dumps(document, allow_nan=False, indent=1).encode()
        expected = self._versions[key]
        try:
            self._versions[key] = self._put(path, data, expected)
        except Conflict:
            self._versions[key] = self._write_over_ours(path, data)
        if expected is None and random.random() < PRUNE_PROBABILITY:  # noqa: S311
            self._prune_quietly()

    def _put(self, path: str, data: bytes, expected: Version) -> Version:
        return self._retry("written", path, lambda: self.objects.write(path, data, expected))

    def _write_over_ours(self, path: str, data: bytes) -> Version:
        """Write an object that has changed if the change is this process's own, and return its new version.

        The response to an earlier write may have been lost: its repetition, or the next write, conflicts with it.
        """
        stored, version = self._retry("read", path, lambda: self.objects.read(path))
        if stored == data:
            return version
        try:
            if stored is not None and self._decode(path, stored).get("write_id") == self._write_id:
                return self._put(path, data, version)
        except Conflict:
            pass
        raise StateConflict(
            f"another attempt of this task has changed its state at {self._name_of(path)} since this attempt read"
            " it; this attempt stops, so that no job is submitted twice"
        )

    def _prune_quietly(self) -> None:
        try:
            deleted = self.prune()
        except Exception as error:
            logger.info("Old state below %s could not be deleted: %s", self._shown_path, error)
        else:
            logger.info("Deleted %d objects of old state below %s", deleted, self._shown_path)

    def _retry(self, done: str, path: str, call: Callable[[], T]) -> T:
        return call_storage(call, f"the task's state at {self._name_of(path)} cannot be {done}")

    def _name_of(self, path: str) -> str:
        return f"{self._shown_path.rstrip('/')}{path.removeprefix(self._root)}"


def call_storage(call: Callable[[], T], failure: str) -> T:
    """Return what a call of the storage of ``state_path`` returns; it is retried for a moment.

    :param failure: what cannot be done, for the error
    :raises StateError: the call has failed
    """
    try:
        return retry_call(call, policy=STORAGE)
    except (Conflict, ConfigurationError):
        raise
    except Exception as error:
        # Also an error of OSS: taken for one of the job's service, it could mean that nothing was submitted.
        raise StateError(
            f"{failure} ({describe_error(error)}); check [viapi] state_path, its connection and its permissions"
        ) from None


def open_state_path(path: str) -> tuple[Any, str]:
    """Return the file system of ``state_path`` and the folder in it, without a slash at its end.

    :raises ConfigurationError: the path is not the address of a folder that can be opened here
    """
    shown = _without_secret(path)
    allowed = "the address of a folder, such as s3://aws_default@bucket/viapi-state or file:///mnt/shared/viapi-state"
    if (problem := place_problem(path, allowed)) is not None or re.search("[?#]", path):
        raise ConfigurationError(f"[viapi] state_path is {shown!r}; allowed: {problem or allowed}")
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    try:
        folder = ObjectStoragePath(path)
        return folder.fs, str(folder.path).rstrip("/")
    except Exception as error:
        raise ConfigurationError(
            f"[viapi] state_path {shown!r} cannot be opened ({describe_error(error)}); check"
            " the connection in it, and install the provider of its storage (for s3://:"
            " apache-airflow-providers-amazon[s3fs])",
        ) from None


def _encode(name: str) -> str:
    encoded = quote(name, safe="")
    if not encoded.strip("."):
        # A folder called "." or ".." would lead elsewhere.
        return encoded.replace(".", "%2E")
    if len(encoded) > MAX_NAME:
        return f"{encoded[: MAX_NAME - 65]}-{hashlib.sha256(name.encode()).hexdigest()}"
    return encoded


def modified_at(info: dict[str, Any]) -> datetime | None:
    """Return when an object was last written, under the names that file systems have for it."""
    for name in (
        "mtime",
        "LastModified",
        "last_modified",
        "updated",
        "modified",
        "modificationTime",
        "modify",
    ):
        value = info.get(name)
        if isinstance(value, int | float):
            # That of HDFS is in milliseconds.
            return datetime.fromtimestamp(value / 1000 if name == "modificationTime" else value, timezone.utc)
        if isinstance(value, str):
            # That of FTP is 20260131235959, or what a server writes for people to read.
            form = _FTP_TIME.fullmatch(value)
            try:
                value = datetime.fromisoformat(
                    "{}-{}-{}T{}:{}:{}".format(*form.groups()) if form else value.replace("Z", "+00:00")
                )
            except ValueError:
                continue
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return None


def delete_older_than(days: int, fs: Any, folder: str, *, depth: int, together: bool = False) -> int:
    """Delete the JSON objects below a folder that were last written more than some days ago; return their number.

    :param days: 0 deletes nothing
    :param fs: opened file system of ``[viapi] state_path``
    :param depth: of the objects below the folder; 1: in the folder itself
    :param together: those in one folder are deleted together, by the age of the newest
    """
    if not days:
        return 0
    oldest = datetime.now(timezone.utc) - timedelta(days=days)
    fs.invalidate_cache()
    groups: dict[str, dict[str, datetime | None]] = {}
    for path, info in fs.find(folder, detail=True).items():
        if path.endswith(".json") and path.removeprefix(folder).count("/") == depth:
            group = path.rpartition("/")[0] if together else path
            groups.setdefault(group, {})[path] = modified_at(info)
    old = [
        path
        for written in groups.values()
        if all(at is not None and at < oldest for at in written.values())
        for path in written
    ]
    objects = open_objects(fs)
    for path in old:
        objects.remove(path)
    return len(old)


def _without_secret(path: str) -> str:
    """Return an address without what follows a colon before its ``@``: only a connection's id belongs there."""
    head, scheme, rest = path.rpartition("://")
    user, at, place = rest.rpartition("@")
    return f"{head}{scheme}{user.partition(':')[0]}{at}{place}"
