"""The service videoenhan, and the parameters, limits and result fields that several of its actions share."""

from __future__ import annotations

from functools import partial

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service, get_async_job_result
from airflow_provider_viapi.alibaba.parameters import Media, Number
from airflow_provider_viapi.media_limits import GB, MediaLimits

SERVICE = Service(name="videoenhan", version="2020-03-20")

action = partial(Action, service=SERVICE)
"""Return an action of the service."""

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE)

ANY_VIDEO = MediaLimits(formats=("mp4", "avi", "mkv", "mov", "flv", "ts", "mpg", "mxf"), max_bytes=GB)
"""Videos that most actions read [API metadata of 2025]."""

FULL_HD = (1920, 1080)

MP4_TO_FULL_HD = MediaLimits(formats=("mp4",), max_bytes=GB, max_pixels=FULL_HD)
"""Videos that the erasing actions read [API metadata of 2025]."""

COVER = ResultField("VideoCoverUrl", "file", "Cover image of the output video.", optional=True)


def source(limits: MediaLimits, *, name: str = "VideoUrl", note: str = "", extra: str = "") -> Media:
    """Return the parameter for the video that an action works on.

    :param limits: limits of the file; they are also its description
    :param extra: what else the description says
    """
    doc = f"Video: {limits.description or 'formats and limits are not documented'}{extra}."
    return Media(name=name, required=True, doc=doc, note=note, limits=(limits,))


def output(name: str = "VideoUrl") -> ResultField:
    """Return the result field of the video that an action produces."""
    return ResultField(name, "file", "Output video.")


def fraction(name: str, doc: str, default: float | None = None) -> Number:
    """Return a parameter that is a fraction of the picture's width or height."""
    return Number(name=name, minimum=0, maximum=1, doc=doc, default=default)
