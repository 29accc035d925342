"""One attempt of a task with one job, as the steps of ``operators.base`` pass it on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.attempt_context import AttemptContext
    from airflow_provider_viapi.jobs.ledger import Entry, Ledger
    from airflow_provider_viapi.jobs.model import Job
    from airflow_provider_viapi.operators.task.view import TaskView


@dataclass(frozen=True)
class SlotDeferral:
    """Deferral of a task until its slot to submit, as the process that continues receives it.

    :param deadline: of the attempt, an aware time; ``None``: the attempt begins now
    :param deferred: how often the attempt has deferred for a reserved slot
    :param preparation: seconds that preparing the request took, if that is known
    :param slot: see ``jobs.attempt_context.SubmitLimiter.saved_slot``
    :param is_lost: the task has deferred for a slot, and does not know for which one
    """

    deadline: datetime | None = None
    deferred: int = 0
    preparation: float = 0.0
    slot: Mapping[str, Any] = field(default_factory=dict)
    is_lost: bool = False

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SlotDeferral:
        """Build it from the arguments of a deferral."""
        own = ("deadline", "deferred", "preparation")
        slot = {name: value for name, value in values.items() if name not in own}
        deadline = datetime.fromisoformat(values["deadline"])
        return cls(deadline, values["deferred"], values["preparation"], slot)

    def as_dict(self) -> dict[str, Any]:
        """Return the arguments of a deferral, as JSON values."""
        deadline = self.deadline and self.deadline.isoformat()
        own = {"deadline": deadline, "deferred": self.deferred, "preparation": self.preparation}
        return {**self.slot, **own}


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
