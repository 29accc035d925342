"""Image modelling: an avatar from recordings of a human."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import JobKind, States
from airflow_provider_viapi.huawei.services.metastudio.service import (
    CREATED_FILTERS,
    JOB,
    PAGE,
    SORT,
    action,
    choice,
    flag,
    integer,
    names,
    structure,
    structures,
    text,
    texts,
)

IMAGE_STATES = States(
    pending=names(
        "WAIT_FILE_UPLOAD AUTO_VERIFYING MANUAL_VERIFYING MANUAL_VERIFY_SUCCESS "
        "WAIT_TRAINING_DATA_PREPROCESS TRAINING_DATA_PREPROCESSING "
        "TRAINING_DATA_PREPROCESS_FAILED TRAINING_DATA_PREPROCESS_SUCCESS TRAINING TRAIN_FAILED "
        "TRAIN_SUCCESS INFERENCE_DATA_PREPROCESSING INFERENCE_DATA_PREPROCESS_FAILED "
        "WAIT_MAIN_FILE_UPLOAD MANUAL_STOP_INFERENCE_DATA_PREPROCESS MANUAL_STOP_TRAIN "
        "MANUAL_STOP_TRAINING_DATA_PREPROCESS WAIT_ADMIN_CONFIRM WAIT_COMPILE COMPILING "
        "COMPILE_FAILED WAIT_GENERATE_ACTION WAIT_ARRANGE ACTION_GENERATE_DATA_PROCESSING "
        "MANUAL_STOP_ACTION_GENERATE_DATA_PROCESSING MANUAL_STOP_ACTION_GENERATE_ORI_PROCESSING "
        "ACTION_GENERATE_ORI_PROCESSING ACTION_GENERATE_DATA_FAILED ACTION_GENERATE_ORI_FAILED "
        "ACTION_GENERATE_ORI_SUCCESS GENERATE_ACTION_PREPROCESS_FAILED WAIT_ADMIN_CALIBRATION "
        "WAIT_ASSET_SYNC WAIT_GENERATE_ACTION_MARK ACTION_MARKING WAIT_USER_CONFIRM JOB_PENDING "
        "WAIT_TEST_VIDEO_CHECK TEST_VIDEO_CHECK_PROCESSING TEST_VIDEO_CHECK_SUCCESS "
        "TEST_VIDEO_CHECK_FAILED VIDEO_ANALYZE_PROCESSING VIDEO_ANALYZE_SUCCESS "
        "VIDEO_ANALYZE_FAILED ACTION_MARK_SUCCESS ACTION_MARK_FAILED ACTION_MARK_UPLOADED "
        "MANUL_STOP_ACTION_MARK"
    ),
    awaiting_review=names(
        "WAIT_FILE_UPLOAD WAIT_MAIN_FILE_UPLOAD WAIT_USER_CONFIRM AUTO_VERIFYING MANUAL_VERIFYING"
    ),
    succeeded=names("JOB_SUCCESS JOB_FINISH"),
    failed=names("AUTO_VERIFY_FAILED MANUAL_VERIFY_FAILED JOB_REJECT"),
)
"""Failures within the training are not terminal: Huawei's staff resolve them, within days."""

PRIVATE_FIELDS = names(
    "id_card_image1_download_url id_card_image2_download_url grant_file_download_url "
    "training_video_download_url action_video_download_url audio_file_download_url "
    "pre_beauty_image_download_url post_beauty_image_download_url mask_file_download_url "
    "external_action_json_data_download_url action_mark_file_download_url action_mark_file_upload_url "
    "verify_video_download_url markable_video_download_url markable_action_video_download_url "
    "comment_logs samples"
)
"""Fields with signed addresses of papers and recordings; the last two contain such addresses.

The address of the avatar's cover is not among them: it is a result.
"""

_NAME = text("name", "Name of the avatar.")
_TRAINING = (
    text("contact", "Contact of the customer."),
    text("command_message", "File of the job that the command concerns."),
    integer("video_multipart_count", "Number of parts of the video's upload.", minimum=1),
    integer(
        "action_video_multipart_count",
        "Number of parts of the upload of the video of movements.",
        minimum=1,
    ),
    flag("is_background_replacement", "Replace the background."),
    text("batch_name", "Name of a batch of jobs."),
    texts("tags", "Tags."),
)
_VOICE = (
    structure(
        "voice_properties",
        "Purpose, gender and language of the voice.",
        fields=tuple(text(each, "", required=True) for each in ("job_tag", "sex", "language")),
    ),
    texts("supported_service", "Services that may use the avatar."),
)
_AUDIO_SOURCE = choice("audio_source_type", ("VIDEO", "AUDIO"), "Source from which the voice is trained.")
_UPLOADS = names(
    "job_id training_video_upload_url action_video_upload_url audio_upload_url "
    "cover_upload_url id_card_image1_upload_url id_card_image2_upload_url "
    "grant_file_upload_url pre_beauty_image_upload_url post_beauty_image_upload_url"
)

