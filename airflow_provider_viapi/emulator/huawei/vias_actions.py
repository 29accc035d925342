"""The actions of VIAS's tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.huawei.crud import VIDEO_SOURCE, Records
from airflow_provider_viapi.emulator.huawei.errors import invalid, not_found
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, rfc3339, without_nulls
from airflow_provider_viapi.emulator.huawei.state_machines import FILE_TASK, STREAM_TASK, StateJob, StateJobs
from airflow_provider_viapi.huawei.services.vias import tasks

_STREAMS = ("rtsp:", "rtmp:", "rtmps:", "srt:", "udp:")


class ViasActions:
    """The actions of VIAS's tasks.

    :param jobs: the tasks
    :param records: stores the video sources
    :param now: the clock, in Unix time
    """

    def __init__(self, jobs: StateJobs, records: Records, now: Callable[[], float]) -> None:
        self._jobs = jobs
        self._records = records
        self._now = now

    def submissions(self) -> dict[str, Callable[[RestCall, TakeJobFault], Any]]:
        """Return the handler of each action that submits a job, by the action's name."""
        return {tasks.CREATE_TASK.name: self._create}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each other action, by the action's name."""
        return {
            tasks.UPDATE_TASK.name: self._update,
            tasks.SHOW_TASK.name: self._show,
            tasks.LIST_TASKS.name: self._list,
            tasks.START_STOP_TASK.name: self._start_or_stop,
            tasks.DELETE_TASK.name: self._delete,
        }

    def _create(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        source = call.parameters["input"]
        data = source.get("data") or [{}]
        if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
            raise invalid("vias", "input.data is not a list of objects.")
        if source["type"] == "video_source":
            for each in data:
                self._records.find(VIDEO_SOURCE, str(each.get("video_source_id")))
        fault = take_fault()
        created = []
        for each in data:
            machine = FILE_TASK if _is_file(source["type"], each) else STREAM_TASK
            # A task's own request names only its own source.
            request = {**call.parameters, "input": {**source, "data": [each]} if each else source}
            job = StateJob(new_id(), call.action, request, machine, self._now(), fault)
            self._jobs.put(job)
            created.append({"id": job.id})
        return {"tasks": created}

    def _show(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call)
        reason = {"code": job.error_code, "message": job.error_message}
        settings = ("description", "schedule", "input", "output", "config", "resource_order_id")
        return without_nulls(
            {
                **self._describe(job),
                **{name: job.request.get(name) for name in settings},
                "error": reason if job.error_code is not None else None,
            }
        )

    def _list(self, call: RestCall) -> dict[str, Any]:
        asked = call.parameters
        size, number = asked.get("page_size") or 10, asked.get("page") or 1
        renamed = {"task_name": "name", "task_state": "state", "sort_dir": "sort_dir", "title": "title"}
        wanted = {field: asked[parameter] for parameter, field in renamed.items() if parameter in asked}
        found = [
            self._describe(job)
            for job in self._jobs.listed(FILE_TASK, STREAM_TASK)
            if asked.get("batch_id") in (None, job.request.get("batch_id"))
        ]
        _, page = page_of(found, {**wanted, "limit": size, "offset": (number - 1) * size})
        return {"count": len(page), "tasks": page, "page": number, "page_size": size}

    def _update(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call)
        changed = {name: value for name, value in call.parameters.items() if name != "task_id"}
        job.request = {**job.request, **changed}
        return {}

    def _start_or_stop(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call)
        if not self._jobs.send(job, call.parameters["command"]):
            raise invalid("vias", f"The task is {job.state}; the command is not possible in this state.")
        return {}

    def _delete(self, call: RestCall) -> dict[str, Any]:
        self._jobs.remove(self._find(call))
        return {}

    def _find(self, call: RestCall) -> StateJob:
        job = self._jobs.get(call.parameters["task_id"])
        if job is None or job.machine not in (FILE_TASK, STREAM_TASK):
            raise not_found("vias", f"task_id {call.parameters['task_id']}")
        return job

    @staticmethod
    def _describe(job: StateJob) -> dict[str, Any]:
        service = job.request["service_name"]
        return without_nulls(
            {
                "id": job.id,
                "name": job.request["name"],
                "service_id": service,
                "title": service,
                "type": 1 if service.endswith("-edge") else 0,
                "created_at": rfc3339(job.created_at),
                "state": job.state,
            }
        )


def _is_file(kind: str, data: dict[str, Any]) -> bool:
    return kind == "obs" or (kind == "url" and not str(data.get("url", "")).lower().startswith(_STREAMS))
