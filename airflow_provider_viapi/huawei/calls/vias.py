"""Tasks, video sources and groups of VIAS, with typed arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from airflow_provider_viapi.huawei.calls.group import Answer, Group
from airflow_provider_viapi.huawei.services.vias import sources, tasks

if TYPE_CHECKING:
    from typing_extensions import Unpack


class TaskFilter(TypedDict, total=False):
    """Arguments of ``Tasks.list``."""

    source_data_type: str
    title: str
    camera_name: str
    task_state: str
    task_name: str
    page_size: int
    page: int
    sort_dir: str
    batch_id: str
    video_group_id: str
    company: str
    alg_id: str


class SourceFilter(TypedDict, total=False):
    """Arguments of ``Sources.list``."""

    scope: str
    scope_name: str
    status: int
    type: str
    video_group_id: str
    sort_name: str
    order_by: str
    is_paged: bool
    page_size: int
    page_num: int
    access_type: str
    platform_name: str
    tag: str


class Tasks(Group):
    """Algorithms that watch a stream or a file."""

    def create(
        self,
        service_name: str,
        *,
        name: str,
        input: Mapping[str, Any],
        output: Mapping[str, Any],
        service_version: str,
        description: str | None = None,
        schedule: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        is_saved_as_template: bool | None = None,
        resource_order_id: str | None = None,
    ) -> Answer:
        """Have an algorithm watch; the answer has ``tasks``, each with its ``id``."""
        request = {
            "service_name": service_name,
            "name": name,
            "input": input,
            "output": output,
            "service_version": service_version,
            "description": description,
            "schedule": schedule,
            "config": config,
            "is_saved_as_template": is_saved_as_template,
            "resource_order_id": resource_order_id,
        }
        return self._call(tasks.CREATE_TASK, request)

    def start(self, task_id: str) -> Answer:
        """Start a task."""
        return self._start_or_stop(task_id, "start")

    def stop(self, task_id: str) -> Answer:
        """Stop a task; it can be started again."""
        return self._start_or_stop(task_id, "stop")

    def _start_or_stop(self, task_id: str, command: Literal["start", "stop"]) -> Answer:
        return self._call(tasks.START_STOP_TASK, {"task_id": task_id, "command": command})

    def delete(self, task_id: str) -> Answer:
        """Delete a task."""
        return self._call(tasks.DELETE_TASK, {"task_id": task_id})

    def show(self, task_id: str) -> Answer:
        """How a task stands."""
        return self._call(tasks.SHOW_TASK, {"task_id": task_id})

    def list(self, **fields: Unpack[TaskFilter]) -> Answer:
        """The tasks that fit, newest first."""
        return self._call(tasks.LIST_TASKS, fields)


class Sources(Group):
    """Cameras, streams and platforms of cameras."""

    def create(
        self,
        *,
        video_source_name: str,
        access_type: Literal["cloud", "edge"],
        type: str,
        type_config: str,
        latitude: float | None = None,
        longitude: float | None = None,
        video_group_ids: Sequence[str] | None = None,
        tag: str | None = None,
    ) -> Answer:
        """Tell of a source; ``type_config`` is XML and goes through as it is."""
        request = {
            "video_source_name": video_source_name,
            "access_type": access_type,
            "type": type,
            "type_config": type_config,
            "latitude": latitude,
            "longitude": longitude,
            "video_group_ids": video_group_ids,
            "tag": tag,
        }
        return self._call(sources.CREATE_VIDEO_SOURCE, request)

    def show(self, video_source_id: str) -> Answer:
        """A source."""
        return self._call(sources.SHOW_VIDEO_SOURCE, {"video_source_id": video_source_id})

    def list(self, **fields: Unpack[SourceFilter]) -> Answer:
        """The sources that fit."""
        return self._call(sources.LIST_VIDEO_SOURCES, fields)

    def delete(self, video_source_id: str) -> Answer:
        """Forget a source."""
        return self._call(sources.DELETE_VIDEO_SOURCE, {"video_source_id": video_source_id})


class Groups(Group):
    """Groups of sources."""

    def create(
        self,
        *,
        video_group_name: str,
        access_type: Literal["cloud", "edge"],
        description: str | None = None,
        video_source_ids: Sequence[str] | None = None,
    ) -> Answer:
        """Make a group."""
        request = {
            "video_group_name": video_group_name,
            "access_type": access_type,
            "description": description,
            "video_source_ids": video_source_ids,
        }
        return self._call(sources.CREATE_VIDEO_GROUP, request)

    def show(self, video_group_id: str) -> Answer:
        """A group."""
        return self._call(sources.SHOW_VIDEO_GROUP, {"video_group_id": video_group_id})

    def list(self) -> Answer:
        """The groups."""
        return self._call(sources.LIST_VIDEO_GROUPS, {})

    def delete(self, video_group_id: str) -> Answer:
        """Delete a group; its sources stay."""
        return self._call(sources.DELETE_VIDEO_GROUP, {"video_group_id": video_group_id})
