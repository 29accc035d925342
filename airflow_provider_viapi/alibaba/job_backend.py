"""VIAPI's jobs, as ``jobs.backend`` needs them: submission, polls and job list."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.errors import is_expired_key
from airflow_provider_viapi.alibaba.job_reports import (
    LIST_TIME_ZONES,
    STATES,
    read_ending,
    read_finished,
    read_report,
    result_action,
)
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.services import viapi
from airflow_provider_viapi.errors import CredentialsRejected, InvalidRequest, ResponseLost, ServiceError
from airflow_provider_viapi.http_errors import malformed_response
from airflow_provider_viapi.jobs.backend import Identity, ListSnapshot
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome, RequestNonce
from airflow_provider_viapi.jobs.reconciliation import JobList, ListedJob

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.account import Account
    from airflow_provider_viapi.alibaba.client import AsyncClient, Client
    from airflow_provider_viapi.renewable_credentials import Credentials

ENDED_LATELY = 600.0
"""Seconds for which a job that has ended is news to other processes that wait for it."""


class ViapiSubmitBackend:
    """Submission of one action's jobs to VIAPI; see ``jobs.backend.SubmitBackend``.

    :param client: calls the service
    :param action: the action
    """

    replayable_for = timedelta(minutes=15)
    """As long as the service accepts a signature; it refuses a nonce that it has seen."""

    has_list = True

    def __init__(self, client: Client, action: Action) -> None:
        self._client = client
        self._action = action
        self._credentials: Credentials | None = None
        self.action_name = action.full_name
        # Connecting and responding each have the connection's whole timeout.
        self.accepted_within = 2 * timedelta(seconds=client.account.http.timeout)

    def identity(self) -> Identity:
        """Return the account, endpoint and key of the next request."""
        account = self._client.account
        credentials = self._credentials = account.credentials.current()
        source = getattr(account.credentials, "identity", None) or credentials.access_key_id
        return Identity(source, account.address(self._action.service), credentials.access_key_id)

    def submit(self, request: Mapping[str, Any], nonce: RequestNonce) -> Job:
        """Send the request once; its ``RequestId`` is the job's id."""
        credentials = self._credentials or self._client.account.credentials.current()
        response = self._client.send_signed(self._action, request, nonce, credentials)
        return self.job(response["RequestId"])

    def renewed_key(self, error: ServiceError) -> bool:
        """Return whether the key has expired and another one is available now."""
        if not isinstance(error, CredentialsRejected) or not is_expired_key(error):
            return False
        return self._client.account.credentials.current(rejected=self._credentials) != self._credentials

    def job(self, job_id: str) -> Job:
        """Return the job with an id."""
        return Job(job_id, self.action_name)

    def list_recent(self, sent_at: datetime) -> JobList:
        """Return the account's jobs of the action in the last 24 hours, 500 at most."""
        wanted = {
            "PopProduct": self._action.service.name,
            "PopApiName": self._action.name,
            "PageNum": 1,
            "PageSize": 500,
        }
        response = self._client.call_once(viapi.QUERY_ASYNC_JOB_LIST, wanted)
        data = response["Data"]
        if _reports_failure(response) or _reports_failure(data):
            raise ResponseLost(
                "the response with the job list reports a failure", action=viapi.QUERY_ASYNC_JOB_LIST.name
            )
        listed = data["Result"]
        if not all(job.get("JobId") for job in listed):
            raise malformed_response("has an entry without a job id", action=viapi.QUERY_ASYNC_JOB_LIST.name)
        name = self._action.name.lower()
        jobs = {
            job["JobId"]: ListedJob(job["JobId"], str(job.get("GmtCreate", "")))
            for job in listed
            if name in str(job.get("PopApiName") or name).lower()
        }
        return JobList(
            [*jobs.values()],
            is_complete=_is_complete(data),
            clock_skew=self._client.clock_skew,
            time_zones=LIST_TIME_ZONES,
        )


def _reports_failure(response: Mapping[str, Any]) -> bool:
    """Return whether a response with a success status says of itself that it failed."""
    code = str(response.get("ErrorCode") or response.get("Code") or "0").lower()
    return str(response.get("Success", True)).lower() == "false" or code not in ("0", "200", "ok", "success")


