"""Alibaba Cloud VIAPI's jobs behind the seam: its states, and how its answers are read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.errors import AnswerLost
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.jobs.job import Job, JobReport, Outcome

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.account import Account
    from airflow_provider_viapi.alibaba.client import AsyncClient

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
    return Job(id=answer["RequestId"], action=f"{action.service.name}.{action.name}")


def read_report(job: Job, answer: Mapping[str, Any]) -> JobReport:
    """How a job stands, from the answer of ``GetAsyncJobResult``.

    :raises AnswerLost: the answer holds no state, or of a finished job no readable result
    """
    data = answer["Data"]
    state = data.get("Status")
    if not state:
        raise AnswerLost("got an answer without a state", action="GetAsyncJobResult")
    outcome = STATES.get(state, Outcome.WAITING)
    return JobReport(
        job_id=job.id,
        state=state,
        outcome=outcome,
        result=_read_result(data.get("Result")) if outcome is Outcome.SUCCEEDED else None,
        error_code=data.get("ErrorCode") or None,
        error_message=data.get("ErrorMessage") or None,
    )


def _read_result(document: str | None) -> dict[str, Any]:
    try:
        result = json.loads(document or "")
    except (ValueError, RecursionError):
        result = None
    if not isinstance(result, dict):
        raise AnswerLost(
            "got a finished job whose Result is not a JSON structure", action="GetAsyncJobResult"
        )
    return result


class ViapiJobs:
    """The jobs of one account.

    :param client: asks for it
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def report(self, job: Job) -> JobReport:
        """How the job stands, by one call of ``GetAsyncJobResult``."""
        return read_report(job, await self._client.call_once(result_action(job), {"JobId": job.id}))


@asynccontextmanager
async def open_viapi_jobs(account: Account) -> AsyncIterator[ViapiJobs]:
    """The jobs of an account, over one client that closes with the context."""
    from airflow_provider_viapi.alibaba.client import open_async_client

    async with await open_async_client(account) as client:
        yield ViapiJobs(client)
