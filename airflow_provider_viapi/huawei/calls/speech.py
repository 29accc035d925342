"""Speech and vocabulary, with typed arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_viapi.huawei.calls.group import Answer, Group
from airflow_provider_viapi.huawei.services import metastudio

if TYPE_CHECKING:
    from typing_extensions import Required, Unpack


class NewSpeech(TypedDict, total=False):
    """Arguments of ``Speech.create``."""

    text: Required[str]
    tts_text: str
    voice_asset_id: Required[str]
    speed: int
    pitch: int
    volume: int
    audio_format: str
    need_timestamp: bool
    silence_flag: bool
    silence_time_ms: int
    callback_config: Mapping[str, Any]
    gen_srt: bool
    srt_len: int
    srt_line_limit: int
    slice_segments: bool
    channels: int
    output_external_url: str
    srt_output_external_url: str
    action_output_external_url: str
    is_vocabulary_config_enable: bool
    is_concurrent_resource: bool
    priority: int


class SpeechFilter(TypedDict, total=False):
    """Arguments of ``Speech.list``."""

    limit: int
    offset: int
    create_since: str
    create_until: str
    job_id: str
    job_type: str
    tts_service_enum: str
    business_type: str


class VoiceTrial(TypedDict, total=False):
    """Arguments of ``Speech.try_voice``."""

    text: Required[str]
    tts_text: str
    emotion: Required[str]
    speed: int
    pitch: int
    volume: int
    business_type: str
    style: str
    channels: int
    is_vocabulary_config_enable: bool


class VocabularyFilter(TypedDict, total=False):
    """Arguments of ``Vocabulary.list``."""

    type: str
    tts_service_name: str
    is_vocabulary_config_enable: str
    group_id: str
    asset_id: str
    limit: int
    offset: int
    start_time: str
    end_time: str
    search_key: str


class Speech(Group):
    """Speech from text."""

    def create(self, **fields: Unpack[NewSpeech]) -> Answer:
        """Have a text spoken."""
        return self._call(metastudio.speech.CREATE_ASYNC_TTS_JOB, fields)

    def show(self, job_id: str) -> Answer:
        """How speech stands that was asked for."""
        return self._call(metastudio.speech.SHOW_ASYNC_TTS_JOB, {"job_id": job_id})

    def list(self, **fields: Unpack[SpeechFilter]) -> Answer:
        """The speech that was asked for, as far as it fits."""
        return self._call(metastudio.speech.SHOW_TTS_JOB, fields)

    def try_voice(self, **fields: Unpack[VoiceTrial]) -> Answer:
        """Have a short text spoken, to listen to a voice."""
        return self._call(metastudio.speech.CREATE_TTS_AUDITION, fields)

    def show_trial(self, job_id: str) -> Answer:
        """The pieces of such speech that are done."""
        return self._call(metastudio.speech.SHOW_TTS_AUDITION_FILE, {"job_id": job_id})

    def pronounce(self, *, word: str, offset: int | None = None, limit: int | None = None) -> Answer:
        """How a word is pronounced."""
        return self._call(
            metastudio.speech.SHOW_TTS_PHONETIC_SYMBOL, {"word": word, "offset": offset, "limit": limit}
        )

    def check_voice(self, voice_asset_id: str) -> Answer:
        """Whether a voice may be used."""
        return self._call(metastudio.speech.CHECK_VOICE_ASSET, {"voice_asset_id": voice_asset_id})


class Vocabulary(Group):
    """How words are read."""

    def create(
        self, *, type: str, key: str | None = None, value: str | None = None, group_id: str | None = None
    ) -> Answer:
        """Say how a word is to be read."""
        return self._call(
            metastudio.vocabulary.CREATE_TTSC_VOCABULARY_CONFIGS,
            {"type": type, "key": key, "value": value, "group_id": group_id},
        )

    def list(self, **fields: Unpack[VocabularyFilter]) -> Answer:
        """Words with a reading of their own."""
        return self._call(metastudio.vocabulary.LIST_TTSC_VOCABULARY_CONFIGS, fields)

    def update(
        self,
        vocabulary_id: str,
        *,
        type: str,
        key: str | None = None,
        value: str | None = None,
        group_id: str | None = None,
    ) -> Answer:
        """Change how a word is read."""
        return self._call(
            metastudio.vocabulary.SAVE_TTSC_VOCABULARY_CONFIGS,
            {"vocabulary_id": vocabulary_id, "type": type, "key": key, "value": value, "group_id": group_id},
        )

    def delete(
        self, *, offset: int | None = None, limit: int | None = None, id: Sequence[str] | None = None
    ) -> Answer:
        """Forget how words are read."""
        return self._call(
            metastudio.vocabulary.DELETE_TTSC_VOCABULARY_CONFIGS, {"offset": offset, "limit": limit, "id": id}
        )

    def create_group(self, *, group_name: str | None = None) -> Answer:
        """Make a group of such words."""
        return self._call(metastudio.vocabulary.CREATE_TTSC_VOCABULARY_GROUPS, {"group_name": group_name})

    def list_groups(
        self, *, limit: int | None = None, offset: int | None = None, group_id: str | None = None
    ) -> Answer:
        """The groups of words."""
        return self._call(
            metastudio.vocabulary.LIST_TTSC_VOCABULARY_GROUPS,
            {"limit": limit, "offset": offset, "group_id": group_id},
        )

    def update_group(self, group_id: str, *, group_name: str | None = None) -> Answer:
        """Rename a group of words."""
        return self._call(
            metastudio.vocabulary.UPDATE_TTSC_VOCABULARY_GROUPS,
            {"group_id": group_id, "group_name": group_name},
        )

    def delete_group(self, group_id: str, *, offset: int | None = None, limit: int | None = None) -> Answer:
        """Delete a group of words."""
        return self._call(
            metastudio.vocabulary.DELETE_TTSC_VOCABULARY_GROUPS,
            {"group_id": group_id, "offset": offset, "limit": limit},
        )

    def set_voices(self, group_id: str, *, asset_ids: Sequence[str] | None = None) -> Answer:
        """Say which voices heed a group of words."""
        return self._call(
            metastudio.vocabulary.SET_TTSC_GROUP_ASSETS, {"group_id": group_id, "asset_ids": asset_ids}
        )

    def switch(self, *, key: str, value: str, id: str | None = None) -> Answer:
        """Switch the vocabulary on or off."""
        return self._call(
            metastudio.vocabulary.SAVE_TTSC_TENANT_CONFIGS, {"key": key, "value": value, "id": id}
        )

    def switches(
        self, *, offset: int | None = None, limit: int | None = None, key: str | None = None
    ) -> Answer:
        """Whether the vocabulary is on."""
        return self._call(
            metastudio.vocabulary.SHOW_VOCABULARY_SWITCH_CONFIGS,
            {"offset": offset, "limit": limit, "key": key},
        )
