"""VIAS's tasks: started when they are made, stopped, started again, listed and deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.emulator.huawei.crud import SOURCE, Records
from airflow_provider_viapi.emulator.huawei.errors import invalid, not_there
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id, rfc3339, without_nulls
from airflow_provider_viapi.emulator.huawei.state_machines import FILE_TASK, STREAM_TASK, FlowJob, FlowJobs
from airflow_provider_viapi.emulator.huawei.video_actions import Asked
from airflow_provider_viapi.huawei.services.vias import tasks

_STREAMS = ("rtsp:", "rtmp:", "rtmps:", "srt:", "udp:")


class ViasActions:
    """Answers these actions.

    :param jobs: the tasks
    :param records: keep the video sources
    :param now: the clock, in Unix time
    """

    def __init__(self, jobs: FlowJobs, records: Records, now: Callable[[], float]) -> None:
        self._jobs = jobs
        self._records = records
        self._now = now

    def submissions(self) -> dict[str, Callable[[RestCall, Asked], Any]]:
        """What takes a task in, by the action's name."""
        return {tasks.CREATE_TASK.name: self._create}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """What answers each other action, by its name."""
        return {
            tasks.SHOW_TASK.name: lambda call: self._told(self._find(call)),
            tasks.LIST_TASKS.name: self._list,
            tasks.START_STOP_TASK.name: self._start_or_stop,
            tasks.DELETE_TASK.name: self._delete,
        }

    def _create(self, call: RestCall, fault: Asked) -> dict[str, Any]:
        watched = call.parameters["input"]
        data = watched.get("data") or [{}]
        if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
            raise invalid("vias", "input.data is not a list of structures.")
        if watched["type"] == "video_source":
            for each in data:
                self._records.find(SOURCE, str(each.get("video_source_id")))
        what_goes_wrong = fault()
        made = []
        for each in data:
            flow = FILE_TASK if _is_file(watched["type"], each) else STREAM_TASK
            job = FlowJob(new_id(), call.action, call.parameters, flow, self._now(), what_goes_wrong)
            self._jobs.put(job)
            made.append({"id": job.id})
        return {"tasks": made}

    def _list(self, call: RestCall) -> dict[str, Any]:
        asked = call.parameters
        size, number = asked.get("page_size") or 10, asked.get("page") or 1
        renamed = {"task_name": "name", "task_state": "state", "sort_dir": "sort_dir", "title": "title"}
        wanted = {ours: asked[theirs] for theirs, ours in renamed.items() if theirs in asked}
        made = [self._told(job) for job in self._jobs if job.flow in (FILE_TASK, STREAM_TASK)]
        _, page = page_of(made, {**wanted, "limit": size, "offset": (number - 1) * size})
        return {"count": len(page), "tasks": page, "page": number, "page_size": size}

    def _start_or_stop(self, call: RestCall) -> dict[str, Any]:
        job = self._find(call)
        if not self._jobs.tell(job, call.parameters["command"]):
            raise invalid("vias", f"The task is {job.state}, in which it cannot be told to.")
        return {}

    def _delete(self, call: RestCall) -> dict[str, Any]:
        self._jobs.remove(self._find(call))
        return {}

    def _find(self, call: RestCall) -> FlowJob:
        job = self._jobs.get(call.parameters["task_id"])
        if job is None or job.flow not in (FILE_TASK, STREAM_TASK):
            raise not_there("vias", f"task_id {call.parameters['task_id']}")
        return job

    @staticmethod
    def _told(job: FlowJob) -> dict[str, Any]:
        service = job.request["service_name"]
        reason = {"error_code": job.error_code, "error_msg": job.error_message}
        return without_nulls(
            {
                "id": job.id,
                "name": job.request["name"],
                "service_id": service,
                "title": service,
                "type": 1 if service.endswith("-edge") else 0,
                "created_at": rfc3339(job.created_at),
                "state": job.state,
                "error_info": reason if job.error_code is not None else None,
            }
        )


def _is_file(kind: str, data: dict[str, Any]) -> bool:
    return kind == "obs" or (kind == "url" and not str(data.get("url", "")).lower().startswith(_STREAMS))
