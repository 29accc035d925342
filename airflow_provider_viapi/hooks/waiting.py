"""Base of the clouds' hooks as far as they wait for jobs, in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary, WeakValueDictionary

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.hooks.cancelling import CancellingHook
from airflow_provider_viapi.hooks.connection import job_messages_settings

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_viapi.jobs.backend import JobBackend
    from airflow_provider_viapi.jobs.batch.wait import FinishedJobs, WaitPolicy
    from airflow_provider_viapi.jobs.model import Job, JobReport, Log, OnState
    from airflow_provider_viapi.jobs.polling.intervals import Backoff
    from airflow_provider_viapi.jobs.polling.poller import Poller
    from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
    from airflow_provider_viapi.messages.job_messages import JobMessageQueue
    from airflow_provider_viapi.messages.sqs import Connect

READ_RETRIED_FOR = 180.0
"""Seconds for which a wait retries to read its connection."""


class WaitingHook(CancellingHook):
    """Base of the clouds' hooks; all waits of a connection in an event loop share a poller."""

    poll_backoff: ClassVar[Backoff | None] = None
    """Intervals between two polls of one job; default: those of the poller, or of the kind of job."""

    # What a cloud implements.

    def _report(self, job: Job) -> JobReport:
        """Return the state of a job, with one call; with another for the link of an avatar video."""
        raise NotImplementedError

    def open_poller(self) -> AbstractAsyncContextManager[Poller]:
        """Open a poller of the account's jobs in the running event loop; leaving the context closes it."""
        raise NotImplementedError

    # What both have.

    def report(self, job: Job) -> JobReport:
        """Return the state of a job, with one call; with another for the link of an avatar video.

        It waits 5 s at most for the quota that processes share, and counts in it unless its slot is later than that.
        """
        with self.quota.counting_poll(self.account.poll_qps):
            return self._report(job)

    def job_messages(self) -> JobMessageQueue | None:
        """Return the messages of ``[viapi] job_messages_url``, which name finished jobs; ``None`` if it is not set.

        :raises ConfigurationError: the setting, or ``job_messages_id_expression``, cannot be used
        """
        if (settings := job_messages_settings()) is None:
            return None
        from airflow_provider_viapi.messages.job_messages import open_job_messages

        return open_job_messages(*settings, connect=_aws_connect())

    def check_can_wait(self) -> None:
        """Check the settings that calls and waits use besides the connection.

        :raises ConfigurationError: one of them cannot be used here
        """
        self.quota.check()
        self.job_messages()

    async def aread_for_wait(self, deadline: datetime, log: Log) -> None:
        """Read the connection in order to wait for jobs, which are paid for: a failed read is retried for a while.

        :param deadline: of the wait, an aware time
        :raises ConfigurationError: it cannot be read, or a field is missing or invalid
        """
        from datetime import datetime, timezone

        from airflow_provider_viapi.retrying import CONNECTION, aretry_call

        seconds = (deadline - datetime.now(timezone.utc)).total_seconds()
        await aretry_call(
            self._aread_shared,
            policy=CONNECTION,
            max_seconds=min(READ_RETRIED_FOR, max(0.0, seconds)),
            log=log,
        )

    async def wait_for(
        self, job: Job, *, deadline: datetime, log: Log, on_state: OnState | None = None
    ) -> JobReport:
        """Wait for a job, together with all other jobs of the connection in the running event loop.

        :param deadline: an aware time
        :param log: receives changes of the job's state
        :param on_state: receives the states that the job has been in
        :raises JobTimedOut: the job had not ended at the deadline
        :raises ServiceError: a permanent error
        """
        if not self._fingerprint:
            # Only the hook that opens the poller needs the account.
            await self.aread_for_wait(deadline, log)
        async with shared_poller(self.poller_key(job), lambda: self.open_poller_for(job)) as poller:
            return await poller.wait(job, deadline=deadline, log=log, on_state=on_state)

    async def wait_for_some(self, jobs: Collection[Job], policy: WaitPolicy, log: Log) -> FinishedJobs:
        """Wait for some of many jobs, together with all other waits of the connection in the running event loop.

        :raises ConfigurationError: the connection cannot be used
        """
        from datetime import datetime, timedelta, timezone

        from airflow_provider_viapi.jobs.batch.wait import QuietLog, wait_for_finished_jobs

        # Read once, before hundreds of waits ask for it.
        await self.aread_for_wait(policy.continue_at, log)
        quiet = QuietLog(log)
        seconds = (policy.continue_at - datetime.now(timezone.utc)).total_seconds()
        return await wait_for_finished_jobs(
            jobs,
            lambda job: self.wait_for(job, deadline=policy.continue_at + timedelta(days=1), log=quiet),
            min_finished=policy.min_finished,
            max_wait=policy.max_wait,
            timeout=max(0.0, seconds),
        )

    def poller_key(self, job: Job) -> tuple[object, ...]:
        """Return what jobs have in common that share a poller."""
        return self.connection_key

    def open_poller_for(self, job: Job) -> AbstractAsyncContextManager[Poller]:
        """Open the poller for the kind of a job."""
        return self.open_poller()

    @asynccontextmanager
    async def _opened_poller(
        self,
        backend: AbstractAsyncContextManager[JobBackend],
        backoff: Backoff | None,
        shared_list: str | None = None,
    ) -> AsyncIterator[Poller]:
        from airflow_provider_viapi.jobs.polling.poller import Poller
        from airflow_provider_viapi.quota.account_quota import RESULTS

        async with backend as jobs:
            rate, quota = self.account.poll_qps, self.quota
            await quota.open()
            limiter = shared_limiter(self.connection_key, lambda: quota.limiter(RESULTS, rate))
            interval = jobs.list_interval
            others = quota.job_list(shared_list, interval) if shared_list and interval else None
            list_jobs: Any = getattr(self.account, "list_jobs", "auto")
            try:
                messages = self.job_messages()
            except ConfigurationError as error:
                # Found before anything was submitted, on the worker. Here jobs are paid for, and are waited for.
                self.log.warning(
                    "Messages about finished jobs cannot be received; jobs are polled instead: %s", error
                )
                messages = None
            poller = Poller(
                jobs,
                backoff,
                limiter,
                list_jobs=list_jobs,
                stats=self.stats,
                shared_list=others,
                messages=messages,
            )
            try:
                yield poller
            finally:
                await poller.close()


