"""What is measured of the calls and of the waiting, and who is told.

The names are part of what the package promises: dashboards are built on them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

from airflow_provider_viapi.errors import ServiceError, Throttled
from airflow_provider_viapi.jobs.delay_queue import PendingJob

CALLS = "viapi.calls"
"""Counts calls that were sent, by the service and the action that was called."""

THROTTLED = "viapi.throttled"
"""Counts those of them that the service refused for their number."""

WAITING = "viapi.jobs_waiting"
"""How many jobs are waited for in a process, by the service and the action that made them."""

SUBMIT_TO_FINISH = "viapi.submit_to_finish"
"""Seconds from a job's submission to its end, by the service's clock."""

FINISH_TO_NOTICED = "viapi.finish_to_noticed"
"""Seconds from a job's end, by the service's clock, to when its result was here, by ours."""


class Stats(Protocol):
    """Where the numbers go."""

    def count(self, name: str, of: str) -> None:
        """It has happened once more.

        :param of: which action, as ``service.Action``
        """
        ...

    def level(self, name: str, of: str, value: int) -> None:
        """It stands at so many now."""
        ...

    def duration(self, name: str, of: str, seconds: float) -> None:
        """It took so long."""
        ...


class NoStats:
    """Where nobody counts."""

    def count(self, name: str, of: str) -> None:
        """Nothing."""

    def level(self, name: str, of: str, value: int) -> None:
        """Nothing."""

    def duration(self, name: str, of: str, seconds: float) -> None:
        """Nothing."""


def count_call(stats: Stats, action: str, error: ServiceError | None) -> None:
    """Count a call.

    :param action: that was called, as ``service.Action``
    :param error: that it ended with
    """
    stats.count(CALLS, action)
    if isinstance(error, Throttled):
        stats.count(THROTTLED, action)


def tell_ended(stats: Stats, watch: PendingJob, now: float) -> None:
    """Tell the times of a job whose result is here; nothing if no list has told when it ended.

    :param now: on the event loop's clock
    """
    if watch.ending is None or watch.seen_ended_at is None:
        return
    if watch.ending.took is not None:
        stats.duration(SUBMIT_TO_FINISH, watch.job.action, watch.ending.took)
    stats.duration(FINISH_TO_NOTICED, watch.job.action, watch.ending.ago + now - watch.seen_ended_at)


class WaitingLevel:
    """Tells how many jobs wait, and of an action that no job waits for any more that it stands at none.

    :param stats: told
    """

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._told: Counter[str] = Counter()

    def tell(self, actions: Iterable[str]) -> None:
        """Tell it anew.

        :param actions: of each job that waits
        """
        waiting = Counter(actions)
        for action in self._told.keys() | waiting.keys():
            self._stats.level(WAITING, action, waiting[action])
        self._told = waiting
