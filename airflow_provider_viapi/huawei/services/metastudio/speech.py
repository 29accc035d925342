"""Speech from text."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import Action, JobKind, States
from airflow_provider_viapi.huawei.services.metastudio.service import (
    CREATED_FILTERS,
    JOB,
    PAGE,
    SERVICE,
    choice,
    flag,
    integer,
    names,
    structure,
    text,
)
from airflow_provider_viapi.result_fields import ResultField

SPEECH_STATES = States(pending=names("WAITING PROCESSING"), succeeded=("SUCCEED",), failed=("FAILED",))
"""Of speech that was asked for."""

CREATE_TTS_AUDITION = Action(
    service=SERVICE,
    name="CreateTtsAudition",
    summary="Generate a short speech sample of a voice.",
    method="POST",
    path="/v1/{project_id}/ttsc/audition",
    in_body=(
        text("text", "Text to speak.", required=True),
        text("tts_text", "The text with the engine's own marks."),
        text("emotion", "Asset of the voice.", required=True),
        integer("speed", "Speed; 100 is usual, 50 half, 200 double."),
        integer("pitch", "Pitch; 100 is usual."),
        integer("volume", "Loudness."),
        text("business_type", "What the listening is for."),
        text("style", "Style of speech."),
        integer("channels", "1 mono, 2 stereo.", minimum=1, maximum=2),
        flag("is_vocabulary_config_enable", "Apply the vocabulary."),
    ),
    response_fields=("job_id",),
)

SHOW_TTS_AUDITION_FILE = Action(
    service=SERVICE,
    name="ShowTtsAuditionFile",
    summary="Return the finished parts of a speech sample.",
    method="GET",
    path="/v1/{project_id}/ttsc/audition-file/{job_id}",
    in_path=(JOB,),
    response_fields=names("is_file_complete code message files"),
    idempotent=True,
)

SHOW_ASYNC_TTS_JOB = Action(
    service=SERVICE,
    name="ShowAsyncTtsJob",
    summary="Return a job of speech.",
    method="GET",
    path="/v1/{project_id}/ttsc/async-jobs/{job_id}",
    in_path=(JOB,),
    response_fields=names(
        "state code message audio_file_url audio_info_file_url audio_srt_file_url audio_action_file_url"
    ),
    idempotent=True,
)

SHOW_TTS_JOB = Action(
    service=SERVICE,
    name="ShowTtsJob",
    summary="List jobs of speech.",
    method="GET",
    path="/v1/{project_id}/ttsc/tts-jobs",
    in_query=(
        *PAGE,
        *CREATED_FILTERS,
        text("job_id", "Id of the job."),
        text("job_type", "Kind of the job."),
        text("tts_service_enum", "Engine."),
        text("business_type", "What the listening is for."),
    ),
    response_fields=names("count data"),
    idempotent=True,
)

SHOW_TTS_PHONETIC_SYMBOL = Action(
    service=SERVICE,
    name="ShowTtsPhoneticSymbol",
    summary="How a word is pronounced.",
    method="GET",
    path="/v1/{project_id}/ttsc/phonetic-symbol",
    in_query=(*PAGE, text("word", "Word.", required=True)),
    response_fields=("data",),
    idempotent=True,
)

CHECK_VOICE_ASSET = Action(
    service=SERVICE,
    name="CheckVoiceAsset",
    summary="Whether a voice may be used.",
    method="POST",
    path="/v1/{project_id}/ttsc/check-voice-asset/{voice_asset_id}",
    in_path=(text("voice_asset_id", "Asset of the voice.", required=True),),
    response_fields=names(
        "asset_id asset_name asset_type asset_state create_time update_time asset_extra_meta files"
    ),
    idempotent=True,
)

CREATE_ASYNC_TTS_JOB = Action(
    service=SERVICE,
    name="CreateAsyncTtsJob",
    summary="Have a text spoken.",
    method="POST",
    path="/v1/{project_id}/ttsc/async-jobs",
    in_body=(
        text("text", "Text to speak.", required=True),
        text("tts_text", "The text with the engine's own marks."),
        text("voice_asset_id", "Asset of the voice.", required=True),
        integer("speed", "Speed; 100 is usual, 50 half, 200 double."),
        integer("pitch", "Pitch; 100 is usual."),
        integer("volume", "Loudness."),
        choice("audio_format", ("WAV", "MP3"), "Default: WAV."),
        flag("need_timestamp", "Return when each word is spoken."),
        flag("silence_flag", "Silence instead of an error."),
        integer("silence_time_ms", "Milliseconds of such silence."),
        structure(
            "callback_config",
            "Receiver of a call when the job has ended, and the key that signs it.",
            required_fields=("callback_url",),
        ),
        flag("gen_srt", "Make subtitles too."),
        integer("srt_len", "Longest line of subtitles."),
        integer("srt_line_limit", "Lines of subtitles; default: 1."),
        flag("slice_segments", "Cut the text into pieces."),
        integer("channels", "1 mono, 2 stereo.", minimum=1, maximum=2),
        text("output_external_url", "Where the sound is put; only for accounts that are let to."),
        text("srt_output_external_url", "Where the subtitles are put; only for accounts that are let to."),
        text(
            "action_output_external_url",
            "Where the file of movements is put; only for accounts that are let to.",
        ),
        flag("is_vocabulary_config_enable", "Apply the vocabulary."),
        flag("is_concurrent_resource", "Pay with a prepaid place."),
        integer("priority", "0 is the highest; default: 5.", maximum=10),
    ),
    response_fields=("job_id",),
    job=JobKind(
        status_action=SHOW_ASYNC_TTS_JOB,
        states=SPEECH_STATES,
        files=(
            ResultField("audio_file_url", "file", "The speech."),
            ResultField("audio_info_file_url", "file", "When each word is spoken."),
            ResultField("audio_srt_file_url", "file", "The subtitles."),
            ResultField("audio_action_file_url", "file", "The movements that go with it."),
        ),
    ),
)
