"""Service videoseg (video segmentation), version 2020-03-20: the one job that the documents of 2020 name.

Parameters and result are from Alibaba's SDK alibabacloud-videoseg20200320 4.0.0, which states no formats, sizes or
lengths.
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.alibaba.services.jobs import get_async_job_result

SERVICE = Service(name="videoseg", version="2020-03-20")

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE)

SEGMENT_VIDEO_BODY = Action(
    service=SERVICE,
    name="SegmentVideoBody",
    summary="Segment the people in a video.",
    parameters=(Media(name="VideoUrl", required=True, doc="Video; formats and limits are not documented."),),
    result=(ResultField("VideoUrl", "file", "Output video."),),
    is_job=True,
)