def _is_complete(data: Mapping[str, Any]) -> bool:
    """Return whether a page of the job list proves that the account has no other jobs."""
    count = len(data["Result"])
    is_first = str(data.get("CurrentPage") or 1) == "1"
    # Without a number of records, a full page may be followed by another.
    is_full = data.get("TotalRecord") is None and str(data.get("PageSize")) == str(count or "")
    return is_first and not is_full and _page_count(data, unreadable=2) <= 1 and _record_count(data) <= count


def _page_count(data: Mapping[str, Any], *, unreadable: int) -> int:
    try:
        return int(data.get("TotalPage", 1))
    except (TypeError, ValueError, OverflowError):
        return unreadable


def _record_count(data: Mapping[str, Any]) -> float:
    """Return how many jobs the list has by its own account: 0 if it gives none, infinity if it is unreadable."""
    try:
        return int(data.get("TotalRecord") or 0)
    except (TypeError, ValueError, OverflowError):
        return math.inf


@dataclass(frozen=True)
class JobListPage:
    """One page of an account's job list, reduced to the jobs that have ended.

    :param finished: see :func:`job_reports.read_finished`
    :param is_last: no page follows
    """

    finished: Sequence[Mapping[str, Any]]
    is_last: bool


class ViapiJobBackend:
    """States of one account's jobs; see ``jobs.backend.JobBackend``.

    :param client: calls the service
    """

    list_interval: float | None = 5.0
    """Seconds between two reads of the list, for the whole account [API metadata]."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._next_page = 1
        self._seen: set[str] = set()
        self._result_actions: dict[str, Action] = {}

    async def _read_page(self, number: int) -> Mapping[str, Any]:
        wanted = {"PageNum": number, "PageSize": 500}
        data: Mapping[str, Any] = (await self._client.call_once(viapi.QUERY_ASYNC_JOB_LIST, wanted))["Data"]
        return data

    async def list_page(self, number: int) -> JobListPage:
        """Read a page of the list, 500 jobs at most, whoever submitted them.

        :param number: of the page, from 1
        """
        data = await self._read_page(number)
        finished = [job for listed in data["Result"] if (job := read_finished(listed)) is not None]
        return JobListPage(finished, is_last=number >= _page_count(data, unreadable=1))

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        """Read the next page of the list, 500 jobs at most; start over once all jobs were seen."""
        data = await self._read_page(self._next_page)
        now = datetime.now(timezone.utc)
        outcomes, endings, finished, states = {}, {}, {}, {}
        for job in data["Result"]:
            job_id = job.get("JobId")
            outcome = STATES.get(job.get("Status", ""), Outcome.WAITING)
            ending = None if outcome is Outcome.WAITING else read_ending(job, now)
            if job_id and ending and ending.ago < ENDED_LATELY:
                finished[job_id] = ending
            if job_id in job_ids:
                outcomes[job_id], states[job_id] = outcome, str(job.get("Status") or "")
                if ending:
                    endings[job_id] = ending
        self._seen |= outcomes.keys()
        is_last = self._next_page >= _page_count(data, unreadable=1) or self._seen.issuperset(job_ids)
        self._next_page = 1 if is_last else self._next_page + 1
        if is_last:
            self._seen.clear()
        return ListSnapshot(
            outcomes, scan_complete=is_last, endings=endings, finished=finished, states=states
        )

    async def report(self, job: Job) -> JobReport:
        """Return the state of a job with one call of ``GetAsyncJobResult``."""
        action = self._result_actions.get(job.action)
        if action is None:
            # Looking it up reads Airflow's configuration.
            action = self._result_actions[job.action] = result_action(job)
        return read_report(job, await self._client.call_once(action, {"JobId": job.id}))

    async def cancel(self, job: Job) -> bool:
        """Cancel the job if it is still queued; false if it continues."""
        try:
            response = await self._client.call_once(viapi.CANCEL_WAITING_ASYNC_JOB, {"JobId": job.id})
            return str(response.get("Success")).lower() == "true"
        except InvalidRequest:
            return False


@asynccontextmanager
async def open_viapi_jobs(account: Account) -> AsyncIterator[ViapiJobBackend]:
    """Open a client for an account's jobs; it is closed with the context."""
    from airflow_provider_viapi.alibaba.client import open_async_client

    async with await open_async_client(account) as client:
        yield ViapiJobBackend(client)
