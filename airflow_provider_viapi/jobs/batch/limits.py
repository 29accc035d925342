"""Limits of a batch: jobs in flight, failures and time; length and cost of its output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # DAG files load this module, for a limit, but not the prices.
    from airflow_provider_viapi.jobs.usage_and_cost import Usage

MAX_IN_FLIGHT = 1000
"""Most jobs of one batch at the same time: their ids are arguments of a trigger, 40 kB then."""


@dataclass(frozen=True)
class BatchConfig:
    """Limits of a batch.

    :param action: as ``service.Action``
    :param max_in_flight: number of jobs that run at the same time, at most ``MAX_IN_FLIGHT``
    :param max_failed: when more items than that have failed, no more are submitted
    :param job_timeout: how long an attempt waits for one job
    :param began: when the attempt began, an aware time
    :param deadline: when the attempt has to end, an aware time
    :param done_before: number of items that had ended before the attempt
    :param submit_timeout: how long an attempt retries to submit while the service cannot be reached or fails
    """

    action: str
    max_in_flight: int
    max_failed: int
    job_timeout: timedelta
    began: datetime
    deadline: datetime
    done_before: int = 0
    submit_timeout: timedelta = timedelta(minutes=10)


Counted = tuple[float | None, float | None]
"""Seconds and cost that were counted for a job; ``None`` is unknown."""


@dataclass
class CostLimits:
    """Length and cost of what a batch may still submit, checked before each job.

    The usage of a job is known when it has ended. Until then each running job counts as much as the largest that was
    estimated or measured so far, so that a limit is not exceeded as long as outputs are no longer than estimated.
    While nothing is known of what a limit applies to, jobs are submitted one at a time.

    :param max_seconds: limit of the length of all outputs; ``None``: no limit
    :param max_cost: limit of the cost at the configured prices; ``None``: no limit
    :param seconds, cost: of the jobs that have ended or are no longer waited for
    :param largest_seconds, largest_cost: of one job, estimated or measured
    :param is_cost_known: the cost of a job was estimated or measured; it may be 0
    :param exhausted: why nothing more is submitted: no job is left within the limit, or a limit cannot be kept
    """

    max_seconds: float | None = None
    max_cost: float | None = None
    seconds: float = 0.0
    cost: float = 0.0
    largest_seconds: float = 0.0
    largest_cost: float = 0.0
    is_cost_known: bool = False
    exhausted: str = ""

    @property
    def is_limited(self) -> bool:
        """True if there is a limit at all."""
        return self.max_seconds is not None or self.max_cost is not None

    def add(self, usage: Usage | None) -> Counted | None:
        """Count a job that has ended or may be billed, and return what was counted; ``None`` without a limit.

        :param usage: ``None`` if it could not be measured: the job counts as much as the largest so far
        """
        if not self.is_limited:
            return None
        seconds = usage.output_seconds if usage and usage.measured else self.largest_seconds or None
        cost = usage.cost if usage else None
        if cost is None and self.is_cost_known:
            cost = self.largest_cost
        self.count((seconds, cost))
        return seconds, cost

    def expect(self, estimate: Usage | None) -> None:
        """Take the estimated usage of a job into account, if anything is known of it."""
        if estimate is not None:
            self._enlarge(estimate.output_seconds if estimate.measured else 0.0, estimate.cost)

    def count(self, counted: Counted) -> None:
        """Count what :meth:`add` returned, perhaps in an earlier process; a limit on what is unknown is exhausted."""
        seconds, cost = counted
        self._enlarge(seconds or 0.0, cost)
        self.seconds += seconds or 0.0
        self.cost += cost or 0.0
        if seconds is None and self.max_seconds is not None:
            self.exhausted = (
                "the length of an output could not be measured, so max_output_minutes cannot be kept"
            )
        elif cost is None and self.max_cost is not None:
            self.exhausted = "the cost of a job could not be determined, so max_cost cannot be kept"

    def admits(self, estimate: Usage | None, running: int) -> bool:
        """Return whether one more job may be submitted now.

        :param estimate: of that job; ``None`` if nothing is known of it
        :param running: number of running jobs
        """
        if not self.is_limited:
            return True
        if self.exhausted:
            return False
        self.expect(estimate)
        is_length_unknown = self.max_seconds is not None and not self.largest_seconds
        if running and (is_length_unknown or (self.max_cost is not None and not self.is_cost_known)):
            return False
        jobs = running + 1
        reasons = []
        if self.max_seconds is not None and self.seconds + jobs * self.largest_seconds > self.max_seconds:
            reasons.append(f"max_output_minutes={self.max_seconds / 60:g}: {self.seconds / 60:.2f} are used")
        if self.max_cost is not None and self.cost + jobs * self.largest_cost > self.max_cost:
            reasons.append(f"max_cost={self.max_cost:g}: {self.cost:.4g} is used")
        if reasons and not running:
            self.exhausted = "one more could exceed " + " and ".join(reasons)
        return not reasons

    def _enlarge(self, seconds: float, cost: float | None) -> None:
        self.largest_seconds = max(self.largest_seconds, seconds)
        if cost is not None:
            self.largest_cost = max(self.largest_cost, cost)
            self.is_cost_known = True

    def state(self) -> dict[str, Any]:
        """Return what the next process of the attempt has to know, as JSON values."""
        names = ("seconds", "cost", "largest_seconds", "largest_cost", "is_cost_known", "exhausted")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_state(
        cls, max_seconds: float | None, max_cost: float | None, state: Mapping[str, Any] | None
    ) -> CostLimits:
        """Build the limits from the output of :meth:`state`."""
        return cls(max_seconds, max_cost, **(state or {}))
