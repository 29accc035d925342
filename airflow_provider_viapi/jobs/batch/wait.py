"""Wait until enough of many jobs have finished to be worth processing."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from airflow_provider_viapi.errors import CredentialsRejected, PermissionDenied, ServiceError, from_dict
from airflow_provider_viapi.jobs.model import Job, JobReport, Log
from airflow_provider_viapi.jobs.polling.poll_queue import wait_for_event

MAX_BYTES = 100_000
"""Size of all reports of one wait: they go through Airflow's database to the worker."""

MAX_REPORT_BYTES = 20_000
"""A longer report is left out; the worker fetches it again."""

AFFECTS_ALL_JOBS = (CredentialsRejected, PermissionDenied)
"""Errors of one poll that every other poll would meet too."""


@dataclass(frozen=True)
class WaitPolicy:
    """When a batch continues.

    :param min_finished: after so many jobs have finished
    :param max_wait: seconds after the first one finished, however many have finished by then
    :param continue_at: in any case, an aware time
    """

    min_finished: int
    max_wait: float
    continue_at: datetime


@dataclass
class FinishedJobs:
    """Jobs that have ended, or cannot be polled any more.

    :param reports: their final reports
    :param unread: ids of jobs that have ended and whose report is too long
    :param errors: by job id, why it cannot be polled
    """

    reports: list[JobReport] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    errors: dict[str, ServiceError] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.reports) + len(self.unread) + len(self.errors)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values, for an event; :meth:`from_dict` is the inverse."""
        return {
            "reports": [report.as_dict() for report in self.reports],
            "unread": self.unread,
            "errors": {job_id: error.as_dict() for job_id, error in self.errors.items()},
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> FinishedJobs:
        """Build the finished jobs from the output of :meth:`as_dict`."""
        return cls(
            [JobReport.from_dict(report) for report in fields["reports"]],
            list(fields["unread"]),
            {job_id: from_dict(error) for job_id, error in fields["errors"].items()},
        )


async def wait_for_finished_jobs(
    jobs: Collection[Job],
    wait: Callable[[Job], Awaitable[JobReport]],
    *,
    min_finished: int,
    max_wait: float,
    timeout: float,
) -> FinishedJobs:
    """Wait until enough jobs have finished, and return those that have.

    :param wait: waits until one job has ended
    :param min_finished: number of finished jobs to wait for; all, if there are fewer
    :param max_wait: seconds after the first job finished
    :param timeout: seconds after which to return in any case
    """
    finished = FinishedJobs()
    ended: deque[tuple[Job, asyncio.Future[JobReport]]] = deque()
    one_more = asyncio.Event()
    waits = [asyncio.ensure_future(wait(job)) for job in jobs]

    def note(job: Job, done: asyncio.Future[JobReport]) -> None:
        ended.append((job, done))
        one_more.set()

    for job, waiting in zip(jobs, waits, strict=True):
        waiting.add_done_callback(partial(note, job))
    give_up = time.monotonic() + timeout
    size = 0
    try:
        while len(finished) < len(waits) and size < MAX_BYTES:
            if not ended:
                left = 0.0 if len(finished) >= min_finished else give_up - time.monotonic()
                if left <= 0:
                    break
                one_more.clear()
                await wait_for_event(one_more, left)
                continue
            if not finished:
                give_up = min(give_up, time.monotonic() + max_wait)
            size += _add(finished, *ended.popleft())
            if any(isinstance(error, AFFECTS_ALL_JOBS) for error in finished.errors.values()):
                break
        if not jobs:
            await asyncio.sleep(timeout)
    finally:
        for waiting in waits:
            waiting.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return finished


def _add(finished: FinishedJobs, job: Job, done: asyncio.Future[JobReport]) -> int:
    """Add one job, and return its size in bytes."""
    error = done.exception()
    if isinstance(error, ServiceError):
        finished.errors[job.id] = error
        return 500
    report = done.result()
    size = len(json.dumps(report.as_dict()))
    if size > MAX_REPORT_BYTES:
        finished.unread.append(job.id)
        return 50
    finished.reports.append(report)
    return size


class QuietLog:
    """Log of a task with many jobs or files: drops what concerns single ones except for one warning per minute.

    :param log: receives the warnings
    :param warning_interval: seconds between two warnings; 0 for all of them
    """

    def __init__(self, log: Log, warning_interval: float = 60.0) -> None:
        self._log = log
        self._warning_interval = warning_interval
        self._warned = -warning_interval

    def info(self, message: str, /, *values: object) -> None:
        """Drop the line."""

    def warning(self, message: str, /, *values: object) -> None:
        """Log the line, if there was none within the interval."""
        if time.monotonic() - self._warned >= self._warning_interval:
            self._warned = time.monotonic()
            self._log.warning(message, *values)
