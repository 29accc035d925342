"""How long a batch waits before it is gone on with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from airflow_provider_viapi.jobs.batch import STUMBLES, Batch

PATIENCE = 180.0
"""Seconds that a finished job waits for others to be seen to together; links to results die after 30 minutes."""

LANDED_TOGETHER = 25
"""So many finished jobs are worth a worker that lands their results."""

SOON = timedelta(seconds=30)
"""When a batch that could not submit all that it may is gone on with; later if the service stays away."""

LONGEST_GRACE = timedelta(minutes=1)
"""How much later than its time is over a job is given up, so that others that are as late go with it."""


@dataclass(frozen=True)
class WaitPolicy:
    """What a batch waits for.

    :param enough: so many ended jobs
    :param patience: seconds after the first one's end, when those that have ended have to do
    :param until: when to go on in any case, an aware time
    """

    enough: int
    patience: float
    until: datetime

    @classmethod
    def of(cls, batch: Batch, *, lands: bool) -> WaitPolicy:
        """How long a batch that has nothing to do now waits.

        :param lands: whether its results are landed as they come
        """
        # While more is to be submitted, half of the jobs make room for the next ones.
        enough = len(batch.running) if batch.is_drained else max(1, len(batch.running) // 2)
        return cls(min(enough, LANDED_TOGETHER) if lands else enough, PATIENCE, _until(batch))


def _until(batch: Batch) -> datetime:
    terms = batch.terms
    until = terms.until
    if batch.running:
        first = min(batch.deadline_of(item) for item in batch.running.values())
        until = min(until, first + min(LONGEST_GRACE, terms.job_timeout / 10))
    if not batch.is_drained and len(batch.running) < terms.max_in_flight:
        later = SOON * min(10, max(1, batch.stumbles - STUMBLES))
        until = min(until, datetime.now(timezone.utc) + later)
    return until
