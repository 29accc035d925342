"""Voice modelling: a synthetic voice from recordings of a human."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action, JobKind, States
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
    text,
    texts,
)

VOICE_STATES = States(
    pending=names(
        "CREATING SYSTEM_AUDITING AUDITING WAITING_SPLIT SPLITTING ANNOTATING WAITING PROCESSING "
        "RESULT_REVIEW USER_RESULT_REVIEW UPLOADING"
    ),
    awaiting_review=names("CREATING SYSTEM_AUDITING AUDITING RESULT_REVIEW USER_RESULT_REVIEW"),
    succeeded=("SUCCEED",),
    failed=names("FAILED AUDIT_FAILED SPLIT_FAILED USER_REVIEW_REJECT"),
)
"""That failures of the review and the splitting are terminal is inferred. A job takes days."""

_ABOUT = (
    choice(
        "tag",
        ("ECOMMERCE", "NEWS", "MARKETING", "LIVE", "EDUCATION", "CUSTOMER", "STORYTELLING"),
        "Purpose of the voice.",
    ),
    text("description", "Description of the voice."),
    choice("sex", ("FEMALE", "MALE"), "Gender of the voice."),
)

VOICE = (
    *_ABOUT,
    text("voice_name", "Name of the voice.", required=True),
    text("language", "Language of the recordings."),
    choice("create_type", ("PACKAGE", "SEGMENT"), "Upload of the recordings: in one package, or one by one."),
    text("phone", "Telephone number."),
    text("dhtms_job_id", "Job of the avatar that the voice belongs to."),
    text("batch_name", "Name of a batch of jobs."),
    text("output_language", "Language that the voice will speak."),
    text("custom_text", "Text to listen to the voice with."),
    flag("is_ondemand_resource", "Billed by usage."),
    texts("supported_service", "Services that may use the voice."),
)

PRIVATE_FIELDS = names("voice_authorization_url training_input_source_url")
"""Fields with signed addresses of the person's consent and recordings."""

LIST_VOICE_TRAINING_JOB = action(
    name="ListVoiceTrainingJob",
    summary="List voice modelling jobs.",
    method="GET",
    path="/v1/{project_id}/voice-training-manage/user/jobs",
    in_query=(
        *PAGE,
        *CREATED_FILTERS,
        text("update_until", "Latest time of the last change."),
        text("update_since", "Earliest time of the last change."),
        text("state", "State of the jobs."),
        text("job_id", "Id of the job."),
        text("voice_name", "Name of the voice."),
        text("tag", "Purpose of the voice."),
        text("job_type", "Type of the job."),
        text("batch_name", "Name of a batch of jobs."),
        *SORT,
        flag("is_ondemand_resource", "Billed by usage."),
    ),
    response_fields=names("count jobs"),
    private=PRIVATE_FIELDS,
)

COMMIT_VOICE_TRAINING_JOB = action(
    name="CommitVoiceTrainingJob",
    summary="Submit a voice modelling job whose recordings are uploaded.",
    method="POST",
    path="/v1/{project_id}/voice-training-manage/user/jobs/{job_id}",
    in_path=(JOB,),
    in_body=(
        *_ABOUT,
        text("voice_name", "Name of the voice."),
        text("language", "Language of the recordings."),
        text("phone", "Telephone number."),
        text("app_user_id", "User id of the application."),
        text("output_language", "Language that the voice will speak."),
        text("custom_text", "Text to listen to the voice with."),
    ),
)

SHOW_VOICE_TRAINING_JOB = action(
    name="ShowVoiceTrainingJob",
    summary="Return a voice modelling job.",
    method="GET",
    path="/v1/{project_id}/voice-training-manage/user/jobs/{job_id}",
    in_path=(JOB,),
    response_fields=names(
        "job_type job_id app_user_id voice_name sex language state reject_times asset_id "
        "job_failed_code job_failed_reason create_time lastupdate_time voice_authorization_url "
        "training_input_source_url create_type tag phone dhtms_job_id batch_name "
        "allocated_resource output_language is_remake assess_result is_ondemand_resource"
    ),
    private=PRIVATE_FIELDS,
)

DELETE_VOICE_TRAINING_JOB = action(
    name="DeleteVoiceTrainingJob",
    summary="Delete a voice modelling job.",
    method="DELETE",
    path="/v1/{project_id}/voice-training-manage/user/jobs/{job_id}",
    in_path=(JOB,),
)

