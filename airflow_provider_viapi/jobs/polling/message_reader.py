"""Have jobs polled that messages name as finished, and decide whether others may be polled rarely meanwhile."""

from __future__ import annotations

import logging
from collections import defaultdict, deque
from typing import TYPE_CHECKING

from airflow_provider_viapi.jobs.polling.intervals import Backoff
from airflow_provider_viapi.jobs.polling.pending_jobs import PendingJob, PendingJobs
from airflow_provider_viapi.jobs.polling.poll_queue import now
from airflow_provider_viapi.redaction import describe_error

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.backend import JobMessages

logger = logging.getLogger(__name__)

RECENT_ENDS = 8
"""Jobs of an action that ended last, by which the messages about it are judged."""

ENDS_TO_RELY = 3
"""Jobs of an action that must have ended before messages about it are relied on."""

RELIABLE_SHARE = 0.75
"""Share of them that messages must have named first."""

RECONNECT_BACKOFF = Backoff(first=1.0, growth=2.0, longest=60.0)
"""Pauses before a queue is connected to again."""


class MessageRecord:
    """Which of the jobs that ended last were named by a message first, by action.

    A queue may be connected and yet name no job: the wrong channel, a filter, another expression. So messages are
    relied on only after they have named jobs, and only as long as they do.
    """

    def __init__(self) -> None:
        self._ends: defaultdict[str, deque[bool]] = defaultdict(lambda: deque(maxlen=RECENT_ENDS))

    def add(self, action: str, *, named_first: bool) -> None:
        """Record the end of a job.

        :param action: as ``service.Action``
        :param named_first: a message named the job before a poll or the job list showed its end
        """
        self._ends[action].append(named_first)

    def is_reliable(self, action: str) -> bool:
        """Return whether messages name most jobs of an action."""
        ends = self._ends.get(action, ())
        return len(ends) >= ENDS_TO_RELY and sum(ends) >= RELIABLE_SHARE * len(ends)


class MessageReader:
    """Reads the messages that name finished jobs; a message only causes a poll, whatever it says."""

    def __init__(self, messages: JobMessages) -> None:
        self._messages = messages
        self._connected_since: float | None = None
        self._failures = 0

    def will_announce_end(self, pending: PendingJob) -> bool:
        """Return whether a message will announce the end of a job, so that it need only be polled rarely.

        The job must have been seen waiting since the messages arrive: its end may have been announced before.
        """
        return (
            self._connected_since is not None
            and pending.seen_waiting_at is not None
            and pending.seen_waiting_at > self._connected_since
            and not pending.is_finished
            and not pending.false_announcements
            and self._messages.record.is_reliable(pending.job.action)
        )

    def record_end(self, pending: PendingJob) -> None:
        """Record that a job has ended."""
        if self._connected_since is not None:
            self._messages.record.add(pending.job.action, named_first=pending.was_announced)

    async def follow(self, jobs: PendingJobs) -> float:
        """Have the jobs polled that messages name until the connection is lost; return the seconds until another."""
        try:
            async with self._messages.subscribe() as messages:
                self._connected_since = now()
                async for job_ids in messages:
                    if self._failures:
                        logger.info("Messages of job_messages_url arrive again")
                        self._failures = 0
                    for job_id in job_ids:
                        self._on_message(jobs, job_id)
            raise EOFError("the queue sends no more messages")
        except Exception as error:
            self._failures += 1
            if self._failures == 1:
                logger.warning(
                    "Messages of job_messages_url do not arrive, polling as without them until they do: %s",
                    describe_error(error),
                )
        finally:
            self._connected_since = None
        return RECONNECT_BACKOFF.interval(self._failures)

    def _on_message(self, jobs: PendingJobs, job_id: str) -> None:
        for pending in jobs.of(job_id):
            if pending.is_finished:
                continue
            pending.mark_announced()
            if not pending.is_polling:
                self.schedule(jobs, pending)

    def schedule(self, jobs: PendingJobs, pending: PendingJob) -> None:
        """Schedule the poll of a job that a message named: at once, unless messages about it were wrong before."""
        if pending.false_announcements:
            seconds = jobs.backoff.interval(pending.false_announcements)
            if pending.due <= now() + seconds:
                return
        else:
            seconds = 0.0
        jobs.queue.schedule(pending, seconds)
