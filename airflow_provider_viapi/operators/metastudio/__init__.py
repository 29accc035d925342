"""MetaStudio (Huawei Cloud): speaking avatars; an operator's module is loaded when it is used.

* ``videos``: videos of avatars and of people on photos, subtitles, business cards
* ``speech``: speech from text
* ``live``: avatars on air
* ``assets``: upload of files, transfers to other accounts
* ``pictures``, ``avatars``, ``voices``: avatars after a picture or recordings, voices after recordings
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_viapi.operators.metastudio.assets import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.avatars import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.live import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.pictures import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.speech import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.videos import *  # noqa: F403
    from airflow_provider_viapi.operators.metastudio.voices import *  # noqa: F403

_NAMES = {
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
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [*_MODULE_OF]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
