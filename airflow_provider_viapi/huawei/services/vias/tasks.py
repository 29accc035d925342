"""Tasks: an algorithm that watches a stream or a file."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action, JobKind
from airflow_provider_viapi.huawei.services.vias.service import SERVICE, TASK_STATES
from airflow_provider_viapi.json_parameters import Object
from airflow_provider_viapi.schema import Boolean, Choice, Integer, String

TASK_ID = String(name="task_id", required=True, min_length=1, doc="The task.")

SHOW_TASK = Action(
    service=SERVICE,
    name="ShowTaskInfo",
    summary="How a task stands.",
    method="GET",
    path="/v2/{project_id}/tasks/{task_id}",
    path_v1="/v1/{project_id}/infer/tasks/{task_id}",
    in_path=(TASK_ID,),
    answer=("id", "name", "service_id", "created_at", "state"),
    idempotent=True,
    note="which fields the answer has besides those of the list is not known",
)

LIST_TASKS = Action(
    service=SERVICE,
    name="ListTasks",
    summary="The tasks that fit, newest first.",
    method="GET",
    path="/v2/{project_id}/tasks",
    path_v1="/v1/{project_id}/infer/tasks",
    in_query=(
        Choice(name="source_data_type", choices=("async_task", "sync_task"), doc="Kind of the source."),
        String(name="title", doc="Part of the algorithm's title."),
        String(name="camera_name", doc="The camera."),
        String(name="task_state", doc="State of the task."),
        String(name="task_name", doc="The task's name."),
        Integer(
            name="page_size", minimum=5, maximum=1000, default=10, doc="Tasks in the answer; v1: at most 50."
        ),
        Integer(name="page", minimum=1, default=1, doc="Which page."),
        String(name="sort_dir", default="desc", doc="asc or desc."),
        String(name="batch_id", doc="The batch that the tasks were made with."),
        String(name="video_group_id", doc="The group of video sources."),
        String(name="company", doc="The algorithm's maker."),
        String(name="alg_id", doc="The algorithm."),
    ),
    answer=("count", "tasks", "page", "page_size"),
    idempotent=True,
    note="count is documented as the number on the page, not of all",
)

START_STOP_TASK = Action(
    service=SERVICE,
    name="StartStopTask",
    summary="Start a task, or stop it.",
    method="PUT",
    path="/v2/{project_id}/tasks/{task_id}/action/{command}",
    in_path=(
        TASK_ID,
        Choice(name="command", required=True, choices=("start", "stop"), doc="Which of the two."),
    ),
    note="v1's path was not found, so v2's is taken in either family",
)

DELETE_TASK = Action(
    service=SERVICE,
    name="DeleteTask",
    summary="Delete a task.",
    method="DELETE",
    path="/v2/{project_id}/tasks/{task_id}",
    in_path=(TASK_ID,),
    note="v1's path was not found, so v2's is taken in either family",
)

CREATE_TASK = Action(
    service=SERVICE,
    name="CreateTask",
    summary="Have an algorithm watch a stream or a file, in the cloud or on an edge device.",
    method="POST",
    path="/v2/{project_id}/services/{service_name}/tasks",
    path_v1="/v1/{project_id}/infer/services/{service_name}/tasks",
    in_path=(
        String(
            name="service_name",
            required=True,
            min_length=1,
            pattern=r"[A-Za-z0-9._-]+",
            characters="letters, digits, dots, dashes and underscores",
            max_length=128,
            doc="The algorithm, such as c-flowcount-cloud.",
        ),
    ),
    in_body=(
        String(name="name", required=True, min_length=1, doc="The task's name."),
        Object(name="input", required=True, needs=("type",), doc="What is watched: its type and its data."),
        Object(name="output", required=True, doc="Where alarms go: webhook, dis and the like."),
        String(
            name="service_version", required=True, min_length=1, doc="The algorithm's version, such as 1.2."
        ),
        String(name="description", doc="What the task is for."),
        Object(name="schedule", doc="When it runs: type, timezone, days_of_week, periods."),
        Object(name="config", doc="The algorithm's own settings; they go through as they are."),
        Boolean(name="is_saved_as_template", doc="Keep it as a pattern for others."),
        String(name="resource_order_id", doc="Which prepaid resources it uses."),
    ),
    answer=("tasks",),
    job=JobKind(
        show=SHOW_TASK,
        cancel=START_STOP_TASK,
        cancel_with={"command": "stop"},
        states=TASK_STATES,
        id_in=("tasks", 0, "id"),
        id_name="task_id",
        goals=("RUNNING", "STOPPED"),
    ),
    note="of v1, name and service_version are documented as optional",
)
