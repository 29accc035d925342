"""The actions that submit, query, list and cancel jobs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.job_queue import JobQueue
from airflow_provider_viapi.emulator.jobs import QUEUING, TRANSITIONS, Job
from airflow_provider_viapi.emulator.request import Call
from airflow_provider_viapi.emulator.storage.storage import Storage

ACCOUNT_ID = "1000000000000000"
"""Id of the account that all access keys belong to."""

LIST_WINDOW = 24 * 60 * 60
"""Age in seconds of the oldest job in the list."""

LIST_INTERVAL = 5.0
"""Shortest interval in seconds between two calls for the account's list of jobs."""

PAGE_SIZE = 20
"""Default number of jobs on a page; the documents do not name the service's default."""

BEIJING = timezone(timedelta(hours=8))
"""Time zone of the times in the list; the documents do not name it."""

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
"""Format of times."""


class JobActions:
    """The actions of jobs.

    :param queue: the jobs
    :param storage: stores their files
    :param now: the clock, in Unix time
    """

    def __init__(self, queue: JobQueue, storage: Storage, now: Callable[[], float]) -> None:
        self._queue = queue
        self._storage = storage
        self._now = now
        self._listed_at = -math.inf

    def reset(self) -> None:
        """Allow the list to be called immediately."""
        self._listed_at = -math.inf

    def submit(self, call: Call, take_fault: TakeJobFault) -> dict[str, Any]:
        """Submit a job; one whose work the emulator cannot do fails with a message that says so.

        :param take_fault: returns the fault of the job
        """
        self._queue.put(Job(call.id, call.action, call.parameters, call.wire, self._now(), take_fault()))
        return {
            "Message": "The emulator has accepted this job. Call GetAsyncJobResult with this RequestId as the JobId "
            "to get its result."
        }

    async def get_async_job_result(self, call: Call) -> dict[str, Any]:
        """Return the state of a job of any service and, when it has succeeded, its result.

        :raises ApiError: there is no such job
        """
        job = self._job(call)
        data = {"JobId": job.id, "Status": job.state}
        if job.result is not None:
            data["Result"] = json.dumps(self._queue.with_links(job, job.result, call.base))
        if job.error_code is not None:
            data |= {"ErrorCode": job.error_code, "ErrorMessage": job.error_message or ""}
        return {"Data": data}

    async def query_async_job_list(self, call: Call) -> dict[str, Any]:
        """Return a page of the account's jobs of the last 24 hours, newest first.

        :raises ApiError: the list was called less than five seconds ago, or a time is malformed
        """
        now = self._now()
        if now - self._listed_at < LIST_INTERVAL:
            raise ApiError("Throttling.User", "The list of jobs can be called once in 5 seconds.")
        self._listed_at = now
        given = call.parameters
        matching = self._matching(given, now)
        number, size = given.get("PageNum", 1), given.get("PageSize", PAGE_SIZE)
        page = matching[(number - 1) * size : number * size]
        data = {
            "CurrentPage": number,
            "PageSize": size,
            "TotalPage": math.ceil(len(matching) / size),
            "TotalRecord": len(matching),
            "Result": [_describe(job) for job in page],
        }
        return {"Data": data, "Success": True, "Message": "Query job list success", "HttpCode": "200"}

    async def cancel_waiting_async_job(self, call: Call) -> dict[str, Any]:
        """Cancel a queued job; any other job is left unchanged, and the response says so.

        :raises ApiError: there is no such job
        """
        job = self._job(call)
        if job.state != QUEUING:
            message = f"The job is {job.state}; only a job that is {QUEUING} can be cancelled."
            return {"Success": False, "Message": message, "HttpCode": "InvalidParameter"}
        job.cancel(self._now())
        return {"Success": True, "Message": "Cancel job success", "HttpCode": "200"}

    def dashboard_link(self, job: Job, path: Path) -> str | None:
        """Return the link to a job's file for the dashboard, or ``None`` if it has expired."""
        if self._now() > job.links_expire:
            return None
        return self._storage.link("", self._queue.storage_key(path), int(job.links_expire))

    def describe(self) -> list[dict[str, Any]]:
        """Return every job as plain values, oldest first."""
        return [
            {
                "job_id": job.id,
                "service": job.action.service.name,
                "action": job.action.name,
                "status": job.state,
                "created_at": _utc(job.created_at),
                "started_at": _utc(job.started_at),
                "finished_at": _utc(job.finished_at),
                "request": dict(job.wire),
                "error_code": job.error_code,
                "error_message": job.error_message,
            }
            for job in self._queue
        ]

    def _job(self, call: Call) -> Job:
        job = self._queue.get(call.parameters["JobId"])
        if job is None:
            raise ApiError("InvalidParameter.BadRequest", "The emulator has no job with this JobId.")
        return job

    def _matching(self, given: Mapping[str, Any], now: float) -> list[Job]:
        if given.get("Status") and given["Status"] not in TRANSITIONS:
            raise ApiError("InvalidParameter", f"Status must be one of {', '.join(TRANSITIONS)}.")
        earliest = max(_time(given, "StartTime", -math.inf), now - LIST_WINDOW)
        latest = _time(given, "EndTime", math.inf)
        return [
            job
            for job in reversed(self._queue)
            if job.listed_from <= now
            and earliest <= job.created_at
            and int(job.created_at) <= latest
            and given.get("JobId") in (None, "", job.id)
            and given.get("PopProduct") in (None, "", job.action.service.name)
            and given.get("PopApiName") in (None, "", job.action.name)
            and given.get("Status") in (None, "", job.state)
        ]


def _describe(job: Job) -> dict[str, str]:
    times = {"GmtCreate": job.created_at, "StartTime": job.started_at, "EndTime": job.finished_at}
    return {
        "JobId": job.id,
        "CallerParentId": ACCOUNT_ID,
        "PopProduct": job.action.service.name,
        "PopApiName": job.action.name,
        "Status": job.state,
        **{name: _beijing(time) for name, time in times.items() if time is not None},
    }


def _time(given: Mapping[str, Any], name: str, default: float) -> float:
    text = given.get(name)
    if not text:
        return default
    try:
        return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=BEIJING).timestamp()
    except ValueError:
        raise ApiError("InvalidParameter", f"{name} must have the form YYYY-MM-DD HH:MM:SS.") from None


def _beijing(time: float) -> str:
    return datetime.fromtimestamp(time, BEIJING).strftime(TIME_FORMAT)


def _utc(time: float | None) -> str | None:
    return None if time is None else datetime.fromtimestamp(time, timezone.utc).isoformat()
