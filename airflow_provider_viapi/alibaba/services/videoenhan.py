"""Service videoenhan (video production), version 2020-03-20."""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import Choice, Integer, Number, Url
from airflow_provider_viapi.alibaba.services.jobs import get_async_job_result

SERVICE = Service("videoenhan", "2020-03-20")

_VIDEO_URL = Url(name="VideoUrl", required=True, doc="The video. The service reads Shanghai OSS links best.")
_VIDEO = ResultField("VideoUrl", "file", "The video that was made; the link is good for 30 minutes.")
_COVER = ResultField("VideoCoverUrl", "file", "A still of that video; the link is good for 30 minutes.")


def _fraction(name: str, doc: str) -> Number:
    return Number(name=name, minimum=0, maximum=1, doc=doc)


def _colour(name: str, colour: str) -> Integer:
    return Integer(name=name, minimum=0, maximum=255, doc=f"{colour} of the fill; with FillType color.")


ERASE_VIDEO_SUBTITLES = Action(
    service=SERVICE,
    name="EraseVideoSubtitles",
    summary="Erase burnt-in subtitles from a video.",
    parameters=(
        _VIDEO_URL,
        _fraction("BX", "Left edge of the subtitle band, as a fraction of the width; 0 unless given."),
        _fraction("BY", "Top edge of the band, as a fraction of the height; 0.75 unless given."),
        _fraction("BW", "Width of the band, as a fraction of the width; 1 unless given."),
        _fraction("BH", "Height of the band, as a fraction of the height; 0.25 unless given."),
    ),
    result=(_VIDEO,),
    is_job=True,
)

CHANGE_VIDEO_SIZE = Action(
    service=SERVICE,
    name="ChangeVideoSize",
    summary="Reframe a video to another size by cropping and filling.",
    parameters=(
        _VIDEO_URL,
        Integer(name="Width", required=True, minimum=32, maximum=2160, doc="Width of the output in pixels."),
        Integer(
            name="Height", required=True, minimum=32, maximum=2160, doc="Height of the output in pixels."
        ),
        Choice(
            name="CropType",
            choices=("smart", "fill", "cut"),
            doc="smart: follow the subject; fill: keep the whole frame; cut: fill the whole frame.",
        ),
        Choice(
            name="FillType",
            choices=("image", "color", "stretch"),
            doc="What fills the rest: a blurred frame, a colour, or the stretched picture.",
        ),
        _fraction(
            "Tightness", "How closely the crop follows the subject: more cuts more off; 0.6 unless given."
        ),
        _colour("R", "Red"),
        _colour("G", "Green"),
        _colour("B", "Blue"),
    ),
    result=(_VIDEO, _COVER),
    is_job=True,
)

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE)
