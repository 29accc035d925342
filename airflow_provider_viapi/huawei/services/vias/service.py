"""VIAS itself: its service, its states, and the names of algorithms that are known.

There is no SDK; everything is from excerpts of Huawei's documents, and nothing of it was asked of the live service.
"""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Service, States

SERVICE = Service("vias", regions=("cn-north-4", "cn-east-3", "cn-south-1", "cn-southwest-2"))

PEOPLE_FLOW_COUNTING_CLOUD = "c-flowcount-cloud"
PEOPLE_FLOW_COUNTING_EDGE = "c-flowcount-edge"
CROWD_DENSITY_MONITORING_CLOUD = "c-crowdcount-cloud"
CROWD_DENSITY_MONITORING_EDGE = "c-crowdcount-edge"
VEHICLE_STATISTICS_EDGE = "c-vehicle-statistics-edge"
VEHICLE_DETECTION_EDGE = "c-vehicle-detection-edge"
SMOKE_AND_FIRE_DETECTION_EDGE = "c-smoke-and-fire-edge"
OVERFLOWING_GARBAGE_CAN_DETECTION_EDGE = "c-urban-trash-overflow-edge"
WATERLOGGING_DETECTION_EDGE = "w-ponding-detection-edge"
"""The ``service_name`` of some algorithms: those that a document was seen to name. Any other name may be given."""

TASK_STATES = States(
    going=(
        "PENDING",
        "RECOVERING",
        "STARTING",
        "UPGRADING",
        "RUNNING",
        "STOPPING",
        "DELETING",
        "FREEZING",
    ),
    succeeded=("SUCCEEDED",),
    failed=("CREATE_FAILED", "START_FAILED", "ABNORMAL", "FAILED", "FROZEN"),
    cancelled=("STOPPED",),
)
"""A task on a stream stays RUNNING; that one on a file ends as SUCCEEDED or FAILED is inferred."""

ALSO_LISTED = ("SCHEDULING", "LACK_OF_RESOURCES")
"""States that only the list's filter names."""