LIST_2D_MODEL_TRAINING_JOB = action(
    name="List2dModelTrainingJob",
    summary="List image modelling jobs.",
    method="GET",
    path="/v1/{project_id}/digital-human-training-manage/user/jobs",
    in_query=(
        *PAGE,
        text("state", "State of the jobs."),
        *SORT,
        *CREATED_FILTERS,
        text("query_project_id", "Id of another project whose jobs are listed."),
        text("update_since", "Earliest time of the last change."),
        text("update_until", "Latest time of the last change."),
        text("batch_name", "Name of a batch of jobs."),
        text("tag", "Tag of the jobs."),
        text("job_id", "Id of the job."),
        text("name", "Name of the avatar."),
        text("model_resolution", "Resolution of the avatar."),
        flag("is_flexus", "Flexus (basic) edition."),
        flag("is_live_copy", "Copy a live room."),
        text("train_location", "Region of the training."),
        flag("is_ondemand_resource", "Billed by usage."),
    ),
    response_fields=names("count jobs"),
    private=PRIVATE_FIELDS,
)

SHOW_2D_MODEL_TRAINING_JOB = action(
    name="Show2dModelTrainingJob",
    summary="Return an image modelling job.",
    method="GET",
    path="/v1/{project_id}/digital-human-training-manage/user/jobs/{job_id}",
    in_path=(JOB,),
    response_fields=names(
        "job_id name state asset_id project_id cover_download_url last_update_time create_time "
        "contact batch_name tags model_version matting_type model_resolution app_user_id "
        "is_flexus is_live_copy is_fast_flexus is_only_human_model optional_training_location "
        "is_background_replacement is_ondemand_resource training_video_download_url "
        "id_card_image1_download_url id_card_image2_download_url grant_file_download_url "
        "pre_beauty_image_download_url external_action_json_data_download_url "
        "action_video_download_url post_beauty_image_download_url audio_file_download_url "
        "action_mark_file_download_url action_mark_file_upload_url operation_logs "
        "verify_video_matting_info comment_logs samples is_mask_file_uploaded "
        "mask_file_download_url verify_video_download_url markable_video_download_url "
        "markable_action_video_download_url traning_video_mark_info "
        "inference_data_process_video_mark_info voice_properties "
        "inference_data_process_action_mark_info inference_data_process_chat_action_mark_info "
        "inference_data_process_eye_correction_mark_info worker_type voice_train_job_id "
        "flexus_retry_count audio_source_type supported_service allocated_resource "
        "train_video_rotation_state action_video_rotation_state sub_training_job_info"
    ),
    private=PRIVATE_FIELDS,
)

DELETE_2D_MODEL_TRAINING_JOB = action(
    name="Delete2dModelTrainingJob",
    summary="Delete an image modelling job.",
    method="DELETE",
    path="/v1/{project_id}/digital-human-training-manage/user/jobs/{job_id}",
    in_path=(JOB,),
)

UPDATE_2D_MODEL_TRAINING_JOB = action(
    name="Update2dModelTrainingJob",
    summary="Change an image modelling job, or request new upload addresses.",
    method="PUT",
    path="/v1/{project_id}/digital-human-training-manage/user/jobs/{job_id}",
    in_path=(JOB,),
    in_body=(
        _NAME,
        *_TRAINING,
        flag("is_fast_flexus", "Fast variant of the Flexus edition."),
        structures(
            "samples_basic_info",
            "Movements to train.",
            fields=(text("action_tag", "Name of the movement.", required=True),),
        ),
        *_VOICE,
        _AUDIO_SOURCE,
    ),
    response_fields=_UPLOADS,
)

EXECUTE_2D_MODEL_TRAINING_COMMAND_BY_USER = action(
    name="Execute2dModelTrainingCommandByUser",
    summary="Submit the files of an image modelling job, or accept or reject its result.",
    method="POST",
    path="/v1/{project_id}/digital-human-training-manage/user/jobs/{job_id}/command",
    in_path=(JOB,),
    in_body=(
        choice(
            "command",
            (
                "SUBMITVERIFYING",
                "CONFIRM_ACCEPT",
                "CONFIRM_REJECT",
                "CONFIRM_ANSWER",
                "CONFIRM_PENDING",
                "CONFIRM_ACTIVE",
                "GET_MULTIPART_UPLOADED",
                "CONFIRM_REPAIR",
                "CONFIRM_MULTIPART_UPLOADED",
                "GET_ACTION_VIDEO_MULTIPART_UPLOADED",
                "CONFIRM_ACTION_VIDEO_MULTIPART_UPLOADED",
                "CONFIRM_AUTHORIZATION_LETTER",
                "DELETE_JOB_VIDEO",
            ),
            "Command.",
            required=True,
        ),
        text("command_message", "File of the job that the command concerns."),
        structure("comment_data", "Comment with an attachment."),
        text("operation_reason", "Reason of the operation."),
    ),
    response_fields=names("commond_result attachment_upload_url multipart_data excute_failed_msg error_info"),
)

CREATE_2D_MODEL_TRAINING_JOB = action(
    name="Create2dModelTrainingJob",
    summary="Create an avatar of a human; Huawei's staff review it.",
    method="POST",
    path="/v1/{project_id}/digital-human-training-manage/user/jobs",
    in_body=(
        _NAME.replace(required=True, min_length=1),
        *_TRAINING,
        text("model_version", "Default: V3.2; V3.3 for the fast Flexus edition."),
        flag("is_ondemand_resource", "Billed by usage."),
        flag("is_flexus", "Flexus (basic) edition."),
        flag("is_fast_flexus", "Fast variant of the Flexus edition."),
        flag("is_live_copy", "Copy a live room."),
        flag("is_only_human_model", "Train no voice with the avatar; Flexus edition only."),
        _AUDIO_SOURCE,
        *_VOICE,
    ),
    response_fields=_UPLOADS,
    job=JobKind(status_action=SHOW_2D_MODEL_TRAINING_JOB, states=IMAGE_STATES),
)
