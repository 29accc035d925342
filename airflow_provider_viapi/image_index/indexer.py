"""Working through pictures at the account's quota, several calls in flight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from airflow_provider_viapi.alibaba.services.imgsearch import CAPACITY
from airflow_provider_viapi.errors import (
    InvalidMedia,
    InvalidRequest,
    ResponseLost,
    ServiceError,
    Throttled,
    TransientError,
)
from airflow_provider_viapi.image_index.database import ImageDatabase
from airflow_provider_viapi.image_index.image import Picture
from airflow_provider_viapi.image_index.pace import Pace
from airflow_provider_viapi.image_index.progress import Progress
from airflow_provider_viapi.image_index.reconciliation import arrived, missing
from airflow_provider_viapi.image_index.report import Failure, IndexingReport
from airflow_provider_viapi.jobs.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from airflow_provider_viapi.jobs.model import Log

Readable = Callable[[Picture], AbstractAsyncContextManager[str]]
"""Has a picture lie where the service can read it, and gives the address, for as long as the context lasts."""

CALLS_AT_ONCE = 64
"""Pictures that are worked on at the same time at most: enough for 50 calls a second that take more than a second."""

PATIENCE = 300.0
"""Seconds over which a picture is tried again while the service stumbles."""

SECONDS_BETWEEN_LINES = 30.0
"""How often the log tells of the progress."""

FAILURES_LOGGED = 1000
"""Failures that the log tells one by one."""


class Indexer:
    """Adds the pictures that a database lacks, each once.

    :param database: the image database
    :param quota: the pace of AddImage
    :param readable: makes a picture readable for the service
    :param max_failed: how many pictures may fail; one more ends the work
    :param log: told of the progress, at intervals, and of failures
    """

    def __init__(
        self, database: ImageDatabase, quota: RateLimiter, readable: Readable, *, max_failed: int, log: Log
    ) -> None:
        self._database = database
        self._pace = Pace(quota)
        self._readable = readable
        self._max_failed = max_failed
        self._log = log
        self._ended = False
        self._got_through = 0.0

    async def run(self, pictures: Sequence[Picture], *, resumed: bool = False) -> IndexingReport:
        """Add what is missing and report; failures of single pictures are in the report.

        :param resumed: an earlier run of the same work was begun, so that calls of it may be under way
        :raises InvalidRequest: there is no such database
        :raises ServiceError: an error that is not about one picture: the key, or a service that is down. What was
            added until then is found by the next run
        """
        self._report = report = IndexingReport(self._database.name, len(pictures))
        await self._database.check_exists()
        waiting = await missing(self._database, pictures, resumed=resumed, log=self._log)
        report.found = len(pictures) - len(waiting)
        await self._tell_of_room(len(waiting))
        self._waiting = iter(waiting)
        self._progress = Progress(len(waiting))
        self._got_through = time.monotonic()
        workers = [asyncio.ensure_future(self._work()) for _ in range(min(CALLS_AT_ONCE, len(waiting)))]
        telling = asyncio.ensure_future(self._keep_telling())
        try:
            await asyncio.gather(*workers)
        finally:
            for task in (telling, *workers):
                task.cancel()
            await asyncio.gather(telling, *workers, return_exceptions=True)
        return report

    async def _tell_of_room(self, wanted: int) -> None:
        count = await self._database.count() if wanted else None
        if count is not None and count + wanted > CAPACITY:
            self._log.warning(
                "%s holds %s pictures and has room for %s of the %s that are missing",
                self._database.name,
                f"{count:,}",
                f"{max(0, CAPACITY - count):,}",
                f"{wanted:,}",
            )

    async def _work(self) -> None:
        for picture in self._waiting:
            await self._index(picture)
            if self._ended:
                return

    async def _index(self, picture: Picture) -> None:
        try:
            async with self._readable(picture) as address:
                await self._add(picture, address)
        except InvalidMedia as error:
            self._fail(picture, error)
        except InvalidRequest as error:
            await self._judge(picture, error)
        except TransientError as error:
            if self._ended:
                return
            if isinstance(error, Throttled) or time.monotonic() - self._got_through > PATIENCE:
                raise
            self._fail(picture, error)
        else:
            self._report.added += 1
            self._progress.done += 1
            self._got_through = time.monotonic()

    async def _add(self, picture: Picture, address: str) -> None:
        from tenacity import AsyncRetrying, retry_if_exception_type

        trying = AsyncRetrying(
            retry=retry_if_exception_type(TransientError),
            wait=_pause,
            stop=self._gives_up,
            reraise=True,
        )
        await trying(self._add_once, picture, address)

    async def _add_once(self, picture: Picture, address: str) -> None:
        await self._pace.turn()
        try:
            await self._database.add(picture, address)
        except Throttled:
            self._pace.refused()
            raise
        except ResponseLost:
            if not await arrived(self._database, picture):
                raise
        else:
            self._pace.granted()

    def _gives_up(self, state: RetryCallState) -> bool:
        """Whether a picture is not tried again: throttling is not its fault as long as others get through."""
        error = state.outcome.exception() if state.outcome else None
        if self._ended:
            return True
        if isinstance(error, Throttled):
            return time.monotonic() - self._got_through > PATIENCE
        return (state.seconds_since_start or 0.0) > PATIENCE

    async def _judge(self, picture: Picture, error: InvalidRequest) -> None:
        """Find out whether a refusal that does not speak of the picture is about the whole database.

        What the service answers when a database is full is not documented, so the database is asked.
        """
        if self._ended:
            return
        await self._database.check_exists()
        if not await self._database.is_full():
            self._fail(picture, error)
        elif not self._ended:
            self._report.is_full = self._ended = True
            self._log.warning(
                "%s is full: it holds %s pictures, as many as it can", self._database.name, f"{CAPACITY:,}"
            )

    def _fail(self, picture: Picture, error: ServiceError) -> None:
        failure = Failure.of(picture, error)
        self._report.fail(failure)
        self._progress.done += 1
        if self._report.failed <= FAILURES_LOGGED:
            self._log.warning("Not added: %s", failure)
        if self._report.failed > self._max_failed and not self._ended:
            self._ended = True
            self._log.warning(
                "More than %s failed: no further pictures are sent", f"max_failed={self._max_failed}"
            )

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LINES)
            self._log.info("Indexed %s, %s failed", self._progress.tell(), self._report.failed)


def _pause(state: RetryCallState) -> float:
    """Seconds until a picture is tried again; after throttling the quota does the waiting."""
    from tenacity import wait_exponential, wait_random

    if state.outcome is not None and isinstance(state.outcome.exception(), Throttled):
        return 0.0
    wait = wait_exponential(multiplier=0.5, max=30) + wait_random(0, 1)
    return wait(state)
