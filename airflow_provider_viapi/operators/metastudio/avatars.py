"""Operator for avatars after recordings of a human."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.huawei.services.metastudio import avatars
from airflow_provider_viapi.operators.arguments.checks import is_templated, set_default
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.metastudio.training_files import (
    OCTETS,
    REVIEW_TIMEOUT,
    ZIP,
    UploadingModelOperator,
    check_media,
    check_zip,
    checked_files,
    upload_address,
)
from airflow_provider_viapi.storage_addresses import as_address

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.jobs.model import Job
    from airflow_provider_viapi.operators.arguments.options import (
        Address,
        Flag,
        HuaweiCloudJobOptions,
        Object,
        Text,
        TextList,
    )

VIDEO_SIZES = ((1920, 1080), (3840, 2160))
"""Sizes of videos for avatars, upright or landscape [SDK, error 44005901]."""


class CreateAvatarModelOperator(UploadingModelOperator):
    """Create an avatar of a human: create the job, upload its files, submit them for review, wait.

    This takes days, because people review the files: wait with ``deferrable=True``. Default of ``job_timeout``: 7
    days. An account that has to confirm the result does so with
    ``metastudio.Execute2dModelTrainingCommandByUser``, command ``CONFIRM_ACCEPT``.

    Returns the job: ``asset_id`` of the avatar, ``state`` and so on, without addresses of recordings and papers.

    :param name: name of the avatar
    :param training_video: video of the human: MP4, 1080p or 4K, 3 to 10 minutes, in any storage that Airflow's
        ``ObjectStoragePath`` opens
    :param grant_file: file of the human's consent; outside of North America the review fails without it
    :param id_card_image1: picture of the front of the human's identity card; likewise
    :param id_card_image2: picture of its back; likewise
    :param action_video: video of movements, of the same kind as ``training_video``
    :param audio: ZIP file of recordings of the voice
    :param cover: picture of the avatar for lists
    :param contact: telephone number; it is stored with the job
    :param is_background_replacement: the background, a green screen, will be replaced
    :param batch_name: name of a batch of jobs
    :param tags: tags
    :param model_version: ``V3.2`` or ``V3.3``; default: that of the edition
    :param is_ondemand_resource: billed by usage
    :param is_flexus: Flexus (basic) edition
    :param is_fast_flexus: fast variant of the Flexus edition
    :param is_only_human_model: train no voice with the avatar; Flexus edition only
    :param audio_source_type: source from which the voice is trained: ``VIDEO`` or ``AUDIO``
    :param voice_properties: ``job_tag``, ``sex`` and ``language`` of the voice
    :param supported_service: services that may use the avatar
    """

    action = avatars.CREATE_2D_MODEL_TRAINING_JOB
    file_arguments = (
        "training_video",
        "action_video",
        "audio",
        "cover",
        "id_card_image1",
        "id_card_image2",
        "grant_file",
    )
    template_fields: Sequence[str] = (*HuaweiCloudJobOperator.template_fields, *file_arguments)
    waits_for_files = "WAIT_FILE_UPLOAD"

    def __init__(
        self,
        *,
        name: Text,
        training_video: Address,
        grant_file: Address | None = None,
        id_card_image1: Address | None = None,
        id_card_image2: Address | None = None,
        action_video: Address | None = None,
        audio: Address | None = None,
        cover: Address | None = None,
        contact: Text | None = None,
        is_background_replacement: Flag | None = None,
        batch_name: Text | None = None,
        tags: TextList | None = None,
        model_version: Text | None = None,
        is_ondemand_resource: Flag | None = None,
        is_flexus: Flag | None = None,
        is_fast_flexus: Flag | None = None,
        is_only_human_model: Flag | None = None,
        audio_source_type: Literal["VIDEO", "AUDIO"] | XComArg | None = None,
        voice_properties: Object | None = None,
        supported_service: TextList | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
    ) -> None:
        request = {
            "name": name,
            "contact": contact,
            "is_background_replacement": is_background_replacement,
            "batch_name": batch_name,
            "tags": tags,
            "model_version": model_version,
            "is_ondemand_resource": is_ondemand_resource,
            "is_flexus": is_flexus,
            "is_fast_flexus": is_fast_flexus,
            "is_only_human_model": is_only_human_model,
            "audio_source_type": audio_source_type,
            "voice_properties": voice_properties,
            "supported_service": supported_service,
        }
        set_default(kwargs, "job_timeout", REVIEW_TIMEOUT)
        super().__init__(request=request, **kwargs)
        self.training_video: Any = as_address(training_video)
        self.action_video: Any = as_address(action_video)
        self.audio: Any = as_address(audio)
        self.cover: Any = as_address(cover)
        self.id_card_image1: Any = as_address(id_card_image1)
        self.id_card_image2: Any = as_address(id_card_image2)
        self.grant_file: Any = as_address(grant_file)
        checked_files(self, is_templated)

    def check_file(self, name: str, address: str) -> None:
        """Refuse a video of another type, size or length, and what does not exist."""
        if name in ("training_video", "action_video"):
            min_seconds = 180 if name == "training_video" else None
            check_media(
                name, address, self, ("mp4",), sizes=VIDEO_SIZES, min_seconds=min_seconds, max_seconds=600
            )
        else:
            check_zip(name, address, self, needs_zip=name == "audio")

    def upload_addresses(self, job: Job, context: Context) -> Iterator[tuple[str, str, str | None]]:
        """Yield new addresses of the files; each can be used once."""
        response = self.hook.call(avatars.UPDATE_2D_MODEL_TRAINING_JOB, {"job_id": job.id})
        for name in self.files:
            yield (
                name,
                upload_address(response, f"{name}_upload_url", job),
                ZIP if name == "audio" else OCTETS,
            )

    def submit_files(self, job: Job) -> None:
        """Submit the files for review.

        :raises ServiceError: the service refuses them
        """
        command = avatars.EXECUTE_2D_MODEL_TRAINING_COMMAND_BY_USER
        response = self.hook.call(command, {"job_id": job.id, "command": "SUBMITVERIFYING"})
        if response.get("commond_result") == "EXCUTE_FAILED":
            reason = response.get("excute_failed_msg") or "no reason given"
            raise ServiceError(
                f"the files of job {job.id} were not accepted: {reason}",
                code="UploadRejected",
                action=command.name,
            )
