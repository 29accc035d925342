"""Operators for voices after recordings: assess the recordings, train the voice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import TransientError
from airflow_provider_viapi.huawei.services.metastudio import voices
from airflow_provider_viapi.operators.arguments.checks import as_choice, is_templated, set_default
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.metastudio.training_files import (
    REVIEW_TIMEOUT,
    ZIP,
    UploadingModelOperator,
    check_zip,
    checked_files,
    upload_address,
)
from airflow_provider_viapi.storage_addresses import as_address

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg
    from typing_extensions import Unpack

    from airflow_provider_viapi.huawei.job_backend import HuaweiSubmitBackend
    from airflow_provider_viapi.huawei.model import Action
    from airflow_provider_viapi.jobs.model import Job
    from airflow_provider_viapi.operators.arguments.options import (
        Address,
        Flag,
        HuaweiCloudJobOptions,
        Text,
        TextList,
    )

VoiceTag = Literal["ECOMMERCE", "NEWS", "MARKETING", "LIVE", "EDUCATION", "CUSTOMER", "STORYTELLING"]
"""Purpose of a voice."""

_EDITIONS: Mapping[str, Action] = {
    "basic": voices.CREATE_TRAINING_BASIC_JOB,
    "advanced": voices.CREATE_TRAINING_MIDDLE_JOB,
    "premium": voices.CREATE_TRAINING_ADVANCE_JOB,
    "third_party": voices.CREATE_TRAINING_THIRD_PARTY_JOB,
}


class CreateVoiceModelOperator(UploadingModelOperator):
    """Train a voice with recordings of a human: create the job, upload the recordings, submit them, wait.

    This takes days, because people review the recordings: wait with ``deferrable=True``. Default of ``job_timeout``:
    7 days.

    Returns the job: ``asset_id`` of the voice, ``state`` and so on, without addresses of recordings and consent.

    :param voice_name: name of the voice
    :param recordings: ZIP file of the recordings, up to 5 GB, in any storage that Airflow's ``ObjectStoragePath``
        opens
    :param authorization_letter: file of the human's consent
    :param edition: ``basic``, ``advanced``, ``premium``, or ``third_party`` (one long WAV file in the ZIP file);
        default: ``basic``. It decides which action is called, so it cannot be a template or another task's output
    :param tag: ``ECOMMERCE``, ``NEWS``, ``MARKETING``, ``LIVE``, ``EDUCATION``, ``CUSTOMER`` or ``STORYTELLING``
    :param description: description of the voice
    :param sex: ``FEMALE`` or ``MALE``
    :param language: language of the recordings, ``CN`` or ``EN``
    :param phone: telephone number; it is stored with the job
    :param dhtms_job_id: job of the avatar that the voice belongs to
    :param batch_name: name of a batch of jobs
    :param output_language: language that the voice will speak
    :param custom_text: text to listen to the voice with
    :param is_ondemand_resource: billed by usage
    :param supported_service: services that may use the voice
    """

    action = voices.CREATE_TRAINING_BASIC_JOB
    template_fields: Sequence[str] = (
        *HuaweiCloudJobOperator.template_fields,
        "recordings",
        "authorization_letter",
    )
    file_arguments = ("recordings", "authorization_letter")
    waits_for_files = "CREATING"

    def __init__(
        self,
        *,
        voice_name: Text,
        recordings: Address,
        authorization_letter: Address | None = None,
        edition: Literal["basic", "advanced", "premium", "third_party"] = "basic",
        tag: VoiceTag | XComArg | None = None,
        description: Text | None = None,
        sex: Literal["FEMALE", "MALE"] | XComArg | None = None,
        language: Text | None = None,
        phone: Text | None = None,
        dhtms_job_id: Text | None = None,
        batch_name: Text | None = None,
        output_language: Text | None = None,
        custom_text: Text | None = None,
        is_ondemand_resource: Flag | None = None,
        supported_service: TextList | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
    ) -> None:
        request = {
            "voice_name": voice_name,
            "create_type": "PACKAGE",
            "tag": tag,
            "description": description,
            "sex": sex,
            "language": language,
            "phone": phone,
            "dhtms_job_id": dhtms_job_id,
            "batch_name": batch_name,
            "output_language": output_language,
            "custom_text": custom_text,
            "is_ondemand_resource": is_ondemand_resource,
            "supported_service": supported_service,
        }
        as_choice("edition", edition, tuple(_EDITIONS), self.action.name)
        set_default(kwargs, "job_timeout", REVIEW_TIMEOUT)
        super().__init__(request=request, action=_EDITIONS[edition], **kwargs)
        self.recordings: Any = as_address(recordings)
        self.authorization_letter: Any = as_address(authorization_letter)
        checked_files(self, is_templated)

    def check_file(self, name: str, address: str) -> None:
        """Refuse recordings that are no ZIP file, and what does not exist."""
        check_zip(name, address, self, needs_zip=name == "recordings")

    def upload_addresses(self, job: Job, context: Context) -> Iterator[tuple[str, str, str | None]]:
        """Yield the addresses of the recordings and of the consent."""
        response = self.hook.call(voices.SHOW_JOB_UPLOADING_ADDRESS, {"job_id": job.id})
        package = response.get("package_url") or {}
        yield "recordings", upload_address(package, "training_data_uploading_url", job), ZIP
        if "authorization_letter" in self.files:
            yield (
                "authorization_letter",
                upload_address(response, "authorization_letter_uploading_url", job),
                None,
            )

    def submit_files(self, job: Job) -> None:
        """Submit the recordings for review and training."""
        self.hook.call(voices.COMMIT_VOICE_TRAINING_JOB, {"job_id": job.id})


class AssessVoiceOperator(UploadingModelOperator):
    """Assess the quality of recordings before a voice is trained with them.

    Returns the job with ``assess_result``: for ``speed``, ``snr``, ``reverb`` and others what is expected, what it is
    and a suggestion.

    The address for the recordings is in the response that creates the job, and nowhere else: an attempt that ends
    before the recordings are submitted leaves a job behind that never starts, and a retry creates another.

    :param recordings: ZIP file of the recordings in any storage that Airflow's ``ObjectStoragePath`` opens
    :param language: ``CN`` or ``EN``
    :param on_doubt: what to do if it cannot be known whether an earlier attempt has created the job; default:
        ``resubmit``, because the worst case is a job that never starts
    """

    action = voices.CREATE_SHORT_JOB
    template_fields: Sequence[str] = (*HuaweiCloudJobOperator.template_fields, "recordings")
    file_arguments = ("recordings",)
    waits_for_files = "CREATING"
    _backend: Any = None

    def __init__(
        self,
        *,
        recordings: Address,
        language: Text | None = None,
        **kwargs: Unpack[HuaweiCloudJobOptions],
    ) -> None:
        set_default(kwargs, "on_doubt", "resubmit")
        super().__init__(request={"job_type": "VOICE_ASSESS", "language": language}, **kwargs)
        self.recordings: Any = as_address(recordings)
        checked_files(self, is_templated)

    def submit_backend(self, request: Mapping[str, Any]) -> HuaweiSubmitBackend:
        """Return what sends the request, and keeps the response."""
        self._backend = backend = super().submit_backend(request)
        return backend

    def check_file(self, name: str, address: str) -> None:
        """Refuse recordings that are no ZIP file."""
        check_zip(name, address, self, needs_zip=True)

    def upload_addresses(self, job: Job, context: Context) -> Iterator[tuple[str, str, str | None]]:
        """Yield the address in the response that has created the job.

        :raises TransientError: an earlier attempt has created it; a retry creates another
        """
        from airflow_provider_viapi.operators.task.attempt import open_ledger

        url = self._backend.response.get("data_uploading_url")
        if not url:
            open_ledger(context, durable=self.durable).clear()
            raise TransientError(
                f"the address for the recordings of job {job.id} was lost with the attempt that created it; the "
                "job never starts, and the next attempt creates another",
                code="UploadInterrupted",
                action=self.action.name,
            )
        yield "recordings", url, ZIP

    def submit_files(self, job: Job) -> None:
        """Start the assessment."""
        self.hook.call(voices.COMMIT_SHORT_JOB, {"job_id": job.id})