@dataclass
class _SharedPoller:
    """A poller with the number of its users."""

    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    poller: Poller | None = None
    context: AbstractAsyncContextManager[Poller] | None = None


# Keyed by event loop: a poller's tasks and a limiter's clock belong to one loop, and a process may run several.
_pollers: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, _SharedPoller]] = WeakKeyDictionary()
_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[Hashable, RateLimiter]] = (
    WeakKeyDictionary()
)


def shared_limiter(key: Hashable, make: Callable[[], RateLimiter]) -> RateLimiter:
    """Return the event loop's rate limiter of a connection; it exists as long as a poller uses it.

    :param key: identifies the connection
    :param make: makes the limiter for its first user
    """
    limiters = _limiters.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    limiter = limiters.get(key)
    if limiter is None:
        limiter = limiters[key] = make()
    return limiter


@asynccontextmanager
async def shared_poller(
    key: Hashable, open_poller: Callable[[], AbstractAsyncContextManager[Poller]]
) -> AsyncIterator[Poller]:
    """Enter the event loop's poller of a connection; the last user closes it.

    :param key: identifies the connection
    :param open_poller: opens the poller for its first user
    """
    pollers = _pollers.setdefault(asyncio.get_running_loop(), {})
    shared = pollers.setdefault(key, _SharedPoller())
    shared.users += 1
    try:
        async with shared.opening:
            if shared.poller is None:
                context = open_poller()
                shared.poller = await context.__aenter__()
                shared.context = context
        yield shared.poller
    finally:
        shared.users -= 1
        if shared.users == 0:
            pollers.pop(key, None)
            if shared.context is not None:
                await shared.context.__aexit__(None, None, None)


def _aws_connect() -> Connect | None:
    """Return the function that opens a client of AWS; ``None`` if Airflow's amazon provider is not installed."""
    try:
        return _aws_client if find_spec("airflow.providers.amazon.aws") else None
    except ModuleNotFoundError:
        return None


async def _aws_client(conn_id: str | None, service: str, region: str) -> AbstractAsyncContextManager[Any]:
    # The first import takes more than a second.
    hook_class = await asyncio.to_thread(_aws_hook_class)
    hook = hook_class(aws_conn_id=conn_id, client_type=service, region_name=region)
    client: AbstractAsyncContextManager[Any] = await hook.get_async_conn()
    return client


def _aws_hook_class() -> Any:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    return AwsBaseHook
