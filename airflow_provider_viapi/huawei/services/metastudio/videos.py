"""Videos of avatars and of people on photos, and subtitles."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import JobKind, States
from airflow_provider_viapi.huawei.services.metastudio.service import (
    CALLBACK,
    CREATED_FILTERS,
    EXTERNAL,
    JOB,
    PAGE,
    SORT,
    VIDEO,
    VOICE,
    action,
    flag,
    integer,
    names,
    picture,
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
        ResultField(
            "preview_video_url",
            "file",
            "Output video; its link is valid for one day. For avatar videos, which the service offers no preview of, "
            "it is that of the asset's main file.",
        ),
        ResultField("cover_url", "file", "Cover image of the video.", optional=True),
    ),
)
"""The asset that a video becomes, as far as it is files."""

LIST_DIGITAL_HUMAN_VIDEO = action(
    name="ListDigitalHumanVideo",
    summary="List jobs of avatar and photo videos.",
    method="GET",
    path="/v1/{project_id}/digital-human-videos",
    in_query=(
        *PAGE,
        text("state", "State of the jobs."),
        *SORT,
        *CREATED_FILTERS,
        texts("fuzzy_query_field", "Fields of which a part must match."),
        text("script_id", "Id of the script."),
        text("asset_name", "Name of the asset."),
        text("job_type", "Type of the job."),
        text("job_id", "Id of the job."),
        texts("job_ids", "Ids of the jobs."),
    ),
    response_fields=names("count jobs"),
    private=EXTERNAL,
)

SHOW_2D_DIGITAL_HUMAN_VIDEO = action(
    name="Show2DDigitalHumanVideo",
    summary="Return the job of an avatar video.",
    method="GET",
    path="/v1/{project_id}/2d-digital-human-videos/{job_id}",
    in_path=(JOB,),
    in_query=(flag("show_script", "Also return the script."),),
    response_fields=names(
        "job_id state job_type start_time end_time duration output_asset_config error_info "
        "create_time lastupdate_time script_id video_making_type human_image model_asset_id "
        "voice_config video_config shoot_scripts background_music_config"
    ),
    private=EXTERNAL,
)

CANCEL_2D_DIGITAL_HUMAN_VIDEO = action(
    name="Cancel2DDigitalHumanVideo",
    summary="Cancel an avatar video that is still queued.",
    method="POST",
    path="/v1/{project_id}/2d-digital-human-videos/{job_id}/cancel",
    in_path=(JOB,),
)

SHOW_PHOTO_DETECTION = action(
    name="ShowPhotoDetection",
    summary="Return the job that checks a photo.",
    method="GET",
    path="/v1/{project_id}/photo-detection/{job_id}",
    in_path=(JOB,),
    response_fields=names("job_id state error_info create_time"),
)

SHOW_PHOTO_DIGITAL_HUMAN_VIDEO = action(
    name="ShowPhotoDigitalHumanVideo",
    summary="Return the job of a photo video.",
    method="GET",
    path="/v1/{project_id}/photo-digital-human-videos/{job_id}",
    in_path=(JOB,),
    in_query=(flag("show_script", "Also return the script."),),
    response_fields=names(
        "job_id state job_type start_time end_time duration output_asset_config error_info "
        "create_time lastupdate_time script_id human_image voice_config video_config "
        "shoot_scripts"
    ),
    private=EXTERNAL,
)

CANCEL_PHOTO_DIGITAL_HUMAN_VIDEO = action(
    name="CancelPhotoDigitalHumanVideo",
    summary="Cancel a photo video that is still queued.",
    method="POST",
    path="/v1/{project_id}/photo-digital-human-videos/{job_id}/cancel",
    in_path=(JOB,),
)

SHOW_SUBTITLE_FILE = action(
    name="ShowSubtitleFile",
    summary="Return the job of subtitles, with the state of each scene.",
    method="GET",
    path="/v1/{project_id}/subtitle-files/{job_id}",
    in_path=(JOB,),
    response_fields=names("job_state subtitle_file_info"),
)

_OUTPUT = structure(
    "output_asset_config",
    "Name of the asset in which the video is stored.",
    fields=(text("asset_name", "Name of the asset.", required=True),),
)

CREATE_2D_DIGITAL_HUMAN_VIDEO = action(
    name="Create2DDigitalHumanVideo",
    summary="Generate a video of an avatar, from a script or from the other parameters.",
    method="POST",
    path="/v1/{project_id}/2d-digital-human-videos",
    in_body=(
        text("script_id", "Id of the script."),
        text("model_asset_id", "Asset id of the avatar."),
        VOICE,
        VIDEO,
        structures("shoot_scripts", "Scenes of the video, each with its speech and pictures."),
        _OUTPUT,
        structure("background_music_config", "Music and its volume."),
        structure("review_config", "Settings of the content review."),
        CALLBACK,
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

CREATE_PHOTO_DETECTION = action(
    name="CreatePhotoDetection",
    summary="Check whether a photo is suitable for a video.",
    method="POST",
    path="/v1/{project_id}/photo-detection",
    in_body=(picture("human_image", "The person's picture, at most 1080p.", required=True),),
    response_fields=("job_id",),
    job=JobKind(status_action=SHOW_PHOTO_DETECTION, states=VIDEO_STATES),
)

CREATE_PHOTO_DIGITAL_HUMAN_VIDEO = action(
    name="CreatePhotoDigitalHumanVideo",
    summary="Generate a video of a human from a photo.",
    method="POST",
    path="/v1/{project_id}/photo-digital-human-videos",
    in_body=(
        text("script_id", "Id of the script."),
        picture("human_image", "The person's picture, at most 1080p.", required=True),
        VOICE,
        VIDEO.replace(
            required_fields=("codec",), fields=(*VIDEO.fields, text("codec", "Codec.", required=True))
        ),
        structures("shoot_scripts", "Scenes of the video, each with its speech and pictures.", required=True),
        _OUTPUT.replace(required=True),
        structure("background_music_config", "Music and its volume."),
        structure("review_config", "Settings of the content review."),
        CALLBACK,
        picture("id_card_image1", "Front of the person's identity card."),
        picture("id_card_image2", "Back of the identity card."),
        flag("authorize_use_human_image", "The person in the picture has given consent."),
    ),
    response_fields=("job_id",),
    job=JobKind(
        status_action=SHOW_PHOTO_DIGITAL_HUMAN_VIDEO,
        cancel=CANCEL_PHOTO_DIGITAL_HUMAN_VIDEO,
        states=VIDEO_STATES,
        files=(MADE_VIDEO,),
    ),
)

CREATE_SUBTITLE_FILE = action(
    name="CreateSubtitleFile",
    summary="Generate the subtitles of a script.",
    method="POST",
    path="/v1/{project_id}/subtitle-files",
    in_body=(
        text("script_id", "Id of the script."),
        integer("sequence_no", "Number of the scene; default: all."),
        CALLBACK,
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
