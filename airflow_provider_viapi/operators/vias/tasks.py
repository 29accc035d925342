"""Operators of existing tasks: start, stop, query, change, delete and list them; ``task_creation`` creates one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.huawei.services.vias import tasks
from airflow_provider_viapi.huawei.services.vias.service import ENDED
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator
from airflow_provider_viapi.operators.huaweicloud_job_commands import JobCommandOperator
from airflow_provider_viapi.operators.huaweicloud_repeatable_calls import DeleteResourceOperator
from airflow_provider_viapi.operators.vias.task_arguments import STARTED_STATES, alarm_output

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.jobs.model import JobReport
    from airflow_provider_viapi.operators.arguments.options import (
        Flag,
        HuaweiCloudOptions,
        Integer,
        JobCommandOptions,
        Object,
        Text,
    )
    from airflow_provider_viapi.operators.vias.task_arguments import Dis, Obs, Webhook

_FAILED = ("CREATE_FAILED", "START_FAILED", "FAILED")
"""Failed states in which a task does not run."""


class StartViasTaskOperator(JobCommandOperator):
    """Start a task that was stopped or has ended; one that runs or is about to is left as it is.

    The command is recorded in the task's state store, so that a retry does not start, and pay for, a task again that
    has ended since. Clearing this Airflow task starts the VIAS task again, unless that runs, or is in the target
    state and no attempt has returned it. If the response to the command was lost and the VIAS task is in the same
    terminal state as before, this fails with ``SubmissionInDoubt``; clear it to send the command again. Without a
    durable store (Airflow before 3.3 without ``[viapi] state_path``) a retry starts a task again that has ended
    meanwhile: set ``retries=0`` there if that matters.

    Returns the task.

    :param vias_task_id: id of the VIAS task, such as ``create.job_id``
    :param target_state: the state to wait for: ``RUNNING`` or ``SUCCEEDED``; default: ``RUNNING``
    """

    action = tasks.START_STOP_TASK
    creating_action = tasks.CREATE_TASK
    durable = True

    def __init__(
        self,
        *,
        vias_task_id: Text,
        target_state: Literal["RUNNING", "SUCCEEDED"] = "RUNNING",
        **kwargs: Unpack[JobCommandOptions],
    ) -> None:
        self.creating_action.check_target_state(target_state, STARTED_STATES, of=self.action.name)
        super().__init__(
            request={"task_id": vias_task_id, "command": "start"},
            target_state=target_state,
            **kwargs,
        )

    def needs_command(self, report: JobReport) -> bool:
        """Return true if the task neither runs nor is about to."""
        return report.state not in ("PENDING", "STARTING", "RECOVERING", "UPGRADING", "RUNNING")


class StopViasTaskOperator(JobCommandOperator):
    """Stop a task, so that it costs nothing more; one that has ended or is about to is left as it is.

    Waits until it is ``STOPPED``. A task that is ``ABNORMAL`` or ``FROZEN`` is stopped too, because it is not known
    whether it would continue.

    Returns the task, also one that has failed.

    :param vias_task_id: id of the VIAS task, such as ``create.job_id``
    """

    action = tasks.START_STOP_TASK
    creating_action = tasks.CREATE_TASK
    fixed_arguments = frozenset({"target_state"})

    def __init__(self, *, vias_task_id: Text, **kwargs: Unpack[JobCommandOptions]) -> None:
        request = {"task_id": vias_task_id, "command": "stop"}
        super().__init__(request=request, target_state="STOPPED", **kwargs)

    def needs_command(self, report: JobReport) -> bool:
        """Return true if the task continues unless it is stopped."""
        return report.state not in ENDED

    def result_of(self, report: JobReport) -> dict[str, Any]:
        """Return the task, also one that has failed."""
        if report.state not in _FAILED:
            return super().result_of(report)
        reason = report.error_message or "no reason given"
        self.log.warning("Task %s was %s before it was stopped: %s", report.job_id, report.state, reason)
        return tasks.SHOW_TASK.shown(self.hook.call(tasks.SHOW_TASK, {"task_id": report.job_id}))


class QueryViasTaskOperator(HuaweiCloudOperator):
    """Return a task: ``id``, ``name``, ``service_id``, ``created_at``, ``state``, ``error`` and so on.

    :param vias_task_id: id of the VIAS task, such as ``create.job_id``
    """

    action = tasks.SHOW_TASK

    def __init__(self, *, vias_task_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"task_id": vias_task_id}, **kwargs)


class UpdateViasTaskOperator(HuaweiCloudOperator):
    """Change the settings of a task. What is not given is left as it is, as far as the service allows.

    :param vias_task_id: id of the VIAS task, such as ``create.job_id``
    :param name: new name of the task
    :param input: source to analyse: ``type``, and ``data``, a list with one source
    :param webhook: URL that receives alarms, or a mapping with ``url`` and ``headers``
    :param dis: stream of DIS that receives alarms, or a mapping with ``stream_name``
    :param obs: folder that receives alarms, ``obs://bucket/folder``, or a mapping with ``bucket`` and ``path``;
        bucket and folder may be templates, but not the whole address, nor can it be another task's output
    :param event_center: send alarms to the event center
    :param output: all destinations of alarms in one mapping, instead of these four
    :param description: description of the task
    :param schedule: times at which the task runs: ``type``, ``timezone``, ``days_of_week``, ``periods``; weekly only
    :param config: settings of the algorithm in ``common``
    """

    action = tasks.UPDATE_TASK

    def __init__(
        self,
        *,
        vias_task_id: Text,
        name: Text | None = None,
        input: Object | None = None,
        webhook: Webhook | Text | None = None,
        dis: Dis | Text | None = None,
        obs: Obs | str | None = None,
        event_center: Flag | None = None,
        output: Object | None = None,
        description: Text | None = None,
        schedule: Object | None = None,
        config: Object | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
    ) -> None:
        request = {
            "task_id": vias_task_id,
            "name": name,
            "input": input,
            "output": alarm_output(
                output,
                webhook=webhook,
                dis=dis,
                obs=obs,
                event_center=event_center,
                action=self.action.name,
                required=False,
            ),
            "description": description,
            "schedule": schedule,
            "config": config,
        }
        super().__init__(request=request, **kwargs)


class DeleteViasTaskOperator(DeleteResourceOperator):
    """Delete a task; the service decides whether one that runs may be deleted. The call is safe to repeat.

    :param vias_task_id: id of the VIAS task, such as ``create.job_id``
    """

    action = tasks.DELETE_TASK

    def __init__(self, *, vias_task_id: Text, **kwargs: Unpack[HuaweiCloudOptions]) -> None:
        super().__init__(request={"task_id": vias_task_id}, **kwargs)


class ListViasTasksOperator(HuaweiCloudOperator):
    """Return one page of tasks, newest first, in ``tasks``.

    :param task_state: state of the task
    :param task_name: name of the task
    :param camera_name: name of the camera
    :param title: part of the algorithm's title
    :param source_data_type: ``async_task`` or ``sync_task``
    :param batch_id: id of the batch task that has created the tasks
    :param video_group_id: id of the group of video sources
    :param page_size: tasks on a page, 5–1000 (v1: 5–50); default: 10
    :param page: number of the page, from 1; default: 1
    """

    action = tasks.LIST_TASKS

    def __init__(
        self,
        *,
        task_state: Text | None = None,
        task_name: Text | None = None,
        camera_name: Text | None = None,
        title: Text | None = None,
        source_data_type: Literal["async_task", "sync_task"] | XComArg | None = None,
        batch_id: Text | None = None,
        video_group_id: Text | None = None,
        page_size: Integer | None = None,
        page: Integer | None = None,
        **kwargs: Unpack[HuaweiCloudOptions],
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
