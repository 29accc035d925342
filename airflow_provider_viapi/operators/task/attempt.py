"""The running attempt of a task: its store and ledger, what identifies it, what it decided about its job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from airflow_provider_viapi.errors import SubmissionInDoubt

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.attempt_context import Attempt, AttemptContext, Timing
    from airflow_provider_viapi.jobs.ledger import Entry, Ledger, Store
    from airflow_provider_viapi.jobs.metrics import Stats
    from airflow_provider_viapi.jobs.model import Job, JobReport, Log


def choose_store(context: Context, *, durable: bool = True) -> Store:
    """Return the store of the task instance: the durable one that this deployment has.

    :param durable: with ``False``, memory: what it holds is forgotten with the process
    """
    from airflow_provider_viapi.state.stores import MemoryStore, open_store

    return open_store(context) if durable else MemoryStore()


def open_ledger(context: Context, *, durable: bool = True) -> Ledger:
    """Return the task instance's ledger, in the store that :func:`choose_store` returns."""
    from airflow_provider_viapi.jobs.ledger import Ledger

    return Ledger(choose_store(context, durable=durable))


def check_retention(job_timeout: timedelta, *, durable: bool = True) -> None:
    """Refuse to submit a job that may outlive the state that records it: its retry would pay for another one.

    :raises ConfigurationError: the retention of the store is not longer than the timeout
    """
    from airflow_provider_viapi.errors import ConfigurationError
    from airflow_provider_viapi.state.stores import read_retention

    option, days = read_retention()
    if durable and days and job_timeout.days >= days:
        raise ConfigurationError(
            f"job_timeout is {job_timeout}, but {option} is {days}: the task's state could be deleted while its job "
            "runs. Allowed: a shorter job_timeout, or more days (0: never)"
        )


def attempt_of(context: Context) -> Attempt:
    """Return what identifies the running attempt."""
    from airflow_provider_viapi.jobs.attempt_context import Attempt

    instance = context["ti"]
    return Attempt(
        number=instance.try_number,
        max_tries=instance.max_tries,
        retries=getattr(context.get("task"), "retries", None) or 0,
        clear_number=getattr(context.get("dag_run"), "clear_number", None) or 0,
    )


def attempt_context_of(
    context: Context, log: Log, timing: Timing | None, stop_requested: Callable[[], bool]
) -> AttemptContext:
    """Return what submitting needs of the running attempt.

    :param timing: default: real time
    :param stop_requested: returns whether Airflow stops the task
    """
    from airflow_provider_viapi.jobs.attempt_context import AttemptContext, Timing
    from airflow_provider_viapi.operators.task.claims import TaskClaims

    return AttemptContext(
        attempt_of(context), TaskClaims(context, log), log, timing or Timing(), stop_requested
    )


@contextmanager
def counting_in_doubt(stats: Stats, action: str) -> Iterator[None]:
    """Count an error that says that the outcome of a submission is unknown.

    :param stats: receiver of the metric
    :param action: as ``service.Action``
    """
    try:
        yield
    except SubmissionInDoubt:
        from airflow_provider_viapi.jobs.metrics import IN_DOUBT

        stats.count(IN_DOUBT, action)
        raise


def record_decision(stats: Stats, before: Entry | None, job: Job, report: JobReport | None) -> None:
    """Count and trace what an attempt did about its job, under Airflow's names for resumable jobs.

    :param stats: receiver of the metric
    :param before: the ledger's entry before the attempt
    :param job: the job that the attempt waits for
    :param report: of a job that has ended already
    """
    from airflow_provider_viapi.jobs.metrics import RESUME_DECISION

    if before is None or before.job_id is None:
        decision = "fresh_submit"
    elif before.job_id != job.id:
        decision = "terminal_resubmit"
    else:
        decision = "reconnect_success" if report is None else "already_succeeded"
    stats.count(f"{RESUME_DECISION}{decision}", job.action)
    with suppress(ImportError):
        from opentelemetry import trace

        with trace.get_tracer(__name__).start_as_current_span("resumable_job.resume_decision") as span:
            span.set_attribute("resumable.external_id", job.id)
            span.set_attribute("resumable.decision", decision)
