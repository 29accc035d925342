"""Video production (service videoenhan): one operator per action.

* ``summaries``: a short version of a video
* ``editing``: what is in the picture, and its shape
* ``enhancement``: size, colour, frame rate, sharpness
* ``generation``: new videos from material or in another style
* ``faces``: one face for another
"""

from __future__ import annotations

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
