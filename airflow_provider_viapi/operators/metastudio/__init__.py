"""MetaStudio (Huawei Cloud): speaking avatars; an operator's module is loaded when it is used.

* ``videos``: videos of avatars and of people on photos, subtitles, business cards
* ``speech``: speech from text
* ``live``: avatars on air
* ``assets``: upload of files, transfers to other accounts
* ``pictures``, ``avatars``, ``voices``: avatars after a picture or recordings, voices after recordings
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_viapi.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from airflow_provider_viapi.operators.metastudio.assets import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.avatars import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.live import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.pictures import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.speech import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.videos import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.voices import *  # noqa: F403

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "assets": ("TransferAssetOperator", "UploadAssetOperator"),
        "avatars": ("CreateAvatarModelOperator",),
        "live": ("StartLiveOperator", "StopLiveOperator"),
        "pictures": ("CreatePictureModelByUrlOperator", "CreatePictureModelOperator"),
        "speech": ("CreateSpeechOperator",),
        "videos": (
            "CreateAvatarVideoOperator",
            "CreateBusinessCardOperator",
            "CreatePhotoVideoOperator",
            "CreateSubtitlesOperator",
        ),
        "voices": ("AssessVoiceOperator", "CreateVoiceModelOperator"),
    },
)