LIST_JOB_OPERATION_LOG = action(
    name="ListJobOperationLog",
    summary="List the operations on a voice modelling job and their users.",
    method="GET",
    path="/v1/{project_id}/voice-training-manage/user/jobs/{job_id}/op-logs",
    in_path=(JOB,),
    in_query=(*PAGE,),
    response_fields=names("count operations"),
)

SHOW_JOB_UPLOADING_ADDRESS = action(
    name="ShowJobUploadingAddress",
    summary="Return the upload addresses of a voice modelling job.",
    method="GET",
    path="/v1/{project_id}/voice-training-manage/user/jobs/{job_id}/uploading-address-url",
    in_path=(JOB,),
    response_fields=names("segment_url package_url authorization_letter_uploading_url"),
)

SHOW_JOB_AUDIT_RESULT = action(
    name="ShowJobAuditResult",
    summary="Return the result of the review of the recordings.",
    method="GET",
    path="/v1/{project_id}/voice-training-manage/user/jobs/{job_id}/audit-result",
    in_path=(JOB,),
    response_fields=names("system_audit_result admin_audit_result"),
)

CONFIRM_TRAINING_SEGMENT = action(
    name="ConfirmTrainingSegment",
    summary="Check one recorded sentence.",
    method="POST",
    path="/v1/{project_id}/voice-training-manage/user/training-segment",
    in_query=(
        text("job_id", "Id of the job.", required=True),
        integer("index", "Number of the sentence.", required=True),
    ),
    response_fields=names("confirm_result unmatched_index_hit"),
)

SHOW_TRAINING_SEGMENT_INFO = action(
    name="ShowTrainingSegmentInfo",
    summary="List the recorded sentences that have passed.",
    method="GET",
    path="/v1/{project_id}/voice-training-manage/user/training-segment",
    in_query=(text("job_id", "Id of the job.", required=True),),
    response_fields=("confirmed_index",),
)

VOICE_JOB = JobKind(status_action=SHOW_VOICE_TRAINING_JOB, states=VOICE_STATES)


def _training(name: str, summary: str, kind: str, note: str = "") -> Action:
    return action(
        name=name,
        summary=summary,
        method="POST",
        path=f"/v1/{{project_id}}/voice-training-manage/user/{kind}-jobs",
        in_body=VOICE,
        response_fields=names(
            "job_id training_data_uploading_url segment_uploading_url authorization_letter_uploading_url"
        ),
        job=VOICE_JOB,
        note=note,
    )


CREATE_TRAINING_BASIC_JOB = _training(
    "CreateTrainingBasicJob", "Create a voice from recordings, basic edition.", "basic"
)

CREATE_TRAINING_MIDDLE_JOB = _training(
    "CreateTrainingMiddleJob", "Create a voice from recordings, advanced edition.", "middle"
)

CREATE_TRAINING_ADVANCE_JOB = _training(
    "CreateTrainingAdvanceJob", "Create a voice from recordings, premium edition.", "advance"
)

CREATE_TRAINING_THIRD_PARTY_JOB = _training(
    "CreateTrainingThirdPartyJob",
    "Create a voice from one long recording with another vendor's engine.",
    "third-party",
    note="the recording is a WAV file in a ZIP file",
)

SHOW_SHORT_JOB = action(
    name="ShowShortJob",
    summary="Return an assessment of recordings.",
    method="GET",
    path="/v1/{project_id}/voice-training-manage/user/short-jobs/{job_id}",
    in_path=(JOB,),
    response_fields=names(
        "job_type job_id state job_failed_code job_failed_reason create_time lastupdate_time assess_result"
    ),
)

COMMIT_SHORT_JOB = action(
    name="CommitShortJob",
    summary="Start an assessment whose recordings are uploaded.",
    method="POST",
    path="/v1/{project_id}/voice-training-manage/user/short-jobs/{job_id}",
    in_path=(JOB,),
)

CREATE_SHORT_JOB = action(
    name="CreateShortJob",
    summary="Create an assessment of the quality of recordings, before a voice is trained with them.",
    method="POST",
    path="/v1/{project_id}/voice-training-manage/user/short-jobs",
    in_body=(
        choice("job_type", ("VOICE_ASSESS",), "Type of the job.", required=True),
        text("language", "Language of the recordings: CN or EN."),
    ),
    response_fields=names("job_id data_uploading_url"),
    job=JobKind(status_action=SHOW_SHORT_JOB, states=VOICE_STATES.replace(awaiting_review=("CREATING",))),
)
