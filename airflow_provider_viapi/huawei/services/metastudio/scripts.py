"""Scripts of avatar videos."""

from __future__ import annotations

from airflow_provider_viapi.huawei.services.metastudio.service import (
    EXTERNAL,
    PAGE,
    VIDEO,
    VOICE,
    action,
    choice,
    names,
    structure,
    structures,
    text,
)

SCRIPT = (
    text("script_name", "Name of the script.", min_length=1, max_length=256),
    text("script_description", "Description of the script.", max_length=1024),
    choice("view_mode", ("LANDSCAPE", "VERTICAL"), "Orientation of the video: landscape or vertical."),
    text("model_asset_id", "Asset id of the avatar.", max_length=64),
    choice("model_asset_type", ("HUMAN_MODEL_2D",), "Type of the avatar."),
    VOICE,
    VIDEO,
    text("priv_data", "Your own data, which the service returns unchanged.", max_length=8192),
    structure("background_music_config", "Music and its volume."),
    structure("review_config", "Settings of the content review."),
    structure("audio_files", "Recorded speech, instead of a text."),
    structure("action_config", "Automatic movements of the avatar."),
    structures("shoot_scripts", "Scenes of the video, each with its speech and pictures."),
)

CREATE_VIDEO_SCRIPTS = action(
    name="CreateVideoScripts",
    summary="Create the script of an avatar video.",
    method="POST",
    path="/v1/{project_id}/digital-human-video-scripts",
    in_body=SCRIPT,
    response_fields=names("script_id audio_files"),
)

LIST_VIDEO_SCRIPTS = action(
    name="ListVideoScripts",
    summary="List scripts.",
    method="GET",
    path="/v1/{project_id}/digital-human-video-scripts",
    in_query=(
        *PAGE,
        text("name", "Name of the script."),
        text("script_catalog", "Drafts, or templates of the system."),
        text("view_mode", "Orientation of the video: landscape or vertical."),
    ),
    response_fields=names("count video_scripts"),
    private=EXTERNAL,
)

SHOW_VIDEO_SCRIPT = action(
    name="ShowVideoScript",
    summary="Return a script.",
    method="GET",
    path="/v1/{project_id}/digital-human-video-scripts/{script_id}",
    in_path=(text("script_id", "Id of the script.", required=True),),
    response_fields=names(
        "script_name script_description view_mode model_asset_id model_asset_type voice_config "
        "video_config priv_data background_music_config review_config audio_files action_config "
        "shoot_scripts script_id create_time update_time script_cover_url"
    ),
    private=EXTERNAL,
)

UPDATE_VIDEO_SCRIPT = action(
    name="UpdateVideoScript",
    summary="Change a script.",
    method="PUT",
    path="/v1/{project_id}/digital-human-video-scripts/{script_id}",
    in_path=(text("script_id", "Id of the script.", required=True),),
    in_body=SCRIPT,
    response_fields=names("script_id audio_files"),
)

DELETE_VIDEO_SCRIPT = action(
    name="DeleteVideoScript",
    summary="Delete a script.",
    method="DELETE",
    path="/v1/{project_id}/digital-human-video-scripts/{script_id}",
    in_path=(text("script_id", "Id of the script.", required=True),),
)

COPY_VIDEO_SCRIPTS = action(
    name="CopyVideoScripts",
    summary="Copy a script.",
    method="POST",
    path="/v1/{project_id}/digital-human-video-scripts/{script_id}/copy",
    in_path=(text("script_id", "Id of the script.", required=True),),
    response_fields=("script_id",),
)
