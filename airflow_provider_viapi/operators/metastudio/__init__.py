"""MetaStudio (Huawei Cloud): avatars that speak. One operator per action that makes something.

* ``videos``: videos of avatars and of people on photos, subtitles, business cards
* ``speech``: speech from text
* ``live``: avatars on air
* ``assets``: files of the team's become assets
"""

from __future__ import annotations

from airflow_provider_viapi.operators.metastudio.assets import UploadAssetOperator
from airflow_provider_viapi.operators.metastudio.live import StartLiveOperator, StopLiveOperator
from airflow_provider_viapi.operators.metastudio.speech import CreateSpeechOperator
from airflow_provider_viapi.operators.metastudio.videos import (
    CreateAvatarVideoOperator,
    CreateBusinessCardOperator,
    CreatePhotoVideoOperator,
    CreateSubtitlesOperator,
)

__all__ = [
    "CreateAvatarVideoOperator",
    "CreateBusinessCardOperator",
    "CreatePhotoVideoOperator",
    "CreateSpeechOperator",
    "CreateSubtitlesOperator",
    "StartLiveOperator",
    "StopLiveOperator",
    "UploadAssetOperator",
]
