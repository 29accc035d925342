"""VIAS, the Video Intelligent Analysis Service: algorithms that analyse streams and files and raise alarms.

All 29 operations, from Huawei's Java SDK ``huaweicloud-sdk-java-v3`` (services/vias of 2026-08-20, API v2); the
states of tasks, the v1 paths and the names of algorithms are from excerpts of Huawei's documents. The live service
was not queried. One module per chapter; an action is ``vias.tasks.CREATE_TASK``, say.
"""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.vias import (
    algorithms,
    service,
    sources,
    tasks,
)
from airflow_provider_viapi.huawei.services.vias.algorithms import ALGORITHMS
from airflow_provider_viapi.huawei.services.vias.service import SERVICE

__all__ = [
    "ACTIONS",
    "ALGORITHMS",
    "SERVICE",
    "algorithms",
    "service",
    "sources",
    "tasks",
]

ACTIONS = tuple(
    value
    for module in (tasks, sources, algorithms)
    for value in vars(module).values()
    if isinstance(value, Action)
)
"""All actions."""
