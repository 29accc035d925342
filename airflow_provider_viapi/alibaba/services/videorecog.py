"""Service videorecog (video understanding), version 2020-03-20: two of its jobs, which the seed names.

The seed only says that they are jobs; what they take and give is from Alibaba's SDK,
alibabacloud-videorecog20200320 3.0.11. It says nothing of formats, sizes and lengths.
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import Boolean, Media
from airflow_provider_viapi.alibaba.services.jobs import get_async_job_result

SERVICE = Service("videorecog", "2020-03-20")

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE)

_VIDEO_URL = Media(name="VideoUrl", required=True, doc="The video.")

DETECT_VIDEO_SHOT = Action(
    service=SERVICE,
    name="DetectVideoShot",
    summary="Find the shots of a video.",
    parameters=(_VIDEO_URL,),
    result=(ResultField("ShotFrameIds", "integers", "Ids of frames; the SDK says no more."),),
    is_job=True,
)

GENERATE_VIDEO_COVER = Action(
    service=SERVICE,
    name="GenerateVideoCover",
    summary="Make covers from a video.",
    parameters=(
        _VIDEO_URL,
        Boolean(name="IsGif", required=True, doc="GIF animations (true) or still pictures (false)."),
    ),
    result=(
        ResultField(
            "Outputs",
            "list",
            "The covers.",
            fields=(
                ResultField("ImageURL", "file", "The cover."),
                ResultField("Confidence", "number", "How sure the service is; the SDK names no range."),
            ),
        ),
    ),
    is_job=True,
)
