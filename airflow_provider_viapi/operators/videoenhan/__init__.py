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
        ChangeVideoSizeOperator,
        EraseVideoLogoOperator,
        EraseVideoSubtitlesOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.enhancement import (
        AdjustVideoColorOperator,
        EnhancePortraitVideoOperator,
        EnhanceVideoQualityOperator,
        InterpolateVideoFrameOperator,
        SuperResolveVideoOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.faces import (
        AddFaceVideoTemplateOperator,
        DeleteFaceVideoTemplateOperator,
        MergeVideoFaceOperator,
        MergeVideoModelFaceOperator,
        QueryFaceVideoTemplateOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.generation import (
        GenerateHumanAnimeStyleVideoOperator,
        GenerateVideoOperator,
    )
    from airflow_provider_viapi.operators.videoenhan.summaries import (
        AbstractEcommerceVideoOperator,
        AbstractFilmVideoOperator,
    )

__all__ = [
    "AbstractEcommerceVideoOperator",
    "AbstractFilmVideoOperator",
    "AddFaceVideoTemplateOperator",
    "AdjustVideoColorOperator",
    "ChangeVideoSizeOperator",
    "DeleteFaceVideoTemplateOperator",
    "EnhancePortraitVideoOperator",
    "EnhanceVideoQualityOperator",
    "EraseVideoLogoOperator",
    "EraseVideoSubtitlesOperator",
    "GenerateHumanAnimeStyleVideoOperator",
    "GenerateVideoOperator",
    "InterpolateVideoFrameOperator",
    "MergeVideoFaceOperator",
    "MergeVideoModelFaceOperator",
    "QueryFaceVideoTemplateOperator",
    "SuperResolveVideoOperator",
]
