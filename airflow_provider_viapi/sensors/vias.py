"""Sensor that waits for a task of VIAS to reach a state."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_viapi.huawei.services.vias.tasks import CREATE_TASK
from airflow_provider_viapi.sensors.huaweicloud import HuaweiCloudJobSensor


class TaskStateSensor(HuaweiCloudJobSensor):
    """Wait until a task is in a state; fail with the service's reason if it fails before.

    Returns the task.

    :param vias_task_id: id of the VIAS task, such as ``create.job_id``
    :param wait_for: ``RUNNING``, ``SUCCEEDED`` or ``STOPPED``; default: ``RUNNING``
    """

    def __init__(
        self,
        *,
        vias_task_id: str,
        wait_for: Literal["RUNNING", "SUCCEEDED", "STOPPED"] = "RUNNING",
        **kwargs: Any,
    ) -> None:
        super().__init__(action=CREATE_TASK.full_name, job_id=vias_task_id, goal=wait_for, **kwargs)
