"""Speech from text."""

from __future__ import annotations

from airflow_provider_viapi.huawei.model import JobKind, States
from airflow_provider_viapi.huawei.services.metastudio.service import (
    CALLBACK,
    CREATED_FILTERS,
    JOB,
    PAGE,
    action,
    choice,
    flag,
    integer,
    names,
    text,
    url,
)
from airflow_provider_viapi.result_fields import ResultField

SPEECH_STATES = States(pending=names("WAITING PROCESSING"), succeeded=("SUCCEED",), failed=("FAILED",))
"""Of speech that was asked for."""

CREATE_TTS_AUDITION = action(
    name="CreateTtsAudition",
    summary="Generate a short speech sample of a voice.",
    method="POST",
    path="/v1/{project_id}/ttsc/audition",
    in_body=(
        text("text", "Text to speak.", required=True),
        text("tts_text", "Text with markup of the speech engine."),
        text("emotion", "Asset id of the voice.", required=True),
        integer("speed", "Speed in percent: 100 is normal, 50 half, 200 double."),
        integer("pitch", "Pitch: 100 is normal."),
        integer("volume", "Volume."),
        text("business_type", "Purpose of the speech."),
        text("style", "Style of speech."),
        integer("channels", "1: mono, 2: stereo.", minimum=1, maximum=2),
        flag("is_vocabulary_config_enable", "Apply the vocabulary."),
    ),
    response_fields=("job_id",),
)

SHOW_TTS_AUDITION_FILE = action(
    name="ShowTtsAuditionFile",
    summary="Return the finished parts of a speech sample.",
    method="GET",
    path="/v1/{project_id}/ttsc/audition-file/{job_id}",
    in_path=(JOB,),
    response_fields=names("is_file_complete code message files"),
)

SHOW_ASYNC_TTS_JOB = action(
    name="ShowAsyncTtsJob",
    summary="Return a speech job.",
    method="GET",
    path="/v1/{project_id}/ttsc/async-jobs/{job_id}",
    in_path=(JOB,),
    response_fields=names(
        "state code message audio_file_url audio_info_file_url audio_srt_file_url audio_action_file_url"
    ),
)

SHOW_TTS_JOB = action(
    name="ShowTtsJob",
    summary="List speech jobs.",
    method="GET",
    path="/v1/{project_id}/ttsc/tts-jobs",
    in_query=(
        *PAGE,
        *CREATED_FILTERS,
        text("job_id", "Id of the job."),
        text("job_type", "Type of the job."),
        text("tts_service_enum", "Speech engine."),
        text("business_type", "Purpose of the speech."),
    ),
    response_fields=names("count data"),
)

SHOW_TTS_PHONETIC_SYMBOL = action(
    name="ShowTtsPhoneticSymbol",
    summary="Return the pronunciation of a word.",
    method="GET",
    path="/v1/{project_id}/ttsc/phonetic-symbol",
    in_query=(*PAGE, text("word", "Word.", required=True)),
    response_fields=("data",),
)

CHECK_VOICE_ASSET = action(
    name="CheckVoiceAsset",
    summary="Check whether a voice may be used, and return its asset.",
    method="POST",
    path="/v1/{project_id}/ttsc/check-voice-asset/{voice_asset_id}",
    in_path=(text("voice_asset_id", "Asset id of the voice.", required=True),),
    response_fields=names(
        "asset_id asset_name asset_type asset_state create_time update_time asset_extra_meta files"
    ),
    repeatable=True,
)

CREATE_ASYNC_TTS_JOB = action(
    name="CreateAsyncTtsJob",
    summary="Generate speech from a text.",
    method="POST",
    path="/v1/{project_id}/ttsc/async-jobs",
    in_body=(
        text("text", "Text to speak.", required=True),
        text("tts_text", "Text with markup of the speech engine."),
        text("voice_asset_id", "Asset id of the voice.", required=True),
        integer("speed", "Speed in percent: 100 is normal, 50 half, 200 double."),
        integer("pitch", "Pitch: 100 is normal."),
        integer("volume", "Volume."),
        choice("audio_format", ("WAV", "MP3"), "Format of the audio; default: WAV."),
        flag("need_timestamp", "Also return the time of each word."),
        flag("silence_flag", "Return silence instead of an error."),
        integer("silence_time_ms", "Length of that silence in milliseconds."),
        CALLBACK,
        flag("gen_srt", "Also generate subtitles."),
        integer("srt_len", "Length of the longest line of subtitles."),
        integer("srt_line_limit", "Lines of a subtitle; default: 1."),
        flag("slice_segments", "Split the text into segments."),
        integer("channels", "1: mono, 2: stereo.", minimum=1, maximum=2),
        url("output_external_url", "URL that the audio is uploaded to; needs permission from Huawei."),
        url(
            "srt_output_external_url", "URL that the subtitles are uploaded to; needs permission from Huawei."
        ),
        url(
            "action_output_external_url",
            "URL that the file of movements is uploaded to; needs permission from Huawei.",
        ),
        flag("is_vocabulary_config_enable", "Apply the vocabulary."),
        flag("is_concurrent_resource", "Use a prepaid concurrent resource."),
        integer("priority", "Priority of the job: 0 is the highest; default: 5.", maximum=10),
    ),
    response_fields=("job_id",),
    job=JobKind(
        status_action=SHOW_ASYNC_TTS_JOB,
        states=SPEECH_STATES,
        files=(
            ResultField("audio_file_url", "file", "The speech."),
            ResultField("audio_info_file_url", "file", "Time of each word."),
            ResultField("audio_srt_file_url", "file", "The subtitles."),
            ResultField("audio_action_file_url", "file", "Movements that match the speech."),
        ),
    ),
)
