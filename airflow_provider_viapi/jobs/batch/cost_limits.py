"""Limits of a batch on the length and the cost of its output, checked before each job is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_viapi.jobs.usage import Usage


@dataclass
class CostLimits:
    """What a batch may still submit.

    The usage of a job is known when it has ended. Until then each running job counts as much as the largest that was
    estimated or measured so far, so that a limit is not exceeded as long as outputs are no longer than estimated.
    While nothing is known of any job, they are submitted one at a time.

    :param max_seconds: limit of the length of all outputs; ``None``: no limit
    :param max_cost: limit of the cost at the configured prices; ``None``: no limit
    :param seconds, cost: of the jobs that have ended
    :param largest_seconds, largest_cost: of one job, estimated or measured
    :param exhausted: why nothing more is submitted
    """

    max_seconds: float | None = None
    max_cost: float | None = None
    seconds: float = 0.0
    cost: float = 0.0
    largest_seconds: float = 0.0
    largest_cost: float = 0.0
    exhausted: str = ""

    @property
    def is_limited(self) -> bool:
        """True if there is a limit at all."""
        return self.max_seconds is not None or self.max_cost is not None

    def add(self, usage: Usage | None) -> None:
        """Count a job that has ended; one that could not be measured counts as much as the largest so far."""
        if not self.is_limited:
            return
        is_measured = usage is not None and usage.measured
        seconds = usage.output_seconds if usage and is_measured else self.largest_seconds
        cost = usage.cost if usage and usage.cost is not None else self.largest_cost
        self._enlarge(seconds, cost)
        self.seconds += seconds
        self.cost += cost
        if not is_measured and not seconds and self.max_seconds is not None:
            self.exhausted = (
                "the length of an output could not be measured, so max_output_minutes cannot be kept"
            )
        elif self.max_cost is not None and not cost and (usage is None or usage.cost is None):
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
        if estimate is not None:
            self._enlarge(estimate.output_seconds if estimate.measured else 0.0, estimate.cost or 0.0)
        if running and not (self.largest_seconds or self.largest_cost):
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

    def _enlarge(self, seconds: float, cost: float) -> None:
        self.largest_seconds = max(self.largest_seconds, seconds)
        self.largest_cost = max(self.largest_cost, cost)

    def state(self) -> dict[str, Any]:
        """Return what the next process of the attempt has to know, as JSON values."""
        names = ("seconds", "cost", "largest_seconds", "largest_cost", "exhausted")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def resume(
        cls, max_seconds: float | None, max_cost: float | None, state: Mapping[str, Any] | None
    ) -> CostLimits:
        """Build the limits from the output of :meth:`state`."""
        return cls(max_seconds, max_cost, **(state or {}))
