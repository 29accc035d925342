"""XComs of a task, read on a worker, in an event loop and on every Airflow; keys of those that name its jobs."""

from __future__ import annotations

from typing import Any

JOB_KEY = "job_id"
"""XCom of a task's job."""

RUNNING_KEY = "job_ids"
"""XCom of a batch's running jobs."""

CLAIMED_KEY = "claimed_job_ids"
"""XCom of the jobs that a batch has received, also those that have ended."""


def supervisor() -> Any:
    """Return what a trigger asks Airflow 3 through; ``None`` on Airflow 2."""
    try:
        from airflow.sdk.execution_time import task_runner
    except ImportError:
        return None
    return getattr(task_runner, "SUPERVISOR_COMMS", None)


def xcom_owner(task_instance: Any) -> dict[str, Any]:
    """Return the fields by which Airflow finds the XComs of a task."""
    return {
        "dag_id": task_instance.dag_id,
        "task_id": task_instance.task_id,
        "run_id": task_instance.run_id,
        "map_index": task_instance.map_index,
    }


def read_xcom(task_instance: Any, key: str) -> Any:
    """Return an XCom of a task; blocks, so it must not run in an event loop."""
    from airflow.providers.common.compat.sdk import XCom

    return XCom.get_one(key=key, **xcom_owner(task_instance))


async def aread_xcom(task_instance: Any, key: str) -> Any:
    """Return an XCom of a task in an event loop."""
    from airflow.providers.common.compat.sdk import XCom

    if hasattr(XCom, "aget_one") and hasattr(supervisor(), "asend"):
        return await XCom.aget_one(key=key, **xcom_owner(task_instance))
    from asgiref.sync import sync_to_async

    return await sync_to_async(read_xcom)(task_instance, key)
