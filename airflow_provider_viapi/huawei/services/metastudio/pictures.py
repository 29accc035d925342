"""Stylized avatars that are modelled after a picture, and their styles."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import JobKind, States
from airflow_provider_viapi.huawei.pictures import Picture
from airflow_provider_viapi.huawei.services.metastudio.service import (
    CREATED_FILTERS,
    JOB,
    PAGE,
    SORT,
    action,
    names,
    text,
    url,
)
from airflow_provider_viapi.result_fields import ResultField
from airflow_provider_viapi.scalar_parameters import Url

MODELING_STATES = States(
    pending=("WAITING", "PROCESSING"),
    succeeded=("SUCCEED", "PARTIAL_SUCCEED"),
    failed=("FAILED",),
    cancelled=("CANCELED",),
)

_LIST = (*PAGE, text("state", "State."), *SORT, *reversed(CREATED_FILTERS))

LIST_STYLES = action(
    name="ListStyles",
    summary="List the styles of avatars.",
    method="GET",
    path="/v1/{project_id}/styles",
    in_query=_LIST,
    response_fields=names("count styles"),
)

LIST_PICTURE_MODELING_JOBS = action(
    name="ListPictureModelingJobs",
    summary="List jobs that create an avatar from a picture.",
    method="GET",
    path="/v1/{project_id}/digital-human/stylized/picture-modelings",
    in_query=_LIST,
    response_fields=names("count picture_modeling_jobs"),
)

SHOW_PICTURE_MODELING_JOB = action(
    name="ShowPictureModelingJob",
    summary="Return a job that creates an avatar from a picture.",
    method="GET",
    path="/v1/{project_id}/digital-human/stylized/picture-modelings/{job_id}",
    in_path=(JOB,),
    response_fields=names(
        "job_id state start_time end_time error_info model_asset_id name style_id model_cover_url"
    ),
)

_MODEL = (
    text("style_id", "Id of the style, from ListStyles, such as system_female_001.", required=True),
    text("name", "Name of the model.", required=True),
    url("notify_url", "URL that the service calls after the end of the job."),
)

_KIND = JobKind(
    status_action=SHOW_PICTURE_MODELING_JOB,
    states=MODELING_STATES,
    # A job that has partially succeeded has no cover.
    files=(ResultField("model_cover_url", "file", "The picture of the avatar.", optional=True),),
)

CREATE_PICTURE_MODELING_BY_URL_JOB = action(
    name="CreatePictureModelingByUrlJob",
    summary="Create a stylized avatar from the picture at a URL.",
    method="POST",
    path="/v1/{project_id}/digital-human/stylized/picture-modelings-by-url",
    in_body=(Url(name="picture_url", required=True, doc="URL of the picture."), *_MODEL),
    response_fields=names("job_id model_asset_id"),
    job=_KIND,
)

CREATE_PICTURE_MODELING_JOB = action(
    name="CreatePictureModelingJob",
    summary="Create a stylized avatar from a picture that is uploaded in a form.",
    method="POST",
    path="/v1/{project_id}/digital-human/stylized/picture-modelings",
    in_form=(
        Picture(
            name="file",
            required=True,
            doc="Picture of at most 3840x2160 pixels, JPEG or PNG.",
            max_pixels=(3840, 2160),
        ),
        *_MODEL,
    ),
    response_fields=names("job_id model_asset_id"),
    job=_KIND,
)
