"""A submit backend whose responses a test scripts, and claims of other tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_viapi.alibaba.job_reports import LIST_TIME_ZONES
from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.jobs.attempt_context import Attempt, AttemptContext, Intent, OtherTasks
from airflow_provider_viapi.jobs.backend import Identity
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome, RequestNonce
from airflow_provider_viapi.jobs.reconciliation import JobList, ListedJob
from airflow_provider_viapi.jobs.recovery import OnDoubt
from airflow_provider_viapi.jobs.submission import Submission, SubmitPolicy
from airflow_provider_viapi.state.stores import MemoryStore
from skipping_clock import SkippingClock

ACTION = "videoenhan.EraseVideoSubtitles"


class Log:
    """A log that is not read."""

    def info(self, message: str, /, *values: object) -> None:
        pass

    def warning(self, message: str, /, *values: object) -> None:
        pass


@dataclass
class ScriptedBackend:
    """Answers submissions in order: a job id, an error, or a function that returns one of them; and is the hook.

    :param listed: jobs in the list with the seconds after which they show, by id
    """

    clock: SkippingClock
    responses: list[str | ServiceError | Callable[[], str]] = field(default_factory=list)
    listed: dict[str, datetime] = field(default_factory=dict)
    replayable_for: timedelta = timedelta(minutes=15)
    who: Identity = field(default_factory=lambda: Identity("account", "https://h", "key-1"))
    sent: list[RequestNonce] = field(default_factory=list)
    has_list: bool = True
    action_name: str = ACTION
    accepted_within: timedelta = timedelta(seconds=60)
    cancelled: list[Job] = field(default_factory=list)
    states: dict[str, JobReport | ServiceError] = field(default_factory=dict)
    is_complete: bool = True
    list_reads: int = 0

    def identity(self) -> Identity:
        return self.who

    def submit(self, request: Mapping[str, Any], nonce: RequestNonce) -> Job:
        self.sent.append(nonce)
        response = self.responses.pop(0)
        if isinstance(response, ServiceError):
            raise response
        return self.job(response if isinstance(response, str) else response())

    def renewed_key(self, error: ServiceError) -> bool:
        return False

    def job(self, job_id: str) -> Job:
        return Job(job_id, ACTION)

    def list_recent(self, sent_at: datetime) -> JobList:
        self.list_reads += 1
        now = self.clock.now()
        shown = [
            ListedJob(job_id, f"{at:%Y-%m-%d %H:%M:%S}") for job_id, at in self.listed.items() if at <= now
        ]
        return JobList(shown, is_complete=self.is_complete, time_zones=LIST_TIME_ZONES)

    def report(self, job: Job) -> JobReport:
        report = self.states.get(job.id, JobReport(job.id, "PROCESSING", Outcome.WAITING))
        if isinstance(report, ServiceError):
            raise report
        return report

    async def cancel(self, job: Job, log: Any) -> bool:
        self.cancelled.append(job)
        return True


@dataclass
class ScriptedClaims:
    """Claims with other tasks as a test sets them.

    :param jobs: of other tasks
    :param intents: names of other tasks with open submissions
    :param is_complete: all tasks can be seen
    :param published: jobs that the task has published; ``None`` for one that it has withdrawn
    :param opened: nonces of its open submissions
    :param abandoned: nonces of those that it has given up
    """

    jobs: set[str] = field(default_factory=set)
    intents: tuple[str, ...] = ()
    is_complete: bool = True
    published: list[str | None] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    abandoned: set[str] = field(default_factory=set)

    def open(self, intent: Intent) -> None:
        self.opened.add(intent.nonce)

    def close(self, intent: Intent) -> None:
        self.opened.discard(intent.nonce)

    def abandon(self, intent: Intent) -> None:
        self.abandoned.add(intent.nonce)

    def publish_job(self, intent: Intent, job_id: str) -> None:
        self.published.append(job_id)
        self.opened.discard(intent.nonce)

    def retract_job(self, intent: Intent, job_id: str) -> None:
        self.published.append(None)
        self.opened.add(intent.nonce)

    def claim_job(self, intent: Intent, job_id: str) -> bool:
        return job_id not in self.jobs

    def is_own(self, job_id: str) -> bool:
        return False

    def has_other_owner(self, intent: Intent, job_id: str) -> bool:
        return job_id in self.others(intent).job_ids

    def others(self, intent: Intent, *, until: datetime | None = None) -> OtherTasks:
        return OtherTasks(frozenset(self.jobs), self.intents, self.is_complete)


def submission(
    backend: ScriptedBackend,
    *,
    ledger: Ledger | None = None,
    claims: ScriptedClaims | None = None,
    digest: str = "1:d",
    on_doubt: OnDoubt = "fail",
    attempt: Attempt = Attempt(1, 3),
    prepare_request: Callable[[], Mapping[str, Any]] = dict,
    stop_requested: Callable[[], bool] = lambda: False,
) -> Submission:
    """Return a submission over the backend, with a clock that skips waits."""
    return Submission(
        backend=backend,
        hook=backend,  # type: ignore[arg-type]
        ledger=ledger or Ledger(MemoryStore()),
        digest=digest,
        prepare_request=prepare_request,
        policy=SubmitPolicy(on_doubt=on_doubt, deadline=backend.clock.now() + timedelta(hours=1)),
        context=AttemptContext(
            attempt, claims or ScriptedClaims(), Log(), backend.clock.timing, stop_requested
        ),
    )
