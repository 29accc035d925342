"""What the life of a job takes from Airflow: the ledger's store, what other tasks hold, failing without retries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.alibaba.errors import (
    InvalidRequest,
    JobFailed,
    PermissionDenied,
    ViapiError,
    classify,
)
from airflow_provider_viapi.jobs.ledger import ForgetfulStore, Ledger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


def ledger_of(context: Context) -> Ledger:
    """The task instance's ledger: in Airflow's task state store (3.3 and later), else only in memory."""
    store: Any = context.get("task_state_store")
    return Ledger(ForgetfulStore() if store is None else store)


def jobs_of_other_tasks(context: Context) -> set[str]:
    """Ids of the jobs that other tasks of the DAG run are known to hold, by their XCom ``job_id``."""
    instance = context["ti"]
    task_ids = [task.task_id for task in context["dag"].tasks]
    held: Any = instance.xcom_pull(task_ids=task_ids, key="job_id")
    mine: Any = instance.xcom_pull(task_ids=instance.task_id, key="job_id", map_indexes=instance.map_index)
    return {str(job_id) for job_id in held or () if job_id is not None and job_id != mine}


@contextmanager
def failing_for_good() -> Iterator[None]:
    """Let errors that no retry can mend fail the task without using up its retries."""
    try:
        yield
    except ViapiError as error:
        if not _is_for_good(error):
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error


def _is_for_good(error: ViapiError) -> bool:
    kind = classify(error.code, 400) if isinstance(error, JobFailed) and error.code else type(error)
    return issubclass(kind, InvalidRequest | PermissionDenied)
