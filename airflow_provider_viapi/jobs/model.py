"""A job that a service works on, and a report of how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from airflow_provider_viapi.errors import JobFailed


class Outcome(str, Enum):
    """What a state, which every service names in its own words, means to whoever waits."""

    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Job:
    """A job that was accepted.

    :param id: the service's id of it
    :param action: the action that made it, as ``service.Action``
    :param scope: where it is, if the service finds it only there: a live task's room
    """

    id: str
    action: str
    scope: str | None = None


@dataclass(frozen=True)
class JobReport:
    """How a job stood when the service was asked.

    :param job_id: which job
    :param state: its state in the service's own word
    :param outcome: what that means
    :param result: the result's fields, once it succeeded
    :param error_code: the service's reason, once it failed
    :param error_message: the same in words
    """

    job_id: str
    state: str
    outcome: Outcome
    result: Mapping[str, Any] | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the job has ended, so that asking again would tell nothing new."""
        return self.outcome is not Outcome.WAITING

    def result_or_raise(self) -> dict[str, Any]:
        """The result of a job that succeeded.

        :raises JobFailed: it did not
        """
        if self.outcome is Outcome.SUCCEEDED:
            return dict(self.result or {})
        raise JobFailed(
            f"job {self.job_id} ended as {self.state}: {self.error_message or 'no reason given'}",
            job_id=self.job_id,
            state=self.state,
            code=self.error_code,
        )

    def as_dict(self) -> dict[str, Any]:
        """The report as plain values; :meth:`from_dict` makes it whole again."""
        return asdict(self) | {"outcome": self.outcome.value}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> JobReport:
        """The report that :meth:`as_dict` gave."""
        return cls(**{**fields, "outcome": Outcome(fields["outcome"])})
