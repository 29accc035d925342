"""Pictures on their way to image search: fetched, made smaller and staged as far as each of them needs it.

Several at a time, in threads, each with a hook of its own; the copy of a picture is removed as soon as it was added.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.services.imgsearch import ADD_IMAGE
from airflow_provider_viapi.errors import InvalidMedia, PermissionDenied
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.image_index import resize
from airflow_provider_viapi.image_index.image import Picture
from airflow_provider_viapi.media import staging

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log

AT_ONCE = 16
"""Pictures that are on their way at the same time."""


class ReadablePictures:
    """Has pictures lie where the service can read them.

    :param hook: whose account stages them
    :param to: the team's bucket, ``oss://bucket/prefix``; VIAPI's temporary storage if ``None``
    :param run: which DAG run, for staging
    :param holder: which task instance, for staging
    :param fit: make those smaller that are too large
    :param log: warned of copies that are left behind
    """

    def __init__(
        self, *, hook: ViapiHook, to: str | None, run: str, holder: str, fit: bool, log: Log
    ) -> None:
        self._viapi_conn_id, self._account = hook.viapi_conn_id, hook.account
        self._fit = fit
        self._staging: dict[str, Any] = {"action": ADD_IMAGE, "to": to, "run": run}
        self._holder = holder
        self._staging["log"] = _OnlyWarnings(log)
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="pictures")
        self._of_thread = threading.local()
        # A picture of many megapixels takes hundreds of megabytes while it is made smaller.
        self._fitting = threading.Semaphore(2)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(cancel_futures=True)

    @asynccontextmanager
    async def readable(self, picture: Picture) -> AsyncIterator[str]:
        """An address of the picture that the service can read, for as long as the context lasts.

        :raises InvalidMedia: the picture is not there, or the service would not take it
        :raises ServiceError: it could not be brought there
        """
        if picture.is_readable and not self._fit:
            yield picture.address
            return
        loop = asyncio.get_running_loop()
        try:
            address, copied = await loop.run_in_executor(self._threads, self._bring, picture)
        except PermissionDenied as error:
            # Of this file, not of what the account may do: the others may fare better.
            raise InvalidMedia(error.message, code=error.code) from error
        try:
            yield address
        finally:
            if copied is not None:
                await loop.run_in_executor(self._threads, self._remove, copied, picture)

    def _bring(self, picture: Picture) -> tuple[str, str | None]:
        """Where the service can read the picture, and what was copied for that."""
        if not self._fit:
            return self._stage(picture.address, picture), picture.address
        with tempfile.TemporaryDirectory(prefix="viapi-fit-") as folder:
            fetched = Path(folder, "picture")
            with self._opened(picture) as source:
                _write(source, fetched, picture.shown)
            with self._fitting:
                fitted = resize.fit(fetched, picture.shown)
            if fitted is None and picture.is_readable:
                return picture.address, None
            if fitted is None:
                return self._stage(picture.address, picture), picture.address
            return self._stage(copied := fitted.as_uri(), picture), copied

    def _stage(self, address: str, picture: Picture) -> str:
        staged = staging.stage({"ImageUrl": address}, **self._for(picture))
        return str(staged["ImageUrl"])

    def _remove(self, address: str, picture: Picture) -> None:
        staging.release({"ImageUrl": address}, **self._for(picture))

    def _for(self, picture: Picture) -> dict[str, Any]:
        # The same file may be several pictures, and the first that was added must not take the others' copy away.
        holder = f"{self._holder}/{picture.entity_id}/{picture.extra_data}"
        return {**self._staging, "hook": self._hook, "holder": holder}

    @contextmanager
    def _opened(self, picture: Picture) -> Iterator[Iterator[bytes]]:
        if picture.is_readable:
            with _downloaded(picture) as chunks:
                yield chunks
        else:
            from airflow_provider_viapi.media.source import stat

            with stat(picture.address, self._hook).read() as reader:
                yield iter(reader.read, b"")

    @property
    def _hook(self) -> ViapiHook:
        # A hook's client is not for several threads.
        if not hasattr(self._of_thread, "hook"):
            self._of_thread.hook = ViapiHook(self._viapi_conn_id)
            self._of_thread.hook.account = self._account
        hook: ViapiHook = self._of_thread.hook
        return hook


@contextmanager
def _downloaded(picture: Picture) -> Iterator[Iterator[bytes]]:
    import requests

    from airflow_provider_viapi.media.download import LinkExpired, download

    try:
        with requests.Session() as session, download(session, picture.address) as coming:
            yield coming.chunks()
    except LinkExpired as dead:
        raise InvalidMedia(
            f"{picture.shown} was answered with HTTP {dead.status}", code="InvalidImage.Download"
        ) from None


def _write(chunks: Iterator[bytes], target: Path, shown: str) -> None:
    with target.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            if file.tell() > resize.LARGEST_READ:
                raise InvalidMedia(
                    f"{shown} has more than {resize.LARGEST_READ:,} bytes and is not made smaller",
                    code="InvalidImage.Size",
                )


class _OnlyWarnings:
    """A log that is not told of each of 50,000 copies."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def info(self, message: str, /, *values: object) -> None:
        pass

    def warning(self, message: str, /, *values: object) -> None:
        self._log.warning(message, *values)
