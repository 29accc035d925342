"""Bulk jobs of ImageSearch as jobs: submission, states, and the list that settles a lost response.

The service counts tasks by instance or by region, which is not documented; so the id of a job is that of its instance
and its task, ``shop/500``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.errors import fails_again
from airflow_provider_viapi.alibaba.job_backend import ViapiJobBackend, ViapiSubmitBackend
from airflow_provider_viapi.alibaba.services.imagesearch import INCREASE_INSTANCE, INCREASE_LIST, META_FILE
from airflow_provider_viapi.errors import (
    INSTANCE_BUSY,
    ConnectionFailed,
    InvalidRequest,
    ResponseLost,
    ServiceError,
    Throttled,
    TransientError,
    proves_not_accepted,
)
from airflow_provider_viapi.http_errors import malformed_response
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome, RequestNonce
from airflow_provider_viapi.jobs.reconciliation import JobList, ListedJob
from airflow_provider_viapi.redaction import redact_message
from airflow_provider_viapi.retrying import is_transient

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.account import Account
    from airflow_provider_viapi.alibaba.client import Client
    from airflow_provider_viapi.jobs.backend import ListSnapshot

ACTION = INCREASE_INSTANCE.full_name
"""Action of these jobs, as ``service.Action``."""

STATES: Mapping[str, Outcome] = {
    "PROCESSING": Outcome.WAITING,
    "SUCCESS": Outcome.SUCCEEDED,
    "FAIL": Outcome.FAILED,
}
"""Meaning of the documented states. An unknown state counts as waiting, never as terminal."""


def job_of(instance: str, task_id: Any) -> Job:
    """Return the job that is a task of an instance."""
    return Job(f"{instance}/{task_id}", ACTION)


def list_request(job: Job) -> dict[str, Any]:
    """Return the request for the entry of a job in the instance's list of tasks."""
    instance, _, task_id = job.id.rpartition("/")
    return {"InstanceName": instance, "Id": int(task_id)}


