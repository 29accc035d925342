"""Service videorecog (video understanding), version 2020-03-20: the two jobs that the documents of 2020 name.

Parameters and results are from Alibaba's SDK alibabacloud-videorecog20200320 3.0.11, which states no formats, sizes
or lengths.
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import Boolean, Media
from airflow_provider_viapi.alibaba.services.jobs import get_async_job_result

SERVICE = Service(name="videorecog", version="2020-03-20")

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE)

_VIDEO_URL = Media(name="VideoUrl", required=True, doc="Video; formats and limits are not documented.")

DETECT_VIDEO_SHOT = Action(
    service=SERVICE,
    name="DetectVideoShot",
    summary="Find the shot boundaries of a video.",
    parameters=(_VIDEO_URL,),
    result=(
        ResultField(
            "ShotFrameIds", "integers", "Frame ids of the shots; their meaning is not documented further."
        ),
    ),
    is_job=True,
)

GENERATE_VIDEO_COVER = Action(
    service=SERVICE,
    name="GenerateVideoCover",
    summary="Generate cover images from a video.",
    parameters=(
        _VIDEO_URL,
        Boolean(name="IsGif", required=True, doc="true: animated GIFs; false: still images."),
    ),
    result=(
        ResultField(
            "Outputs",
            "list",
            "Generated covers.",
            fields=(
                ResultField("ImageURL", "file", "Cover image."),
                ResultField("Confidence", "number", "Confidence; its range is not documented."),
            ),
        ),
    ),
    is_job=True,
)
