"""The jobs that are waited for, and the queue of their polls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

from airflow_provider_viapi.jobs.backend import Ending
from airflow_provider_viapi.jobs.model import Job, JobReport, Log, OnState
from airflow_provider_viapi.jobs.polling.intervals import Backoff
from airflow_provider_viapi.jobs.polling.poll_queue import PollQueue, now
from airflow_provider_viapi.retrying import jittered

MAX_AGO = 30 * 86400.0
"""Seconds since the end of a job beyond which a list is wrong: it shows the jobs of the last day."""


FINISHED_PRIORITY = 300.0
"""Seconds by which finished jobs precede jobs that are only due: neither kind can hold up the other for ever."""

FAILED_POLL_COST = 30.0
"""Seconds by which a finished job falls back with each poll that fails, after the first ``FREE_FAILED_POLLS``."""

FREE_FAILED_POLLS = 2

ANNOUNCED_POLL_FACTOR = 10
"""Factor by which a job is polled less often, and the list read less often, while messages announce its end."""


@dataclass(eq=False)
class PendingJob:
    """One wait for a job.

    :param deadline: of the wait, an aware time
    :param result: receives the final report, or the error that ends the wait
    :param last_scan: number of the scan of the job list that last showed the job, or during which the wait began
    :param polls: how often the job was polled
    :param due: time of the next poll, on the event loop's clock
    :param late_at: when the deadline passed; the next poll that shows the state of the job is the last
    :param unexpected_errors: how many polls in a row ended with an error that is no ``ServiceError``
    :param finished_at: when the job list first showed that the job has ended; the result is still missing
    :param ending: what the job list says about the end
    :param seen: when each state of the job was first seen, ISO 8601
    :param seen_waiting_at: when a poll or the job list last showed that the job has not ended
    :param was_announced: a message named the job as finished before a poll or the list showed its end
    :param is_polling: a poll has begun and is not answered yet
    :param is_named: a message named the job, and no poll has begun since
    :param false_announcements: how many polls because of a message found that the job has not ended
    :param failed_polls: how many polls failed since the job was shown as ended; throttled ones do not count
    :param queued_for, queued_priority: of its current entry in the queue
    :param on_state: receives ``seen`` after each change
    """

    job: Job
    log: Log
    deadline: datetime
    result: asyncio.Future[JobReport]
    last_scan: int
    polls: int = 0
    due: float = 0.0
    late_at: float | None = None
    unexpected_errors: int = 0
    finished_at: float | None = None
    ending: Ending | None = None
    seen: dict[str, str] = field(default_factory=dict)
    seen_waiting_at: float | None = None
    was_announced: bool = False
    is_polling: bool = False
    is_named: bool = False
    false_announcements: int = 0
    failed_polls: int = 0
    queued_for: float | None = None
    queued_priority: float | None = None
    on_state: OnState | None = None
    _logged: str | None = None
    # Airflow finds the task of a log line by the context of the caller, and one poller serves many tasks.
    _context: Context = field(default_factory=copy_context, repr=False)

    @property
    def is_finished(self) -> bool:
        """True if the job list shows, or a message says, that the job has ended."""
        return self.finished_at is not None

    @property
    def is_late(self) -> bool:
        """True if the deadline has passed."""
        return self.late_at is not None

    @property
    def priority(self) -> float:
        """Priority among the jobs whose poll is due, smaller first.

        The links of results expire, so jobs that have ended are polled in the order of their ends, also after a poll
        that was throttled or failed. With further failed polls a job falls back, so that results that cannot be
        fetched do not keep others waiting.
        """
        priorities = [self.due]
        if self.finished_at is not None and not (self.was_announced and self.false_announcements):
            ended_at = self.finished_at - (self._ended_ago() or 0.0)
            cost = FAILED_POLL_COST * max(0, self.failed_polls - FREE_FAILED_POLLS)
            priorities.append(ended_at - FINISHED_PRIORITY + cost)
        if self.late_at is not None:
            priorities.append(self.late_at - FINISHED_PRIORITY)
        return min(priorities)

    def _ended_ago(self) -> float | None:
        """Return how long before :attr:`finished_at` the job ended; ``None`` if the list states no possible time."""
        ago = None if self.ending is None else self.ending.ago
        return ago if ago is not None and 0 <= ago < MAX_AGO else None

    def mark_finished(self, ending: Ending | None) -> None:
        """Record that the job list shows the end of the job."""
        self.finished_at, self.ending = now(), ending

    def mark_announced(self) -> None:
        """Record that a message says that the job has ended."""
        self.was_announced = self.is_named = True
        self.mark_finished(None)

    def mark_waiting(self) -> None:
        """Record that the job itself reports that it has not ended, whatever the list or an earlier message says."""
        self.seen_waiting_at = now()
        if not self.is_named:
            self.false_announcements += self.was_announced
            self.was_announced = False
            self.finished_at = self.ending = None
            self.failed_polls = 0

    def mark_seen(self, state: str) -> None:
        """Record that the job was seen in a state; a receiver that fails must not end the wait."""
        if state not in self.seen:
            self.seen[state] = _utc(0.0)
            if self.on_state is not None:
                with suppress(Exception):
                    self.on_state(dict(self.seen))

    def resolve(self, outcome: JobReport | Exception) -> None:
        """End the wait, if it has not ended already."""
        if self.result.done():
            return
        if isinstance(outcome, Exception):
            self.result.set_exception(outcome)
        else:
            self.result.set_result(replace(outcome, times=self._times()))

    def _times(self) -> dict[str, str]:
        times = {**self.seen, "noticed": _utc(0.0)}
        ago = self._ended_ago()
        if self.finished_at is not None and ago is not None:
            times["finished"] = _utc(ago + now() - self.finished_at)
        return times

    def discard(self) -> None:
        """Mark an error as retrieved that arrives while the caller leaves, or asyncio logs it as never retrieved."""
        if not self.result.cancel() and not self.result.cancelled():
            self.result.exception()

    def log_once(self, text: str, *, warning: bool = False) -> None:
        """Log a line about the job unless it repeats the previous one; a log that fails must not end the wait."""
        if text != self._logged:
            self._logged = text
            log = self.log.warning if warning else self.log.info
            with suppress(Exception, asyncio.CancelledError):
                self._context.run(log, "Job %s %s", self.job.id, text)


class PendingJobs:
    """All waits of one connection by job, and the queue of their polls.

    :param backoff: intervals between two polls of one job
    :param will_announce_end: returns whether a message will announce the end of a job
    """

    def __init__(self, backoff: Backoff, will_announce_end: Callable[[PendingJob], bool]) -> None:
        self.backoff = backoff
        self._will_announce_end = will_announce_end
        self.queue = PollQueue()
        self._by_id: dict[str, list[PendingJob]] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[PendingJob]:
        return (pending for waits in self._by_id.values() for pending in waits)

    def add(self, pending: PendingJob) -> None:
        """Add a wait."""
        self._by_id.setdefault(pending.job.id, []).append(pending)

    def remove(self, pending: PendingJob) -> None:
        """Remove a wait."""
        waits = self._by_id[pending.job.id]
        waits.remove(pending)
        if not waits:
            del self._by_id[pending.job.id]

    def of(self, job_id: str) -> Sequence[PendingJob]:
        """Return the waits for a job."""
        return self._by_id.get(job_id, ())

    def unfinished(self) -> set[str]:
        """Return the jobs that the list has not shown as ended."""
        return {job_id for job_id, waits in self._by_id.items() if not waits[0].is_finished}

    def will_announce_all(self) -> bool:
        """Return whether messages will announce the end of all jobs that have not been shown as ended."""
        return all(pending.is_finished or self._will_announce_end(pending) for pending in self)

    def interval(self, pending: PendingJob) -> float:
        """Return the seconds until the next individual poll of a job."""
        if self._will_announce_end(pending):
            return ANNOUNCED_POLL_FACTOR * jittered(self.backoff.longest)
        return self.backoff.interval(pending.polls)

    def poll_individually(self, jobs: Iterable[PendingJob]) -> None:
        """Schedule polls of these jobs at individual intervals, unless they come sooner."""
        for pending in jobs:
            seconds = self.interval(pending)
            if pending.due > now() + seconds:
                self.queue.schedule(pending, seconds)


def _utc(ago: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(seconds=ago)).isoformat(timespec="milliseconds")
