"""Waiting for some of many jobs: until it is worth while to see to those that have ended."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from airflow_provider_viapi.errors import CredentialsRejected, PermissionDenied, ServiceError, from_dict
from airflow_provider_viapi.jobs.model import Job, JobReport, Log, wait_for_event

MOST_BYTES = 100_000
"""How long the reports of one wave are together: they go through Airflow's database to the worker."""

LONGEST_REPORT = 20_000
"""A longer report is not taken along; the worker asks for it once more."""

ENDS_ALL = (CredentialsRejected, PermissionDenied)
"""What says of one call that no other would fare better."""


@dataclass
class Completions:
    """Jobs that have ended, or cannot be asked after any more.

    :param reports: how they ended
    :param unread: ids of those that have ended with more to tell than there is room for
    :param errors: id of a job to why it cannot be asked after
    """

    reports: list[JobReport] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    errors: dict[str, ServiceError] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.reports) + len(self.unread) + len(self.errors)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for an event; :meth:`from_dict` makes it whole again."""
        return {
            "reports": [report.as_dict() for report in self.reports],
            "unread": self.unread,
            "errors": {job_id: error.as_dict() for job_id, error in self.errors.items()},
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Completions:
        """What :meth:`as_dict` gave."""
        return cls(
            [JobReport.from_dict(report) for report in fields["reports"]],
            list(fields["unread"]),
            {job_id: from_dict(error) for job_id, error in fields["errors"].items()},
        )


async def wait_for_completions(
    jobs: Collection[Job],
    wait: Callable[[Job], Awaitable[JobReport]],
    *,
    enough: int,
    patience: float,
    seconds: float,
) -> Completions:
    """Wait for jobs until it is worth while to see to those that have ended.

    :param wait: for one job, to its end
    :param enough: so many are worth while, or all, if there are fewer
    :param patience: seconds after the first one's end, when those there are have to do
    :param seconds: after which to return in any case
    """
    ended = Completions()
    over: deque[tuple[Job, asyncio.Future[JobReport]]] = deque()
    one_more = asyncio.Event()
    waits = [asyncio.ensure_future(wait(job)) for job in jobs]

    def note(job: Job, done: asyncio.Future[JobReport]) -> None:
        over.append((job, done))
        one_more.set()

    for job, waiting in zip(jobs, waits, strict=True):
        waiting.add_done_callback(partial(note, job))
    give_up = time.monotonic() + seconds
    length = 0
    try:
        while len(ended) < len(waits) and length < MOST_BYTES:
            if not over:
                left = 0.0 if len(ended) >= enough else give_up - time.monotonic()
                if left <= 0:
                    break
                one_more.clear()
                await wait_for_event(one_more, left)
                continue
            if not ended:
                give_up = min(give_up, time.monotonic() + patience)
            length += _take_in(*over.popleft(), ended)
            if any(isinstance(error, ENDS_ALL) for error in ended.errors.values()):
                break
        if not jobs:
            await asyncio.sleep(seconds)
    finally:
        for waiting in waits:
            waiting.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return ended


def _take_in(job: Job, done: asyncio.Future[JobReport], ended: Completions) -> int:
    """Sort one job in; how much longer that makes the answer."""
    error = done.exception()
    if isinstance(error, ServiceError):
        ended.errors[job.id] = error
        return 500
    report = done.result()
    length = len(json.dumps(report.as_dict()))
    if length > LONGEST_REPORT:
        ended.unread.append(job.id)
        return 50
    ended.reports.append(report)
    return length


class QuietLog:
    """Keeps what concerns one job of many out of a log: only warnings come through, and not more than one a minute.

    :param log: that is kept readable
    """

    seconds_between_warnings = 60.0

    def __init__(self, log: Log) -> None:
        self._log = log
        self._warned = -self.seconds_between_warnings

    def info(self, message: str, /, *values: object) -> None:
        """Say nothing."""

    def warning(self, message: str, /, *values: object) -> None:
        """Pass it on if there was none lately."""
        if time.monotonic() - self._warned >= self.seconds_between_warnings:
            self._warned = time.monotonic()
            self._log.warning(message, *values)
