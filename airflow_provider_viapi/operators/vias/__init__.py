"""VIAS (Huawei Cloud): algorithms that analyse streams and files; tasks, video sources and groups of them.

An algorithm is named by its ``service_name``; ``huawei.services.vias.ALGORITHMS`` lists those that are known, and any
other name may be given. Operations without an operator are called by name:
``HuaweiCloudOperator(action="vias.CreateBatchTask", request={…})``.
"""

from __future__ import annotations

from airflow_provider_viapi.operators.vias.sources import (
    CreateVideoGroupOperator,
    CreateVideoSourceOperator,
    DeleteVideoGroupOperator,
    DeleteVideoSourceOperator,
)
from airflow_provider_viapi.operators.vias.tasks import (
    CreateTaskOperator,
    DeleteTaskOperator,
    ListTasksOperator,
    QueryTaskOperator,
    StartTaskOperator,
    StopTaskOperator,
)

__all__ = [
    "CreateTaskOperator",
    "CreateVideoGroupOperator",
    "CreateVideoSourceOperator",
    "DeleteTaskOperator",
    "DeleteVideoGroupOperator",
    "DeleteVideoSourceOperator",
    "ListTasksOperator",
    "QueryTaskOperator",
    "StartTaskOperator",
    "StopTaskOperator",
]
