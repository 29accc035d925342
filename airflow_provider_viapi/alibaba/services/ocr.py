"""Service ocr (text recognition), version 2019-12-30: the one job that the documents of 2020 name.

Parameters and result are from Alibaba's SDK alibabacloud-ocr20191230: 2.0.16 is the last version with the action, and
1.0.10 states that all three parameters are required. Neither names the types of files and of output.
"""

from __future__ import annotations

from airflow_provider_viapi.alibaba.model import Action, ResultField, Service
from airflow_provider_viapi.alibaba.parameters import Media, String
from airflow_provider_viapi.alibaba.services.jobs import get_async_job_result

SERVICE = Service(name="ocr", version="2019-12-30")

GET_ASYNC_JOB_RESULT = get_async_job_result(SERVICE)

_NOT_NAMED = "the possible values are not documented"

TRIM_DOCUMENT = Action(
    service=SERVICE,
    name="TrimDocument",
    summary="Recognize the text of a document.",
    parameters=(
        String(name="FileType", required=True, min_length=1, doc=f"Type of the document; {_NOT_NAMED}."),
        Media(name="FileURL", required=True, doc="Document to read."),
        String(name="OutputType", required=True, min_length=1, doc=f"Type of the output; {_NOT_NAMED}."),
    ),
    result=(ResultField("Content", doc="Recognized text."),),
    is_job=True,
    generations=("2020",),
    retired=(
        "it is in the documents of 2020 and in Alibaba's SDK up to 2.0.16, but no longer in SDK 3.0.0 and later, "
        "so the service may not have it any more"
    ),
)
