"""What a batch keeps to, what it works with, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.jobs.batch_ledger import Item
from airflow_provider_viapi.jobs.delay_queue import Log
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.rate_limiter import RateLimiter
from airflow_provider_viapi.jobs.submission import Submission


@dataclass(frozen=True)
class BatchConfig:
    """What a batch keeps to.

    :param action: as ``service.Action``
    :param max_in_flight: so many jobs run at the same time at most
    :param max_failed: when more items than that have failed, no more are submitted
    :param job_timeout: how long a try waits for one job
    :param began: when this try did, an aware time
    :param until: when this try has to be over
    :param at_first: how many items had ended before it began
    """

    action: str
    max_in_flight: int
    max_failed: int
    job_timeout: timedelta
    began: datetime
    until: datetime
    at_first: int = 0


@dataclass(frozen=True)
class BatchBackend:
    """What a batch works with.

    :param submitting: what has an item accepted, given the item's ledger
    :param look: how a job stands, by one call
    :param cancel: cancels jobs that still queue and returns their ids
    :param collect: what is returned of an item's result; called from several threads
    :param release_inputs: clears away what was made for an item's job alone; called from several threads
    :param is_permanent: whether an error is one that no retry of the task can mend
    :param goes_on: false once the task was told to stop
    :param quota: of submissions
    :param log: told how far the batch is
    """

    submitting: Callable[[Item, Ledger], Submission]
    look: Callable[[Job], JobReport]
    cancel: Callable[[Collection[Job]], Collection[str]]
    collect: Callable[[Item, JobReport], Mapping[str, Any]]
    release_inputs: Callable[[Item], None]
    is_permanent: Callable[[ServiceError], bool]
    goes_on: Callable[[], bool]
    quota: RateLimiter
    log: Log


@dataclass(frozen=True)
class Progress:
    """How many items stand where.

    :param done: have delivered
    :param failed: have failed, in this try or so that no retry can mend it
    :param running: have a job that is waited for
    :param left: are still to be submitted
    """

    done: int
    failed: int
    running: int
    left: int

    def told(self, began: datetime, at_first: int) -> str:
        """The same in words, with the pace and the time that is left.

        :param began: when the try did
        :param at_first: how many items had ended before it
        """
        ended, to_do = self.done + self.failed, self.running + self.left
        counts = f"{self.done} done, {self.failed} failed, {self.running} running, {self.left} left"
        minutes = (datetime.now(timezone.utc) - began).total_seconds() / 60
        if ended <= at_first or minutes <= 0:
            return counts
        rate = (ended - at_first) / minutes
        return f"{counts}; {rate:.1f} a minute, about {to_do / rate:.0f} minutes more"
