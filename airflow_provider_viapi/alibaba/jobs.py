"""Alibaba Cloud VIAPI's jobs behind the seam: its states, and how its answers are read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.redaction import redact
from airflow_provider_viapi.alibaba.services import viapi
from airflow_provider_viapi.errors import InvalidRequest, ResponseLost
from airflow_provider_viapi.jobs.backend import Ending, ListSnapshot
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.reconciliation import LIST_TIME_ZONES, JobList, ListedJob

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.client import AsyncClient, Client
    from airflow_provider_viapi.alibaba.config import Account

STATES: Mapping[str, Outcome] = {
    "QUEUING": Outcome.WAITING,
    "PROCESSING": Outcome.WAITING,
    "PROCESS_SUCCESS": Outcome.SUCCEEDED,
    "PROCESS_FAILED": Outcome.FAILED,
    "TIMEOUT_FAILED": Outcome.FAILED,
    "LIMIT_RETRY_FAILED": Outcome.FAILED,
    "JOB_CANCELED": Outcome.CANCELLED,
}
"""What each documented state means; one that is not documented counts as waiting, never as an end."""


def result_action(job: Job) -> Action:
    """The action that tells the state of a job: that of the service which took it."""
    service_name, _, _ = job.action.partition(".")
    return services.find(f"{service_name}.GetAsyncJobResult")


def submitted(action: Action, answer: Mapping[str, Any]) -> Job:
    """The job that a submission's answer speaks of: its ``RequestId`` is the job's id."""
    return Job(id=answer["RequestId"], action=action.full_name)


def read_report(job: Job, answer: Mapping[str, Any]) -> JobReport:
    """How a job stands, from the answer of ``GetAsyncJobResult``.

    :raises ResponseLost: the answer holds no state, or of a finished job no readable result
    """
    data = answer["Data"]
    state = data.get("Status")
    if not state:
        raise ResponseLost("got an answer without a state", action="GetAsyncJobResult")
    outcome = STATES.get(state, Outcome.WAITING)
    return JobReport(
        job_id=job.id,
        state=state,
        outcome=outcome,
        result=_read_result(data.get("Result")) if outcome is Outcome.SUCCEEDED else None,
        error_code=data.get("ErrorCode") or None,
        # It may quote the address of a file, which staging has signed.
        error_message=redact(str(data.get("ErrorMessage") or "")) or None,
    )


def _read_result(document: str | None) -> dict[str, Any]:
    try:
        result = json.loads(document or "")
    except (ValueError, RecursionError):
        result = None
    if not isinstance(result, dict):
        raise ResponseLost(
            "got a finished job whose Result is not a JSON structure", action="GetAsyncJobResult"
        )
    return result


def list_jobs(client: Client, action: Action) -> JobList:
    """The account's jobs of one action: those of the last 24 hours, and of them at most 500."""
    wanted = {"PopProduct": action.service.name, "PopApiName": action.name, "PageNum": 1, "PageSize": 500}
    answer = client.call_once(viapi.QUERY_ASYNC_JOB_LIST, wanted)
    jobs = [
        ListedJob(job["JobId"], job.get("GmtCreate", ""))
        for job in answer["Data"]["Result"]
        if job.get("JobId") and job.get("PopApiName", action.name) == action.name
    ]
    is_complete = answer["Data"].get("TotalPage", 1) <= 1
    return JobList(jobs, is_complete=is_complete, clock_skew=client.clock_skew)


def read_ending(listed: Mapping[str, Any], now: datetime) -> Ending | None:
    """When a job of the list has ended; the list tells full seconds and no time zone, so the nearest one counts."""
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


def was_cancelled(answer: Mapping[str, Any]) -> bool:
    """Whether ``CancelWaitingAsyncJob`` says that it did cancel."""
    return str(answer.get("Success")).lower() == "true"


class ViapiJobs:
    """The jobs of one account.

    :param client: asks for it
    """

    list_interval: float | None = 5.0
    """How seldom the list may be asked for [API metadata]."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._next_page = 1
        self._seen: set[str] = set()

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        """Read the next page, of up to 500 jobs, of the account's list; it begins again once all were seen."""
        wanted = {"PageNum": self._next_page, "PageSize": 500}
        data = (await self._client.call_once(viapi.QUERY_ASYNC_JOB_LIST, wanted))["Data"]
        now = datetime.now(timezone.utc)
        outcomes, endings = {}, {}
        for job in data["Result"]:
            job_id = job.get("JobId")
            if job_id not in job_ids:
                continue
            outcome = outcomes[job_id] = STATES.get(job.get("Status", ""), Outcome.WAITING)
            if outcome is not Outcome.WAITING and (ending := read_ending(job, now)):
                endings[job_id] = ending
        self._seen |= outcomes.keys()
        is_last = self._next_page >= data.get("TotalPage", 1) or self._seen.issuperset(job_ids)
        self._next_page = 1 if is_last else self._next_page + 1
        if is_last:
            self._seen.clear()
        return ListSnapshot(outcomes, scan_complete=is_last, endings=endings)

    async def report(self, job: Job) -> JobReport:
        """How the job stands, by one call of ``GetAsyncJobResult``."""
        return read_report(job, await self._client.call_once(result_action(job), {"JobId": job.id}))

    async def cancel(self, job: Job) -> bool:
        """Cancel the job if it still queues; false when it goes on."""
        try:
            return was_cancelled(
                await self._client.call_once(viapi.CANCEL_WAITING_ASYNC_JOB, {"JobId": job.id})
            )
        except InvalidRequest:
            return False


@asynccontextmanager
async def open_viapi_jobs(account: Account) -> AsyncIterator[ViapiJobs]:
    """The jobs of an account, over one client that closes with the context."""
    from airflow_provider_viapi.alibaba.client import open_async_client

    async with await open_async_client(account) as client:
        yield ViapiJobs(client)
