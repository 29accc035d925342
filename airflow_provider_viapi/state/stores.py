"""Durable state of a task instance: Airflow's task state store, object storage, or memory.

All three are a ``jobs.ledger.Store``: values of JSON's types under text keys, and which attempts will find them.

================================= ======================================= ============================
store                             used                                    a retry finds the job
================================= ======================================= ============================
:class:`ObjectStorageStore`       where ``[viapi] state_path`` is set     yes, on every Airflow
:class:`AirflowStore`             otherwise, on Airflow 3.3 and later     yes
:class:`MemoryStore`              otherwise                               no; a warning says so
================================= ======================================= ============================
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowConfigException, conf

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.jobs.attempt_context import TaskKey

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.state.object_storage import ObjectStorageStore


DEFAULT_RETENTION_DAYS = 30


@dataclass(frozen=True)
class StateConfig:
    """The part of Airflow's configuration section ``[viapi]`` that concerns state.

    :param path: address of a folder, such as ``s3://conn@bucket/prefix``; ``None``: no object storage
    :param retention_days: age in days after which state is deleted; 0: never
    """

    path: str | None
    retention_days: int

    @classmethod
    def read(cls) -> StateConfig:
        """Read the section.

        :raises ConfigurationError: an option has a value that is not allowed
        """
        path = (conf.get("viapi", "state_path", fallback="") or "").strip()
        return cls(path or None, read_days("state_retention_days", DEFAULT_RETENTION_DAYS))


def read_days(option: str, default: int) -> int:
    """Return an option of the section ``[viapi]`` that is a number of days; 0: never.

    :raises ConfigurationError: the option has another value
    """
    text = str(conf.get("viapi", option, fallback="") or default).strip()
    if not text.isdecimal() or int(text) > 36_500:
        raise ConfigurationError(
            f"[viapi] {option} is {text!r}; allowed: a whole number of days from 0 (keep) to 36500",
        )
    return int(text)


def read_retention() -> tuple[str, int]:
    """Return the option that says for how many days the store keeps a value, and that number; 0: for ever.

    :raises ConfigurationError: an option has a value that is not allowed
    """
    config = StateConfig.read()
    if config.path is not None:
        return "[viapi] state_retention_days", config.retention_days
    option = "[state_store] default_retention_days"
    try:
        # Airflow before 3.3 does not have the option.
        return option, conf.getint("state_store", "default_retention_days", fallback=0)
    except AirflowConfigException as error:
        raise ConfigurationError(f"{option} cannot be read: {error}") from error


def open_store(context: Context) -> ObjectStorageStore | AirflowStore | MemoryStore:
    """Return the store for the task instance of a context.

    :raises ConfigurationError: ``[viapi] state_path`` is not the address of a folder that can be opened here
    """
    config = StateConfig.read()
    if config.path is not None:
        from airflow_provider_viapi.state.object_storage import ObjectStorageStore

        instance: Any = context["ti"]
        attempt = int(getattr(instance, "try_number", None) or 0)
        return ObjectStorageStore(config, TaskKey.of(instance), attempt=attempt)
    if (accessor := context.get("task_state_store")) is not None:
        return AirflowStore(accessor)

    key = TaskKey.of(context["ti"])
    warn_once(key.dag_id, key.run_id)
    return MemoryStore()


class AirflowStore:
    """Airflow's store for one task instance.

    Airflow deletes the values with the DAG run, after ``[state_store] default_retention_days``, and, from 3.4 on,
    when the task is cleared unless ``keep_task_state`` is set. Set ``[viapi] state_path`` where that is not wanted.

    :param accessor: ``context["task_state_store"]``
    """

    is_persistent = True

    def __init__(self, accessor: Any) -> None:
        self._accessor = accessor

    @property
    def survives_clear(self) -> bool:
        """False from Airflow 3.4 on, where only a clear with ``keep_task_state`` keeps the values."""
        from airflow import __version__

        major, minor = (int(number) for number in __version__.split(".")[:2])
        return (major, minor) < (3, 4)

    def get(self, key: str) -> Any:
        """Return the value, or ``None``."""
        return self._accessor.get(key)

    def set(self, key: str, value: Any) -> None:
        """Store a value of JSON's types.

        :raises ValueError: the value is ``None``
        """
        if value is None:
            raise ValueError("None cannot be stored; delete the key")
        self._accessor.set(key, value)

    def delete(self, key: str) -> None:
        """Delete the value, if there is one."""
        self._accessor.delete(key)


logger = logging.getLogger(__name__)

MARKER_DAYS = 7.0
"""Age in days at which the markers of warnings are deleted."""


class MemoryStore:
    """A dictionary that accepts what the other stores accept."""

    is_persistent = False
    survives_clear = False

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, key: str) -> Any:
        """Return the value, or ``None``."""
        text = self._values.get(key)
        return None if text is None else json.loads(text)

    def set(self, key: str, value: Any) -> None:
        """Keep a value of JSON's types until the process ends.

        :raises ValueError: the value is ``None``, or JSON cannot hold it
        """
        if value is None:
            raise ValueError("None cannot be stored; delete the key")
        # Through text, so that a later change of the caller's object does not change what was stored.
        self._values[key] = json.dumps(value, allow_nan=False)

    def delete(self, key: str) -> None:
        """Delete the value, if there is one."""
        self._values.pop(key, None)


def warn_once(dag_id: str, run_id: str) -> None:
    """Warn that a retry cannot find the job: once per DAG run, user and worker host.

    Each task is a process of its own, so an empty marker file in the host's temporary folder records the warning;
    where that folder is not shared by tasks (a pod per task), each of them warns.
    """
    if _mark_first(f"{dag_id}\n{run_id}"):
        logger.warning(
            "This Airflow keeps no state between the attempts of a task, so a retry, or a task that is cleared,"
            " submits and pays for its job again. Set [viapi] state_path to a folder in object storage, such as"
            " s3://aws_default@bucket/viapi-state, or use Airflow 3.3 or later. (DAG %s, run %s; logged once per run"
            " and host)",
            dag_id,
            run_id,
        )


def _mark_first(name: str) -> bool:
    folder = Path(tempfile.gettempdir()) / f"airflow-viapi-warned-{os.getuid()}"
    marker = folder / hashlib.sha256(name.encode()).hexdigest()
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        with marker.open("x"):
            pass
    except FileExistsError:
        return False
    except OSError:
        # Better once too often than never.
        return True
    _delete_old_markers(folder)
    return True


def _delete_old_markers(folder: Path) -> None:
    oldest = time.time() - MARKER_DAYS * 86_400
    with contextlib.suppress(OSError):
        for each in folder.iterdir():
            if each.stat().st_mtime < oldest:
                each.unlink()
