"""The actions of live tasks, which are on air until they are stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.huawei.crud import ROOM, Records
from airflow_provider_viapi.emulator.huawei.errors import invalid, not_found
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import Reply, RestCall, new_id, rfc3339, without_nulls
from airflow_provider_viapi.emulator.huawei.state_machines import LIVE, StateJob, StateJobs
from airflow_provider_viapi.huawei.services.metastudio import live


class LiveActions:
    """The actions of live tasks.

    :param jobs: the tasks
    :param records: stores the rooms
    :param now: the clock, in Unix time
    """

    def __init__(self, jobs: StateJobs, records: Records, now: Callable[[], float]) -> None:
        self._jobs = jobs
        self._records = records
        self._now = now

    def submissions(self) -> dict[str, Callable[[RestCall, TakeJobFault], Any]]:
        """Return the handler of each action that submits a job, by the action's name."""
        return {live.START_SMART_LIVE.name: self._start}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each other action, by the action's name."""
        return {
            live.SHOW_SMART_LIVE.name: lambda call: self._describe(self._find(call)),
            live.STOP_SMART_LIVE.name: self._stop,
            live.LIST_SMART_LIVE.name: self._list_of_room,
            live.LIST_SMART_LIVE_JOBS.name: self._list,
            live.EXECUTE_SMART_LIVE_COMMAND.name: self._command,
            live.LIVE_EVENT_REPORT.name: self._report,
        }

    def _start(self, call: RestCall, take_fault: TakeJobFault) -> Reply:
        room = self._records.find(ROOM, call.parameters["room_id"])
        request = {**call.parameters, "room_name": room["room_name"]}
        job = StateJob(new_id(), call.action, request, LIVE, self._now(), take_fault())
        self._jobs.put(job)
        return Reply({"job_id": job.id}, status=202)

    def _stop(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call)
        if not self._jobs.send(job, "stop"):
            raise invalid("metastudio", f"The task is {job.state}; it cannot be stopped.")
        return {}

    def _list_of_room(self, call: RestCall) -> dict[str, Any]:
        self._records.find(ROOM, call.parameters["room_id"])
        return self._list(call)

    def _list(self, call: RestCall) -> dict[str, Any]:
        found = [self._describe(job) for job in self._jobs.listed(LIVE)]
        count, page = page_of(found, call.parameters)
        return {"count": count, "smart_live_jobs": page}

    def _command(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call)
        if job.state != "PROCESSING":
            raise invalid(
                "metastudio", f"The task is {job.state}; only a task that is PROCESSING takes commands."
            )
        return {"command_id": new_id(), "command": call.parameters["command"], "result": ""}

    def _report(self, call: RestCall) -> dict[str, Any]:
        self._find(call)
        return {}

    def _find(self, call: RestCall) -> StateJob:
        job = self._jobs.get(call.parameters["job_id"])
        if job is None or job.machine is not LIVE or job.request["room_id"] != call.parameters["room_id"]:
            raise not_found("metastudio", f"job_id {call.parameters['job_id']}")
        return job

    def _describe(self, job: StateJob) -> dict[str, Any]:
        ended = job.is_stable and job.state != "PROCESSING"
        until = job.changed_at if ended else self._now()
        code, message = job.error_code, job.error_message
        return without_nulls(
            {
                "job_id": job.id,
                "room_id": job.request["room_id"],
                "room_name": job.request["room_name"],
                "state": job.state,
                "duration": None if job.started_at is None else round(until - job.started_at, 3),
                "start_time": rfc3339(job.started_at),
                "end_time": rfc3339(job.changed_at) if ended else None,
                "error_info": None if code is None else {"error_code": code, "error_msg": message},
                "block_reason": message if job.state == "BLOCKED" else None,
                "create_time": rfc3339(job.created_at),
                "lastupdate_time": rfc3339(job.changed_at),
            }
        )
