"""What durable submission takes from Airflow: the store, the attempt, other tasks' claims, failing without retry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
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

    from airflow_provider_viapi.jobs.ledger import Entry, Ledger
    from airflow_provider_viapi.jobs.metrics import Stats
    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.jobs.task_run import Attempt, OtherTasks

INTENT_KEY = "job_intent"
"""XCom of a submission whose outcome is not known yet: who submits, which action, when."""


def open_ledger(context: Context, *, durable: bool = True) -> Ledger:
    """Return the task instance's ledger, in the durable store that this deployment has.

    :param durable: with ``False``, in memory: the job is forgotten with the process
    """
    from airflow_provider_viapi.jobs.ledger import Ledger
    from airflow_provider_viapi.state.stores import MemoryStore, open_store

    return Ledger(open_store(context) if durable else MemoryStore())


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


def record_decision(stats: Stats, before: Entry | None, job: Job, report: JobReport | None) -> None:
    """Count and trace what an attempt did about its job, under Airflow's names for resumable jobs.

    :param stats: receiver of the metric
    :param before: the ledger's entry before the attempt
    :param job: the job that the attempt waits for
    :param report: of a job that has ended already
    """
    if before is None or before.job_id is None:
        decision = "fresh_submit"
    elif before.job_id != job.id:
        decision = "terminal_resubmit"
    else:
        decision = "reconnect_success" if report is None else "already_succeeded"
    stats.count(f"resumable_job.{decision}", job.action)
    with suppress(ImportError):
        from opentelemetry import trace

        with trace.get_tracer(__name__).start_as_current_span("resumable_job.resume_decision") as span:
            span.set_attribute("resumable.external_id", job.id)
            span.set_attribute("resumable.decision", decision)


class XComClaims:
    """Claims of the tasks of one DAG run, published as XComs.

    A task publishes its open submission under ``job_intent`` and its job under ``job_id``; a batch publishes its
    running jobs under ``job_ids``. With ``[viapi] state_path`` the stored state of the run's tasks is read as well.
    Other DAG runs cannot be seen.
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
        from airflow_provider_viapi.state.stores import siblings

        held = [str(job_id) for job_id in self._pull("job_id") if job_id is not None]
        own = self._job_id or self._instance.xcom_pull(
            task_ids=self._instance.task_id, key="job_id", map_indexes=self._instance.map_index
        )
        # Removed once: another task may hold the same job, which the caller has to know.
        if own is not None and str(own) in held:
            held.remove(str(own))
        held += [str(job_id) for job_id in chain.from_iterable(ids or () for ids in self._pull("job_ids"))]
        intents = [intent for intent in self._pull(INTENT_KEY) if isinstance(intent, Mapping)]
        open_tasks = {name for intent in intents if (name := self._open(intent))}
        # State in object storage also shows tasks whose XComs were cleared because they are being retried.
        for task, entry in siblings(self._context).items():
            if entry.get("job_id") is None:
                open_tasks.add(f"{task.task_id}/{task.map_index}")
            else:
                held.append(str(entry["job_id"]))
        return OtherTasks(frozenset(held), tuple(sorted(open_tasks)))

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
