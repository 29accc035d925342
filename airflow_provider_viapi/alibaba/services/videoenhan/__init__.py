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

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.services.videoenhan.editing import (
        CHANGE_VIDEO_SIZE as CHANGE_VIDEO_SIZE,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.editing import (
        ERASE_VIDEO_LOGO as ERASE_VIDEO_LOGO,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.editing import (
        ERASE_VIDEO_SUBTITLES as ERASE_VIDEO_SUBTITLES,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.enhancement import (
        ADJUST_VIDEO_COLOR as ADJUST_VIDEO_COLOR,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.enhancement import (
        ENHANCE_PORTRAIT_VIDEO as ENHANCE_PORTRAIT_VIDEO,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.enhancement import (
        ENHANCE_VIDEO_QUALITY as ENHANCE_VIDEO_QUALITY,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.enhancement import (
        INTERPOLATE_VIDEO_FRAME as INTERPOLATE_VIDEO_FRAME,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.enhancement import (
        SUPER_RESOLVE_VIDEO as SUPER_RESOLVE_VIDEO,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.faces import (
        ADD_FACE_VIDEO_TEMPLATE as ADD_FACE_VIDEO_TEMPLATE,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.faces import (
        DELETE_FACE_VIDEO_TEMPLATE as DELETE_FACE_VIDEO_TEMPLATE,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.faces import MERGE_VIDEO_FACE as MERGE_VIDEO_FACE
    from airflow_provider_viapi.alibaba.services.videoenhan.faces import (
        MERGE_VIDEO_MODEL_FACE as MERGE_VIDEO_MODEL_FACE,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.faces import (
        QUERY_FACE_VIDEO_TEMPLATE as QUERY_FACE_VIDEO_TEMPLATE,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.generation import (
        GENERATE_HUMAN_ANIME_STYLE_VIDEO as GENERATE_HUMAN_ANIME_STYLE_VIDEO,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.generation import GENERATE_VIDEO as GENERATE_VIDEO
    from airflow_provider_viapi.alibaba.services.videoenhan.service import (
        GET_ASYNC_JOB_RESULT as GET_ASYNC_JOB_RESULT,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.service import SERVICE as SERVICE
    from airflow_provider_viapi.alibaba.services.videoenhan.summaries import (
        ABSTRACT_ECOMMERCE_VIDEO as ABSTRACT_ECOMMERCE_VIDEO,
    )
    from airflow_provider_viapi.alibaba.services.videoenhan.summaries import (
        ABSTRACT_FILM_VIDEO as ABSTRACT_FILM_VIDEO,
    )

_MODULE_OF = {
    "ABSTRACT_ECOMMERCE_VIDEO": "summaries",
    "ABSTRACT_FILM_VIDEO": "summaries",
    "ADD_FACE_VIDEO_TEMPLATE": "faces",
    "ADJUST_VIDEO_COLOR": "enhancement",
    "CHANGE_VIDEO_SIZE": "editing",
    "DELETE_FACE_VIDEO_TEMPLATE": "faces",
    "ENHANCE_PORTRAIT_VIDEO": "enhancement",
    "ENHANCE_VIDEO_QUALITY": "enhancement",
    "ERASE_VIDEO_LOGO": "editing",
    "ERASE_VIDEO_SUBTITLES": "editing",
    "GENERATE_HUMAN_ANIME_STYLE_VIDEO": "generation",
    "GENERATE_VIDEO": "generation",
    "GET_ASYNC_JOB_RESULT": "service",
    "INTERPOLATE_VIDEO_FRAME": "enhancement",
    "MERGE_VIDEO_FACE": "faces",
    "MERGE_VIDEO_MODEL_FACE": "faces",
    "QUERY_FACE_VIDEO_TEMPLATE": "faces",
    "SERVICE": "service",
    "SUPER_RESOLVE_VIDEO": "enhancement",
}

__all__ = [*_MODULE_OF]


def __getattr__(name: str) -> Any:
    # A DAG file that erases subtitles does not pay for the actions on faces.
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
