"""What durable submission takes from Airflow: the store, the attempt, other tasks' claims, failing without retry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
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
    from airflow_provider_viapi.jobs.task_run import Attempt, OtherTasks

INTENT_KEY = "job_intent"
"""XCom of a submission whose outcome is not known yet: who submits, which action, when."""


def open_ledger(context: Context) -> Ledger:
    """Return the task instance's ledger, in the durable store that this deployment has."""
    from airflow_provider_viapi.jobs.ledger import Ledger
    from airflow_provider_viapi.state import open_store

    return Ledger(open_store(context))


def attempt_of(context: Context) -> Attempt:
    """Return what identifies the running attempt."""
    from airflow_provider_viapi.jobs.task_run import Attempt

    instance = context["ti"]
    return Attempt(
        number=instance.try_number,
        max_tries=instance.max_tries,
        retries=getattr(context.get("task"), "retries", None) or 0,
        clear_number=getattr(context.get("dag_run"), "clear_number", None) or 0,
    )


class XComClaims:
    """Claims of the tasks of one DAG run, published as XComs.

    A task publishes its open submission under ``job_intent`` and its job under ``job_id``; a batch publishes its
    running jobs under ``job_ids``. With ``[viapi] state_path``, what they have stored there counts too. Other DAG runs
    cannot be seen.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._instance = context["ti"]
        self._name = f"{self._instance.task_id}/{self._instance.map_index}"
        self._job_id: str | None = None
        self._intent_is_open = False

    def publish_intent(self, intent: Mapping[str, Any] | None) -> None:
        """Publish an open submission; ``None`` withdraws it."""
        value = (
            None
            if intent is None
            else {**intent, "task": self._instance.task_id, "map_index": self._instance.map_index}
        )
        self._instance.xcom_push(key=INTENT_KEY, value=value)

    def publish_intent_once(self, intent: Mapping[str, Any]) -> None:
        """Publish that the task submits, unless it is published already; for tasks with many jobs."""
        if not self._intent_is_open:
            self.publish_intent(intent)
            self._intent_is_open = True

    def close_intent(self) -> None:
        """Withdraw what :meth:`publish_intent_once` has published."""
        if self._intent_is_open:
            self.publish_intent(None)
            self._intent_is_open = False

    def publish_job(self, job_id: str | None) -> None:
        """Publish the task's job, which also closes its open submission."""
        self._job_id = job_id
        self._instance.xcom_push(key="job_id", value=job_id)

    def others(self) -> OtherTasks:
        """Return the jobs and open submissions of all other tasks of the DAG run."""
        from airflow_provider_viapi.jobs.task_run import OtherTasks
        from airflow_provider_viapi.state import siblings

        held = [str(job_id) for job_id in self._pull("job_id") if job_id is not None]
        own = self._job_id or self._instance.xcom_pull(
            task_ids=self._instance.task_id, key="job_id", map_indexes=self._instance.map_index
        )
        # Removed once: another task may hold the same job, which the caller has to know.
        if own is not None and str(own) in held:
            held.remove(str(own))
        held += [str(job_id) for job_id in chain.from_iterable(ids or () for ids in self._pull("job_ids"))]
        intents = [intent for intent in self._pull(INTENT_KEY) if isinstance(intent, Mapping)]
        names = [name for intent in intents if (name := self._open(intent))]
        # Airflow clears a task's XComs when its retry starts; what it stored in object storage stays.
        for key, entry in siblings(self._context).items():
            if entry.get("job_id"):
                held.append(str(entry["job_id"]))
            else:
                names.append(f"{key.task_id}/{key.map_index}")
        return OtherTasks(frozenset(held), tuple(dict.fromkeys(names)))

    def _pull(self, key: str) -> list[Any]:
        task_ids = [task.task_id for task in self._context["dag"].tasks]
        found: Any = self._instance.xcom_pull(task_ids=task_ids, key=key)
        return list(found or ())

    def _open(self, intent: Mapping[str, Any]) -> str | None:
        """Return the name of another task whose submission is still open."""
        task_id, map_index = intent.get("task"), intent.get("map_index", -1)
        name = f"{task_id}/{map_index}"
        if name == self._name:
            return None
        job_id = self._instance.xcom_pull(task_ids=task_id, key="job_id", map_indexes=map_index)
        return name if job_id is None else None


def is_permanent(error: ServiceError) -> bool:
    """Return whether no retry of the task can succeed."""
    from airflow_provider_viapi.alibaba.errors import classify

    kind = classify(error.code, 400) if isinstance(error, JobFailed) and error.code else type(error)
    return issubclass(kind, InvalidRequest | PermissionDenied | ResultExpired)


@contextmanager
def fail_without_retry(decide: Callable[[ServiceError], bool] = is_permanent) -> Iterator[None]:
    """Fail the task without using up its retries on a permanent error.

    :param decide: returns whether an error is permanent
    """
    try:
        yield
    except ServiceError as error:
        if not decide(error):
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
