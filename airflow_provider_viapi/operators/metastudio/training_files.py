"""Base of operators for models whose files are uploaded after the job is created, and checks of such files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.errors import InvalidMedia, ServiceError
from airflow_provider_viapi.huawei.parameters import FileToUpload
from airflow_provider_viapi.media.storages import opens
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.schema import check_request

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.model import Job

REVIEW_TIMEOUT = timedelta(days=7)
"""Default timeout of a wait for a manual review."""

ZIP = "application/zip"
OCTETS = "application/octet-stream"
"""Content types that upload addresses are signed with [SDK]."""


class UploadingModelOperator(HuaweiCloudJobOperator):
    """Base of operators whose job waits for files: create it, upload them, submit it, wait.

    A retry continues with the job of the attempt before: it uploads the files unless they are submitted already.
    """

    file_arguments: ClassVar[tuple[str, ...]]
    """Arguments that are addresses of files, the required one first; of the others, ``None`` is left out."""
    waits_for_files: ClassVar[str]
    """State of a job that waits for its files."""

    @property
    def files(self) -> dict[str, str]:
        """The files that are uploaded, by argument.

        :raises InvalidRequest: an argument is missing, or is no address of a file in storage
        """
        return checked_files(self)

    def request_digest(self, request: Mapping[str, Any]) -> str:
        """Return the fingerprint of the request and its files."""
        return super().request_digest({**request, **self.files})

    def prepare_request(self, request: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """Check the files before a job is created for them."""
        for name, address in self.files.items():
            self.check_file(name, address)
        return request

    def accepted(self, job: Job, context: Context) -> None:
        """Upload the files and submit the job, unless an earlier attempt has."""
        from airflow_provider_viapi.media.inputs import huawei_asset_upload

        state = self.hook.report(job).state
        if state != self.waits_for_files:
            self.log.info("The files of job %s were submitted before; it is %s", job.id, state)
            return
        for name, url, content_type in self.upload_addresses(job, context):
            source = huawei_asset_upload.stat(self.files[name])
            huawei_asset_upload.put(source, url, self.hook, content_type)
            self.log.info("Uploaded %s (%d bytes) as %s", source.display_url, source.size, name)
        self.submit_files(job)

    def check_file(self, name: str, address: str) -> None:
        """Refuse a file that the service would refuse.

        :raises InvalidMedia: it does not exist, or is of another type
        """
        raise NotImplementedError

    def upload_addresses(self, job: Job, context: Context) -> Iterator[tuple[str, str, str | None]]:
        """Yield argument, presigned URL and content type of each file."""
        raise NotImplementedError

    def submit_files(self, job: Job) -> None:
        """Report to the service that the files are complete."""
        raise NotImplementedError


def checked_files(
    operator: Any, is_unresolved: Callable[[Any], bool] = lambda value: False
) -> dict[str, Any]:
    """Return the addresses of the files that an operator uploads, by argument.

    :param operator: with ``file_arguments``
    :param is_unresolved: returns whether a value, or a part of it, is not known yet
    :raises InvalidRequest: an argument is missing, or is no address of a file in storage
    """
    names = operator.file_arguments
    known = {name: FileToUpload(name=name, required=name == names[0], opens=opens) for name in names}
    given = {name: getattr(operator, name) for name in names}
    return check_request(operator.action.name, known, given, is_unresolved)


def upload_address(response: Mapping[str, Any], name: str, job: Job) -> str:
    """Return the presigned URL in a field of a response.

    :raises ServiceError: there is none
    """
    value = response.get(name)
    # A video may be uploaded in parts; it is uploaded in one.
    address = value[0] if isinstance(value, list) and value else value
    if not isinstance(address, str) or not address:
        raise ServiceError(
            f"the service returned no {name} for job {job.id}, so its files cannot be uploaded",
            code="UploadRejected",
        )
    return address


def check_zip(name: str, address: str, operator: Any, *, needs_zip: bool) -> None:
    """Refuse a file that does not exist or, if it has to be one, is no ZIP file.

    :raises InvalidMedia: the message names the argument
    """
    from airflow_provider_viapi.media.inputs.huawei_asset_upload import stat

    source = stat(address)
    if needs_zip:
        with source.open() as file:
            beginning = file.read(4)
        if beginning[:2] != b"PK":
            raise InvalidMedia(
                f"{name} is {source.display_url}, which is not a ZIP file; allowed: a ZIP file of the recordings",
                code="InvalidFile.Type",
                action=operator.action.name,
            )


def check_media(name: str, address: str, operator: Any, formats: tuple[str, ...], **limits: Any) -> None:
    """Refuse a file that does not exist, or has another type, size or length than the limits allow.

    :raises InvalidMedia: the message names the argument
    """
    from airflow_provider_viapi.media.inputs.huawei_asset_upload import stat
    from airflow_provider_viapi.media.inputs.source_validation import check_source_file
    from airflow_provider_viapi.media_limits import MediaLimits

    check_source_file(
        stat(address),
        MediaLimits(formats=formats, **limits),
        parameter=name,
        action=operator.action.name,
        log=operator.log,
    )
