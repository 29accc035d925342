"""Operator that adds images to an instance of ImageSearch in one bulk job of the service.

It is a job, unlike the calls of :class:`~airflow_provider_viapi.operators.image_index.IndexImagesOperator`: it is
submitted once, waited for, and resumed by a retry, and its arguments are those of jobs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.alibaba.model import ResultField
from airflow_provider_viapi.alibaba.services.imagesearch import INCREASE_INSTANCE, INCREASE_LIST, META_FILE
from airflow_provider_viapi.alibaba.services.imagesearch.service import INSTANCE
from airflow_provider_viapi.errors import JobFailed, ResponseLost, ServiceError
from airflow_provider_viapi.image_index.folder_images import check_address, list_images
from airflow_provider_viapi.image_index.images import (
    ImageEntry,
    check_file_names,
    invalid,
    parse_images,
)
from airflow_provider_viapi.links.job import viapi_action_address
from airflow_provider_viapi.media.storages import opens
from airflow_provider_viapi.operators.arguments.checks import is_template, is_templated, not_allowed
from airflow_provider_viapi.operators.task.attempt import (
    attempt_of,
    choose_store,
    counting_in_doubt,
    open_ledger,
)
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.storage_addresses import as_address
from airflow_provider_viapi.task_instance.xcoms import SUMMARY_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from typing_extensions import Unpack

    from airflow_provider_viapi.alibaba.imagesearch_job_backend import IncrementSubmitBackend
    from airflow_provider_viapi.image_index.increment_folder import IncrementFolder
    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.operators.arguments.options import Text, ViapiJobOptions
    from airflow_provider_viapi.operators.task.attempt import JobRun, SubmittingRun
    from airflow_provider_viapi.operators.task.slot_deferral import SlotDeferral

SUMMARY_STORE_KEY = "viapi_bulk_summary"
"""Key in the store of what the task returns: it is read from a folder that is deleted before Airflow has it."""

_ACTION = INCREASE_INSTANCE.replace(
    is_job=True,
    parameters=(INSTANCE,),
    result=(
        ResultField("instance_name"),
        ResultField("images", "integer"),
        ResultField("rejected", "integer"),
        ResultField("failures", "list"),
    ),
)
"""The action with the parameters that an author gives; bucket and path are those of the staged files."""


class BulkIndexImagesOperator(ViapiJobOperator):
    """Add many images to an instance of ImageSearch in one bulk job of the service.

    ::

        BulkIndexImagesOperator(
            task_id="index",
            instance_name="shop",
            images="s3://media/products/",
            staging="oss://team-media/imagesearch",
            deferrable=True,
        )

    The images are copied into a folder of their own in your bucket, which must be in the region of the instance,
    with the file ``increment.meta`` that lists them. The service then reads the folder, and the task waits for it.
    The folder is deleted once the service is done. An image that is in the instance already is replaced, so that none
    is there twice. An instance works on one bulk job at a time: others wait for it, up to ``job_timeout``.

    Returns ``instance_name``, ``images`` (how many were listed), ``rejected`` (how many of them are not in the
    instance; ``None`` if the service's report of them can never be read) and ``failures``: of the first 20 of these
    ``entity_id``, ``pic_name``, ``code`` and ``message``. The XCom ``summary`` is the same; a task that fails because
    of ``max_failed`` has it, too.

    :param instance_name: the instance, at most 20 characters
    :param images: as for ``IndexImagesOperator(backend="imagesearch")``: a list of mappings with ``image_url``,
        ``entity_id`` and optionally ``extra_data``, ``pic_name`` and attributes, or the address of a folder. Names
        must differ, since the images are uploaded to one folder, and end in an image's suffix.
        An empty list is an error as a literal, and nothing to do as the output of another task
    :param max_failed: how many images may be rejected without failing the task; default: any number
    """

    template_fields: Sequence[str] = (*ViapiJobOperator.template_fields, "images")
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json", "images": "json"}
    fixed_arguments = frozenset({"action", "request"})

    def __init__(
        self,
        *,
        instance_name: Text,
        images: Any,
        max_failed: int | None = None,
        **kwargs: Unpack[ViapiJobOptions],
    ) -> None:
        super().__init__(action=_ACTION, request={"InstanceName": instance_name}, **kwargs)
        if not self.wait_for_completion:
            raise invalid(
                "wait_for_completion is False; allowed: True, since only a task that waits can report what was "
                "rejected and delete the copies"
            )
        if self.staging is None:
            raise invalid(
                "staging is missing: a bucket in the region of the instance, such as oss://bucket/folder",
                code="MissingParameter",
            )
        if max_failed is not None and (type(max_failed) is not int or max_failed < 0):
            raise not_allowed("max_failed", max_failed, "a whole number from 0, or None", _ACTION.name)
        # A one-time iterator would be used up by the check below.
        self.images = list(images) if isinstance(images, Iterator) else as_address(images)
        self.max_failed = max_failed
        self._summary: dict[str, Any] | None = None
        self._resumed_digest: str | None = None
        self._resumed: tuple[Job, JobReport | None] | None = None
        if not is_template(self.images):
            self._parse(self.images, is_templated)

    def _parse(
        self, images: Any, is_unresolved: Callable[[Any], bool] = lambda value: False
    ) -> list[ImageEntry]:
        """Return the images of a list; an empty one for the address of a folder, which is only checked.

        :param is_unresolved: returns true for a value that is not known yet. Once rendered,
            ``{{`` is text like any other value
        """
        if isinstance(images, str):
            check_address(images)
            return []
        entries = parse_images(images, opens=opens, is_unresolved=is_unresolved, backend="imagesearch")
        check_file_names(entries, is_unresolved)
        return entries

    def validated_request(self) -> dict[str, Any]:
        """Return the rendered request, with the images as their author gave them."""
        images = self._rendered_images()
        if self._resumed_digest is None:
            self._parse(images)
        return {**super().validated_request(), "Images": images}

    def _rendered_images(self) -> Any:
        images = as_address(self.images)
        if isinstance(images, Iterable) and not isinstance(images, str | Mapping):
            # Also the lazy sequence of a mapped task, and path objects in place of addresses.
            return [
                {name: as_address(value) for name, value in each.items()}
                if isinstance(each, Mapping)
                else each
                for each in images
            ]
        return images

    def request_digest(self, request: Mapping[str, Any]) -> str:
        """Return the fingerprint of the request and of the folder where its images are."""
        return self._resumed_digest or super().request_digest({**request, "Staging": self.staging})

    def submit_backend(self, request: Mapping[str, Any]) -> IncrementSubmitBackend:
        """Return what sends the request."""
        from airflow_provider_viapi.alibaba.imagesearch_job_backend import IncrementSubmitBackend

        bucket, path = self._location
        return IncrementSubmitBackend(self.hook.client, request["InstanceName"], bucket, f"/{path}")

    def prepare_request(self, request: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """Upload the images and their list, and return the request that names them."""
        images = request["Images"]
        if isinstance(images, str):
            images = list_images(images, self.hook, self.log, backend="imagesearch")
        self._folder.write(
            self._parse(images), self.hook, self.log, lambda: self._stop_requested, self.max_failed
        )
        bucket, path = self._location
        return {"InstanceName": request["InstanceName"], "BucketName": bucket, "Path": f"/{path}"}

    def release_inputs(self, context: Context) -> None:
        """Keep the folder: a retry continues with it. It is deleted once none needs it."""

    def _submit_and_wait(self, context: Context, deferral: SlotDeferral) -> Any:
        if self._rendered_images() == []:
            entry = open_ledger(context, durable=self.durable).read()
            if entry is None or entry.was_delivered_and_cleared(attempt_of(context)):
                return self._return_nothing(context)
            self.log.info("The list of images is empty; the job of attempt %s is resumed", entry.try_number)
            self._resumed_digest = entry.digest
        return super()._submit_and_wait(context, deferral)

    def _return_nothing(self, context: Context) -> dict[str, Any]:
        self.log.info("The list of images is empty: nothing to do")
        summary = {"instance_name": self.request["InstanceName"], "images": 0, "rejected": 0, "failures": []}
        context["ti"].xcom_push(key=SUMMARY_KEY, value=summary)
        return summary

    def _reuse(self, run: SubmittingRun) -> dict[str, Any] | None:
        """Return an earlier result; of an empty list that of no images, unless a job is left to resume."""
        reused = super()._reuse(run)
        if reused is not None or self._resumed_digest is None:
            return reused
        self._set_location(run)
        with counting_in_doubt(self.hook.stats, self.action_name):
            self._resumed = self.submission(run).resume()
        if self._resumed is not None:
            return None
        run.ledger.clear()
        self._delete_folder()
        return self._return_nothing(run.context)

    def _resume_or_submit(self, run: SubmittingRun) -> tuple[Job, JobReport | None]:
        if self._resumed is not None:
            return self._resumed
        self._set_location(run)
        try:
            return super()._resume_or_submit(run)
        except ServiceError as error:
            if self.is_permanent(error) and run.ledger.read() is None:
                self._delete_folder()
            raise

    def _set_location(self, run: SubmittingRun) -> None:
        """Name the folder after the task instance and its request, so that its retries find it and nobody else."""
        from airflow_provider_viapi.jobs.attempt_context import TaskKey
        from airflow_provider_viapi.media.inputs.request_media import StagingLocation

        owner, location = tuple(TaskKey.of(run.context["ti"])), StagingLocation.parse(self.staging)
        name = sha256(f"{owner}\n{self.request_digest(run.request)}".encode()).hexdigest()[:20]
        self._location = (
            location.bucket,
            "/".join(part for part in (location.prefix, f"increment-{name}") if part),
        )

    @property
    def _folder(self) -> IncrementFolder:
        from airflow_provider_viapi.image_index.increment_folder import IncrementFolder
        from airflow_provider_viapi.media.inputs.request_media import StagingLocation

        conn_id = StagingLocation.parse(as_address(self.staging)).conn_id
        return IncrementFolder(self.hook.oss(conn_id), *self._location)

    def job_link(self, job: Job) -> str:
        """Return Alibaba's page of the list that has the task, or the connection's own endpoint."""
        from airflow_provider_viapi.alibaba.imagesearch_job_backend import list_request

        service = self.action.service
        return self.hook.account.endpoint or viapi_action_address(
            service.product, service.version, "IncreaseList", list_request(job)
        )

    def _finish(self, run: JobRun, report: JobReport) -> dict[str, Any]:
        store = choose_store(run.context, durable=self.durable)
        kept = store.get(SUMMARY_STORE_KEY) or {}
        if kept.get("job_id") == report.job_id:
            # An earlier attempt was lost after it had deleted the folder, or shortly before.
            self._location, self._summary = (kept["bucket"], kept["path"]), kept["summary"]
        else:
            self._summary = self._summarize(report)
            bucket, path = self._location
            about = {"job_id": report.job_id, "bucket": bucket, "path": path, "summary": self._summary}
            store.set(SUMMARY_STORE_KEY, about)
        run.context["ti"].xcom_push(key=SUMMARY_KEY, value=self._summary)
        try:
            result = super()._finish(run, report)
        except JobFailed:
            self._delete_folder()
            raise
        self._delete_folder()
        return result

    def _delete_folder(self) -> None:
        try:
            self._folder.delete()
        except ServiceError as error:
            # The images are indexed by now: leftover copies must not fail the task.
            self.log.warning("Files may be left in oss://%s/%s: %s", *self._location, error)

    def _summarize(self, report: JobReport) -> dict[str, Any]:
        from airflow_provider_viapi.alibaba import imagesearch_job_backend
        from airflow_provider_viapi.image_index.increment_report import describe_rejected, read_report

        job = self._job(report.job_id)
        # Read now, since its link to the report is valid for two hours.
        response = self.hook.call(INCREASE_LIST, imagesearch_job_backend.list_request(job))
        entry = imagesearch_job_backend.read_entry(job, response)
        self._location = _place_of(entry)
        url = entry.get("ErrorUrl")
        lines = read_report(url, self.hook, self.log, self.allowed_hosts) if url else []
        rows, left_out = self._folder.read()
        failures = list(describe_rejected(left_out, lines or (), rows))
        for each in failures:
            self.log.warning("%s %s was rejected: %s", each.entity_id, each.pic_name, each.message)
        return {
            "instance_name": job.id.rpartition("/")[0],
            "images": len(rows) + len(left_out),
            "rejected": None if lines is None else len(left_out) + len(lines),
            "failures": [asdict(each) for each in failures],
        }

    def final_report(self, report: JobReport) -> JobReport:
        """Return the report with the summary as its result, or as failed if too many images were rejected."""
        from airflow_provider_viapi.image_index.increment_report import outcome_of

        return outcome_of(report, self._summary or {}, self.max_failed)


def _place_of(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return bucket and folder of a job's files by the service's list: the images may have changed since then.

    :raises ResponseLost: the list does not show such a folder
    """
    bucket = str(entry.get("BucketName") or "")
    folder = str(entry.get("Path") or "").strip("/").removesuffix(f"/{META_FILE}")
    # The folder is deleted in the end, so it must be one that this operator has made.
    if not bucket or not re.fullmatch("increment-[0-9a-f]{20}", folder.rpartition("/")[2]):
        raise ResponseLost("the list does not show the folder of the job's files", action=INCREASE_LIST.name)
    return bucket, folder
