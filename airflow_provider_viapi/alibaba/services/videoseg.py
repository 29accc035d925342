"""Service videoseg (video segmentation), version 2020-03-20: the job that the seed names.

The seed only says that it is a job; what it takes and gives is from Alibaba's SDK,
alibabacloud-videoseg20200320 4.0.0. It says nothing of formats, sizes and lengths.
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.alibaba.services.jobs import get_async_job_result

SERVICE = Service("videoseg", "2020-03-20")

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE)

SEGMENT_VIDEO_BODY = Action(
    service=SERVICE,
    name="SegmentVideoBody",
    summary="Segment the people in a video.",
    parameters=(Media(name="VideoUrl", required=True, doc="The video."),),
    result=(ResultField("VideoUrl", "file", "The video that was made."),),
    is_job=True,
)
