"""VIAS (Huawei Cloud): algorithms that watch streams and files. Tasks, and the sources that they watch.

Everything is from excerpts of Huawei's documents; there is no SDK. An algorithm is named by its ``service_name``;
those that are known have a constant in ``huawei.services.vias``, and any other name may be given.
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
