"""Image and voice modelling, with typed arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_viapi.huawei.calls.group import Answer, Group
from airflow_provider_viapi.huawei.services import metastudio

if TYPE_CHECKING:
    from typing_extensions import Required, Unpack


class ImageModel(TypedDict, total=False):
    """Arguments of ``ImageModels.create``."""

    name: Required[str]
    contact: str
    command_message: str
    video_multipart_count: int
    action_video_multipart_count: int
    is_background_replacement: bool
    batch_name: str
    tags: Sequence[str]
    model_version: str
    is_ondemand_resource: bool
    is_flexus: bool
    is_fast_flexus: bool
    is_live_copy: bool
    is_only_human_model: bool
    audio_source_type: str
    voice_properties: Mapping[str, Any]
    supported_service: Sequence[str]


class ImageModelFilter(TypedDict, total=False):
    """Arguments of ``ImageModels.list``."""

    offset: int
    limit: int
    state: str
    sort_key: str
    sort_dir: str
    create_until: str
    create_since: str
    query_project_id: str
    update_since: str
    update_until: str
    batch_name: str
    tag: str
    job_id: str
    name: str
    model_resolution: str
    is_flexus: bool
    is_live_copy: bool
    train_location: str
    is_ondemand_resource: bool


class ImageModelChange(TypedDict, total=False):
    """Arguments of ``ImageModels.update``."""

    name: str
    contact: str
    command_message: str
    video_multipart_count: int
    action_video_multipart_count: int
    is_background_replacement: bool
    batch_name: str
    tags: Sequence[str]
    is_fast_flexus: bool
    samples_basic_info: Sequence[Mapping[str, Any]]
    voice_properties: Mapping[str, Any]
    supported_service: Sequence[str]
    audio_source_type: str


class VoiceModel(TypedDict, total=False):
    """Arguments of ``VoiceModels.create_basic`` and ``VoiceModels.create_advanced`` and the like."""

    tag: str
    description: str
    sex: str
    voice_name: Required[str]
    language: str
    create_type: str
    phone: str
    dhtms_job_id: str
    batch_name: str
    output_language: str
    custom_text: str
    is_ondemand_resource: bool
    supported_service: Sequence[str]


class VoiceModelFilter(TypedDict, total=False):
    """Arguments of ``VoiceModels.list``."""

    offset: int
    limit: int
    create_until: str
    create_since: str
    update_until: str
    update_since: str
    state: str
    job_id: str
    voice_name: str
    tag: str
    job_type: str
    batch_name: str
    sort_key: str
    sort_dir: str
    is_ondemand_resource: bool


class VoiceModelHandIn(TypedDict, total=False):
    """Arguments of ``VoiceModels.submit``."""

    tag: str
    description: str
    sex: str
    voice_name: str
    language: str
    phone: str
    app_user_id: str
    output_language: str
    custom_text: str


class ImageModels(Group):
    """Image modelling: an avatar made of a person."""

    def create(self, **fields: Unpack[ImageModel]) -> Answer:
        """Have an avatar made of a person; people at Huawei review it."""
        return self._call(metastudio.images.CREATE_2D_MODEL_TRAINING_JOB, fields)

    def list(self, **fields: Unpack[ImageModelFilter]) -> Answer:
        """The image modelling jobs that fit."""
        return self._call(metastudio.images.LIST_2D_MODEL_TRAINING_JOB, fields)

    def show(self, job_id: str) -> Answer:
        """How an image modelling job stands."""
        return self._call(metastudio.images.SHOW_2D_MODEL_TRAINING_JOB, {"job_id": job_id})

    def update(self, job_id: str, **fields: Unpack[ImageModelChange]) -> Answer:
        """Change an image modelling job, or have files uploaded anew."""
        return self._call(metastudio.images.UPDATE_2D_MODEL_TRAINING_JOB, {"job_id": job_id, **fields})

    def delete(self, job_id: str) -> Answer:
        """Delete an image modelling job."""
        return self._call(metastudio.images.DELETE_2D_MODEL_TRAINING_JOB, {"job_id": job_id})

    def command(
        self,
        job_id: str,
        *,
        command: str,
        command_message: str | None = None,
        comment_data: Mapping[str, Any] | None = None,
        operation_reason: str | None = None,
    ) -> Answer:
        """Hand the files of an image modelling job in, accept or reject its result."""
        return self._call(
            metastudio.images.EXECUTE_2D_MODEL_TRAINING_COMMAND_BY_USER,
            {
                "job_id": job_id,
                "command": command,
                "command_message": command_message,
                "comment_data": comment_data,
                "operation_reason": operation_reason,
            },
        )


class VoiceModels(Group):
    """Voice modelling: a voice made of a person's."""

    def create_basic(self, **fields: Unpack[VoiceModel]) -> Answer:
        """Have a voice made of a person's, basic edition."""
        return self._call(metastudio.voices.CREATE_TRAINING_BASIC_JOB, fields)

    def create_advanced(self, **fields: Unpack[VoiceModel]) -> Answer:
        """Have a voice made of a person's, advanced edition."""
        return self._call(metastudio.voices.CREATE_TRAINING_MIDDLE_JOB, fields)

    def create_premium(self, **fields: Unpack[VoiceModel]) -> Answer:
        """Have a voice made of a person's, premium edition."""
        return self._call(metastudio.voices.CREATE_TRAINING_ADVANCE_JOB, fields)

    def list(self, **fields: Unpack[VoiceModelFilter]) -> Answer:
        """The voice modelling jobs that fit."""
        return self._call(metastudio.voices.LIST_VOICE_TRAINING_JOB, fields)

    def submit(self, job_id: str, **fields: Unpack[VoiceModelHandIn]) -> Answer:
        """Hand in a voice modelling job whose recordings are uploaded."""
        return self._call(metastudio.voices.COMMIT_VOICE_TRAINING_JOB, {"job_id": job_id, **fields})

    def show(self, job_id: str) -> Answer:
        """How a voice modelling job stands."""
        return self._call(metastudio.voices.SHOW_VOICE_TRAINING_JOB, {"job_id": job_id})

    def delete(self, job_id: str) -> Answer:
        """Delete a voice modelling job."""
        return self._call(metastudio.voices.DELETE_VOICE_TRAINING_JOB, {"job_id": job_id})

    def log(self, job_id: str, *, offset: int | None = None, limit: int | None = None) -> Answer:
        """What was done with a voice modelling job, and by whom."""
        return self._call(
            metastudio.voices.LIST_JOB_OPERATION_LOG, {"job_id": job_id, "offset": offset, "limit": limit}
        )

    def upload_address(self, job_id: str) -> Answer:
        """Where the recordings of a voice modelling job are put."""
        return self._call(metastudio.voices.SHOW_JOB_UPLOADING_ADDRESS, {"job_id": job_id})

    def review(self, job_id: str) -> Answer:
        """What the review of the recordings has found."""
        return self._call(metastudio.voices.SHOW_JOB_AUDIT_RESULT, {"job_id": job_id})

    def confirm_sentence(self, *, job_id: str, index: int) -> Answer:
        """Have one recorded sentence checked."""
        return self._call(metastudio.voices.CONFIRM_TRAINING_SEGMENT, {"job_id": job_id, "index": index})

    def confirmed_sentences(self, *, job_id: str) -> Answer:
        """Which recorded sentences have passed."""
        return self._call(metastudio.voices.SHOW_TRAINING_SEGMENT_INFO, {"job_id": job_id})
