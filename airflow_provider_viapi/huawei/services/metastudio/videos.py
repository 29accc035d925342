"""Videos of avatars and of people on photos, and subtitles."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action, JobKind, States
from airflow_provider_viapi.huawei.services.metastudio.service import (
    CREATED_FILTERS,
    JOB,
    PAGE,
    SERVICE,
    SORT,
    flag,
    integer,
    names,
    structure,
    structures,
    text,
    texts,
)
from airflow_provider_viapi.result_fields import ResultField

VIDEO_STATES = States(
    pending=names("WAITING PROCESSING"),
    succeeded=("SUCCEED",),
    failed=names("FAILED BLOCK"),
    cancelled=("CANCELED",),
)
"""Of avatar and photo videos, cards and photo checks. That BLOCK is an end is inferred from its being a ban."""

SUBTITLE_STATES = States(pending=("GENERATING",), succeeded=("GENERATED",))
"""GENERATED means that the making has ended; each scene has a state of its own."""

MADE_VIDEO = ResultField(
    "output_asset_config",
    "object",
    fields=(
        ResultField("preview_video_url", "file", "The video; its link lives for a day."),
        ResultField("cover_url", "file", "A still of it."),
    ),
)
"""The asset that a video becomes, as far as it is files."""

LIST_DIGITAL_HUMAN_VIDEO = Action(
    service=SERVICE,
    name="ListDigitalHumanVideo",
    summary="List jobs of avatar and photo videos.",
    method="GET",
    path="/v1/{project_id}/digital-human-videos",
    in_query=(
        *PAGE,
        text("state", "State."),
        *SORT,
        *CREATED_FILTERS,
        texts("fuzzy_query_field", "Fields that are looked for in part."),
        text("script_id", "Id of the script."),
        text("asset_name", "Name."),
        text("job_type", "Kind of the job."),
        text("job_id", "Id of the job."),
        texts("job_ids", "The jobs."),
    ),
    response_fields=names("count jobs"),
    idempotent=True,
)

SHOW_2D_DIGITAL_HUMAN_VIDEO = Action(
    service=SERVICE,
    name="Show2DDigitalHumanVideo",
    summary="Return the state of an avatar video's job.",
    method="GET",
    path="/v1/{project_id}/2d-digital-human-videos/{job_id}",
    in_path=(JOB,),
    in_query=(flag("show_script", "Answer with the script too."),),
    response_fields=names(
        "job_id state job_type start_time end_time duration output_asset_config error_info "
        "create_time lastupdate_time script_id video_making_type human_image model_asset_id "
        "voice_config video_config shoot_scripts background_music_config"
    ),
    idempotent=True,
)

CANCEL_2D_DIGITAL_HUMAN_VIDEO = Action(
    service=SERVICE,
    name="Cancel2DDigitalHumanVideo",
    summary="Cancel an avatar video that still waits.",
    method="POST",
    path="/v1/{project_id}/2d-digital-human-videos/{job_id}/cancel",
    in_path=(JOB,),
)

SHOW_PHOTO_DETECTION = Action(
    service=SERVICE,
    name="ShowPhotoDetection",
    summary="Return the state of a photo's check.",
    method="GET",
    path="/v1/{project_id}/photo-detection/{job_id}",
    in_path=(JOB,),
    response_fields=names("job_id state error_info create_time"),
    idempotent=True,
)

SHOW_PHOTO_DIGITAL_HUMAN_VIDEO = Action(
    service=SERVICE,
    name="ShowPhotoDigitalHumanVideo",
    summary="Return the state of a photo video's job.",
    method="GET",
    path="/v1/{project_id}/photo-digital-human-videos/{job_id}",
    in_path=(JOB,),
    in_query=(flag("show_script", "Answer with the script too."),),
    response_fields=names(
        "job_id state job_type start_time end_time duration output_asset_config error_info "
        "create_time lastupdate_time script_id human_image voice_config video_config "
        "shoot_scripts"
    ),
    idempotent=True,
)

CANCEL_PHOTO_DIGITAL_HUMAN_VIDEO = Action(
    service=SERVICE,
    name="CancelPhotoDigitalHumanVideo",
    summary="Cancel a photo video that still waits.",
    method="POST",
    path="/v1/{project_id}/photo-digital-human-videos/{job_id}/cancel",
    in_path=(JOB,),
)

SHOW_SUBTITLE_FILE = Action(
    service=SERVICE,
    name="ShowSubtitleFile",
    summary="Return the state of a subtitles job, scene by scene.",
    method="GET",
    path="/v1/{project_id}/subtitle-files/{job_id}",
    in_path=(JOB,),
    response_fields=names("job_state subtitle_file_info"),
    idempotent=True,
)

CREATE_2D_DIGITAL_HUMAN_VIDEO = Action(
    service=SERVICE,
    name="Create2DDigitalHumanVideo",
    summary="Make a video of an avatar, from a script or from what is given here.",
    method="POST",
    path="/v1/{project_id}/2d-digital-human-videos",
    in_body=(
        text("script_id", "Id of the script."),
        text("model_asset_id", "Asset of the avatar."),
        structure("voice_config", "Voice, speed, pitch, volume.", required_fields=("voice_asset_id",)),
        structure(
            "video_config", "Size, bit rate and others.", required_fields=("bitrate", "width", "height")
        ),
        structures("shoot_scripts", "Speech and pictures, scene by scene."),
        structure(
            "output_asset_config",
            "Name of the asset that the video becomes.",
            required_fields=("asset_name",),
        ),
        structure("background_music_config", "Music and its volume."),
        structure("review_config", "Review of the content."),
        structure(
            "callback_config",
            "Receiver of a call when the job has ended, and the key that signs it.",
            required_fields=("callback_url",),
        ),
        structure("action_config", "Automatic movements of the avatar."),
    ),
    response_fields=("job_id",),
    job=JobKind(
        status_action=SHOW_2D_DIGITAL_HUMAN_VIDEO,
        cancel=CANCEL_2D_DIGITAL_HUMAN_VIDEO,
        states=VIDEO_STATES,
        files=(MADE_VIDEO,),
    ),
)

CREATE_PHOTO_DETECTION = Action(
    service=SERVICE,
    name="CreatePhotoDetection",
    summary="Check whether a photo is suitable for a video.",
    method="POST",
    path="/v1/{project_id}/photo-detection",
    in_body=(text("human_image", "The person's picture in Base64, at most 1080p.", required=True),),
    response_fields=("job_id",),
    job=JobKind(status_action=SHOW_PHOTO_DETECTION, states=VIDEO_STATES),
)

CREATE_PHOTO_DIGITAL_HUMAN_VIDEO = Action(
    service=SERVICE,
    name="CreatePhotoDigitalHumanVideo",
    summary="Generate a video of a human from a photo.",
    method="POST",
    path="/v1/{project_id}/photo-digital-human-videos",
    in_body=(
        text("script_id", "Id of the script."),
        text("human_image", "The person's picture in Base64, at most 1080p.", required=True),
        structure("voice_config", "Voice, speed, pitch, volume.", required_fields=("voice_asset_id",)),
        structure("video_config", "Size, bit rate and others.", required_fields=("codec",)),
        structures("shoot_scripts", "Speech and pictures, scene by scene.", required=True),
        structure(
            "output_asset_config",
            "Name of the asset that the video becomes.",
            required=True,
            required_fields=("asset_name",),
        ),
        structure("background_music_config", "Music and its volume."),
        structure("review_config", "Review of the content."),
        structure(
            "callback_config",
            "Receiver of a call when the job has ended, and the key that signs it.",
            required_fields=("callback_url",),
        ),
        text("id_card_image1", "Front of the person's identity card, in Base64."),
        text("id_card_image2", "Its back."),
        flag("authorize_use_human_image", "The person in the picture has agreed."),
    ),
    response_fields=("job_id",),
    job=JobKind(
        status_action=SHOW_PHOTO_DIGITAL_HUMAN_VIDEO,
        cancel=CANCEL_PHOTO_DIGITAL_HUMAN_VIDEO,
        states=VIDEO_STATES,
        files=(MADE_VIDEO,),
    ),
)

CREATE_SUBTITLE_FILE = Action(
    service=SERVICE,
    name="CreateSubtitleFile",
    summary="Generate the subtitles of a script.",
    method="POST",
    path="/v1/{project_id}/subtitle-files",
    in_body=(
        text("script_id", "Id of the script."),
        integer("sequence_no", "Number of the scene; default: all."),
        structure(
            "callback_config",
            "Receiver of a call when the job has ended, and the key that signs it.",
            required_fields=("callback_url",),
        ),
    ),
    response_fields=("job_id",),
    job=JobKind(
        status_action=SHOW_SUBTITLE_FILE,
        states=SUBTITLE_STATES,
        state_in=("job_state",),
        files=(
            ResultField(
                "subtitle_file_info",
                "list",
                fields=(ResultField("subtitle_file_download_url", "file", "The subtitles of a scene."),),
            ),
        ),
    ),
)
