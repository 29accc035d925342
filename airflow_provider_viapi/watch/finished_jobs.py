"""Read the finished jobs of an account of VIAPI, page by page, for as long as anybody watches."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import ServiceError, Throttled
from airflow_provider_viapi.jobs.polling.intervals import AdaptiveInterval
from airflow_provider_viapi.jobs.polling.list_reader import releasing_slot
from airflow_provider_viapi.jobs.polling.supervised_loops import in_own_task, may_succeed_later
from airflow_provider_viapi.redaction import describe_error
from airflow_provider_viapi.watch.cursor import ListEntry, Page

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.job_backend import JobListPage, ViapiJobBackend
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.backend import SharedList
    from airflow_provider_viapi.quota.account_quota import Quota
    from airflow_provider_viapi.watch.shared_pages import Pages

logger = logging.getLogger(__name__)

REOPEN_AFTER = 600.0
"""Seconds after which the connection is read again: it may have been changed."""

RETRY_AFTER = 60.0
"""Seconds until the connection is read again after an error that does not pass, such as a missing permission."""

FAILURES_BEFORE_PROBLEM = 6
"""Reads in a row that fail before that is reported, although the error may pass."""

THROTTLED_BEFORE_PROBLEM = 60
"""Throttled reads in a row before that is reported. Several processes may read the list of an account."""


async def finished_job_pages(
    make_hook: Callable[[], ViapiHook], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Pages:
    """Yield pages of the account's finished jobs for ever: one call for each, at most one in 5 seconds.

    :param make_hook: makes the hook, which reads the connection as it is then
    :param sleep: waits for seconds
    """
    while True:
        try:
            hook = make_hook()
            async with hook.open_jobs() as jobs:
                await hook.quota.open()
                reader = _ListReader(jobs, hook.quota, sleep)
                opened = time.monotonic()
                while time.monotonic() - opened < REOPEN_AFTER or not reader.is_at_start:
                    page = await reader.next_page()
                    if page is not None:
                        yield page
        except Exception as error:
            text = str(error) if isinstance(error, ServiceError) else f"unexpected {describe_error(error)}"
            yield Page(problem=f"the job list cannot be read: {text}")
            await sleep(RETRY_AFTER)


class _ListReader:
    """Reads the list with one client."""

    def __init__(
        self, jobs: ViapiJobBackend, quota: Quota, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._jobs = jobs
        seconds = jobs.list_interval or 5.0
        self._interval = AdaptiveInterval(seconds)
        self._shared: SharedList | None = quota.job_list("list", seconds)
        self._source = hashlib.sha256(quota.owner.encode()).hexdigest()[:20]
        self._sleep = sleep
        self._number = 1
        self._pause = 0.0
        self._failures = 0

    @property
    def is_at_start(self) -> bool:
        return self._number == 1

    async def next_page(self) -> Page | None:
        """Read the next page; ``None`` if that failed and can be tried again.

        :raises ServiceError: an error that does not pass
        """
        # Processes that wait for jobs of the account read the list as well.
        slot = await self._shared.wait_for_slot() if self._shared is not None else None
        if slot is None:
            await self._sleep(self._pause)
        try:
            async with releasing_slot(self._shared, slot):
                listed = await in_own_task(self._jobs.list_page(self._number))
        except Throttled as error:
            self._pause = self._interval.on_throttled()
            return self._on_failure(error, THROTTLED_BEFORE_PROBLEM)
        except ServiceError as error:
            if not may_succeed_later(error):
                raise
            self._pause = self._interval.interval()
            return self._on_failure(error, FAILURES_BEFORE_PROBLEM)
        return self._on_success(listed)

    def _on_failure(self, error: ServiceError, limit: int) -> Page | None:
        logger.debug("The job list could not be read, retrying: %s", error)
        self._failures += 1
        if self._failures < limit:
            return None
        return Page(
            problem=f"the job list could not be read in {limit} attempts or more: {error.code or error}"
        )

    def _on_success(self, listed: JobListPage) -> Page:
        self._failures, self._pause = 0, self._interval.on_success()
        page = Page(
            [_entry(job) for job in listed.finished],
            is_first=self._number == 1,
            is_last=listed.is_last,
            source=self._source,
        )
        self._number = 1 if listed.is_last else self._number + 1
        return page


def _entry(job: Mapping[str, Any]) -> ListEntry:
    return ListEntry(job["job_id"], _seconds(job.get("ended_at") or job.get("created_at")), job)


def _seconds(time_in_list: str | None) -> int | None:
    """Return a time of the list as a number: in its unnamed zone, as it is only compared with others of the list."""
    try:
        moment = datetime.fromisoformat(time_in_list or "")
    except ValueError:
        return None
    return int(moment.replace(tzinfo=timezone.utc).timestamp())
