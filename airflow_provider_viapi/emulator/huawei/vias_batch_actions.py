"""The actions of VIAS's batch tasks: a task for each of many video sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.faults import TakeJobFault
from airflow_provider_viapi.emulator.huawei.crud import VIDEO_SOURCE, Records
from airflow_provider_viapi.emulator.huawei.errors import invalid, not_found
from airflow_provider_viapi.emulator.huawei.pagination import page_of
from airflow_provider_viapi.emulator.huawei.rest import RestCall, new_id
from airflow_provider_viapi.emulator.huawei.state_machines import STREAM_TASK, StateJob, StateJobs
from airflow_provider_viapi.huawei.services.vias import tasks


@dataclass
class BatchTask:
    """A batch task.

    :param id: its id
    :param settings: its settings
    :param created_at: time of creation, in Unix time
    :param task_ids: ids of its tasks
    """

    id: str
    settings: dict[str, Any]
    created_at: float
    task_ids: list[str] = field(default_factory=list)


class BatchTaskActions:
    """The actions of batch tasks.

    :param jobs: the tasks
    :param records: stores the video sources
    :param now: the clock, in Unix time
    """

    def __init__(self, jobs: StateJobs, records: Records, now: Callable[[], float]) -> None:
        self._jobs = jobs
        self._records = records
        self._now = now
        self._batches: dict[str, BatchTask] = {}

    def reset(self) -> None:
        """Delete all batch tasks."""
        self._batches.clear()

    def submissions(self) -> dict[str, Callable[[RestCall, TakeJobFault], Any]]:
        """Return the handler of each action that submits jobs, by the action's name."""
        return {tasks.CREATE_BATCH_TASK.name: self._create}

    def handlers(self) -> dict[str, Callable[[RestCall], Any]]:
        """Return the handler of each other action, by the action's name."""
        return {
            tasks.UPDATE_BATCH_TASK.name: self._update,
            tasks.DELETE_BATCH_TASK.name: self._delete,
            tasks.LIST_BATCH_TASKS.name: self._list,
            tasks.BATCH_START_STOP_TASK.name: self._start_or_stop,
        }

    def _create(self, call: RestCall, take_fault: TakeJobFault) -> dict[str, Any]:
        settings = dict(call.parameters)
        batch = BatchTask(new_id(), settings, self._now())
        errors = []
        for source in _sources(settings["batch_input"]):
            source_id = str(source.get("video_source_id"))
            try:
                self._records.find(VIDEO_SOURCE, source_id)
            except ApiError as error:
                errors.append(f"{source_id}: {error.code} {error.message}")
                continue
            data = {"type": "video_source", "data": [{"video_source_id": source_id}]}
            name = f"{settings['name']}-{len(batch.task_ids) + 1}"
            request = {**settings, "name": name, "input": data, "batch_id": batch.id}
            job = StateJob(new_id(), tasks.CREATE_TASK, request, STREAM_TASK, self._now(), take_fault())
            self._jobs.put(job)
            batch.task_ids.append(job.id)
        self._batches[batch.id] = batch
        return _answer(batch, len(batch.task_ids), errors)

    def _update(self, call: RestCall) -> dict[str, Any]:
        batch = self._find(call)
        batch.settings.update({name: value for name, value in call.parameters.items() if name != "id"})
        return _answer(batch, len(self._tasks(batch)), [])

    def _delete(self, call: RestCall) -> dict[str, Any]:
        batch = self._find(call)
        found = self._tasks(batch)
        for job in found:
            self._jobs.remove(job)
        del self._batches[batch.id]
        return _answer(batch, len(found), [])

    def _start_or_stop(self, call: RestCall) -> dict[str, Any]:
        batch, command = self._find(call), call.parameters["command"]
        errors = []
        for job in self._tasks(batch):
            before = job.state
            if not self._jobs.send(job, command):
                errors.append(f"{job.id}: the task is {before}; the command is not possible in this state")
        return _answer(batch, len(self._tasks(batch)) - len(errors), errors)

    def _list(self, call: RestCall) -> dict[str, Any]:
        asked = call.parameters
        size, number = asked.get("page_size") or 10, asked.get("page_num") or 1
        wanted = {"batch_task_name": asked.get("name_like", ""), "limit": size, "offset": (number - 1) * size}
        count, page = page_of([self._describe(batch) for batch in self._batches.values()], wanted)
        return {"count": count, "batch_task_list": page}

    def _describe(self, batch: BatchTask) -> dict[str, Any]:
        found = self._tasks(batch)
        return {
            "id": batch.id,
            "batch_task_name": batch.settings["name"],
            "alg_name": batch.settings["service_name"],
            "num_task": len(found),
            "created_at": int(batch.created_at * 1000),
            "batch_task_status_info": Counter(job.state.lower() for job in found),
        }

    def _tasks(self, batch: BatchTask) -> list[StateJob]:
        return [job for each in batch.task_ids if (job := self._jobs.get(each)) is not None]

    def _find(self, call: RestCall) -> BatchTask:
        batch = self._batches.get(call.parameters["id"])
        if batch is None:
            raise not_found("vias", f"batch task {call.parameters['id']}")
        return batch


def _sources(batch_input: dict[str, Any]) -> Iterator[dict[str, Any]]:
    groups = batch_input["video_source_group"]
    if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
        raise invalid("vias", "batch_input.video_source_group is not a list of objects.")
    for group in groups:
        listed = group.get("video_source_list")
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise invalid("vias", "video_source_list is not a list of objects.")
        yield from listed


def _answer(batch: BatchTask, succeeded: int, errors: list[str]) -> dict[str, Any]:
    return {
        "id": batch.id,
        "total_count": succeeded + len(errors),
        "succeed_count": succeeded,
        "failed_count": len(errors),
        "error_list": errors,
    }
