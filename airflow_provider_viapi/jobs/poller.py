"""Wait for many jobs with few calls.

A few jobs are polled individually, at growing, jittered intervals. Many jobs are found in the account's job list, a
page of hundreds per call; only those that it shows as ended are polled for their result. A job that the list does not
show (too old, or the list fails) is polled individually as well.

Only a final state, a permanent error or the deadline ends a wait. Errors that may pass never do, and neither does an
unexpected exception: every poll schedules the next one whatever happened to it, and the loops are restarted.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import JobTimedOut, ServiceError, Throttled
from airflow_provider_viapi.jobs.backend import JobBackend
from airflow_provider_viapi.jobs.list_reader import JobListReader
from airflow_provider_viapi.jobs.metrics import NoStats, Stats, WaitingGauge, record_finished
from airflow_provider_viapi.jobs.model import Job, JobReport, ListJobs, Log
from airflow_provider_viapi.jobs.poll_schedule import FINISHED_PRIORITY, Backoff, PendingJob, PendingJobs, now
from airflow_provider_viapi.jobs.rate_limiter import Permit, RateLimiter
from airflow_provider_viapi.jobs.supervision import (
    MAX_UNEXPECTED_ERRORS,
    call_in_task,
    describe,
    is_transient,
    supervise,
)

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.backend import SharedList

logger = logging.getLogger(__name__)

<<<<<<< HEAD
=======
T = TypeVar("T")

LIST_THRESHOLD = 3
"""Up to this many jobs are polled individually: the list would cost as many calls and is limited per account."""

LEFT_WITH = 30
"""Up to this many jobs a process may leave the list to others: individual polls of more would cost too much."""

SCANS_BEFORE_POLL = 2
"""A job that this many scans of the whole list have not shown is polled individually."""

FAILED_READS_BEFORE_POLL = 6
"""When the list cannot be read for this many intervals, jobs are polled individually until it can."""

LONGEST_SILENCE = 120.0
"""Seconds (or three scans, if they take longer) after which a job is polled although the list should show its end."""

FINISHED_PRIORITY = 300.0
"""Seconds by which finished jobs precede jobs that are only due: neither kind can hold up the other for ever."""

>>>>>>> main
MAX_CONCURRENT_POLLS = 16

GRACE = 30.0
"""Seconds after the deadline for a last poll; many jobs may share a deadline."""

METRICS_INTERVAL = 10.0
"""Seconds between two updates of the gauge of waiting jobs."""


class Poller:
    """Waits for the jobs of one connection in one event loop.

    :param backend: reports states
    :param backoff: intervals between two polls of one job
    :param limiter: rate of polls; default: 10 per second
    :param list_jobs: ``auto`` reads the job list while more than a few jobs wait, ``always`` for any, ``never``
    :param stats: receives metrics
    :param shared_list: turns to read the job list, and what other processes saw in it; default: there are no others
    """

    def __init__(
        self,
        backend: JobBackend,
        backoff: Backoff | None = None,
        limiter: RateLimiter | None = None,
        list_jobs: ListJobs = "auto",
        stats: Stats | None = None,
        shared_list: SharedList | None = None,
    ) -> None:
        self._backend = backend
<<<<<<< HEAD
        self._jobs = PendingJobs(backoff or Backoff())
        self.limiter = limiter or RateLimiter(10)
        self.list = JobListReader(backend, self._jobs, list_jobs, shared_list)
=======
        self._shared_list = shared_list
        self._backoff = backoff or Backoff()
        self._limiter = limiter or RateLimiter(10)
        self._list_from = {"auto": LIST_THRESHOLD + 1, "always": 1, "never": None}[list_jobs]
        self._may_leave_list = list_jobs == "auto"
>>>>>>> main
        self._stats = stats or NoStats()
        self._gauge = WaitingGauge(self._stats)
        self._loops: list[asyncio.Task[None]] = []
        self._polls: set[asyncio.Task[JobReport]] = set()

    async def wait(self, job: Job, *, until: datetime, log: Log = logger) -> JobReport:
        """Wait until the job has ended, and return its final report.

        :param until: deadline, an aware time; the job is polled once more after it
        :param log: receives changes of the job's state and failed polls
        :raises JobTimedOut: the job had not ended at the deadline
        :raises ServiceError: a permanent error, such as a missing permission
        """
        result: asyncio.Future[JobReport] = asyncio.get_running_loop().create_future()
        pending = PendingJob(job, log, until, result, last_scan=self.list.scans)
        self._jobs.add(pending)
        seconds = self.list.silence if self.list.is_used else self._jobs.backoff.interval(0)
        self._jobs.queue.schedule(pending, seconds)
        self._start()
        try:
            await asyncio.wait({result}, timeout=max(0.0, _seconds_until(until)))
            if not result.done():
                pending.is_late = True
                self._jobs.queue.schedule(pending, -FINISHED_PRIORITY)
                await asyncio.wait({result}, timeout=GRACE)
                pending.resolve(_timed_out(pending))
            return result.result()
        finally:
            pending.discard()
            self._jobs.remove(pending)

    def _start(self) -> None:
        if not self._loops:
            loops = (self._poll_loop, self.list.read, self.list.follow_others, self._metrics_loop)
            self._loops = [asyncio.ensure_future(supervise(loop)) for loop in loops]

    async def close(self) -> None:
        """Stop polling."""
        tasks: list[asyncio.Task[Any]] = [*self._loops, *self._polls]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(Exception):
            self._gauge.update(())

    async def _poll_loop(self) -> None:
        while True:
            await self._jobs.queue.wait_until_due()
            while len(self._polls) >= MAX_CONCURRENT_POLLS:
                await asyncio.wait(self._polls, return_when=asyncio.FIRST_COMPLETED)
            permit = await self.limiter.acquire()
            pending = self._jobs.queue.pop()
            if pending is None:
                self.limiter.release(permit)
                continue
            # The call is a task and its outcome is handled outside of it, so that no exception of the call, not even
            # a CancelledError, can leave the job without its next poll.
            poll = asyncio.ensure_future(call_in_task(self._backend.report, pending.job))
            self._polls.add(poll)
            poll.add_done_callback(partial(self._on_polled, pending, permit))

    def _on_polled(self, pending: PendingJob, permit: Permit, poll: asyncio.Task[JobReport]) -> None:
        self._polls.discard(poll)
        pending.polls += 1
        seconds = self._jobs.backoff.interval(pending.polls)
        try:
            self.limiter.release(permit)
            if poll.cancelled():
                self._on_poll_error(pending, RuntimeError("the call was cancelled"))
                return
            error = poll.exception()
            if isinstance(error, Throttled) and pending.is_finished:
                seconds = -FINISHED_PRIORITY
            if error is not None:
                self._on_poll_error(pending, error)
            else:
                self._on_report(pending, poll.result())
        except Exception as error:
            # Such as a report that is None.
            self._on_poll_error(pending, error)
        finally:
            if not pending.result.done():
                if pending.is_late:
                    pending.resolve(_timed_out(pending))
                else:
                    self._jobs.queue.schedule(pending, seconds)

    def _on_report(self, pending: PendingJob, report: JobReport) -> None:
        if report.is_final:
            self._resolve_all(pending.job.id, report)
        else:
            pending.log_once(f"is {report.state}")
            pending.mark_seen(report.state)
            pending.mark_waiting()
        pending.unexpected_errors = 0
        self.limiter.on_success()

    def _on_poll_error(self, pending: PendingJob, error: BaseException) -> None:
        if isinstance(error, ServiceError):
            pending.unexpected_errors = 0
            if isinstance(error, Throttled):
                self.limiter.on_throttled()
            if not is_transient(error):
                self._resolve_all(pending.job.id, error)
                return
            pending.log_once(f"could not be polled, retrying: {error}", warning=True)
            return
        pending.unexpected_errors += 1
        text = f"could not be polled: unexpected {describe(error)}"
        if pending.unexpected_errors >= MAX_UNEXPECTED_ERRORS:
            message = f"job {pending.job.id} {text}, {pending.unexpected_errors} times in a row"
            self._resolve_all(pending.job.id, ServiceError(message, code="UnexpectedError"))
        else:
            pending.log_once(f"{text}; retrying", warning=True)

    def _resolve_all(self, job_id: str, outcome: JobReport | Exception) -> None:
        waits = self._jobs.of(job_id)
        for pending in waits:
            pending.resolve(outcome)
        if waits and isinstance(outcome, JobReport):
            with suppress(Exception):
                record_finished(self._stats, waits[0], now())

<<<<<<< HEAD
=======
    @property
    def _uses_list(self) -> bool:
        if self._list_from is None or self._backend.list_interval is None:
            return False
        # Once the list is in use for many jobs, the last few of them cost fewer calls by list than individually.
        self._has_many = len(self._pending) >= (1 if self._has_many else self._list_from)
        return self._has_many

    async def _list_loop(self) -> None:
        if self._backend.list_interval is None:
            return
        interval = AdaptiveInterval(self._backend.list_interval)
        seconds = interval.interval()
        read_at, scan_began = now(), None
        unexpected_errors = 0
        while self._list_from is not None:
            turn = await self._wait_to_read_list(seconds)
            seconds = interval.interval()
            wanted = self._unfinished()
            if not self._uses_list:
                self._poll_individually(self._all())
            if not self._uses_list or not wanted:
                read_at, scan_began = now(), None
                if self._shared_list is not None:
                    await self._shared_list.end_turn(turn, throttled=False)
                continue
            scan_began = scan_began or now()
            try:
                snapshot = await self._read_list(wanted, turn)
                self._apply(snapshot)
            except Exception as error:
                unexpected_errors = 0 if isinstance(error, ServiceError) else unexpected_errors + 1
                seconds = self._on_list_error(error, interval, unexpected_errors)
                if (
                    now() - read_at > FAILED_READS_BEFORE_POLL * interval.interval()
                    or self._list_from is None
                ):
                    self._poll_individually(self._all())
            else:
                seconds, read_at, unexpected_errors = interval.on_success(), now(), 0
                if snapshot.scan_complete:
                    self._silence = max(LONGEST_SILENCE, 3 * (now() - scan_began))
                    scan_began = None
                    self._scans += 1
                    self._poll_individually(
                        each for each in self._all() if self._scans - each.last_scan > SCANS_BEFORE_POLL
                    )

    async def _wait_to_read_list(self, seconds: float) -> Any:
        """Wait for the turn of this process to read the list, or, if there is no other, for so many seconds."""
        turn = None
        if self._shared_list is not None and self._uses_list and self._unfinished():
            turn = await self._shared_list.wait_for_turn()
        if turn is None:
            await asyncio.sleep(seconds)
        return turn

    async def _read_list(self, wanted: set[str], turn: Any) -> ListSnapshot:
        shared, throttled = self._shared_list, False
        try:
            snapshot = await _in_own_task(_call(self._backend.list_states, wanted))
        except Throttled:
            throttled = True
            raise
        finally:
            if shared is not None:
                await shared.end_turn(turn, throttled=throttled)
        if shared is not None:
            await shared.publish(snapshot.ended)
        return snapshot

    async def _shared_list_loop(self) -> None:
        """Poll jobs that another process has seen ended."""
        while self._shared_list is not None:
            await asyncio.sleep(SHARED_LIST_INTERVAL)
            if self._uses_list and (wanted := self._unfinished()):
                for job_id in await self._shared_list.ended(wanted):
                    for pending in self._pending.get(job_id, ()):
                        pending.mark_finished(None)
                        self._queue.schedule(pending, -FINISHED_PRIORITY)

    def _on_list_error(self, error: Exception, interval: AdaptiveInterval, unexpected_errors: int) -> float:
        """Return the seconds until the list is read again, or give the list up."""
        is_unexpected = not isinstance(error, ServiceError)
        if unexpected_errors >= MAX_UNEXPECTED_ERRORS or not (is_unexpected or _is_transient(error)):
            logger.warning(
                "The job list cannot be used, polling each job individually: %s",
                _describe(error) if is_unexpected else error,
            )
            self._list_from = None
            return 0.0
        if isinstance(error, Throttled):
            self._leave_list_to_others(interval)
            return interval.on_throttled()
        logger.info("The job list could not be read: %s", _describe(error) if is_unexpected else error)
        return interval.interval() * random.uniform(1, 2)  # noqa: S311

    def _leave_list_to_others(self, interval: AdaptiveInterval) -> None:
        """Poll a few jobs individually until there are twice as many, if others keep this process from the list."""
        pending = len(self._pending)
        if interval.is_crowded and self._may_leave_list and pending <= LEFT_WITH:
            self._list_from, self._has_many = 2 * pending, False
            logger.info(
                "Other processes read the job list; polling %d jobs individually until there are twice as many",
                pending,
            )

    def _unfinished(self) -> set[str]:
        return {job_id for job_id, waits in self._pending.items() if not waits[0].is_finished}

    def _apply(self, snapshot: ListSnapshot) -> None:
        for job_id, outcome in snapshot.outcomes.items():
            for pending in self._pending.get(job_id, ()):
                pending.last_scan = self._scans
                if outcome is Outcome.WAITING:
                    self._queue.schedule(pending, self._silence)
                elif not pending.is_finished:
                    pending.mark_finished(snapshot.endings.get(job_id))
                    ago = pending.ending.ago if pending.ending else 0.0
                    # The links of a result expire, so the job that ended first is first, whichever page shows it.
                    self._queue.schedule(pending, -FINISHED_PRIORITY - ago)

    def _poll_individually(self, jobs: Iterator[PendingJob]) -> None:
        """Schedule polls of these jobs at individual intervals, unless they come sooner."""
        for pending in jobs:
            seconds = self._backoff.interval(pending.polls)
            if pending.due > now() + seconds:
                self._queue.schedule(pending, seconds)

>>>>>>> main
    async def _metrics_loop(self) -> None:
        while True:
            self._gauge.update(pending.job.action for pending in self._jobs)
            await asyncio.sleep(METRICS_INTERVAL)


def _timed_out(pending: PendingJob) -> JobTimedOut:
    return JobTimedOut(
        f"job {pending.job.id} had not ended at the deadline {pending.until.isoformat(timespec='seconds')}",
        job_id=pending.job.id,
        action=pending.job.action.rpartition(".")[2],
    )


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(timezone.utc)).total_seconds()
