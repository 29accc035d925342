"""Operator for speech from text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from airflow_provider_viapi.huawei.services.metastudio import speech
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.operators.arguments.options import (
        Flag,
        HuaweiCloudJobOptions,
        Integer,
        Object,
        Text,
    )


class CreateSpeechOperator(HuaweiCloudJobOperator):
    """Generate speech from a text.

    Returns ``audio_file_url`` and, if requested, ``audio_info_file_url`` (time of each word),
    ``audio_srt_file_url`` (subtitles) and ``audio_action_file_url``, valid for 1 hour.

    :param text: text to speak
    :param voice_asset_id: asset id of the voice
    :param tts_text: text with markup of the speech engine
    :param speed: speed in percent: 100 is normal, 50 half, 200 double
    :param pitch: 100 is normal
    :param volume: volume
    :param audio_format: ``WAV`` or ``MP3``; default: ``WAV``
    :param need_timestamp: also return the time of each word
    :param silence_flag: return silence instead of an error
    :param silence_time_ms: length of that silence in milliseconds
    :param callback_config: callback after the end of the job (``callback_url``); not needed to wait for it
    :param gen_srt: also generate subtitles
    :param srt_len: length of the longest line of subtitles
    :param srt_line_limit: lines of a subtitle; default: 1
    :param slice_segments: split the text into segments
    :param channels: 1 (mono) or 2 (stereo)
    :param output_external_url: URL that the audio is uploaded to; needs permission from Huawei
    :param srt_output_external_url: URL that the subtitles are uploaded to; needs permission from Huawei
    :param action_output_external_url: URL that the file of movements is uploaded to; needs permission
        from Huawei
    :param is_vocabulary_config_enable: apply the vocabulary
    :param is_concurrent_resource: use a prepaid concurrent resource
    :param priority: 0–10, 0 is first; default: 5. Airflow's own priority is ``priority_weight``
    """

    action = speech.CREATE_ASYNC_TTS_JOB

    def __init__(
        self,
        *,
        text: Text,
        voice_asset_id: Text,
        tts_text: Text | None = None,
        speed: Integer | None = None,
        pitch: Integer | None = None,
        volume: Integer | None = None,
        audio_format: Literal["WAV", "MP3"] | XComArg | None = None,
        need_timestamp: Flag | None = None,
        silence_flag: Flag | None = None,
        silence_time_ms: Integer | None = None,
        callback_config: Object | None = None,
        gen_srt: Flag | None = None,
        srt_len: Integer | None = None,
        srt_line_limit: Integer | None = None,
        slice_segments: Flag | None = None,
        channels: Literal[1, 2] | XComArg | None = None,
        output_external_url: Text | None = None,
        srt_output_external_url: Text | None = None,
        action_output_external_url: Text | None = None,
        is_vocabulary_config_enable: Flag | None = None,
        is_concurrent_resource: Flag | None = None,
        priority: Integer | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
    ) -> None:
        request = {
            "text": text,
            "voice_asset_id": voice_asset_id,
            "tts_text": tts_text,
            "speed": speed,
            "pitch": pitch,
            "volume": volume,
            "audio_format": audio_format,
            "need_timestamp": need_timestamp,
            "silence_flag": silence_flag,
            "silence_time_ms": silence_time_ms,
            "callback_config": callback_config,
            "gen_srt": gen_srt,
            "srt_len": srt_len,
            "srt_line_limit": srt_line_limit,
            "slice_segments": slice_segments,
            "channels": channels,
            "output_external_url": output_external_url,
            "srt_output_external_url": srt_output_external_url,
            "action_output_external_url": action_output_external_url,
            "is_vocabulary_config_enable": is_vocabulary_config_enable,
            "is_concurrent_resource": is_concurrent_resource,
            "priority": priority,
        }
        super().__init__(request=request, **kwargs)
