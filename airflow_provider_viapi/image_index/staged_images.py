"""Images on their way to image search: downloaded, resized and staged as far as each of them needs it.

Several at a time, in threads, each with a hook of its own; the copy of an image is removed as soon as it was added.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_viapi.alibaba.parameters import Media
from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE
from airflow_provider_viapi.errors import InvalidMedia, PermissionDenied
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.image_index.images import Backend, ImageEntry
from airflow_provider_viapi.jobs.batch.wait import QuietLog
from airflow_provider_viapi.media.inputs import resize, still_images
from airflow_provider_viapi.media.inputs.staging import Staging

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log

(_LIMITS,) = (each.limits[0] for each in ADD_IMAGE.parameters if isinstance(each, Media))

MAX_THREADS = 16
"""Images that are staged at the same time."""


class HookOfThread(threading.local):
    """A hook of its own for each thread: a hook's client must not be shared.

    :param hook: the connection and account that all of them use
    """

    def __init__(self, hook: ViapiHook) -> None:
        self.hook = ViapiHook(hook.viapi_conn_id)
        self.hook.account = hook.account


class StagedImages:
    """Makes images available where the service can read them.

    :param hook: the connection whose account stages them
    :param to: the team's bucket, ``oss://bucket/prefix``; ``None`` for VIAPI's temporary storage
    :param dag_run: the DAG run, for staging
    :param holder: the task instance, for staging
    :param fit: resize those that are too large
    :param log: logs copies that could not be removed
    :param backend: ``imagesearch`` reads only uploads, which are brought within its limits in any case
    """

    def __init__(
        self,
        *,
        hook: ViapiHook,
        to: str | None,
        dag_run: str,
        holder: str,
        fit: bool,
        log: Log,
        backend: Backend = "imgsearch",
    ) -> None:
        self._uploads = backend == "imagesearch"
        self._account = hook.account
        self._to, self._dag_run, self._holder, self._fit = to, dag_run, holder, fit
        # Without a line for each of 50,000 copies.
        self._log = QuietLog(log, warning_interval=0)
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="images")
        self._of_thread = HookOfThread(hook)
        # An image of many megapixels takes hundreds of megabytes while it is resized.
        self._resizing = threading.Semaphore(4 if self._uploads else 2)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(cancel_futures=True)

    @asynccontextmanager
    async def stage(self, image: ImageEntry) -> AsyncIterator[str]:
        """Yield an address of the image that the service can read, valid while the context lasts.

        :raises InvalidMedia: the image does not exist, or the service would not take it
        :raises ServiceError: it could not be copied
        """
        if image.is_http_url and not self._fit and not self._uploads:
            yield image.address
            return
        loop = asyncio.get_running_loop()
        try:
            address, copied = await loop.run_in_executor(self._threads, self._prepare, image)
        except PermissionDenied as error:
            # Concerns this file, not the rights of the account: others may succeed.
            raise InvalidMedia(error.message, code=error.code) from error
        try:
            yield address
        finally:
            if copied is not None:
                await loop.run_in_executor(self._threads, self._remove, copied, image)

    def _prepare(self, image: ImageEntry) -> tuple[str, str | None]:
        """Return where the service can read the image, and the address of what was copied for that."""
        if self._uploads:
            with self._resizing:
                return self._upload(image), None
        if not self._fit:
            return self._copy(image.address, image), image.address
        with tempfile.TemporaryDirectory(prefix="viapi-fit-") as folder:
            downloaded = Path(folder, "image")
            with self._opened(image) as chunks:
                still_images.write(chunks, downloaded, image.display_url)
            with self._resizing:
                resized = resize.resize_image(downloaded, image.display_url, _LIMITS)
            if resized is None and image.is_http_url:
                return image.address, None
            if resized is None:
                return self._copy(image.address, image), image.address
            # Not as_uri: fsspec does not decode what it would encode, such as a space.
            return self._copy(copied := f"file://{resized}", image), copied

    def _upload(self, image: ImageEntry) -> str:
        from airflow_provider_viapi.alibaba.services.imagesearch import ADD_IMAGE as ADD_TO_INSTANCE

        staged = self._staging(image).stage(ADD_TO_INSTANCE, {"PicContent": image.address})
        return str(staged["PicContent"])

    def _copy(self, address: str, image: ImageEntry) -> str:
        return str(self._staging(image).stage(ADD_IMAGE, {"ImageUrl": address})["ImageUrl"])

    def _remove(self, address: str, image: ImageEntry) -> None:
        self._staging(image).release(ADD_IMAGE, {"ImageUrl": address})

    def _staging(self, image: ImageEntry) -> Staging:
        # The same file may be several images, and the first that was added must not remove the others' copy.
        holder = f"{self._holder}/{image.entity_id}/{image.extra_data}"
        return Staging(self._of_thread.hook, to=self._to, dag_run=self._dag_run, holder=holder, log=self._log)

    @contextmanager
    def _opened(self, image: ImageEntry) -> Iterator[Iterator[bytes]]:
        if image.is_http_url:
            with still_images.downloaded(image.address, image.display_url, self._account.http) as chunks:
                yield chunks
        else:
            from airflow_provider_viapi.media.inputs.source import stat

            with stat(image.address, self._of_thread.hook).read() as reader:
                yield iter(reader.read, b"")
