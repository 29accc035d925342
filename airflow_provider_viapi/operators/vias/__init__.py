"""VIAS (Huawei Cloud): algorithms that analyse streams and files; tasks, video sources, edge pools.

An algorithm is named by its ``service_name``; ``huawei.services.vias.ALGORITHMS`` lists those that are known, and any
other name may be given. An operator's module is loaded when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_viapi.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from airflow_provider_viapi.operators.vias.algorithms import *  # noqa: F403
    from airflow_provider_viapi.operators.vias.batch_tasks import *  # noqa: F403
    from airflow_provider_viapi.operators.vias.sources import *  # noqa: F403
    from airflow_provider_viapi.operators.vias.task_creation import *  # noqa: F403
    from airflow_provider_viapi.operators.vias.tasks import *  # noqa: F403

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "algorithms": (
            "CreateEdgePoolOperator",
            "DeleteEdgePoolOperator",
            "DeployAlgorithmOperator",
            "ListAlgorithmsOperator",
            "ListEdgePoolsOperator",
            "QueryAlgorithmOperator",
            "QueryEdgePoolOperator",
            "StopAlgorithmOperator",
        ),
        "batch_tasks": (
            "CreateBatchTaskOperator",
            "DeleteBatchTaskOperator",
            "ListBatchTasksOperator",
            "StartBatchTaskOperator",
            "StopBatchTaskOperator",
            "UpdateBatchTaskOperator",
        ),
        "sources": (
            "CreateVideoGroupOperator",
            "CreateVideoSourceOperator",
            "DeleteVideoGroupOperator",
            "DeleteVideoSourceOperator",
            "ListVideoGroupsOperator",
            "ListVideoSourcesOperator",
            "QueryVideoGroupOperator",
            "QueryVideoSourceOperator",
            "UpdateVideoGroupOperator",
            "UpdateVideoSourceOperator",
        ),
        "task_creation": ("CreateViasTaskOperator",),
        "tasks": (
            "DeleteViasTaskOperator",
            "ListViasTasksOperator",
            "QueryViasTaskOperator",
            "StartViasTaskOperator",
            "StopViasTaskOperator",
            "UpdateViasTaskOperator",
        ),
    },
)
