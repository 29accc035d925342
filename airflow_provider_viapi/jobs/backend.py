"""Interfaces between jobs and a cloud: what a cloud implements, what operators and triggers call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from airflow_provider_viapi.errors import ServiceError
    from airflow_provider_viapi.jobs.model import Job, JobReport, Log, Outcome, RequestNonce
    from airflow_provider_viapi.jobs.polling.message_reader import MessageRecord
    from airflow_provider_viapi.jobs.reconciliation import JobList


PROJECT = "project:"
"""Beginning of the account of an identity that is a project."""


@dataclass(frozen=True)
class Identity:
    """Who submits, and where: evidence about a submission is only valid for the same identity.

    :param account: the account as far as it is known: a role, or the id of a static access key
    :param endpoint: base address of the service
    :param key_id: the key that signs; empty if a signed request cannot be sent again
    """

    account: str
    endpoint: str
    key_id: str

    @classmethod
    def of_project(cls, project: str, endpoint: str) -> Identity:
        """Return who submits to a cloud whose accounts have projects: each has jobs of its own."""
        return cls(f"{PROJECT}{project}", endpoint, "")


class SubmitBackend(Protocol):
    """Submission of one action's jobs on one account, called from a worker.

    :param action_name: the action, as ``service.Action``
    :param replayable_for: how long the same signed request may be sent again and can never create a second job,
        because the service refuses repeated nonces; zero: not at all
    :param has_list: a list shows the action's jobs
    :param accepted_within: how long after it was sent a request may be accepted, besides its transit: the
        client's timeouts
    """

    action_name: str
    replayable_for: timedelta
    has_list: bool
    accepted_within: timedelta

    def identity(self) -> Identity:
        """Return who submits; fetches what a call needs (keys, tokens, project), so nothing is in doubt if it fails.

        :raises ServiceError: the connection cannot be used now
        """
        ...

    def submit(self, request: Mapping[str, object], nonce: RequestNonce) -> Job:
        """Send one request, once, signed with the key of the last :meth:`identity`, and return the accepted job.

        :raises ServiceError: refused, or the outcome is unknown; see ``errors.proves_not_accepted``
        """
        ...

    def renewed_key(self, error: ServiceError) -> bool:
        """Return whether the error says that a key expired, and another key is available now."""
        ...

    def job(self, job_id: str) -> Job:
        """Return the job of this action with an id that was found in a list."""
        ...

    def list_recent(self, sent_at: datetime) -> JobList:
        """Return the account's jobs that may be this request's; only called if ``has_list``.

        :param sent_at: when the request was sent, an aware time
        """
        ...


@dataclass(frozen=True)
class Ending:
    """When a job ended, according to a job list.

    :param ago: seconds between the end and the reading of the list
    :param took: seconds from submission to the end; ``None`` if the list does not say
    """

    ago: float
    took: float | None


@dataclass(frozen=True)
class ListSnapshot:
    """One page of an account's job list, reduced to the jobs in question.

    :param outcomes: by job id, of the jobs that the page shows
    :param scan_complete: this page completes a scan of the whole list
    :param endings: by job id, when jobs finished, if the list says so
    :param finished: by job id, when all jobs of the page finished that finished lately, whoever waits for them
    :param states: by job id, the service's own name of the state
    """

    outcomes: Mapping[str, Outcome]
    scan_complete: bool
    endings: Mapping[str, Ending] = field(default_factory=dict)
    finished: Mapping[str, Ending | None] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)


class JobBackend(Protocol):
    """State of an account's jobs, called from an event loop.

    :param list_interval: seconds between two reads of the job list; ``None`` if there is no list
    """

    list_interval: float | None

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        """Read one page of the job list, which shows states but no results.

        :raises TransientError: not available now
        :raises ServiceError: not available at all
        """
        ...

    async def report(self, job: Job) -> JobReport:
        """Return the state of a job, with its result if it succeeded, with one call.

        A report that needs another call is partial; the next poll completes it.

        :raises TransientError: not available now; retry later
        :raises ServiceError: retrying would not help
        """
        ...

    async def cancel(self, job: Job) -> bool:
        """Cancel a job that is still queued; false if it continues and is billed.

        :raises ServiceError: the outcome is unknown
        """
        ...


class SharedList(Protocol):
    """State shared by the processes that read one account's job list."""

    async def wait_for_slot(self) -> Any:
        """Wait until this process may read the list, and return its slot; ``None`` at once if that is unknown."""
        ...

    async def release_slot(self, slot: Any, *, throttled: bool) -> None:
        """Record that the response has arrived, or that none will."""
        ...

    async def publish(self, finished: Mapping[str, Ending | None]) -> None:
        """Report to other processes that jobs have ended, and when, if the list says so."""
        ...

    async def finished(self, job_ids: Collection[str]) -> Mapping[str, Ending | None]:
        """Return those of the jobs that other processes have seen finished since the last call, and when they did."""
        ...


class JobMessages(Protocol):
    """Messages that name finished jobs; every subscriber receives all of them.

    :param record: how reliable the messages have been in this process
    """

    record: MessageRecord

    def subscribe(self) -> AbstractAsyncContextManager[AsyncIterator[Collection[str]]]:
        """Connect, and iterate over the job ids of each message; raises when there is no connection."""
        ...


class JobHook(Protocol):
    """The part of a cloud's hook that submissions use."""

    def report(self, job: Job) -> JobReport:
        """Return the state of a job, usually with one call."""
        ...

    async def cancel(self, job: Job, log: Log) -> bool:
        """Cancel a job that is still queued, and log which of the two happened."""
        ...
