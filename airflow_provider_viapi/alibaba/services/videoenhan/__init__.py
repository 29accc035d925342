"""Service videoenhan (video production), version 2020-03-20.

* ``summaries``: shorten a video
* ``editing``: erase subtitles and logos, change the frame
* ``enhancement``: resolution, color, frame rate, sharpness
* ``generation``: new videos from material or in another style
* ``faces``: replace faces

Actions of 2020 are from the document of 2020-09-25, the others from the API metadata of late 2025; the two that are
retired are also in Alibaba's SDK up to 3.0.22.
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.services.videoenhan.editing import (
    CHANGE_VIDEO_SIZE,
    ERASE_VIDEO_LOGO,
    ERASE_VIDEO_SUBTITLES,
)
from airflow_provider_viapi.alibaba.services.videoenhan.enhancement import (
    ADJUST_VIDEO_COLOR,
    ENHANCE_PORTRAIT_VIDEO,
    ENHANCE_VIDEO_QUALITY,
    INTERPOLATE_VIDEO_FRAME,
    SUPER_RESOLVE_VIDEO,
)
from airflow_provider_viapi.alibaba.services.videoenhan.faces import (
    ADD_FACE_VIDEO_TEMPLATE,
    DELETE_FACE_VIDEO_TEMPLATE,
    MERGE_VIDEO_FACE,
    MERGE_VIDEO_MODEL_FACE,
    QUERY_FACE_VIDEO_TEMPLATE,
)
from airflow_provider_viapi.alibaba.services.videoenhan.generation import (
    GENERATE_HUMAN_ANIME_STYLE_VIDEO,
    GENERATE_VIDEO,
)
from airflow_provider_viapi.alibaba.services.videoenhan.service import GET_ASYNC_JOB_RESULT, SERVICE
from airflow_provider_viapi.alibaba.services.videoenhan.summaries import (
    ABSTRACT_ECOMMERCE_VIDEO,
    ABSTRACT_FILM_VIDEO,
)

__all__ = [
    "ABSTRACT_ECOMMERCE_VIDEO",
    "ABSTRACT_FILM_VIDEO",
    "ADD_FACE_VIDEO_TEMPLATE",
    "ADJUST_VIDEO_COLOR",
    "CHANGE_VIDEO_SIZE",
    "DELETE_FACE_VIDEO_TEMPLATE",
    "ENHANCE_PORTRAIT_VIDEO",
    "ENHANCE_VIDEO_QUALITY",
    "ERASE_VIDEO_LOGO",
    "ERASE_VIDEO_SUBTITLES",
    "GENERATE_HUMAN_ANIME_STYLE_VIDEO",
    "GENERATE_VIDEO",
    "GET_ASYNC_JOB_RESULT",
    "INTERPOLATE_VIDEO_FRAME",
    "MERGE_VIDEO_FACE",
    "MERGE_VIDEO_MODEL_FACE",
    "QUERY_FACE_VIDEO_TEMPLATE",
    "SERVICE",
    "SUPER_RESOLVE_VIDEO",
]
