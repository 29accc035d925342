"""VIAS, the Video Intelligent Analysis Service: algorithms that watch streams and files, and raise alarms."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services.vias import service, sources, tasks
from airflow_provider_viapi.huawei.services.vias.service import (
    CROWD_DENSITY_MONITORING_CLOUD,
    CROWD_DENSITY_MONITORING_EDGE,
    OVERFLOWING_GARBAGE_CAN_DETECTION_EDGE,
    PEOPLE_FLOW_COUNTING_CLOUD,
    PEOPLE_FLOW_COUNTING_EDGE,
    SERVICE,
    SMOKE_AND_FIRE_DETECTION_EDGE,
    VEHICLE_DETECTION_EDGE,
    VEHICLE_STATISTICS_EDGE,
    WATERLOGGING_DETECTION_EDGE,
)

__all__ = [
    "ACTIONS",
    "CROWD_DENSITY_MONITORING_CLOUD",
    "CROWD_DENSITY_MONITORING_EDGE",
    "OVERFLOWING_GARBAGE_CAN_DETECTION_EDGE",
    "PEOPLE_FLOW_COUNTING_CLOUD",
    "PEOPLE_FLOW_COUNTING_EDGE",
    "SERVICE",
    "SMOKE_AND_FIRE_DETECTION_EDGE",
    "VEHICLE_DETECTION_EDGE",
    "VEHICLE_STATISTICS_EDGE",
    "WATERLOGGING_DETECTION_EDGE",
    "service",
    "sources",
    "tasks",
]

ACTIONS = tuple(
    value for module in (tasks, sources) for value in vars(module).values() if isinstance(value, Action)
)
"""All of them."""
