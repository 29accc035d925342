"""One attempt of a task: its store and ledger, what the steps of its job pass on, which failures no retry can fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.errors import (
    SEVERAL_JOBS,
    InvalidRequest,
    JobFailed,
    PermissionDenied,
    ResultExpired,
    ServiceError,
    SubmissionInDoubt,
)
from airflow_provider_viapi.operators.task.slot_deferral import SlotDeferral

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.attempt_context import Attempt, AttemptContext, Timing
    from airflow_provider_viapi.jobs.ledger import Entry, Ledger, Store
    from airflow_provider_viapi.jobs.metrics import Stats
    from airflow_provider_viapi.jobs.model import Job, JobReport, Log
    from airflow_provider_viapi.operators.task.view import TaskView


@dataclass(frozen=True, kw_only=True)
class JobRun:
    """Running attempt of a task with one job.

    :param context: of the running task instance
    :param attempt_context: which attempt, the claims of its task, clock, log and stop flag
    :param ledger: records the job
    :param view: what the UI shows of the job
    """

    context: Context
    attempt_context: AttemptContext
    ledger: Ledger
    view: TaskView

    def recorded_job(self, action: str) -> Job | None:
        """Return the job whose result the task has not returned yet, if there is one.

        :param action: as ``service.Action``
        """
        from airflow_provider_viapi.jobs.model import Job

        entry = self.ledger.read()
        if entry is None or entry.job_id is None or entry.delivery is not None:
            return None
        return Job(entry.job_id, action, entry.scope)

    def job(self, job_id: str, action: str) -> Job:
        """Return a job with the scope in which it was submitted; the request may render differently now.

        :param action: as ``service.Action``
        """
        from airflow_provider_viapi.jobs.model import Job

        entry = self.ledger.read()
        return Job(job_id, action, entry.scope if entry is not None and entry.job_id == job_id else None)

    @property
    def is_delivered(self) -> bool:
        """True if an earlier attempt has returned the result of the recorded job."""
        entry = self.ledger.read()
        return entry is not None and entry.delivery is not None

    def mark_delivered(self) -> None:
        """Record that the task returns its result, or has no result to return any more."""
        self.ledger.mark_delivered(self.attempt_context.identity)

    def time_since_submission(self) -> str:
        """Return the end of a log line about the recorded job: how long ago it was submitted."""
        entry = self.ledger.read()
        if entry is None:
            return ""
        seconds = (self.attempt_context.timing.now() - entry.signed_time).total_seconds()
        return f", {timedelta(seconds=round(seconds))} after its submission"


@dataclass(frozen=True, kw_only=True)
class SubmittingRun(JobRun):
    """Run in a process that submits or resumes the job.

    :param request: the checked request, before its media are staged
    :param deadline: when the attempt gives up, an aware time
    :param before: the ledger's entry when the attempt began
    :param deferral: of the task before it submits
    """

    request: Mapping[str, Any]
    deadline: datetime
    before: Entry | None = None
    deferral: SlotDeferral = field(default_factory=SlotDeferral)


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


def record_decision(stats: Stats, run: SubmittingRun, job: Job, report: JobReport | None) -> None:
    """Count and trace what an attempt did about its job, under Airflow's names for resumable jobs.

    :param stats: receiver of the metric
    :param run: its ledger has recorded the job
    :param job: the job that the attempt waits for
    :param report: of a job that has ended already
    """
    from airflow_provider_viapi.jobs.metrics import RESUME_DECISION

    entry = run.ledger.read()
    if run.before is not None and run.before.job_id == job.id:
        decision = "reconnect_success" if report is None else "already_succeeded"
    # Not by the entry before: a task that defers for its slot has removed that of the job which it replaces.
    elif entry is not None and entry.past:
        decision = "terminal_resubmit"
    else:
        decision = "fresh_submit"
    stats.count(f"{RESUME_DECISION}{decision}", job.action)
    with suppress(ImportError):
        from opentelemetry import trace

        with trace.get_tracer(__name__).start_as_current_span("resumable_job.resume_decision") as span:
            span.set_attribute("resumable.external_id", job.id)
            span.set_attribute("resumable.decision", decision)


def is_permanent(error: ServiceError) -> bool:
    """Return whether no retry of the task can succeed; about a failed job its cloud has decided."""
    if isinstance(error, JobFailed):
        return error.is_permanent
    # What a request for one job has become several of is for a user to sort out.
    return error.code == SEVERAL_JOBS or isinstance(error, InvalidRequest | PermissionDenied | ResultExpired)


@contextmanager
def fail_without_retry(
    decide: Callable[[ServiceError], bool] = is_permanent, *, is_recorded: Callable[[], bool] = lambda: True
) -> Iterator[None]:
    """Fail the task without using up its retries on a permanent error.

    :param decide: returns whether an error is permanent
    :param is_recorded: returns whether a retry knows of the submissions of this attempt; if not, it would submit
        again what may have been accepted
    """
    try:
        yield
    except ServiceError as error:
        is_unchecked = isinstance(error, SubmissionInDoubt) and not is_recorded()
        if not (is_unchecked or decide(error)):
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
