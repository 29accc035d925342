"""Batch tasks: one algorithm that analyses many video sources, one task for each."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.parameters import Object
from airflow_provider_viapi.huawei.services.vias.service import (
    ALGORITHM_NAME,
    BATCH_ANSWER,
    COMMAND,
    SERVICE,
    SERVICE_VERSION,
    identifier,
    paging,
    task_settings,
)
from airflow_provider_viapi.schema import String

BATCH_ID = identifier("id", "Id of the batch task.")

_BATCH_INPUT = Object(
    name="batch_input",
    required=True,
    required_fields=("video_source_group",),
    doc="Video sources: video_source_group, a list of video_source_group_id and video_source_list, each with "
    "video_source_id and target_roi.",
)

CREATE_BATCH_TASK = Action(
    service=SERVICE,
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
    answer=BATCH_ANSWER,
)

UPDATE_BATCH_TASK = Action(
    service=SERVICE,
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
    answer=BATCH_ANSWER,
    note="the SDK does not say which fields may be left out",
)

DELETE_BATCH_TASK = Action(
    service=SERVICE,
    name="DeleteBatchTask",
    summary="Delete a batch task and its tasks.",
    method="DELETE",
    path="/v2/{project_id}/batch-tasks/{id}",
    in_path=(BATCH_ID,),
    answer=BATCH_ANSWER,
)

LIST_BATCH_TASKS = Action(
    service=SERVICE,
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
    answer=("count", "batch_task_list"),
    idempotent=True,
)

BATCH_START_STOP_TASK = Action(
    service=SERVICE,
    name="BatchStartStopTask",
    summary="Start or stop all tasks of a batch task.",
    method="PUT",
    path="/v2/{project_id}/batch-tasks/{id}/action/{command}",
    in_path=(BATCH_ID, COMMAND),
    answer=BATCH_ANSWER,
)
