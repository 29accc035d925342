"""Find ended jobs in the account's job list, a page of hundreds per call.

A job that the list does not show (too old, or the list fails) is polled individually.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ServiceError, Throttled
from airflow_provider_viapi.jobs.backend import JobBackend, ListSnapshot
from airflow_provider_viapi.jobs.model import ListJobs, Outcome
from airflow_provider_viapi.jobs.polling.intervals import AdaptiveInterval
from airflow_provider_viapi.jobs.polling.pending_jobs import (
    ANNOUNCED_POLL_FACTOR,
    PendingJob,
    PendingJobs,
)
from airflow_provider_viapi.jobs.polling.poll_queue import now
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.jobs.polling.supervised_loops import (
    MAX_UNEXPECTED_ERRORS,
    as_coroutine,
    in_own_task,
    may_succeed_later,
)
from airflow_provider_viapi.redaction import describe_error

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.backend import SharedList

logger = logging.getLogger(__name__)

LIST_THRESHOLD = 3
"""Up to this many jobs are polled individually: the list would cost as many calls and is limited per account."""

MAX_JOBS_WITHOUT_LIST = 30
"""Up to this many jobs a process may leave the list to others: individual polls of more would cost too much."""

SCANS_BEFORE_POLL = 2
"""A job that this many scans of the whole list have not shown is polled individually."""

FAILED_READS_BEFORE_POLL = 6
"""When the list cannot be read for this many intervals, jobs are polled individually until it can."""

POLL_ANYWAY_AFTER = 120.0
"""Seconds (or three scans, if they take longer) after which a job is polled although the list should show its end."""

SHARED_LIST_INTERVAL = 0.5
"""Seconds between two checks for what other processes saw in the list."""


@asynccontextmanager
async def releasing_slot(shared_list: SharedList | None, slot: Any) -> AsyncIterator[None]:
    """Release the slot for reading the list when the response, or an error, has arrived in this context.

    :param slot: see ``SharedList.wait_for_slot``
    """
    throttled = False
    try:
        yield
    except Throttled:
        throttled = True
        raise
    finally:
        if shared_list is not None:
            await shared_list.release_slot(slot, throttled=throttled)


@dataclass
class _Reads:
    """Statistics of the reads of the list.

    :param succeeded_at: when the list was last read, or was not needed
    :param scan_began: when the first page of the present scan was requested; ``None`` between two scans
    :param unexpected_errors: in a row
    """

    interval: AdaptiveInterval
    succeeded_at: float = field(default_factory=now)
    scan_began: float | None = None
    unexpected_errors: int = 0


class JobListReader:
    """Reads the job list of one connection while many of its jobs are pending.

    :param backend: reads the list
    :param jobs: the pending jobs
    :param limiter: rate of polls
    :param list_jobs: ``auto``: start to read the list when four jobs are pending, and use it until none is;
        ``always``: even for one; ``never``: not at all
    :param shared_list: slots to read the list, and what other processes saw in it; ``None``: there are no others
    """

    def __init__(
        self,
        backend: JobBackend,
        jobs: PendingJobs,
        limiter: RateLimiter,
        list_jobs: ListJobs,
        shared_list: SharedList | None,
    ) -> None:
        self._backend = backend
        self._jobs = jobs
        self._limiter = limiter
        self._shared_list = shared_list
        self._list_from = {"auto": LIST_THRESHOLD + 1, "always": 1, "never": None}[list_jobs]
        self._may_leave_list = list_jobs == "auto"
        self._has_many = False
        self._scanned_at: float | None = None
        self._scan_seconds = 0.0
        self.scans = 0
        """Number of scans of the whole list."""
        self.poll_anyway_after = POLL_ANYWAY_AFTER
        """Seconds after which a job is polled although the list should show its end."""

    @property
    def is_used(self) -> bool:
        """True while the list is read: for many jobs it costs fewer calls than individual polls."""
        if self._list_from is None or self._backend.list_interval is None:
            return False
        # Once the list is in use for many jobs, the last few of them cost fewer calls by list than individually.
        self._has_many = len(self._jobs) >= (1 if self._has_many else self._list_from)
        return self._has_many

    def poll_when_listed(self, jobs: Iterable[PendingJob]) -> None:
        """Poll these jobs when the list shows that they have ended, or late if it never does."""
        for pending in jobs:
            if not (pending.is_finished or pending.is_late or pending.is_named):
                self._jobs.queue.schedule(pending, self.poll_anyway_after)

    async def read(self) -> None:
        """Read the list again and again, and have the jobs polled that it shows as ended; a loop."""
        if self._backend.list_interval is None:
            return
        reads = _Reads(AdaptiveInterval(self._backend.list_interval))
        seconds = reads.interval.interval()
        while self._list_from is not None:
            while reads.scan_began is None and self._may_rest():
                await asyncio.sleep(reads.interval.interval())
                seconds, reads.succeeded_at = 0.0, now()
            slot = await self._wait_to_read_list(seconds)
            seconds = await self._read_page(slot, reads)

    async def _read_page(self, slot: Any, reads: _Reads) -> float:
        """Read a page, unless no job needs the list any more, and return the seconds until the next one."""
        try:
            async with releasing_slot(self._shared_list, slot):
                if not self.is_used:
                    self._jobs.poll_individually(self._jobs)
                wanted = self._jobs.unfinished() if self.is_used else None
                if not wanted:
                    reads.succeeded_at, reads.scan_began = now(), None
                    return reads.interval.interval()
                reads.scan_began = reads.scan_began or now()
                snapshot = await in_own_task(as_coroutine(self._backend.list_states, wanted))
            self._apply(snapshot)
            if self._shared_list is not None:
                await self._shared_list.publish(snapshot.finished)
        except Exception as error:
            return self._on_list_error(error, reads)
        reads.succeeded_at, reads.unexpected_errors = now(), 0
        if snapshot.scan_complete:
            self._on_scan_complete(now() - reads.scan_began)
            reads.scan_began = None
        return reads.interval.on_success()

    def _on_scan_complete(self, seconds: float) -> None:
        self._scan_seconds = seconds
        self.poll_anyway_after = max(POLL_ANYWAY_AFTER, 3 * seconds)
        self._scanned_at = now()
        self.scans += 1
        self._jobs.poll_individually(
            each for each in self._jobs if self.scans - each.last_scan > SCANS_BEFORE_POLL
        )

    def _may_rest(self) -> bool:
        """Return whether the list need not be read yet.

        Either messages announce the ends of all jobs, or fetching the results of the jobs that are known to have
        ended takes longer than reading all pages. Messages may stop, and others may poll slowly, so the list is read
        now and then; before jobs are polled because it did not show them for long.
        """
        if self._scanned_at is None or self._backend.list_interval is None or not self.is_used:
            return False
        rest = min(ANNOUNCED_POLL_FACTOR * self._backend.list_interval, POLL_ANYWAY_AFTER / 2)
        if now() - self._scanned_at >= rest:
            return False
        # A job whose poll has failed is not waiting for the quota until its next poll is due.
        waiting = sum(pending.is_finished and pending.due <= now() for pending in self._jobs)
        longest_scan = self._scan_seconds + self._backend.list_interval
        return waiting > self._limiter.rate * longest_scan or self._jobs.will_announce_all()

    async def _wait_to_read_list(self, seconds: float) -> Any:
        """Wait for the slot of this process to read the list, or, if there is no other, for so many seconds."""
        slot = await self._take_slot()
        if slot is None:
            await asyncio.sleep(seconds)
            # The list may have come into use meanwhile, and others may be reading it.
            slot = await self._take_slot()
        return slot

    async def _take_slot(self) -> Any:
        if self._shared_list is None or not self.is_used or not self._jobs.unfinished():
            return None
        return await self._shared_list.wait_for_slot()

    async def follow_others(self) -> None:
        """Have the jobs polled that another process has seen finished; a loop."""
        while self._shared_list is not None:
            await asyncio.sleep(SHARED_LIST_INTERVAL)
            if self.is_used and (wanted := self._jobs.unfinished()):
                for job_id, ending in (await self._shared_list.finished(wanted)).items():
                    for pending in self._jobs.of(job_id):
                        pending.mark_finished(ending)
                        self._jobs.queue.schedule(pending)

    def _on_list_error(self, error: Exception, reads: _Reads) -> float:
        """Return the seconds until the list is read again, or give the list up."""
        is_unexpected = not isinstance(error, ServiceError)
        reads.unexpected_errors = reads.unexpected_errors + 1 if is_unexpected else 0
        shown = describe_error(error) if is_unexpected else error
        seconds = 0.0
        if reads.unexpected_errors >= MAX_UNEXPECTED_ERRORS or not (
            is_unexpected or may_succeed_later(error)
        ):
            logger.warning("The job list cannot be used, polling each job individually: %s", shown)
            self._list_from = None
        elif isinstance(error, Throttled):
            self._stop_reading_list(reads.interval)
            seconds = reads.interval.on_throttled()
        else:
            logger.info("The job list could not be read: %s", shown)
            seconds = reads.interval.interval() * random.uniform(1, 2)  # noqa: S311
        silent = now() - reads.succeeded_at
        if self._list_from is None or silent > FAILED_READS_BEFORE_POLL * reads.interval.interval():
            self._jobs.poll_individually(self._jobs)
        return seconds

    def _stop_reading_list(self, interval: AdaptiveInterval) -> None:
        """Poll a few jobs individually until there are twice as many, if others keep this process from the list."""
        pending = len(self._jobs)
        if interval.is_crowded and self._may_leave_list and pending <= MAX_JOBS_WITHOUT_LIST:
            self._list_from, self._has_many = 2 * pending, False
            logger.info(
                "Other processes read the job list; polling %d jobs individually until there are twice as many",
                pending,
            )

    def _apply(self, snapshot: ListSnapshot) -> None:
        for job_id, outcome in snapshot.outcomes.items():
            for pending in self._jobs.of(job_id):
                pending.last_scan = self.scans
                if outcome is Outcome.WAITING:
                    # A message may be newer than the page.
                    if not pending.is_finished:
                        pending.seen_waiting_at = now()
                        if state := snapshot.states.get(job_id):
                            pending.mark_seen(state)
                        self._jobs.queue.schedule(pending, self.poll_anyway_after)
                elif not pending.is_finished:
                    pending.mark_finished(snapshot.endings.get(job_id))
                    self._jobs.queue.schedule(pending)
