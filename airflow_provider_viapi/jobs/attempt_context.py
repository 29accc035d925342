"""Context of a submission: identity, attempt, other tasks' claims, limiter, clock, log and stop flag."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, NamedTuple, Protocol

from airflow_provider_viapi.errors import StopRequested
from airflow_provider_viapi.jobs.backend import PROJECT
from airflow_provider_viapi.jobs.model import Log


class TaskKey(NamedTuple):
    """Identity of a task instance, the same in all its attempts."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    @classmethod
    def of(cls, task_instance: Any) -> TaskKey:
        """Return the key of a task instance of any kind that Airflow has."""
        index = getattr(task_instance, "map_index", None)
        return cls(
            task_instance.dag_id,
            task_instance.run_id,
            task_instance.task_id,
            -1 if index is None else int(index),
        )

    @property
    def dag_run(self) -> str:
        """Name of the DAG run."""
        return f"{self.dag_id}/{self.run_id}"

    @property
    def name(self) -> str:
        """Name of the task instance in its DAG run."""
        return f"{self.task_id}/{self.map_index}"


@dataclass(frozen=True)
class Attempt:
    """Identity of an attempt of a task, which distinguishes a retry from a task that a user cleared.

    :param number: number of the attempt, from 1
    :param max_tries: Airflow's count of allowed attempts; clearing a task sets it to the attempts so far plus
        ``retries``, a retry leaves it as it is
    :param retries: ``retries`` of the task as the DAG has it now
    :param clear_number: how often tasks of the DAG run were cleared
    """

    number: int
    max_tries: int
    retries: int = 0
    clear_number: int = 0


