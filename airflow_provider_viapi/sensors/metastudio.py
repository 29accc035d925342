"""Sensors for jobs of MetaStudio that take days, image and voice models, and for live tasks."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.sensors.huaweicloud import HuaweiCloudJobSensor


class ImageModelSensor(HuaweiCloudJobSensor):
    """Wait until an avatar is ready; return the job with its ``asset_id``.

    This takes days: Huawei's staff review the files, and the owner has to confirm the result. Wait with
    ``deferrable=True`` or ``mode="reschedule"``; default of ``timeout``: 7 days.

    :param job_id: id that ``metastudio.Create2dModelTrainingJob`` has returned
    """

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        action = metastudio.images.CREATE_2D_MODEL_TRAINING_JOB.full_name
        super().__init__(action=action, job_id=job_id, **kwargs)


class VoiceModelSensor(HuaweiCloudJobSensor):
    """Wait until a voice is ready; return the job with its ``asset_id``.

    This takes days: Huawei's staff review the recordings. Wait with ``deferrable=True`` or ``mode="reschedule"``;
    default of ``timeout``: 7 days.

    :param job_id: id that the creating action of any edition has returned
    """

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        # The same action reports the jobs of all editions.
        action = metastudio.voices.CREATE_TRAINING_BASIC_JOB.full_name
        super().__init__(action=action, job_id=job_id, **kwargs)


class LiveTaskSensor(HuaweiCloudJobSensor):
    """Wait until a live task is on air, or has ended; return the task.

    :param room_id: id of the live room
    :param job_id: id of the task, such as ``start.job_id``
    :param wait_for: ``PROCESSING`` (on air) or ``SUCCEED`` (ended)
    """

    def __init__(
        self, *, room_id: str, job_id: str, wait_for: Literal["PROCESSING", "SUCCEED"], **kwargs: Any
    ) -> None:
        action = metastudio.live.START_SMART_LIVE.full_name
        super().__init__(action=action, job_id=job_id, goal=wait_for, scope=room_id, **kwargs)
