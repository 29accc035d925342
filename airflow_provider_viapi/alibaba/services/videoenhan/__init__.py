"""Service videoenhan (video production), version 2020-03-20.

* ``editing``: erase subtitles and logos, change the frame, shorten
* ``enhancement``: resolution, color, frame rate, sharpness
* ``generation``: new videos from material or in another style
* ``faces``: replace faces

Actions of 2020 are from the document of 2020-09-25, the others from the API metadata of late 2025; the two that are
retired are also in Alibaba's SDK up to 3.0.22.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_viapi.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.services.videoenhan.editing import *  # noqa: F403
    from airflow_provider_viapi.alibaba.services.videoenhan.enhancement import *  # noqa: F403
    from airflow_provider_viapi.alibaba.services.videoenhan.faces import *  # noqa: F403
    from airflow_provider_viapi.alibaba.services.videoenhan.generation import *  # noqa: F403
    from airflow_provider_viapi.alibaba.services.videoenhan.service import *  # noqa: F403

__all__, __getattr__ = lazy_exports(
    __name__,
    {
        "editing": (
            "ABSTRACT_ECOMMERCE_VIDEO",
            "ABSTRACT_FILM_VIDEO",
            "CHANGE_VIDEO_SIZE",
            "ERASE_VIDEO_LOGO",
            "ERASE_VIDEO_SUBTITLES",
        ),
        "enhancement": (
            "ADJUST_VIDEO_COLOR",
            "ENHANCE_PORTRAIT_VIDEO",
            "ENHANCE_VIDEO_QUALITY",
            "INTERPOLATE_VIDEO_FRAME",
            "SUPER_RESOLVE_VIDEO",
        ),
        "faces": (
            "ADD_FACE_VIDEO_TEMPLATE",
            "DELETE_FACE_VIDEO_TEMPLATE",
            "MERGE_VIDEO_FACE",
            "MERGE_VIDEO_MODEL_FACE",
            "QUERY_FACE_VIDEO_TEMPLATE",
        ),
        "generation": (
            "GENERATE_HUMAN_ANIME_STYLE_VIDEO",
            "GENERATE_VIDEO",
        ),
        "service": (
            "GET_ASYNC_JOB_RESULT",
            "SERVICE",
        ),
    },
)