def listed(response: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the tasks of a response of ``IncreaseList``."""
    return list((response["Data"].get("Increments") or {}).get("Instance") or [])


def read_entry(job: Job, response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the entry of a job in a response of ``IncreaseList``.

    :raises ResponseLost: the list does not show the task, or not its state
    """
    _, _, task_id = job.id.rpartition("/")
    for entry in listed(response):
        if str(entry.get("Id")) == task_id and entry.get("Status"):
            return entry
    raise ResponseLost(f"the list does not show bulk job {job.id}", action=INCREASE_LIST.name)


def read_report(job: Job, response: Mapping[str, Any]) -> JobReport:
    """Decode a response of ``IncreaseList`` about one task.

    :raises ResponseLost: the list does not show the task, or not its state
    """
    entry = read_entry(job, response)
    outcome = STATES.get(entry["Status"], Outcome.WAITING)
    has_failed = outcome is Outcome.FAILED
    code = str(entry.get("Code") or "") or None if has_failed else None
    return JobReport(
        job_id=job.id,
        state=entry["Status"],
        outcome=outcome,
        result={} if outcome is Outcome.SUCCEEDED else None,
        error_code=code,
        error_message=redact_message(entry.get("Msg") or "") or None if has_failed else None,
        is_permanent=fails_again(code),
    )


class IncrementSubmitBackend(ViapiSubmitBackend):
    """Submission of bulk jobs of one instance; see ``jobs.backend.SubmitBackend``.

    :param client: calls the service
    :param instance: the instance
    :param bucket: bucket with the task's file
    :param path: folder of the file, which no other submission has
    """

    # Whether this service refuses a repeated nonce is not documented; the path in the list shows what was accepted.
    replayable_for = timedelta()
    has_list = True

    def __init__(self, client: Client, instance: str, bucket: str, path: str) -> None:
        super().__init__(client, INCREASE_INSTANCE)
        self._instance = instance
        self._place = {"BucketName": bucket, "Path": path}
        self._has_repeated = False

    def submit(self, request: Mapping[str, Any], nonce: RequestNonce) -> Job:
        """Send the request once.

        :raises Throttled: with the code ``INSTANCE_BUSY``: the instance works on another task; it takes one at a time
        :raises ConnectionFailed: it was refused, and whether for another task cannot be found out now
        """
        credentials = self._credentials or self._client.account.credentials.current()
        try:
            response = self._client.send_signed(self._action, request, nonce, credentials)
        except InvalidRequest as refused:
            if not proves_not_accepted(refused):
                # The task that the instance works on may be this one.
                raise
            details: Any = {
                "request_id": refused.request_id,
                "http_status": refused.http_status,
                "action": refused.action,
            }
            try:
                # The code for this is not documented.
                why = self._why_to_repeat()
            except TransientError as error:
                # Not Throttled: submit_timeout limits these retries. The service may have refused for any reason.
                raise ConnectionFailed(
                    f"instance {self._instance} refused a bulk job ({refused.message}), and its bulk jobs cannot be "
                    f"read now ({error})",
                    code=refused.code,
                    **details,
                ) from refused
            if why is None:
                raise
            raise Throttled(
                f"instance {self._instance} {why}; it runs one bulk job at a time. The service responded with "
                f"{refused.code}",
                code=INSTANCE_BUSY,
                **details,
            ) from refused
        return self.job(_id_of(response["Data"], self._action.name))

    def job(self, job_id: str) -> Job:
        """Return the job that is a task with an id."""
        return job_of(self._instance, str(job_id).rpartition("/")[2])

    def list_recent(self, sent_at: datetime) -> JobList:
        """Return the tasks of the instance whose file is in the folder: only this submission's, and earlier ones."""
        response = self._list(**self._place)
        path = self._place["Path"]
        jobs = [
            ListedJob(self.job(_id_of(entry, INCREASE_LIST.name)).id, _created(entry))
            for entry in listed(response)
            if entry.get("Path") in (path, f"{path}/{META_FILE}")
        ]
        return JobList(
            jobs,
            is_complete=(response["Data"].get("TotalCount") or 0) <= len(listed(response)),
            clock_skew=self._client.clock_skew,
            is_own=True,
        )

    def _why_to_repeat(self) -> str | None:
        """Return why a refused request may be accepted later; ``None`` if it was not refused for another task.

        :raises TransientError: that cannot be found out now
        """
        try:
            tasks = listed(self._list())
        except ServiceError as error:
            if is_transient(error):
                raise
            return None
        for task in tasks:
            if task.get("Status") == "PROCESSING":
                self._has_repeated = False
                return f"runs bulk job {task.get('Id')}"
        # The other task may have ended between the refusal and the list: then the next request is accepted.
        if not tasks or self._has_repeated:
            return None
        self._has_repeated = True
        return f"refused a bulk job, maybe because bulk job {tasks[0].get('Id')} had not ended yet"

    def _list(self, **wanted: Any) -> Mapping[str, Any]:
        return self._client.call(INCREASE_LIST, {"InstanceName": self._instance, **wanted})


def _id_of(fields: Mapping[str, Any], action: str) -> str:
    if not str(fields.get("Id")).isdecimal():
        raise malformed_response("contains no id of a bulk job", action=action)
    return str(fields["Id"])


def _created(entry: Mapping[str, Any]) -> str:
    try:
        return datetime.fromtimestamp(int(entry["UtcCreate"]) / 1000, timezone.utc).isoformat()
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return ""


class Increments(ViapiJobBackend):
    """States of bulk jobs; see ``jobs.backend.JobBackend``.

    Each is requested individually: there is no list of the tasks of all instances.

    :param client: calls the service
    """

    list_interval: float | None = None

    async def list_states(self, job_ids: Collection[str]) -> ListSnapshot:
        """Refuse: there is no list of the tasks of all instances."""
        raise NotImplementedError

    async def report(self, job: Job) -> JobReport:
        """Return the state of a task with one call of ``IncreaseList``."""
        return read_report(job, await self._client.call_once(INCREASE_LIST, list_request(job)))

    async def cancel(self, job: Job) -> bool:
        """Return false: a task cannot be cancelled."""
        return False


@asynccontextmanager
async def open_increments(account: Account) -> AsyncIterator[Increments]:
    """Open a client for bulk jobs of an account's instances; it is closed with the context."""
    from airflow_provider_viapi.alibaba.client import open_async_client

    async with await open_async_client(account) as client:
        yield Increments(client)