_utc_now = partial(datetime.now, timezone.utc)


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Clock and waits of everything that submits.

    :param list_pause: seconds between two reads of other tasks' claims, before the job list is read
    :param adoption_window: seconds for which other tasks' claims are watched at least before a listed job is adopted.
        Airflow clears a task's XComs when its retry starts; the window is longer than the time until the retry
        publishes its open intent again.
    :param transit: how long a request may be in transit before the service accepts it, besides the client's timeouts
    :param replay_for: seconds over which the same signed request is sent again while the service fails
    :param list_for: seconds over which reading the job list is retried while the service fails
    :param max_backoff: longest pause in seconds between two attempts to submit
    :param full_wait: seconds that a batch with as many running jobs as allowed waits on its worker for one to end
    :param last_wait: seconds within which the last jobs of a batch must be expected to end for it to wait for them on
        its worker
    :param now: the current time, aware
    :param sleep: wait for seconds
    """

    list_pause: float = 5.5
    adoption_window: float = 20.0
    transit: timedelta = timedelta(minutes=1)
    replay_for: float = 60.0
    list_for: float = 120.0
    max_backoff: float = 20.0
    full_wait: float = 10.0
    last_wait: float = 60.0
    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class Intent:
    """A submission as it is published to other tasks.

    :param action: as ``service.Action``
    :param account, endpoint: who submits, and where; see ``jobs.backend.Identity``
    :param nonce: of the signed request
    :param signed_at: when it was signed, ISO 8601
    """

    action: str
    account: str
    endpoint: str
    nonce: str
    signed_at: str

    @property
    def signed_time(self) -> datetime:
        """When the request was signed, an aware time."""
        return datetime.fromisoformat(self.signed_at)

    @property
    def project(self) -> str:
        """The project that submits; empty in a cloud without projects, where two keys may belong to one account."""
        return self.account if self.account.startswith(PROJECT) else ""


@dataclass(frozen=True)
class OtherTasks:
    """Submissions of other tasks that share the account.

    :param job_ids: jobs that they are known to own
    :param open_intents: tasks with a submission whose outcome is unknown: each could own a listed job
    :param is_complete: all tasks of all DAG runs are among them, and not only those of this DAG run
    """

    job_ids: frozenset[str] = frozenset()
    open_intents: tuple[str, ...] = ()
    is_complete: bool = True


class Claims(Protocol):
    """Submissions that tasks publish, so that no two of them take the same job."""

    def open(self, intent: Intent) -> None:
        """Publish a submission whose outcome is not known yet; nothing may be sent unless this returns."""
        ...

    def close(self, intent: Intent) -> None:
        """Withdraw a submission: nothing was accepted."""
        ...

    def abandon(self, intent: Intent) -> None:
        """Leave a submission open for ever: its outcome is unknown, and the task no longer tries to find it out."""
        ...

    def publish_job(self, intent: Intent, job_id: str) -> None:
        """Publish the job of a submission, which is no longer open."""
        ...

    def retract_job(self, intent: Intent, job_id: str) -> None:
        """Withdraw a job: the submission is open again."""
        ...

    def claim_job(self, intent: Intent, job_id: str) -> bool:
        """Claim a job that a response has named; return false if another submission is known to have become it.

        :meth:`publish_job` follows if the job is kept.
        """
        ...

    def is_own(self, job_id: str) -> bool:
        """Return whether another submission of this task has become a job."""
        ...

    def has_other_owner(self, intent: Intent, job_id: str) -> bool:
        """Return whether another submission, too, is known to have become a published job."""
        ...

    def others(self, intent: Intent, *, until: datetime | None = None) -> OtherTasks:
        """Return what other tasks have published that may concern the jobs of a submission.

        :param until: by when those jobs were accepted: what was submitted later is not among the open submissions;
            default: now
        """
        ...


class SubmitLimiter:
    """When submissions may be sent; this one sets no limit.

    ``quota.limiters`` limits them so that all processes together stay within the account's quota.
    """

    def seconds_to_slot(self) -> float:
        """Return the seconds until the slot; if none is taken yet, until the one that would be taken now."""
        return 0.0

    def reserve(self) -> float:
        """Take a slot if none is taken yet, and return the seconds until it."""
        return 0.0

    def saved_slot(self) -> Mapping[str, Any]:
        """Return the slot as JSON values, for another process that continues this task; empty if there is none."""
        return {}

    def restore_slot(self, slot: Mapping[str, Any]) -> None:
        """Use a slot that this task took in another process, unless it was missed."""

    def wait_until_near(self) -> bool:
        """Wait until shortly before the slot, with time to record the intent; return false if it was missed.

        :raises StopRequested: Airflow stops the task
        """
        return True

    def wait_for_slot(self) -> bool:
        """Wait for the slot; return false if it was missed: then nothing may be sent.

        :raises StopRequested: Airflow stops the task
        """
        return True

    def release(self, *, throttled: bool, answered_at: datetime | None = None) -> None:
        """Record that the response has arrived, or that none will; without a slot do nothing.

        :param answered_at: when it arrived, an aware time; default: now
        """


@dataclass(frozen=True)
class AttemptContext:
    """One attempt of a task, as far as submitting depends on it.

    :param identity: which attempt
    :param claims: what tasks publish about their submissions
    :param log: the task's log
    :param timing: clock and waits
    :param stop_requested: true once Airflow has asked the task to stop
    """

    identity: Attempt
    claims: Claims
    log: Log
    timing: Timing = field(default_factory=Timing)
    stop_requested: Callable[[], bool] = lambda: False

    def pause(self, seconds: float) -> None:
        """Wait for seconds, or until a stop is requested, which is checked once a second."""
        left = seconds
        while left > 0 and not self.stop_requested():
            began = self.timing.now()
            self.timing.sleep(min(1.0, left))
            # Sleeps last a little longer than asked, which adds up; the clock may also be set back meanwhile.
            left -= max(1.0, (self.timing.now() - began).total_seconds())

    def pause_or_stop(self, seconds: float) -> None:
        """Wait for seconds before a submission.

        :raises StopRequested: Airflow stops the task
        """
        self.pause(seconds)
        self.raise_if_stopped()

    def raise_if_stopped(self) -> None:
        """Raise an error if Airflow stops the task.

        :raises StopRequested: it does
        """
        if self.stop_requested():
            raise StopRequested("the task was stopped before its job was submitted; nothing was sent")
