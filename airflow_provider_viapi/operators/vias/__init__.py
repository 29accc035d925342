"""VIAS (Huawei Cloud): algorithms that analyse streams and files; tasks, video sources, edge pools.

An algorithm is named by its ``service_name``; ``huawei.services.vias.ALGORITHMS`` lists those that are known, and any
other name may be given.
"""

from __future__ import annotations

from airflow_provider_viapi.operators.vias.algorithms import (
    CreateEdgePoolOperator,
    DeleteEdgePoolOperator,
    DeployAlgorithmOperator,
    ListAlgorithmsOperator,
    ListEdgePoolsOperator,
    QueryAlgorithmOperator,
    QueryEdgePoolOperator,
    StopAlgorithmOperator,
)
from airflow_provider_viapi.operators.vias.batch_tasks import (
    CreateBatchTaskOperator,
    DeleteBatchTaskOperator,
    ListBatchTasksOperator,
    StartBatchTaskOperator,
    StopBatchTaskOperator,
    UpdateBatchTaskOperator,
)
from airflow_provider_viapi.operators.vias.sources import (
    CreateVideoGroupOperator,
    CreateVideoSourceOperator,
    DeleteVideoGroupOperator,
    DeleteVideoSourceOperator,
    ListVideoGroupsOperator,
    ListVideoSourcesOperator,
    QueryVideoGroupOperator,
    QueryVideoSourceOperator,
    UpdateVideoGroupOperator,
    UpdateVideoSourceOperator,
)
from airflow_provider_viapi.operators.vias.tasks import (
    CreateTaskOperator,
    DeleteTaskOperator,
    ListTasksOperator,
    QueryTaskOperator,
    StartTaskOperator,
    StopTaskOperator,
    UpdateTaskOperator,
)

__all__ = [
    "CreateBatchTaskOperator",
    "CreateEdgePoolOperator",
    "CreateTaskOperator",
    "CreateVideoGroupOperator",
    "CreateVideoSourceOperator",
    "DeleteBatchTaskOperator",
    "DeleteEdgePoolOperator",
    "DeleteTaskOperator",
    "DeleteVideoGroupOperator",
    "DeleteVideoSourceOperator",
    "DeployAlgorithmOperator",
    "ListAlgorithmsOperator",
    "ListBatchTasksOperator",
    "ListEdgePoolsOperator",
    "ListTasksOperator",
    "ListVideoGroupsOperator",
    "ListVideoSourcesOperator",
    "QueryAlgorithmOperator",
    "QueryEdgePoolOperator",
    "QueryTaskOperator",
    "QueryVideoGroupOperator",
    "QueryVideoSourceOperator",
    "StartBatchTaskOperator",
    "StartTaskOperator",
    "StopAlgorithmOperator",
    "StopBatchTaskOperator",
    "StopTaskOperator",
    "UpdateBatchTaskOperator",
    "UpdateTaskOperator",
    "UpdateVideoGroupOperator",
    "UpdateVideoSourceOperator",
]
