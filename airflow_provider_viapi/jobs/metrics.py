"""Metrics of calls and waits.

Dashboards depend on the names, so they do not change.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from airflow_provider_viapi.errors import ServiceError, Throttled
from airflow_provider_viapi.jobs.polling.pending_jobs import PendingJob
from airflow_provider_viapi.jobs.usage_and_cost import Usage

CALLS = "viapi.calls"
"""Counter of calls sent, by service and action."""

THROTTLED = "viapi.throttled"
"""Counter of calls that the service throttled, by service and action."""

WAITING = "viapi.jobs_waiting"
"""Gauge of jobs that a process waits for, by the service and action that created them."""

IN_DOUBT = "viapi.submissions_in_doubt"
"""Counter of attempts that failed because the outcome of a submission is unknown, by the service and action."""

QUOTA_UNAVAILABLE = "viapi.quota_unavailable"
"""Counter of failed uses of the storage of ``quota_url``; while it fails, each process uses it every 15 s."""

REUSED = "viapi.jobs_reused"
"""Counter of jobs that were not submitted because a landed result was reused, by the service and action."""

OUTPUT_SECONDS = "viapi.output_seconds"
"""Counter of whole seconds of output, rounded up for each job, by the service and action."""

COST_MILLI = "viapi.cost_milli"
"""Counter of thousandths of the currency of ``[viapi] prices``, by the service and action."""

RESUME_DECISION = "resumable_job."
"""Beginning of counters of what attempts did, named as Airflow's resumable jobs: followed by ``fresh_submit``,
``terminal_resubmit``, ``reconnect_success`` or ``already_succeeded``."""

SUBMIT_TO_FINISH = "viapi.submit_to_finish"
"""Timer from a job's submission to its end, by the service's clock."""

FINISH_TO_NOTICED = "viapi.finish_to_noticed"
"""Timer from a job's end by the service's clock to the arrival of its result by ours."""


class Stats:
    """Receiver of metrics; this one drops them all."""

    def count(self, name: str, action: str | None, by: int = 1) -> None:
        """Increment a counter.

        :param action: as ``service.Action``; ``None`` if the counter is not of one action
        """

    def gauge(self, name: str, action: str, value: int) -> None:
        """Set a gauge."""

    def duration(self, name: str, action: str, seconds: float) -> None:
        """Record a timer."""


def count_call(stats: Stats, action: str, error: ServiceError | None) -> None:
    """Count a call.

    :param action: as ``service.Action``
    :param error: the error that the call ended with
    """
    stats.count(CALLS, action)
    if isinstance(error, Throttled):
        stats.count(THROTTLED, action)


def count_usage(stats: Stats, action: str, usage: Usage) -> None:
    """Count the output of a job and, if its price is configured, its cost."""
    if usage.measured:
        stats.count(OUTPUT_SECONDS, action, math.ceil(usage.output_seconds))
    if usage.cost:
        stats.count(COST_MILLI, action, round(1000 * usage.cost))


def record_finished(stats: Stats, pending: PendingJob, now: float) -> None:
    """Record the times of a job whose result has arrived; nothing if no job list showed when it ended.

    :param now: on the event loop's clock
    """
    if pending.ending is None or pending.finished_at is None:
        return
    if pending.ending.took is not None:
        stats.duration(SUBMIT_TO_FINISH, pending.job.action, pending.ending.took)
    stats.duration(FINISH_TO_NOTICED, pending.job.action, pending.ending.ago + now - pending.finished_at)


class WaitingGauge:
    """Gauge of waiting jobs by action; an action without waiting jobs is set to 0 once.

    :param stats: receives the values
    """

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._sent: Counter[str] = Counter()

    def update(self, actions: Iterable[str]) -> None:
        """Send the current values.

        :param actions: one entry per waiting job
        """
        waiting = Counter(actions)
        for action in self._sent.keys() | waiting.keys():
            self._stats.gauge(WAITING, action, waiting[action])
        self._sent = waiting
