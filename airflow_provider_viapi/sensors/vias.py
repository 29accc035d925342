"""Sensor for the state of a task of VIAS."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_viapi.huawei.services import vias
from airflow_provider_viapi.sensors.huaweicloud import HuaweiCloudJobSensor


class TaskStateSensor(HuaweiCloudJobSensor):
    """Wait until a task is in a state and return what it reports; fail with the service's reason if it ends badly.

    :param vias_task_id: the task of VIAS, such as ``create.job_id``
    :param wait_for: ``RUNNING`` (default), ``SUCCEEDED`` or ``STOPPED``
    """

    def __init__(
        self,
        *,
        vias_task_id: str,
        wait_for: Literal["RUNNING", "SUCCEEDED", "STOPPED"] = "RUNNING",
        **kwargs: Any,
    ) -> None:
        action = vias.tasks.CREATE_TASK.full_name
        super().__init__(action=action, job_id=vias_task_id, goal=wait_for, **kwargs)
