"""Waiting for what people at Huawei review for days, image and voice models, and for live tasks."""

from __future__ import annotations

from typing import Any, Literal

from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.sensors.huaweicloud import HuaweiCloudJobSensor


class ImageModelSensor(HuaweiCloudJobSensor):
    """Wait until an avatar was made of a person; returns ``asset_id`` and whatever else is known of the job.

    Days pass: people review the files, and its owner has to confirm the result. Wait with ``deferrable=True`` or
    ``mode="reschedule"``; a week passes before it gives up unless ``timeout`` says otherwise.

    :param job_id: what ``metastudio.Create2dModelTrainingJob`` has answered
    """

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        action = metastudio.images.CREATE_2D_MODEL_TRAINING_JOB.full_name
        super().__init__(action=action, job_id=job_id, **kwargs)


class VoiceModelSensor(HuaweiCloudJobSensor):
    """Wait until a voice was made of a person's; returns ``asset_id`` and whatever else is known of the job.

    Days pass: people review the recordings. Wait with ``deferrable=True`` or ``mode="reschedule"``; a week passes
    before it gives up unless ``timeout`` says otherwise.

    :param job_id: what the creating action of whichever edition has answered
    """

    def __init__(self, *, job_id: str, **kwargs: Any) -> None:
        # All editions are shown by the same action.
        action = metastudio.voices.CREATE_TRAINING_BASIC_JOB.full_name
        super().__init__(action=action, job_id=job_id, **kwargs)


class LiveTaskSensor(HuaweiCloudJobSensor):
    """Wait until a live task is on air, or has ended; returns what is known of it.

    :param room_id: the live room
    :param job_id: the task, such as ``start.job_id``
    :param wait_for: ``PROCESSING``: on air; ``SUCCEED``: ended
    """

    def __init__(
        self, *, room_id: str, job_id: str, wait_for: Literal["PROCESSING", "SUCCEED"], **kwargs: Any
    ) -> None:
        action = metastudio.live.START_SMART_LIVE.full_name
        super().__init__(action=action, job_id=job_id, goal=wait_for, scope=room_id, **kwargs)
