"""The folder of a bulk job of ImageSearch: images, ``increment.meta`` which lists them, and what was left out.

The format of ``increment.meta`` is documented [help page 66580]: a JSON object a line.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.services.imagesearch import ADD_IMAGE, META_FILE
from airflow_provider_viapi.alibaba.services.imagesearch.service import LIMITS
from airflow_provider_viapi.errors import (
    InvalidMedia,
    InvalidRequest,
    PermissionDenied,
    StopRequested,
    TransientError,
)
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.image_index.images import ImageEntry
from airflow_provider_viapi.image_index.report import ImageFailure
from airflow_provider_viapi.image_index.staged_images import HookOfThread
from airflow_provider_viapi.media.inputs import still_images
from airflow_provider_viapi.media.inputs.source_validation import check_source_file
from airflow_provider_viapi.media.inputs.staging_bucket import upload
from airflow_provider_viapi.retrying import READ, retry_call

if TYPE_CHECKING:
    from airflow_provider_viapi.fs.oss_client import Oss
    from airflow_provider_viapi.jobs.model import Log

LEFT_OUT = "left-out.meta"
"""Name of the file with the images that could not be uploaded, in the same format, with ``Code`` and ``Msg``."""

MAX_THREADS = 8
"""Images that are uploaded at the same time."""

MAX_UNREAD_IN_A_ROW = 4 * MAX_THREADS
"""Images that cannot be read now, one after the other, before the storage counts as unavailable."""

RETRY_SECONDS = 60.0
"""Seconds over which reading and uploading an image is retried."""

Row = Mapping[str, Any]


class IncrementFolder:
    """The folder of one bulk job.

    :param oss: may put, get, list and delete objects in the folder
    :param bucket: in the region of the instance
    :param folder: beginning of the keys, without slashes at its ends; nothing else is stored there
    :param retry_seconds: over which reading and uploading an image is retried
    """

    def __init__(self, oss: Oss, bucket: str, folder: str, retry_seconds: float = RETRY_SECONDS) -> None:
        self._oss, self._bucket, self._folder = oss, bucket, folder
        self._retry_seconds = retry_seconds

    def write(
        self,
        images: Sequence[ImageEntry],
        hook: ViapiHook,
        log: Log,
        stop_requested: Callable[[], bool],
        max_failed: int | None = None,
    ) -> None:
        """Upload the images, and then the list of them; images that an earlier attempt has uploaded are kept.

        :param hook: opens the images
        :param stop_requested: returns whether to end with an error
        :param max_failed: how many images may be left out, if another attempt may be able to read some of them
        :raises InvalidMedia: none of the images can be used
        :raises TransientError: too many images could not be read now
        :raises ServiceError: nothing can be written
        """
        there = {each.key for each in self._objects()}
        threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="increment")
        uploads = _Uploads(self._oss, self._bucket, hook, stop_requested, self._retry_seconds)
        try:
            refusals = list(
                threads.map(
                    lambda image: (
                        None if self._key(image) in there else uploads.upload(image, self._key(image))
                    ),
                    images,
                )
            )
        finally:
            threads.shutdown(cancel_futures=True)
        left_out = [
            {**_identity(image), "Code": failure.code, "Msg": failure.message}
            for image, failure in zip(images, refusals, strict=True)
            if failure is not None
        ]
        rows = [
            {"OperationType": "ADD", **_identity(image), **image.fields}
            for image, failure in zip(images, refusals, strict=True)
            if failure is None
        ]
        log.info(
            "Uploaded %s images to oss://%s/%s; %s were there, %s cannot be used",
            f"{len(rows):,}",
            self._bucket,
            self._folder,
            f"{len(there):,}",
            f"{len(left_out):,}",
        )
        unread = [failure for failure in refusals if failure is not None and failure.is_transient]
        if unread and (not rows or (max_failed is not None and len(left_out) > max_failed)):
            raise TransientError(
                f"{len(unread):,} of {len(images):,} images could not be read now; a retry uploads what is missing. "
                f"The first: {unread[0]}",
                code=unread[0].code,
                action=ADD_IMAGE.name,
            )
        if not rows:
            raise InvalidMedia(
                f"none of {len(images):,} images can be used; the first: {left_out[0]['Msg']}",
                code=left_out[0]["Code"],
                action=ADD_IMAGE.name,
            )
        self._put(LEFT_OUT, left_out)
        self._put(META_FILE, rows)

    def read(self) -> tuple[list[Row], list[Row]]:
        """Return the rows of the list, and those that were left out of it; empty if the folder is gone."""
        return self._get(META_FILE), self._get(LEFT_OUT)

    def delete(self) -> None:
        """Delete all files."""
        for each in list(self._objects()):
            self._oss.delete(self._bucket, each.key)

    def _key(self, image: ImageEntry) -> str:
        return f"{self._folder}/{image.extra_data}"

    def _objects(self) -> Iterator[Any]:
        return self._oss.list_objects(self._bucket, f"{self._folder}/")

    def _put(self, name: str, rows: Sequence[Row]) -> None:
        content = "".join(f"{json.dumps(row)}\n" for row in rows)
        self._oss.put(self._bucket, f"{self._folder}/{name}", content.encode())

    def _get(self, name: str) -> list[Row]:
        key = f"{self._folder}/{name}"
        found = self._oss.head(self._bucket, key)
        if found is None or not found.size:
            return []
        content = self._oss.read(self._bucket, key, 0, found.size, etag=found.etag)
        return [json.loads(line) for line in content.decode().split("\n") if line]


class _Uploads:
    """Uploads of images from several threads."""

    def __init__(
        self,
        oss: Oss,
        bucket: str,
        hook: ViapiHook,
        stop_requested: Callable[[], bool],
        retry_seconds: float,
    ) -> None:
        self._oss, self._bucket, self._stop_requested = oss, bucket, stop_requested
        self._retry_seconds = retry_seconds
        self._of_thread = HookOfThread(hook)
        self._unread_in_a_row = 0

    def upload(self, image: ImageEntry, key: str) -> ImageFailure | None:
        """Upload an image; return why it cannot be used, if so.

        :raises TransientError: it, and many before it, cannot be read now: that is no fault of single images
        """
        if self._stop_requested():
            raise StopRequested("the task was stopped while images were uploaded; nothing was submitted")
        with tempfile.TemporaryDirectory(prefix="viapi-increment-") as folder:
            try:
                source = retry_call(
                    lambda: still_images.resized(image.address, LIMITS, self._of_thread.hook, Path(folder)),
                    policy=READ,
                    max_seconds=self._retry_seconds,
                )
                check_source_file(source, LIMITS, parameter="image_url", action=ADD_IMAGE.name)
            except (InvalidRequest, PermissionDenied) as error:
                return ImageFailure.of(image, error)
            except TransientError as error:
                self._unread_in_a_row += 1
                if self._unread_in_a_row > MAX_UNREAD_IN_A_ROW:
                    raise
                return ImageFailure.of(image, error)
            self._unread_in_a_row = 0
            retry_call(
                lambda: upload(self._oss, self._bucket, key, source),
                policy=READ,
                max_seconds=self._retry_seconds,
            )
        return None


def _identity(image: ImageEntry) -> dict[str, str]:
    return {"ProductId": image.entity_id, "PicName": image.extra_data}
