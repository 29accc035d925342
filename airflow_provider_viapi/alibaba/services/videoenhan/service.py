"""The service videoenhan itself, and what several of its actions take and give."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import ResultField, Service
from airflow_provider_viapi.alibaba.parameters import GB, Media, MediaLimits, Number
from airflow_provider_viapi.alibaba.services.jobs import get_async_job_result

SERVICE = Service("videoenhan", "2020-03-20")

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE)

FORMATS = "MP4, AVI, MKV, MOV, FLV, TS, MPG or MXF, at most 1 GB"
"""What most actions read."""

MOST_READ = MediaLimits(
    formats=("mp4", "avi", "mkv", "mov", "flv", "ts", "mpg", "mxf"),
    max_bytes=GB,
)
"""The same as data."""

MP4_ONLY = MediaLimits(formats=("mp4",), max_bytes=GB)
"""What those read that erase things."""

COVER = ResultField("VideoCoverUrl", "file", "A still of that video.")


def source(
    limits: str, checked: MediaLimits | None = None, *, name: str = "VideoUrl", note: str = ""
) -> Media:
    """The video that an action works on.

    :param limits: what the service reads, by today's metadata unless the note says otherwise
    :param checked: what of that is checked before a file is copied to where the service reads it
    """
    doc = f"The video: {limits}."
    return Media(name=name, required=True, doc=doc, note=note, limits=(checked,) if checked else ())


def made(name: str = "VideoUrl") -> ResultField:
    """The video that an action makes."""
    return ResultField(name, "file", "The video that was made.")


def fraction(name: str, doc: str, default: float | None = None) -> Number:
    """A share of the picture's width or height."""
    return Number(name=name, minimum=0, maximum=1, doc=doc, default=default)
