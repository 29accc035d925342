"""Sensors for MetaStudio's image and voice models, which are reviewed for days, and for live tasks."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.sensors.huaweicloud import HuaweiCloudJobSensor


class ImageModelSensor(HuaweiCloudJobSensor):
    """Wait until an avatar of a real person is finished; return ``asset_id`` and whatever else the job reports.

    This takes days: Huawei reviews the files, and the owner has to confirm the result. Wait with ``deferrable=True``
    or ``mode="reschedule"``. Default of ``timeout``: 7 days.

    :param job_id: response of ``metastudio.Create2dModelTrainingJob``
    """

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        action = metastudio.images.CREATE_2D_MODEL_TRAINING_JOB.full_name
        super().__init__(action=action, job_id=job_id, **kwargs)


class VoiceModelSensor(HuaweiCloudJobSensor):
    """Wait until a voice of a real person is finished; return ``asset_id`` and whatever else the job reports.

    This takes days: Huawei reviews the recordings. Wait with ``deferrable=True`` or ``mode="reschedule"``. Default of
    ``timeout``: 7 days.

    :param job_id: response of the creating action, of whichever edition
    """

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        # One action reports the jobs of all editions.
        action = metastudio.voices.CREATE_TRAINING_BASIC_JOB.full_name
        super().__init__(action=action, job_id=job_id, **kwargs)


class LiveTaskSensor(HuaweiCloudJobSensor):
    """Wait until a live task is on air, or has ended; return what it reports.

    :param room_id: the live room
    :param job_id: the task, such as ``start.job_id``
    :param wait_for: ``PROCESSING``: on air; ``SUCCEED``: ended
    """

    def __init__(
        self, *, room_id: str, job_id: str, wait_for: Literal["PROCESSING", "SUCCEED"], **kwargs: Any
    ) -> None:
        action = metastudio.live.START_SMART_LIVE.full_name
        super().__init__(action=action, job_id=job_id, goal=wait_for, scope=room_id, **kwargs)
