"""Adding images at the account's rate limit, several calls in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_viapi.errors import (
    InvalidMedia,
    InvalidRequest,
    ServiceError,
    Throttled,
    TransientError,
    proves_not_accepted,
)
from airflow_provider_viapi.image_index.images import ImageEntry
from airflow_provider_viapi.image_index.imgsearch_database import SETTLE_SECONDS, ImageDatabase
from airflow_provider_viapi.image_index.report import ImageFailure, IndexingProgress, IndexingReport
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.retrying import READ, aretry_call

if TYPE_CHECKING:
    from airflow_provider_viapi.image_index.imagesearch_instance import ImageInstance
    from airflow_provider_viapi.jobs.model import Log


TOLERATED_SHARE = 1 / 50
"""Share of calls that may be throttled before the rate is reduced. Calls that are sent evenly do not arrive evenly,
so at the full rate one of many is throttled and nothing is wrong; each reduction costs about two seconds."""

TOLERATED_SECONDS = 0.2
"""Seconds over which all calls may be throttled at the full rate: what was delayed together is throttled together."""


class TolerantLimiter:
    """One call after the other, at a rate that is reduced only by throttling that is no accident.

    :param limiter: calls per second
    """

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter
        # A waiting call does not notice that the rate has changed, so only one waits at a time.
        self._lock = asyncio.Lock()
        self._max_credit = max(1.0, limiter.ceiling * TOLERATED_SECONDS)
        self._credit = 1.0

    async def acquire(self) -> None:
        """Wait until the next call may be sent."""
        async with self._lock:
            # The response time is mostly work on the image, and says nothing about when the call arrived.
            await self._limiter.wait()

    def on_success(self) -> None:
        """Record a call that was accepted."""
        self._credit = min(self._max_credit, self._credit + TOLERATED_SHARE)
        self._limiter.on_success()

    def on_throttled(self) -> None:
        """Record a call that was throttled; unless that is rare, reduce the rate."""
        if self._credit >= 1:
            self._credit -= 1
        else:
            self._limiter.on_throttled()


StageImage = Callable[[ImageEntry], AbstractAsyncContextManager[str]]
"""Returns an address at which the service can read an image, valid while the context lasts."""

MAX_IN_FLIGHT = 64
"""Images in flight at the same time: enough for 50 calls a second that take more than a second."""

MAX_FAILURES_LOGGED = 1000
"""Failures that are logged one by one."""


@dataclass(frozen=True)
class IndexingTiming:
    """Tunable waits of indexing, in seconds.

    :param retry_seconds: how long an image is retried while the service fails
    :param settle_seconds: how long a database must not have changed before it is trusted
    :param progress_interval: time between two log lines about the progress
    """

    retry_seconds: float = 300.0
    settle_seconds: float = SETTLE_SECONDS
    progress_interval: float = 30.0


class Indexer:
    """Adds the images that a database lacks, each once.

    :param database: the image database, or the instance of ImageSearch
    :param limiter: of the calls of AddImage
    :param stage: makes an image readable for the service
    :param max_failed: how many images may fail; one more ends the work
    :param log: logs the progress, at intervals, and failures
    """

    def __init__(
        self,
        database: ImageDatabase | ImageInstance,
        limiter: RateLimiter,
        stage: StageImage,
        *,
        max_failed: int,
        log: Log,
        timing: IndexingTiming | None = None,
    ) -> None:
        self._database = database
        self._limiter = TolerantLimiter(limiter)
        self._stage = stage
        self._max_failed = max_failed
        self._log = log
        self._timing = timing or IndexingTiming()
        self._ended = False
        self._is_asking = False
        self._progress = IndexingProgress(0)
        self._last_success = 0.0

    async def run(
        self, images: Sequence[ImageEntry], *, resumed: bool = False, skip_existing: bool = True
    ) -> IndexingReport:
        """Add what is missing; failures of single images are in the report.

        :param skip_existing: with ``False``, all images are added, whether they are in the database or not
        :param resumed: an earlier run of the same work was begun, so that calls of it may be in flight
        :raises InvalidRequest: there is no such database
        :raises ServiceError: an error that is not about one image: the key, or a service that is down. What was added
            until then is found by the next run
        """
        self._report = report = IndexingReport(self._database.name, self._database.backend, len(images))
        await self._database.check_exists()
        waiting = list(images)
        self._is_asking = skip_existing
        workers: list[asyncio.Future[None]] = []
        progress = asyncio.ensure_future(self._progress_loop())
        try:
            if skip_existing:
                waiting = await self._database.missing(
                    images,
                    resumed=resumed,
                    log=self._log,
                    settle_seconds=self._timing.settle_seconds,
                )
            report.found = len(images) - len(waiting)
            await self._warn_of_capacity(len(waiting))
            self._waiting = iter(waiting)
            self._progress = IndexingProgress(len(waiting))
            self._is_asking = False
            self._last_success = time.monotonic()
            workers = [asyncio.ensure_future(self._work()) for _ in range(min(MAX_IN_FLIGHT, len(waiting)))]
            await asyncio.gather(*workers)
        finally:
            for task in (progress, *workers):
                task.cancel()
            await asyncio.gather(progress, *workers, return_exceptions=True)
        return report

    async def _warn_of_capacity(self, wanted: int) -> None:
        count = await self._database.count() if wanted else None
        capacity = self._database.capacity
        if count is not None and capacity and count + wanted > capacity:
            self._log.warning(
                "%s holds %s images and can take %s of the %s that are missing",
                self._database.name,
                f"{count:,}",
                f"{max(0, capacity - count):,}",
                f"{wanted:,}",
            )

    async def _work(self) -> None:
        for image in self._waiting:
            await self._index(image)
            if self._ended:
                return

    async def _index(self, image: ImageEntry) -> None:
        try:
            async with self._stage(image) as address:
                await self._add(image, address)
        except InvalidMedia as error:
            self._fail(image, error)
        except InvalidRequest as error:
            await self._handle_refusal(image, error)
        except TransientError as error:
            if self._ended:
                return
            if isinstance(error, Throttled) or self._is_stalled():
                raise
            self._fail(image, error)
        else:
            self._report.added += 1
            self._progress.done += 1
            self._last_success = time.monotonic()

    def _is_stalled(self) -> bool:
        return time.monotonic() - self._last_success > self._timing.retry_seconds

    async def _add(self, image: ImageEntry, address: str) -> None:
        await aretry_call(
            lambda: self._add_despite_throttling(image, address),
            policy=READ.only_if(lambda error: not isinstance(error, Throttled) and not self._ended),
            max_seconds=self._timing.retry_seconds,
        )

    async def _add_despite_throttling(self, image: ImageEntry, address: str) -> None:
        # Throttling is not the image's fault as long as others are added; the rate limiter does the waiting.
        while True:
            try:
                return await self._add_once(image, address)
            except Throttled:
                if self._ended or self._is_stalled():
                    raise

    async def _add_once(self, image: ImageEntry, address: str) -> None:
        await self._limiter.acquire()
        try:
            await self._database.add(image, address)
        except Throttled:
            self._limiter.on_throttled()
            raise
        except ServiceError as error:
            # Such as a lost response, or a 5xx of a service that may have added the image before it failed.
            settle = self._timing.settle_seconds
            if proves_not_accepted(error) or not await self._database.was_added(image, settle):
                raise
        else:
            self._limiter.on_success()

    async def _handle_refusal(self, image: ImageEntry, error: InvalidRequest) -> None:
        """Find out whether a refusal that does not name the image is about the whole database.

        How the service responds when a database is full is not documented, so the database is read.
        """
        if self._ended:
            return
        await self._database.check_exists()
        if not await self._database.is_full():
            self._fail(image, error)
        elif not self._ended:
            self._report.is_full = self._ended = True
            self._log.warning(
                "%s is full: it holds %s images, as many as it can",
                self._database.name,
                f"{self._database.capacity:,}",
            )

    def _fail(self, image: ImageEntry, error: ServiceError) -> None:
        failure = ImageFailure.of(image, error)
        self._report.fail(failure)
        self._progress.done += 1
        if self._report.failed <= MAX_FAILURES_LOGGED:
            self._log.warning("Not added: %s", failure)
        if self._report.failed > self._max_failed and not self._ended:
            self._ended = True
            self._log.warning(
                "More than %s failed: no further images are sent", f"max_failed={self._max_failed}"
            )

    async def _progress_loop(self) -> None:
        while True:
            await asyncio.sleep(self._timing.progress_interval)
            if self._is_asking:
                self._log.info(
                    "Checking which of %s images are in %s already",
                    f"{self._report.images:,}",
                    self._database.name,
                )
            else:
                self._log.info("Indexed %s, %s failed", self._progress.describe(), self._report.failed)
