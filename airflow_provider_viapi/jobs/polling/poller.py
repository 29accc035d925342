"""Wait for many jobs with few calls.

A few jobs are polled individually, at growing, jittered intervals. Many jobs are found in the account's job list, a
page of hundreds per call; only those that it shows as ended are polled for their result. A job that the list does not
show (too old, or the list fails) is polled individually as well. Where messages announce the ends of jobs, each
message has its job polled at once, and the others are polled rarely.

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
from airflow_provider_viapi.jobs.metrics import Stats, WaitingGauge, record_finished
from airflow_provider_viapi.jobs.model import Job, JobReport, ListJobs, Log, OnState
from airflow_provider_viapi.jobs.polling.intervals import Backoff
from airflow_provider_viapi.jobs.polling.list_reader import JobListReader
from airflow_provider_viapi.jobs.polling.message_reader import MessageReader
from airflow_provider_viapi.jobs.polling.pending_jobs import PendingJob, PendingJobs
from airflow_provider_viapi.jobs.polling.poll_queue import now
from airflow_provider_viapi.jobs.polling.rate_limiter import Permit, RateLimiter
from airflow_provider_viapi.jobs.polling.supervised_loops import (
    MAX_UNEXPECTED_ERRORS,
    as_coroutine,
    may_succeed_later,
    supervise,
)
from airflow_provider_viapi.redaction import describe_error

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.backend import JobMessages, SharedList

logger = logging.getLogger(__name__)

MAX_CONCURRENT_POLLS = 16

GRACE = 30.0
"""Seconds after the deadline for a last poll; many jobs may share a deadline."""

FINISHED_GRACE = 1800.0
"""Longest time in seconds after that for the result of a job that has ended: then the link of a result expires."""

LATE_INTERVAL = 3.0
"""Longest time in seconds between two polls after the deadline, if the first one has failed."""

METRICS_INTERVAL = 10.0
"""Seconds between two updates of the gauge of waiting jobs."""


class Poller:
    """Waits for the jobs of one connection in one event loop.

    :param backend: reports states
    :param backoff: intervals between two polls of one job
    :param limiter: rate of polls; default: 10 per second
    :param list_jobs: ``auto``: start to read the list when four jobs are pending, and use it until none is;
        ``always``: even for one; ``never``: not at all
    :param stats: receives metrics
    :param shared_list: slots to read the job list, and what other processes saw in it; default: there are no others
    :param messages: messages that name finished jobs; default: there are none
    """

    def __init__(
        self,
        backend: JobBackend,
        backoff: Backoff | None = None,
        limiter: RateLimiter | None = None,
        list_jobs: ListJobs = "auto",
        stats: Stats | None = None,
        shared_list: SharedList | None = None,
        messages: JobMessages | None = None,
    ) -> None:
        self._backend = backend
        self._message_reader = reader = MessageReader(messages) if messages else None
        will_announce_end = reader.will_announce_end if reader else lambda pending: False
        self._jobs = PendingJobs(backoff or Backoff(), will_announce_end)
        self.limiter = limiter or RateLimiter(10)
        self.list = JobListReader(backend, self._jobs, self.limiter, list_jobs, shared_list)
        self._stats = stats or Stats()
        self._gauge = WaitingGauge(self._stats)
        self._loops: list[asyncio.Task[None]] = []
        self._polls: set[asyncio.Task[JobReport]] = set()

    async def wait(
        self, job: Job, *, deadline: datetime, log: Log = logger, on_state: OnState | None = None
    ) -> JobReport:
        """Wait until the job has ended, and return its final report.

        :param deadline: an aware time; the job is polled once more after it, again if that fails
        :param log: receives changes of the job's state and failed polls
        :param on_state: receives the states that the job has been in
        :raises JobTimedOut: the job had not ended at the deadline
        :raises ServiceError: a permanent error, such as a missing permission
        """
        result: asyncio.Future[JobReport] = asyncio.get_running_loop().create_future()
        pending = PendingJob(job, log, deadline, result, last_scan=self.list.scans, on_state=on_state)
        used_list = self.list.is_used
        self._jobs.add(pending)
        if self.list.is_used:
            self.list.poll_when_listed([pending] if used_list else self._jobs)
        else:
            self._jobs.queue.schedule(pending, self._jobs.backoff.interval(0))
        self._start()
        try:
            await asyncio.wait({result}, timeout=max(0.0, _seconds_until(deadline)))
            if not result.done():
                pending.late_at = now()
                self._jobs.queue.schedule(pending)
                await asyncio.wait({result}, timeout=GRACE)
                if pending.is_finished:
                    # Its result waits for the quota, and is paid for.
                    await asyncio.wait({result}, timeout=FINISHED_GRACE)
                pending.resolve(_timed_out(pending))
            return result.result()
        finally:
            pending.discard()
            self._jobs.remove(pending)

    def _start(self) -> None:
        if not self._loops:
            loops = (
                self._poll_loop,
                self.list.read,
                self.list.follow_others,
                self._metrics_loop,
                self._message_loop,
            )
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
            pending.is_polling, pending.is_named = True, False
            poll = asyncio.ensure_future(as_coroutine(self._backend.report, pending.job))
            self._polls.add(poll)
            poll.add_done_callback(partial(self._on_polled, pending, permit))

    def _on_polled(self, pending: PendingJob, permit: Permit, poll: asyncio.Task[JobReport]) -> None:
        self._polls.discard(poll)
        pending.polls += 1
        pending.is_polling = is_partial = False
        error: BaseException | None = None
        try:
            self.limiter.release(permit)
            if poll.cancelled():
                error = RuntimeError("the call was cancelled")
                if not pending.result.done():
                    self._on_poll_error(pending, error)
                return
            error = poll.exception()
            if error is not None:
                self._on_poll_error(pending, error)
            else:
                self._on_report(pending, poll.result())
                is_partial = poll.result().is_partial
        except Exception as unexpected:
            # Such as a report that is None.
            error = unexpected
            self._on_poll_error(pending, error)
        finally:
            if not pending.result.done():
                self._poll_again(pending, error, is_partial=is_partial)

    def _poll_again(self, pending: PendingJob, error: BaseException | None, *, is_partial: bool) -> None:
        """Schedule the next poll; after the deadline only if the last one did not show whether the job has ended."""
        grace_is_over = pending.late_at is not None and now() - pending.late_at > GRACE
        if is_partial or (isinstance(error, Throttled) and (pending.is_finished or pending.is_late)):
            self._jobs.queue.schedule(pending)
        elif pending.is_late and (grace_is_over or error is None):
            pending.resolve(_timed_out(pending))
        else:
            self._schedule_next(pending)

    def _schedule_next(self, pending: PendingJob) -> None:
        pending.failed_polls += pending.is_finished
        seconds = self._jobs.interval(pending)
        self._jobs.queue.schedule(pending, min(seconds, LATE_INTERVAL) if pending.is_late else seconds)
        if pending.is_named and self._message_reader:
            # A message arrived during the poll, which may not have seen the end.
            self._message_reader.schedule(self._jobs, pending)

    def _on_report(self, pending: PendingJob, report: JobReport) -> None:
        if report.is_final:
            self._resolve_all(pending.job.id, report)
        elif report.is_partial:
            if not pending.is_finished:
                pending.mark_finished(None)
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
            if not may_succeed_later(error):
                self._resolve_all(pending.job.id, error)
                return
            pending.log_once(f"could not be polled, retrying: {error}", warning=True)
            return
        pending.unexpected_errors += 1
        text = f"could not be polled: unexpected {describe_error(error)}"
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
            if self._message_reader:
                self._message_reader.record_end(waits[0])
            with suppress(Exception):
                record_finished(self._stats, waits[0], now())

    async def _message_loop(self) -> None:
        while self._message_reader:
            seconds = await self._message_reader.follow(self._jobs)
            if not self.list.is_used:
                # Those that were to be polled rarely.
                self._jobs.poll_individually(self._jobs)
            await asyncio.sleep(seconds)

    async def _metrics_loop(self) -> None:
        while True:
            self._gauge.update(pending.job.action for pending in self._jobs)
            await asyncio.sleep(METRICS_INTERVAL)


def _timed_out(pending: PendingJob) -> JobTimedOut:
    return JobTimedOut.at_deadline(
        pending.job.id, pending.job.action, pending.deadline, has_ended=pending.is_finished
    )


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(timezone.utc)).total_seconds()
