"""A job, and a report of its state."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from enum import Enum
from typing import Any, Literal, Protocol

from airflow_provider_viapi.errors import JobFailed

ListJobs = Literal["auto", "always", "never"]
"""When the account's job list is read while jobs are pending: when that saves calls, always, never."""


class Log(Protocol):
    """The part of a logger that jobs use; a logger of the standard library or of Airflow."""

    def info(self, message: str, /, *values: object) -> None:
        """Log a step."""
        ...

    def warning(self, message: str, /, *values: object) -> None:
        """Log a problem that does not end the job."""
        ...


OnState = Callable[[Mapping[str, str]], None]
"""Receives when each state of a job was first seen, ISO 8601, after each change."""


class Outcome(str, Enum):
    """Cloud-neutral meaning of a job's state."""

    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Job:
    """A job that was accepted.

    :param id: the service's id of the job
    :param action: the action that created it, as ``service.Action``
    :param scope: what the service needs besides the id to find the job, such as a live task's room
    :param request_id: the service's id of the request that created it, if that is another id and known
    :param siblings: ids of further jobs that the same request has created
    """

    id: str
    action: str
    scope: str | None = None
    request_id: str | None = field(default=None, compare=False)
    siblings: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class RequestNonce:
    """Identity of one signed request: sent twice with the same nonce, VIAPI's gateway refuses the second.

    :param nonce: a random token; the gateway remembers it for about half an hour
    :param at: when the request is signed, an aware time; the gateway accepts a difference of 15 minutes
    """

    nonce: str
    at: datetime

    @classmethod
    def new(cls, at: datetime | None = None) -> RequestNonce:
        """Return a fresh nonce.

        :param at: default: the time of this machine
        """
        return cls(secrets.token_hex(16), at or datetime.now(timezone.utc))

    @property
    def timestamp(self) -> str:
        """The time as it is sent: UTC, to the second, ``YYYY-MM-DDThh:mm:ssZ``."""
        return f"{self.at.astimezone(timezone.utc).isoformat()[:19]}Z"


@dataclass(frozen=True)
class JobReport:
    """State of a job as the service reported it.

    :param job_id: the job
    :param state: the service's own name of its state, such as ``PROCESSING``
    :param outcome: the meaning of that state
    :param result: the fields of the result, of a job that succeeded
    :param error_code: the service's error code, of a job that failed
    :param error_message: the service's error message, of a job that failed
    :param is_permanent: a job with the same request would fail again
    :param may_continue: a job that failed may run again, and be billed, unless it is cancelled
    :param is_partial: the job has ended, and another poll completes its result
    :param times: what a wait has seen of the job, ISO 8601: by state when it first showed, ``finished`` (by the job
        list) and ``noticed``
    """

    job_id: str
    state: str
    outcome: Outcome
    result: Mapping[str, Any] | None = None
    error_code: str | None = None
    error_message: str | None = None
    is_permanent: bool = False
    may_continue: bool = False
    is_partial: bool = False
    times: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def is_final(self) -> bool:
        """True if the job has ended, and the report is complete; it will not change again."""
        return self.outcome is not Outcome.WAITING and not self.is_partial

    def result_or_raise(self) -> dict[str, Any]:
        """Return the result of a job that succeeded.

        :raises JobFailed: the job failed or was cancelled
        """
        if self.outcome is Outcome.SUCCEEDED:
            return dict(self.result or {})
        raise JobFailed(
            f"job {self.job_id} ended as {self.state}: {self.error_message or 'no reason given'}",
            job_id=self.job_id,
            state=self.state,
            is_permanent=self.is_permanent,
            code=self.error_code,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON values; :meth:`from_dict` is the inverse."""
        return vars(self) | {"outcome": self.outcome.value}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> JobReport:
        """Build a report from the output of :meth:`as_dict`; fields of another version are ignored."""
        known = {each.name: stored[each.name] for each in fields(cls) if each.name in stored}
        return cls(**{**known, "outcome": Outcome(stored["outcome"])})
