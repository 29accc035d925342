"""State in Airflow's own task state store (Airflow 3.3 and later)."""

from __future__ import annotations

from typing import Any, Protocol


class TaskStateStore(Protocol):
    """Airflow's ``context["task_state_store"]``, as far as it is used here."""

    def get(self, key: str) -> Any:
        """Return the value, or ``None``."""
        ...

    def set(self, key: str, value: Any) -> None:
        """Store a value of JSON's types that is not ``None``."""
        ...

    def delete(self, key: str) -> None:
        """Delete the value, if there is one."""
        ...


class AirflowStore:
    """Airflow's store for one task instance.

    Airflow deletes the values with the DAG run, after ``[state_store] default_retention_days``, and, from 3.4 on,
    when the task is cleared unless ``keep_task_state`` is set. Set ``[viapi] state_path`` where that is not wanted.

    :param accessor: ``context["task_state_store"]``
    """

    is_persistent = True

    def __init__(self, accessor: TaskStateStore) -> None:
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
