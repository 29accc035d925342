"""Durable state of a task instance: Airflow's task state store, object storage, or memory.

All three are a ``jobs.ledger.Store``: values of JSON's types under text keys, and ``is_persistent``, which says
whether the next attempt of the task will find them.

================================= ======================================= ============================
store                             used                                    a retry finds the job
================================= ======================================= ============================
:mod:`~.state.object_storage`     where ``[viapi] state_path`` is set     yes, on every Airflow
:mod:`~.state.airflow_store`      otherwise, on Airflow 3.3 and later     yes
:mod:`~.state.memory`             otherwise                               no; a warning says so
================================= ======================================= ============================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.providers.common.compat.sdk import conf

from airflow_provider_viapi.errors import ConfigurationError, ServiceError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.state.airflow_store import AirflowStore
    from airflow_provider_viapi.state.memory import MemoryStore
    from airflow_provider_viapi.state.object_storage import ObjectStorageStore

DEFAULT_RETENTION_DAYS = 30


class StateError(ServiceError):
    """The task's state cannot be read or written, so nothing may be submitted on the strength of it."""


class StateConflict(StateError):
    """Another attempt of the task changed its state since this attempt read it."""


class TaskKey(NamedTuple):
    """Identity of a task instance, the same in all its attempts."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    @classmethod
    def from_context(cls, context: Context) -> TaskKey:
        """Return the key of the task instance that a context belongs to."""
        instance = context["ti"]
        index = getattr(instance, "map_index", None)
        return cls(instance.dag_id, instance.run_id, instance.task_id, -1 if index is None else int(index))


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
            code="ConfigurationError",
        )
    return int(text)


def open_store(context: Context) -> ObjectStorageStore | AirflowStore | MemoryStore:
    """Return the store for the task instance of a context.

    :raises ConfigurationError: ``[viapi] state_path`` is not the address of a folder that can be opened here
    """
    config = StateConfig.read()
    if config.path is not None:
        from airflow_provider_viapi.state.object_storage import ObjectStorageStore

        instance: Any = context["ti"]
        attempt = int(getattr(instance, "try_number", None) or 0)
        return ObjectStorageStore(config, TaskKey.from_context(context), attempt=attempt)
    airflow_store: Any = context.get("task_state_store")
    if airflow_store is not None:
        from airflow_provider_viapi.state.airflow_store import AirflowStore

        return AirflowStore(airflow_store)

    from airflow_provider_viapi.state.memory import MemoryStore, warn_once

    key = TaskKey.from_context(context)
    warn_once(key.dag_id, key.run_id)
    return MemoryStore()
