"""Tasks, an algorithm that analyses a stream or a file, and batch tasks, one task for each of many sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.model import JobKind
from airflow_provider_viapi.huawei.parameters import plain_json
from airflow_provider_viapi.huawei.services.vias.algorithms import ALGORITHMS
from airflow_provider_viapi.huawei.services.vias.inputs import BatchInput, TaskInput
from airflow_provider_viapi.huawei.services.vias.service import (
    ALGORITHM_NAME,
    BATCH_RESPONSE,
    COMMAND,
    SERVICE_VERSION,
    TASK_STATES,
    action,
    identifier,
    paging,
    task_settings,
)
from airflow_provider_viapi.huawei.services.vias.settings import check_config
from airflow_provider_viapi.scalar_parameters import Choice, Integer, String
from airflow_provider_viapi.schema import with_unresolved

TASK_ID = identifier("task_id", "Id of the task.")

_INPUT = TaskInput(
    name="input",
    required=True,
    required_fields=("type",),
    doc="Source to analyse: its type and its data. video_source is recommended; obs, url (cloud), edgecamera, vcn "
    "(edge) and restful are marked for removal in the SDK.",
)


def _check_algorithm(
    action: str, request: dict[str, Any], is_unresolved: Callable[[Any], bool]
) -> dict[str, Any]:
    """Return the request of a task with the settings that its algorithm takes in their proper types.

    :raises InvalidRequest: the algorithm's name is incomplete, or a setting is not allowed or missing
    """
    name, config = request.get("service_name"), request.get("config")
    if is_unresolved(name):
        name = None
    if name in ALGORITHMS:
        raise InvalidRequest(f"service_name is {name!r}; allowed: {name}-cloud or {name}-edge", action=action)
    is_known = not is_unresolved(config)
    # As the mapping's own check has made it of what the author has written.
    plain = config if is_known else plain_json(with_unresolved(config, is_unresolved))
    checked = check_config(name, plain, action)
    return {**request, "config": checked} if is_known and checked is not None else request


SHOW_TASK = action(
    name="ShowTaskInfo",
    summary="Return a task with its state and, if it has failed, the reason.",
    method="GET",
    path="/v2/{project_id}/tasks/{task_id}",
    path_v1="/v1/{project_id}/infer/tasks/{task_id}",
    in_path=(TASK_ID,),
    response_fields=(
        *("id", "name", "creator", "project_id", "description", "release_id", "service_id", "created_at"),
        *(
            "updated_at",
            "state",
            "status",
            "error",
            "schedule_status",
            "schedule",
            "input",
            "output",
            "config",
        ),
        *("video_source_name", "title", "group_name", "company", "task_config", "type", "resource_order_id"),
        *("package_id", "device_id", "access_address", "algorithm_publish_id"),
    ),
)

LIST_TASKS = action(
    name="ListTasks",
    summary="List tasks, newest first.",
    method="GET",
    path="/v2/{project_id}/tasks",
    path_v1="/v1/{project_id}/infer/tasks",
    in_query=(
        Choice(name="source_data_type", choices=("async_task", "sync_task"), doc="Kind of the source."),
        String(name="title", doc="Part of the algorithm's title."),
        String(name="camera_name", doc="Name of the camera."),
        String(name="task_state", doc="State of the task."),
        String(name="task_name", doc="Name of the task."),
        Integer(
            name="page_size", minimum=5, maximum=1000, default=10, doc="Tasks on a page; v1: at most 50."
        ),
        Integer(name="page", minimum=1, default=1, doc="Number of the page, from 1."),
        String(name="sort_dir", default="desc", doc="Direction to sort in: asc or desc."),
        String(name="batch_id", doc="Id of the batch task that has created the tasks."),
        String(name="video_group_id", doc="Id of the group of video sources."),
        String(name="company", doc="Vendor of the algorithm."),
        String(name="alg_id", doc="Id of the algorithm."),
    ),
    response_fields=("count", "tasks", "page", "page_size"),
    note="count is documented as the number of tasks on the page, not of all tasks",
)

UPDATE_TASK = action(
    name="UpdateTask",
    summary="Change the settings of a task.",
    method="PUT",
    path="/v2/{project_id}/tasks/{task_id}",
    in_path=(TASK_ID,),
    in_body=(
        String(name="name", min_length=1, doc="Name of the task."),
        _INPUT.replace(required=False),
        *task_settings(required=False),
    ),
    note="the SDK does not state which fields are optional",
    refine=_check_algorithm,
)

START_STOP_TASK = action(
    name="StartStopTask",
    summary="Start or stop a task.",
    method="PUT",
    path="/v2/{project_id}/tasks/{task_id}/action/{command}",
    in_path=(TASK_ID, COMMAND),
    note="the v1 path is unknown, so the v2 path is used in both cases",
)

DELETE_TASK = action(
    name="DeleteTask",
    summary="Delete a task.",
    method="DELETE",
    path="/v2/{project_id}/tasks/{task_id}",
    in_path=(TASK_ID,),
    note="the v1 path is unknown, so the v2 path is used in both cases",
)

CREATE_TASK = action(
    name="CreateTask",
    summary="Analyse a stream or a file with an algorithm, in the cloud or on an edge device.",
    method="POST",
    path="/v2/{project_id}/services/{service_name}/tasks",
    path_v1="/v1/{project_id}/infer/services/{service_name}/tasks",
    in_path=(ALGORITHM_NAME,),
    in_body=(
        String(name="name", required=True, min_length=1, doc="Name of the task."),
        _INPUT,
        SERVICE_VERSION,
        *task_settings(required=True),
    ),
    response_fields=("tasks",),
    job=JobKind(
        status_action=SHOW_TASK,
        cancel=START_STOP_TASK,
        cancel_with={"command": "stop"},
        states=TASK_STATES,
        id_in=("tasks", 0, "id"),
        id_name="task_id",
        target_states=("RUNNING", "STOPPED"),
    ),
    note="in v1, name and service_version are documented as optional",
    refine=_check_algorithm,
)


BATCH_ID = identifier("id", "Id of the batch task.")

_BATCH_INPUT = BatchInput(
    name="batch_input",
    required=True,
    required_fields=("video_source_group",),
    doc="Video sources: video_source_group, a list of video_source_group_id and video_source_list, each with "
    "video_source_id and target_roi.",
)

CREATE_BATCH_TASK = action(
    name="CreateBatchTask",
    summary="Create a task for each of many video sources.",
    method="POST",
    path="/v2/{project_id}/batch-tasks",
    in_body=(
        String(name="name", required=True, min_length=1, doc="Name of the batch task."),
        _BATCH_INPUT,
        ALGORITHM_NAME,
        SERVICE_VERSION,
        *task_settings(required=True),
    ),
    response_fields=BATCH_RESPONSE,
    refine=_check_algorithm,
)

UPDATE_BATCH_TASK = action(
    name="UpdateBatchTask",
    summary="Change the settings of a batch task.",
    method="PUT",
    path="/v2/{project_id}/batch-tasks/{id}",
    in_path=(BATCH_ID,),
    in_body=(
        String(name="name", min_length=1, doc="Name of the batch task."),
        _BATCH_INPUT.replace(required=False),
        *task_settings(required=False),
    ),
    response_fields=BATCH_RESPONSE,
    note="the SDK does not state which fields are optional",
    refine=_check_algorithm,
)

DELETE_BATCH_TASK = action(
    name="DeleteBatchTask",
    summary="Delete a batch task and its tasks.",
    method="DELETE",
    path="/v2/{project_id}/batch-tasks/{id}",
    in_path=(BATCH_ID,),
    response_fields=BATCH_RESPONSE,
)

LIST_BATCH_TASKS = action(
    name="ListBatchTasks",
    summary="List batch tasks, with the number of their tasks in each state.",
    method="GET",
    path="/v2/{project_id}/batch-tasks",
    in_query=(
        *paging(),
        String(name="video_group", doc="Group of video sources."),
        String(name="task_state", doc="State of a task."),
        String(name="type_like", doc="Part of the type."),
        String(name="name_like", doc="Part of the name."),
        String(name="manufacturer", doc="Vendor of the algorithm."),
        String(name="title", doc="Title of the algorithm."),
    ),
    response_fields=("count", "batch_task_list"),
)

BATCH_START_STOP_TASK = action(
    name="BatchStartStopTask",
    summary="Start or stop all tasks of a batch task.",
    method="PUT",
    path="/v2/{project_id}/batch-tasks/{id}/action/{command}",
    in_path=(BATCH_ID, COMMAND),
    response_fields=BATCH_RESPONSE,
)
