"""Video production (service videoenhan), one operator per action; an operator's module is loaded when it is used.

* ``editing``: erase subtitles and logos, change the frame, shorten
* ``enhancement``: resolution, color, frame rate, sharpness
* ``generation``: new videos from material or in another style
* ``faces``: replace faces
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_viapi.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from airflow_provider_viapi.operators.videoenhan.editing import *  # noqa: F403
    from airflow_provider_viapi.operators.videoenhan.enhancement import *  # noqa: F403
    from airflow_provider_viapi.operators.videoenhan.faces import *  # noqa: F403
    from airflow_provider_viapi.operators.videoenhan.generation import *  # noqa: F403

__all__, __getattr__ = lazy_exports(
    __name__,
    {
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
    },
)
