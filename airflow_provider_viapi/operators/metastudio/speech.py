"""Speech from text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator


class CreateSpeechOperator(HuaweiCloudJobOperator):
    """Have a text spoken.

    Returns ``audio_file_url`` and, if asked for, ``audio_info_file_url`` (when each word is spoken),
    ``audio_srt_file_url`` (subtitles) and ``audio_action_file_url``, good for a day.

    :param text: the text to speak
    :param voice_asset_id: asset of the voice
    :param tts_text: the text with the engine's own marks
    :param speed: 100 is usual, 50 half as fast, 200 twice
    :param pitch: 100 is usual
    :param volume: loudness
    :param audio_format: ``WAV`` or ``MP3``; ``WAV`` unless given
    :param need_timestamp: tell when each word is spoken
    :param silence_flag: silence instead of an error
    :param silence_time_ms: milliseconds of such silence
    :param callback_config: whom to tell when it has ended (``callback_url``); not needed for the waiting
    :param gen_srt: make subtitles too
    :param srt_len: longest line of subtitles
    :param srt_line_limit: lines of subtitles; 1 unless given
    :param slice_segments: cut the text into pieces
    :param channels: 1 mono, 2 stereo
    :param output_external_url: where the sound is put; only for accounts that are let to
    :param srt_output_external_url: where the subtitles are put; only for accounts that are let to
    :param action_output_external_url: where the file of movements is put; only for accounts that are let to
    :param is_vocabulary_config_enable: heed the vocabulary
    :param is_concurrent_resource: pay with a prepaid place
    :param priority: 0–10, 0 comes first; 5 unless given. Airflow's own is ``priority_weight``
    """

    action = metastudio.speech.CREATE_ASYNC_TTS_JOB

    def __init__(
        self,
        *,
        text: str,
        voice_asset_id: str,
        tts_text: str | None = None,
        speed: int | None = None,
        pitch: int | None = None,
        volume: int | None = None,
        audio_format: Literal["WAV", "MP3"] | None = None,
        need_timestamp: bool | None = None,
        silence_flag: bool | None = None,
        silence_time_ms: int | None = None,
        callback_config: Mapping[str, Any] | None = None,
        gen_srt: bool | None = None,
        srt_len: int | None = None,
        srt_line_limit: int | None = None,
        slice_segments: bool | None = None,
        channels: Literal[1, 2] | None = None,
        output_external_url: str | None = None,
        srt_output_external_url: str | None = None,
        action_output_external_url: str | None = None,
        is_vocabulary_config_enable: bool | None = None,
        is_concurrent_resource: bool | None = None,
        priority: int | None = None,
        **kwargs: Any,
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
