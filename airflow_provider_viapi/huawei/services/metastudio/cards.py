"""Business cards of people who speak."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import JobKind
from airflow_provider_viapi.huawei.services.metastudio.service import (
    CALLBACK,
    CREATED_FILTERS,
    JOB,
    PAGE,
    SORT,
    action,
    choice,
    names,
    picture,
    structure,
    text,
)
from airflow_provider_viapi.huawei.services.metastudio.videos import MADE_VIDEO, VIDEO_STATES
from airflow_provider_viapi.result_fields import ResultField

CARD = (
    text(
        "business_card_type",
        "Type of the card; the only documented value is 2D_DIGITAL_HUMAN_CARD.",
        required=True,
    ),
    text("card_templet_asset_id", "Asset id of the card's template.", required=True),
    structure("card_text_config", "Name, company, title and other texts of the card.", required=True),
    structure(
        "card_image_config",
        "The person's image, a logo and others, JPEG or PNG, as bytes or in Base64.",
        required=True,
        fields=(
            picture("human_image", required=True),
            *map(picture, names("logo_image id_card_image1 id_card_image2")),
        ),
    ),
    choice("introduction_type", ("TEXT", "AUDIO"), "Type of the introduction: text or recorded speech."),
    text("introduction_text", "Text that the person speaks."),
    text("voice_asset_id", "Asset id of the voice."),
    text("introduction_audio_asset_id", "Asset id of recorded speech."),
    text("video_asset_name", "Name of the asset in which the video is stored."),
    choice("gender", ("MALE", "FEMALE"), "Gender of the person."),
    structure("review_config", "Settings of the content review."),
    CALLBACK,
)

LIST_DIGITAL_HUMAN_BUSINESS_CARD = action(
    name="ListDigitalHumanBusinessCard",
    summary="List jobs of business cards.",
    method="GET",
    path="/v1/{project_id}/digital-human-business-cards",
    in_query=(
        *PAGE,
        text("state", "State of the jobs."),
        *SORT,
        *CREATED_FILTERS,
        text("video_asset_name", "Name of the asset in which the video is stored."),
    ),
    response_fields=names("count jobs"),
    private=("card_image_url",),
)

SHOW_DIGITAL_HUMAN_BUSINESS_CARD = action(
    name="ShowDigitalHumanBusinessCard",
    summary="Return the job of a business card.",
    method="GET",
    path="/v1/{project_id}/digital-human-business-cards/{job_id}",
    in_path=(JOB,),
    response_fields=names(
        "job_info card_templet_asset_id card_text_config card_image_url introduction_type "
        "introduction_text voice_asset_id introduction_audio_asset_id gender"
    ),
    private=("card_image_url",),
)

DELETE_DIGITAL_HUMAN_BUSINESS_CARD = action(
    name="DeleteDigitalHumanBusinessCard",
    summary="Delete the job of a business card.",
    method="DELETE",
    path="/v1/{project_id}/digital-human-business-cards/{job_id}",
    in_path=(JOB,),
)

CARD_JOB = JobKind(
    status_action=SHOW_DIGITAL_HUMAN_BUSINESS_CARD,
    states=VIDEO_STATES,
    state_in=("job_info", "state"),
    files=(ResultField("job_info", "object", fields=(MADE_VIDEO,)),),
)

CREATE_DIGITAL_HUMAN_BUSINESS_CARD = action(
    name="CreateDigitalHumanBusinessCard",
    summary="Generate a business card of a speaking person.",
    method="POST",
    path="/v1/{project_id}/digital-human-business-cards",
    in_body=CARD,
    response_fields=("job_id",),
    job=CARD_JOB,
)

UPDATE_DIGITAL_HUMAN_BUSINESS_CARD = action(
    name="UpdateDigitalHumanBusinessCard",
    summary="Generate a business card again with other content.",
    method="PUT",
    path="/v1/{project_id}/digital-human-business-cards/{job_id}",
    in_path=(JOB,),
    in_body=CARD,
    response_fields=("job_id",),
    job=CARD_JOB,
)
