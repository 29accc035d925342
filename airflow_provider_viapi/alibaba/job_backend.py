"""VIAPI's jobs: submission, states, results and job list."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.errors import fails_again, is_expired_key, media_advice
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.services import viapi
from airflow_provider_viapi.errors import CredentialsRejected, InvalidRequest, ResponseLost, ServiceError
from airflow_provider_viapi.http_errors import malformed_response
from airflow_provider_viapi.jobs.backend import Ending, Identity, ListSnapshot
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome, RequestNonce
from airflow_provider_viapi.jobs.reconciliation import JobList, ListedJob
from airflow_provider_viapi.redaction import MAX_CODE, redact_message, redact_text
from airflow_provider_viapi.result_fields import absolute_address, read_json

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.account import Account
    from airflow_provider_viapi.alibaba.client import AsyncClient, Client
    from airflow_provider_viapi.credentials import Credentials

STATES: Mapping[str, Outcome] = {
    "QUEUING": Outcome.WAITING,
    "PROCESSING": Outcome.WAITING,
    "PROCESS_SUCCESS": Outcome.SUCCEEDED,
    "PROCESS_FAILED": Outcome.FAILED,
    "TIMEOUT_FAILED": Outcome.FAILED,
    "LIMIT_RETRY_FAILED": Outcome.FAILED,
    "JOB_CANCELED": Outcome.CANCELLED,
}
"""Meaning of the states in the documentation of videoenhan. An unknown state counts as waiting, never as terminal."""


LIST_TIME_ZONES = (timezone(timedelta(hours=8)), timezone.utc)
"""The job list shows times without a zone and the documents name none: China's or UTC, whichever fits."""

ENDED_LATELY = 600.0
"""Seconds for which a job that has ended is news to other processes that wait for it."""


def result_action(job: Job) -> Action:
    """Return the action that reports a job: of the service that created it, or ``viapi``'s for unknown services."""
    service_name, _, _ = str(job.action).partition(".")
    try:
        return services.find(f"{service_name}.GetAsyncJobResult")
    except InvalidRequest:
        # Asked at the service viapi, every service's job can be read: user-defined actions need no further action.
        return services.find("viapi.GetAsyncJobResult")


def read_report(job: Job, response: Mapping[str, Any]) -> JobReport:
    """Decode the response of ``GetAsyncJobResult``.

    :raises ResponseLost: the response has no state
    :raises ServiceError: a job that succeeded has no readable result
    """
    data = response["Data"]
    state = data.get("Status")
    if not state:
        raise malformed_response("has no state", action="GetAsyncJobResult")
    named = data.get("JobId")
    if named and str(named).lower() != job.id.lower():
        # Such as from a gateway's cache, or off by one on a shared connection.
        raise malformed_response(f"is about another job than {job.id}", action="GetAsyncJobResult")
    outcome = STATES.get(state, Outcome.WAITING)
    code = str(data.get("ErrorCode") or "")[:MAX_CODE] or None
    return JobReport(
        job_id=job.id,
        state=state,
        outcome=outcome,
        result=_read_result(data.get("Result"), job.id) if outcome is Outcome.SUCCEEDED else None,
        error_code=code,
        error_message=_error_message(data),
        is_permanent=fails_again(code),
    )


def _error_message(data: Mapping[str, Any]) -> str | None:
    # It may quote the presigned address of a staged file.
    message = redact_message(data.get("ErrorMessage") or "")
    advice = media_advice(str(data.get("ErrorCode") or ""))
    return "; ".join(filter(None, (message, advice))) or None


