"""Video production (service videoenhan), one operator per action; an operator's module is loaded when it is used.

* ``summaries``: shorten a video
* ``editing``: erase subtitles and logos, change the frame
* ``enhancement``: resolution, color, frame rate, sharpness
* ``generation``: new videos from material or in another style
* ``faces``: replace faces
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_viapi.operators.videoenhan.editing import (
        ChangeVideoSizeOperator as ChangeVideoSizeOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.editing import (
        EraseVideoLogoOperator as EraseVideoLogoOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.editing import (
        EraseVideoSubtitlesOperator as EraseVideoSubtitlesOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.enhancement import (
        AdjustVideoColorOperator as AdjustVideoColorOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.enhancement import (
        EnhancePortraitVideoOperator as EnhancePortraitVideoOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.enhancement import (
        EnhanceVideoQualityOperator as EnhanceVideoQualityOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.enhancement import (
        InterpolateVideoFrameOperator as InterpolateVideoFrameOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.enhancement import (
        SuperResolveVideoOperator as SuperResolveVideoOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.faces import (
        AddFaceVideoTemplateOperator as AddFaceVideoTemplateOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.faces import (
        DeleteFaceVideoTemplateOperator as DeleteFaceVideoTemplateOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.faces import (
        MergeVideoFaceOperator as MergeVideoFaceOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.faces import (
        MergeVideoModelFaceOperator as MergeVideoModelFaceOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.faces import (
        QueryFaceVideoTemplateOperator as QueryFaceVideoTemplateOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.generation import (
        GenerateHumanAnimeStyleVideoOperator as GenerateHumanAnimeStyleVideoOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.generation import (
        GenerateVideoOperator as GenerateVideoOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.summaries import (
        AbstractEcommerceVideoOperator as AbstractEcommerceVideoOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.summaries import (
        AbstractFilmVideoOperator as AbstractFilmVideoOperator,
    )

_MODULE_OF = {
    "AbstractEcommerceVideoOperator": "summaries",
    "AbstractFilmVideoOperator": "summaries",
    "AddFaceVideoTemplateOperator": "faces",
    "AdjustVideoColorOperator": "enhancement",
    "ChangeVideoSizeOperator": "editing",
    "DeleteFaceVideoTemplateOperator": "faces",
    "EnhancePortraitVideoOperator": "enhancement",
    "EnhanceVideoQualityOperator": "enhancement",
    "EraseVideoLogoOperator": "editing",
    "EraseVideoSubtitlesOperator": "editing",
    "GenerateHumanAnimeStyleVideoOperator": "generation",
    "GenerateVideoOperator": "generation",
    "InterpolateVideoFrameOperator": "enhancement",
    "MergeVideoFaceOperator": "faces",
    "MergeVideoModelFaceOperator": "faces",
    "QueryFaceVideoTemplateOperator": "faces",
    "SuperResolveVideoOperator": "enhancement",
}

__all__ = [*_MODULE_OF]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
