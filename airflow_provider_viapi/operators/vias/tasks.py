"""Tasks: an algorithm that watches a stream or a file, from its making to its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.services import vias
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator, HuaweiCloudOperator
from airflow_provider_viapi.operators.job_control import JobCommandOperator

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import JobReport

_FAILED = ("CREATE_FAILED", "START_FAILED", "FAILED")
"""The bad ends in which a task does not run."""


class CreateTaskOperator(HuaweiCloudJobOperator):
    """Have an algorithm watch a stream or a file, in the cloud or on an edge device.

    A task on a stream runs until it is stopped: wait for ``RUNNING``, and stop it with :class:`StopTaskOperator`. One
    on a file comes to its end: wait for ``SUCCEEDED``. Its id is ``create.job_id``.

    Returns what is known of the task: ``id``, ``name``, ``state`` and so on.

    Once this task has succeeded nothing that happens to it stops what runs. Cleared after that, it makes another.

    :param service_name: the algorithm, such as ``c-smoke-and-fire-edge``
    :param name: the task's name; tell tasks apart by it, since a create whose answer was lost is looked for by it
    :param input: what is watched: ``type``, and ``data``, a list of one source
    :param output: where alarms go: ``webhook``, ``dis`` and the like
    :param service_version: the algorithm's version, such as ``1.2``
    :param wait_for: ``RUNNING``, ``SUCCEEDED``, or ``None``: not at all
    :param description: what the task is for
    :param schedule: when it runs: ``type``, ``timezone``, ``days_of_week``, ``periods``
    :param config: the algorithm's own settings; they go through as they are
    :param is_saved_as_template: keep it as a pattern for others
    :param resource_order_id: which prepaid resources it uses
    """

    action = vias.tasks.CREATE_TASK

    def __init__(
        self,
        *,
        service_name: str,
        name: str,
        input: Mapping[str, Any],
        output: Mapping[str, Any],
        service_version: str,
        wait_for: Literal["RUNNING", "SUCCEEDED"] | None = "RUNNING",
        description: str | None = None,
        schedule: Mapping[str, Any] | None = None,
        config: Mapping[str, Any] | None = None,
        is_saved_as_template: bool | None = None,
        resource_order_id: str | None = None,
        **kwargs: Any,
    ) -> None:
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
        goal = "RUNNING" if wait_for is None else wait_for
        super().__init__(request=request, goal=goal, wait_for_completion=wait_for is not None, **kwargs)
        self._refuse_several_sources(self.request["input"])

    def validated_request(self) -> dict[str, Any]:
        """The rendered request with values of their proper types, and one source."""
        request = super().validated_request()
        self._refuse_several_sources(request["input"])
        return request

    def _refuse_several_sources(self, watched: Any) -> None:
        data = watched.get("data") if isinstance(watched, Mapping) else None
        if isinstance(data, list | tuple) and len(data) > 1:
            raise InvalidRequest(
                f"input is a mapping with {len(data)} sources in data; allowed: one, so give each a task of its own",
                code="InvalidParameter",
                action=self.action.name,
            )


class StartTaskOperator(JobCommandOperator):
    """Start a task that was stopped or has ended; one that runs or is about to is left as it is.

    What was told is kept in Airflow's task state store (3.3 and later), so that a retry does not start, and pay for,
    a task again that has succeeded since. A person who clears this task after its success has it started anew. If no
    answer came to the telling of a task that had succeeded before, and it stands so still, this fails with
    ``SubmissionInDoubt``, and clearing tells it again. On an earlier Airflow a retry only looks: it starts a task
    again that has come to its end meanwhile; set ``retries=0`` there if that matters.

    Returns what is known of the task.

    :param vias_task_id: the task of VIAS, such as ``create.job_id``
    :param wait_for: ``RUNNING``, ``SUCCEEDED``, or ``None``: not at all
    """

    action = vias.tasks.START_STOP_TASK
    made_by = vias.tasks.CREATE_TASK
    is_remembered = True

    def __init__(
        self,
        *,
        vias_task_id: str,
        wait_for: Literal["RUNNING", "SUCCEEDED"] | None = "RUNNING",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            request={"task_id": vias_task_id, "command": "start"},
            goal=wait_for or "RUNNING",
            wait_for_completion=wait_for is not None,
            **kwargs,
        )

    def has_to_be_told(self, report: JobReport) -> bool:
        """Whether it neither runs nor is about to."""
        return report.state not in ("PENDING", "STARTING", "RECOVERING", "UPGRADING", "RUNNING")


class StopTaskOperator(JobCommandOperator):
    """Stop a task, so that it costs nothing more; one that has ended, well or badly, or is about to is left as it is.

    One that is ``ABNORMAL`` or ``FROZEN`` is told to stop, since whether it goes on by itself is not known.

    Returns what is known of the task, also of one that has failed.

    :param vias_task_id: the task of VIAS, such as ``create.job_id``
    :param wait_for: ``STOPPED``, or ``None``: not at all
    """

    action = vias.tasks.START_STOP_TASK
    made_by = vias.tasks.CREATE_TASK

    def __init__(
        self, *, vias_task_id: str, wait_for: Literal["STOPPED"] | None = "STOPPED", **kwargs: Any
    ) -> None:
        super().__init__(
            request={"task_id": vias_task_id, "command": "stop"},
            goal="STOPPED",
            wait_for_completion=wait_for is not None,
            **kwargs,
        )

    def has_to_be_told(self, report: JobReport) -> bool:
        """Whether it goes on unless it is stopped."""
        return report.state not in ("STOPPING", "STOPPED", "SUCCEEDED", "DELETING", *_FAILED)

    def result_of(self, report: JobReport) -> dict[str, Any]:
        """What is known of the task."""
        if report.state not in _FAILED:
            return super().result_of(report)
        reason = report.error_message or "no reason given"
        self.log.warning(
            "Task %s has ended as %s before it was stopped: %s", report.job_id, report.state, reason
        )
        return self.hook.call(vias.tasks.SHOW_TASK, {"task_id": report.job_id})


class QueryTaskOperator(HuaweiCloudOperator):
    """How a task stands: ``id``, ``name``, ``service_id``, ``created_at``, ``state`` and whatever else is told.

    :param vias_task_id: the task of VIAS, such as ``create.job_id``
    """

    action = vias.tasks.SHOW_TASK

    def __init__(self, *, vias_task_id: str, **kwargs: Any) -> None:
        super().__init__(request={"task_id": vias_task_id}, **kwargs)


class DeleteTaskOperator(HuaweiCloudOperator):
    """Delete a task; whether one that runs may be is for the service to say.

    :param vias_task_id: the task of VIAS, such as ``create.job_id``
    """

    action = vias.tasks.DELETE_TASK

    def __init__(self, *, vias_task_id: str, **kwargs: Any) -> None:
        super().__init__(request={"task_id": vias_task_id}, **kwargs)


class ListTasksOperator(HuaweiCloudOperator):
    """A page of the tasks that fit, newest first, in ``tasks``.

    :param task_state: state of the task
    :param task_name: the task's name
    :param camera_name: the camera
    :param title: part of the algorithm's title
    :param source_data_type: ``async_task`` or ``sync_task``
    :param batch_id: the batch that the tasks were made with
    :param video_group_id: the group of video sources
    :param page_size: tasks in the answer, 5–1000 (5–50 in v1); 10 unless given
    :param page: which page, from 1
    """

    action = vias.tasks.LIST_TASKS

    def __init__(
        self,
        *,
        task_state: str | None = None,
        task_name: str | None = None,
        camera_name: str | None = None,
        title: str | None = None,
        source_data_type: Literal["async_task", "sync_task"] | None = None,
        batch_id: str | None = None,
        video_group_id: str | None = None,
        page_size: int | None = None,
        page: int | None = None,
        **kwargs: Any,
    ) -> None:
        request = {
            "task_state": task_state,
            "task_name": task_name,
            "camera_name": camera_name,
            "title": title,
            "source_data_type": source_data_type,
            "batch_id": batch_id,
            "video_group_id": video_group_id,
            "page_size": page_size,
            "page": page,
        }
        super().__init__(request=request, **kwargs)