def _read_result(document: Any, job_id: str) -> dict[str, Any]:
    """Return the result of a finished job: a JSON object in a string, or the object itself.

    :raises ServiceError: it is something else; waiting longer would not change it
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    result = document
    if isinstance(document, str):
        with suppress(ValueError, RecursionError):
            result = read_json(document, parse_constant=refuse)
    if isinstance(result, dict) and _is_json(result):
        with suppress(RecursionError):
            return {name: _with_schemes(name, value) for name, value in result.items()}
    # First shortened: a text of megabytes is not searched for signatures.
    shown = redact_text(_text_of(document)[:2000])[:200]
    raise ServiceError(
        f"job {job_id} has succeeded, but its Result is not a JSON object: {shown!r}. It was paid for; "
        "ask the service's support about it",
        code="UnreadableResult",
        action="GetAsyncJobResult",
    )


def _with_schemes(name: str, value: Any) -> Any:
    """Return a value of a result whose links all have their scheme: one document shows a link that begins with //.

    The fields of the action are not known here, so that a link is recognized by its name or its host.
    """
    if isinstance(value, dict):
        return {key: _with_schemes(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_schemes(name, item) for item in value]
    is_link = isinstance(value, str) and (name.lower().endswith("url") or ".aliyuncs.com/" in value)
    return absolute_address(value) if is_link else value


def _is_json(value: Any) -> bool:
    """Return whether every JSON parser accepts the value: Python's writes and reads NaN and infinity, too."""
    try:
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return False
    return True


def _text_of(document: Any) -> str:
    try:
        return document if isinstance(document, str) else json.dumps(document)
    except (ValueError, RecursionError):
        return f"a {type(document).__name__}"


def read_ending(listed: Mapping[str, Any], now: datetime) -> Ending | None:
    """Return when a listed job ended. The list shows full seconds and no time zone, so the nearest zone counts."""
    try:
        ended = datetime.fromisoformat(listed["EndTime"]).replace(tzinfo=None)
    except (KeyError, TypeError, ValueError):
        return None
    since = (abs((now - ended.replace(tzinfo=zone)).total_seconds()) for zone in LIST_TIME_ZONES)
    try:
        took = (ended - datetime.fromisoformat(listed["GmtCreate"]).replace(tzinfo=None)).total_seconds()
    except (KeyError, TypeError, ValueError):
        return Ending(min(since), None)
    return Ending(min(since), max(0.0, took))


def was_cancelled(response: Mapping[str, Any]) -> bool:
    """Return whether ``CancelWaitingAsyncJob`` confirms the cancellation."""
    return str(response.get("Success")).lower() == "true"


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

    :param finished: see :func:`read_finished`
    :param is_last: no page follows
    """

    finished: Sequence[Mapping[str, Any]]
    is_last: bool


def read_finished(listed: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the list says about a job that has ended; ``None`` if it has not, or has no id."""
    outcome = STATES.get(listed.get("Status", ""), Outcome.WAITING)
    if outcome is Outcome.WAITING or not listed.get("JobId"):
        return None
    return {
        "job_id": str(listed["JobId"]),
        "action": f"{listed.get('PopProduct', '')}.{listed.get('PopApiName', '')}",
        "state": listed["Status"],
        "outcome": outcome.value,
        "created_at": listed.get("GmtCreate") or None,
        "started_at": listed.get("StartTime") or None,
        "ended_at": listed.get("EndTime") or None,
    }


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
        outcomes, endings, finished, states = {}, {}, [], {}
        for job in data["Result"]:
            job_id = job.get("JobId")
            outcome = STATES.get(job.get("Status", ""), Outcome.WAITING)
            ending = None if outcome is Outcome.WAITING else read_ending(job, now)
            if job_id and ending and ending.ago < ENDED_LATELY:
                finished.append(job_id)
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
            return was_cancelled(
                await self._client.call_once(viapi.CANCEL_WAITING_ASYNC_JOB, {"JobId": job.id})
            )
        except InvalidRequest:
            return False


@asynccontextmanager
async def open_viapi_jobs(account: Account) -> AsyncIterator[ViapiJobBackend]:
    """Open a client for an account's jobs; it is closed with the context."""
    from airflow_provider_viapi.alibaba.client import open_async_client

    async with await open_async_client(account) as client:
        yield ViapiJobBackend(client)
