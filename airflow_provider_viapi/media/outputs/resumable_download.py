"""Download of one result file to its destination, over as many connections as that takes.

Imported only where a file lands.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_viapi.alibaba.errors import classify
from airflow_provider_viapi.errors import (
    EMPTY_RESULT,
    DownloadTooSlow,
    ResultExpired,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.media.file_types import HEADER_SIZE, is_text_by_mistake
from airflow_provider_viapi.media.open_storage import open_path
from airflow_provider_viapi.media.outputs.atomic_file import BLOCK_SIZE, AtomicFile
from airflow_provider_viapi.media.outputs.http_download import (
    Download,
    LinkExpired,
    SourceModified,
    Version,
    download,
)
from airflow_provider_viapi.presigned_urls import link_expiry
from airflow_provider_viapi.retrying import READ, retry_call

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log

MAX_STALLED_ATTEMPTS = 5
"""Attempts in a row that get no farther than those before, after which a download fails."""

MAX_LINK_SECONDS = 6 * 3600.0
"""Longest time for one link: a response that began in time may go on until then."""

# Error codes of OSS for a link that has expired, and for a file that was deleted with it.
_EXPIRY_CODES = frozenset({None, "AccessDenied", "NoSuchKey"})


@dataclass(frozen=True)
class DownloadSettings:
    """Tunable waits and sizes of downloads.

    :param initial_backoff: seconds before the first retry; doubled after each, up to 10
    :param block_size: bytes of one part of an upload to the destination
    :param max_seconds: for how many seconds a link whose expiry is unknown is requested; one with an expiry is
        requested until then
    :param min_seconds: how long each response may go on at any rate, in seconds
    """

    initial_backoff: float = 0.5
    block_size: int = BLOCK_SIZE
    max_seconds: float = 3600.0
    min_seconds: float = 30.0


class ResumableDownload:
    """A file that is to land.

    :param session: downloads it
    :param key: its key in the result
    :param name: the file in the log
    :param destination: the address at which it lands
    :param is_own: no other result's file can have that name
    :param log: logs retries and the result
    """

    def __init__(
        self,
        session: requests.Session,
        key: str,
        name: str,
        destination: str,
        is_own: bool,
        log: Log,
        settings: DownloadSettings | None = None,
    ) -> None:
        self._session = session
        self._key = key
        self._name = name
        self._destination = destination
        self._is_own = is_own
        self._log = log
        self._settings = settings or DownloadSettings()
        self._path = open_path(destination)
        self._file = AtomicFile(self._path, self._settings.block_size)
        self._beginning = b""
        self._length: int | None = None
        self._version: Version | None = None
        self._farthest = 0
        self._stalled_attempts = 0

    def run(self, url: str, refresh_links: Callable[[], dict[str, str]]) -> dict[str, str]:
        """Download the file, and return the renewed links of the result if they were needed.

        :param url: the link to the file
        :param refresh_links: returns new links of the result by their keys, or none
        :raises ResultExpired: neither link works
        :raises DownloadTooSlow: the file does not arrive in time by either link
        """
        started = time.monotonic()
        renewed: dict[str, str] = {}
        with self._file as file:
            try:
                is_complete = self._fetch(url)
            except (LinkExpired, DownloadTooSlow) as failure:
                if self._is_own and _existing_length(self._path) is not None:
                    self._log.info("The link to %s has expired", self._name)
                    is_complete = True
                else:
                    renewed = self._renew(refresh_links, url, failure)
                    is_complete = self._fetch_renewed(renewed[self._key])
            if is_complete:
                self._log.info("%s is at %s already", self._name, self._destination)
            else:
                length = file.length
                with _storage_errors():
                    file.commit()
                message = "Landed %s at %s: %s bytes in %.1f s"
                seconds = time.monotonic() - started
                self._log.info(message, self._name, self._destination, length, seconds)
        return renewed

    def _renew(
        self,
        refresh_links: Callable[[], dict[str, str]],
        url: str,
        failure: LinkExpired | DownloadTooSlow,
    ) -> dict[str, str]:
        self._log.info("The link to %s cannot be used (%s): requesting the result again", self._name, failure)
        renewed = refresh_links()
        if self._key not in renewed:
            raise self._error_for(url, failure) from None
        return renewed

    def _fetch_renewed(self, url: str) -> bool:
        try:
            return self._fetch(url)
        except LinkExpired as expired:
            raise self._error_for(url, expired) from None

    def _error_for(self, url: str, failure: LinkExpired | DownloadTooSlow) -> ServiceError:
        if isinstance(failure, DownloadTooSlow):
            return failure
        if failure.code not in _EXPIRY_CODES:
            kind = classify(str(failure.code), failure.status)
            return kind("the storage refused the link", code=failure.code, http_status=failure.status)
        expiry = link_expiry(url)
        age = None if expiry is None else (datetime.now(timezone.utc) - expiry).total_seconds()
        when = "has expired" if age is None or age < 0 else f"expired {_format_duration(age)} ago"
        return ResultExpired(
            f"the link {when}, and the file is no longer available",
            age=age,
            code=failure.code or "ResultExpired",
            http_status=failure.status,
        )

    def _fetch(self, url: str) -> bool:
        """Download the whole file; return true instead if it is at its destination already.

        :raises LinkExpired: the link does not work (any more)
        :raises DownloadTooSlow: the file does not arrive in time
        """
        started = time.monotonic()
        link_expires_at = started + self._seconds_for(url)
        give_up_at = started + MAX_LINK_SECONDS
        policy = READ.only_if(
            lambda error: self._should_retry(error, link_expires_at),
            # Progress and the link's expiry end the retries, see _should_retry.
            max_seconds=math.inf,
            initial_backoff=self._settings.initial_backoff,
        )
        try:
            return retry_call(lambda: self._attempt(url, link_expires_at, give_up_at), policy=policy)
        except TransientError as error:
            if isinstance(error, DownloadTooSlow) or time.monotonic() <= link_expires_at:
                raise
            # The rest can be requested by a new link only.
            raise self._too_slow() from error

    def _seconds_for(self, url: str) -> float:
        expiry = link_expiry(url)
        left = 0.0 if expiry is None else (expiry - datetime.now(timezone.utc)).total_seconds()
        # By the server's clock a link that has expired by ours may work.
        return min(left, MAX_LINK_SECONDS) if left > 0 else self._settings.max_seconds

    def _should_retry(self, error: BaseException, link_expires_at: float) -> bool:
        """Return whether to continue after an interruption, and log it."""
        # A slow link is not retried, but replaced.
        if isinstance(error, DownloadTooSlow):
            return False
        if self._stalled_attempts >= MAX_STALLED_ATTEMPTS or time.monotonic() > link_expires_at:
            return False
        self._log.warning(
            "Download of %s was interrupted after %s bytes, retrying: %s",
            self._name,
            self._file.length,
            error,
        )
        return True

    def _attempt(self, url: str, link_expires_at: float, give_up_at: float) -> bool:
        offset = self._file.length if self._version else 0
        self._stalled_attempts += 1
        try:
            with download(self._session, url, offset=offset, version=self._version) as response:
                if response.offset == 0:
                    if self._is_complete(response):
                        return True
                    self._start(response)
                elif (response.offset, response.length) != (offset, self._length):
                    raise SourceModified("the file has changed during the download")
                self._receive(response, link_expires_at, give_up_at)
                self._check_length()
                self._check_beginning(url, response)
        except SourceModified:
            self._file.reset()
            self._version = None
            raise
        return False

    def _start(self, response: Download) -> None:
        self._file.reset()
        self._beginning = b""
        self._length, self._version = response.length, response.version

    def _receive(self, response: Download, link_expires_at: float, give_up_at: float) -> None:
        """Write what arrives.

        :param link_expires_at: storages check it when a request arrives, so a response goes on after it, unless at
            its rate the rest would not have arrived by ``give_up_at``
        :raises DownloadTooSlow: it is too slow
        """
        started, offset = time.monotonic(), self._file.length
        for chunk in response.chunks():
            with _storage_errors():
                self._file.write(chunk)
            self._beginning += chunk[: HEADER_SIZE - len(self._beginning)]
            if self._file.length > self._farthest:
                self._farthest, self._stalled_attempts = self._file.length, 0
            now = time.monotonic()
            if now <= max(link_expires_at, started + self._settings.min_seconds):
                continue
            missing = 0 if self._length is None else self._length - self._file.length
            if now + missing * (now - started) / max(1, self._file.length - offset) > give_up_at:
                raise self._too_slow()

    def _too_slow(self) -> DownloadTooSlow:
        return DownloadTooSlow(
            f"the file did not arrive while its link was valid: {self._file.length:,} bytes of "
            f"{'an unknown number' if self._length is None else f'{self._length:,}'}",
            code="DownloadTooSlow",
        )

    def _is_complete(self, response: Download) -> bool:
        # Under a name without the job, another task may have written a file of the same length.
        return (
            self._is_own and response.length is not None and _existing_length(self._path) == response.length
        )

    def _check_length(self) -> None:
        length = self._file.length
        if self._length is not None and length < self._length:
            raise TransientError(f"the file ended after {length} of {self._length} bytes")
        if self._length is not None and length > self._length:
            # Such as the whole file in place of its rest.
            raise SourceModified(f"the file has {length} instead of {self._length} bytes")
        if length == 0:
            raise ServiceError("the file is empty: it has 0 bytes", code=EMPTY_RESULT)

    def _check_beginning(self, url: str, response: Download) -> None:
        if is_text_by_mistake(urlsplit(url).path, self._beginning):
            # Such as the page of a proxy, or of a storage that is being repaired: later the file may come.
            raise SourceModified(
                f"the server sent a text of {self._file.length:,} bytes instead of the file (Content-Type: "
                f"{response.content_type or 'none'})",
                code="ResultNotAFile",
            )


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Raise permanent errors of ``oss://`` as OSError, as other storages do: a retry may find them corrected."""
    try:
        yield
    except TransientError:
        raise
    except ServiceError as error:
        raise OSError(str(error)) from error


def _existing_length(path: ObjectStoragePath) -> int | None:
    """Return the bytes of the file at an address, if there is one that is not empty and that may be looked at."""
    fs, name = path.fs, path.path
    fs.invalidate_cache()
    try:
        info = fs.info(name)
        return int(info["size"]) if info.get("type") == "file" and info.get("size") else None
    except (FileNotFoundError, PermissionError):
        return None


def _format_duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
