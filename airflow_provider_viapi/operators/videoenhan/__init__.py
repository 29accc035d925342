"""Video production (service videoenhan), one operator per action; an operator's module is loaded when it is used.

* ``editing``: erase subtitles and logos, change the frame, shorten
* ``enhancement``: resolution, color, frame rate, sharpness
* ``generation``: new videos from material or in another style
* ``faces``: replace faces
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_viapi.operators.videoenhan.editing import *  # noqa: F403
    from airflow_provider_viapi.operators.videoenhan.enhancement import *  # noqa: F403
    from airflow_provider_viapi.operators.videoenhan.faces import *  # noqa: F403
    from airflow_provider_viapi.operators.videoenhan.generation import *  # noqa: F403

_NAMES = {
    "editing": (
        "AbstractEcommerceVideoOperator",
        "AbstractFilmVideoOperator",
        "ChangeVideoSizeOperator",
        "EraseVideoLogoOperator",
        "EraseVideoSubtitlesOperator",
    ),
    "enhancement": (
        "AdjustVideoColorOperator",
        "EnhancePortraitVideoOperator",
        "EnhanceVideoQualityOperator",
        "InterpolateVideoFrameOperator",
        "SuperResolveVideoOperator",
    ),
    "faces": (
        "AddFaceVideoTemplateOperator",
        "DeleteFaceVideoTemplateOperator",
        "MergeVideoFaceOperator",
        "MergeVideoModelFaceOperator",
        "QueryFaceVideoTemplateOperator",
    ),
    "generation": (
        "GenerateHumanAnimeStyleVideoOperator",
        "GenerateVideoOperator",
    ),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}

__all__ = [*_MODULE_OF]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
