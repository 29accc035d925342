"""Keys of the XComs that the package writes, and reading them on a worker, in an event loop and on every Airflow.

DAGs, dashboards and the tabs in Airflow's UI read the XComs by these keys, so none of them changes.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_viapi.jobs.attempt_context import TaskKey

# Jobs of a task; see operators.task.claims.
JOB_KEY = "job_id"  # its job
RUNNING_KEY = "job_ids"  # running jobs of a batch
CLAIMED_KEY = "claimed_job_ids"  # jobs that a batch has received, also those that have ended
INTENT_KEY = "job_intent"  # submission whose outcome is not known yet: who submits, which action, when
BATCH_TASK_KEY = "batch_task_id"  # batch task of VIAS

# What Airflow's UI shows; see operators.task.view, operators.batch.view, task_instance.job_states, links.job.
VIEW_KEY = "viapi_view"  # job of a task
ITEMS_PREFIX = "items_"  # and a number from 0: page of a batch's items
STATES_KEY = "job_states"  # states of a pending job
JOB_LINK_KEY = "job_link"  # address of the job's page
RESULT_LINK_KEY = "result_link"  # address of the result's first file

# Results, besides the return value.
LANDED_PREFIX = "landed."  # and the key of a file in the result: address where the file has landed
USAGE_KEY = "usage"  # what a job, or a batch, has used and what that costs
PROGRESS_KEY = "progress"  # counts of a batch: done, failed, running, left
REPORT_KEY = "report"  # of a quality check
SUMMARY_KEY = "summary"  # of images that were indexed


def supervisor() -> Any:
    """Return what a trigger asks Airflow 3 through; ``None`` on Airflow 2."""
    try:
        from airflow.sdk.execution_time import task_runner
    except ImportError:
        return None
    return getattr(task_runner, "SUPERVISOR_COMMS", None)


def xcom_owner(task_instance: Any) -> dict[str, Any]:
    """Return the fields by which Airflow finds the XComs of a task."""
    return TaskKey.of(task_instance)._asdict()


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
