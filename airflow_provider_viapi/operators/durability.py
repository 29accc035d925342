"""What the life of a job takes from Airflow: the ledger's store, what other tasks hold, failing without retries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.errors import (
    InvalidRequest,
    JobFailed,
    PermissionDenied,
    ResultExpired,
    ServiceError,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.ledger import Ledger


def open_ledger(context: Context) -> Ledger:
    """The task instance's ledger: in Airflow's task state store (3.3 and later), else only in memory."""
    from airflow_provider_viapi.jobs.ledger import InMemoryStore, Ledger

    store: Any = context.get("task_state_store")
    return Ledger(InMemoryStore() if store is None else store)


def claimed_job_ids(context: Context) -> set[str]:
    """Ids of the jobs that other tasks of the DAG run are known to hold, by their XComs.

    Those are ``job_id`` of a task with one job, and ``job_ids`` of a batch for those of its jobs that run.
    """
    instance = context["ti"]
    task_ids = [task.task_id for task in context["dag"].tasks]
    held: Any = instance.xcom_pull(task_ids=task_ids, key="job_id")
    mine: Any = instance.xcom_pull(task_ids=instance.task_id, key="job_id", map_indexes=instance.map_index)
    of_batches: Any = instance.xcom_pull(task_ids=task_ids, key="job_ids")
    named = [*(held or ()), *chain.from_iterable(ids or () for ids in of_batches or ())]
    holders = Counter(str(job_id) for job_id in named if job_id is not None)
    # Taken out once: another task may hold the same one, which is what whoever asks has to know.
    holders.subtract([str(mine)])
    return {job_id for job_id, count in holders.items() if count > 0}


def is_permanent(error: ServiceError) -> bool:
    """Whether no retry can mend an error."""
    from airflow_provider_viapi.alibaba.errors import classify

    kind = classify(error.code, 400) if isinstance(error, JobFailed) and error.code else type(error)
    return issubclass(kind, InvalidRequest | PermissionDenied | ResultExpired)


@contextmanager
def fail_without_retry(decide: Callable[[ServiceError], bool] = is_permanent) -> Iterator[None]:
    """Let errors that no retry can mend fail the task without using up its retries.

    :param decide: whether an error is one of those
    """
    try:
        yield
    except ServiceError as error:
        if not decide(error):
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
