"""Base hook of both clouds: connection, client, calls, waiting, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_viapi.errors import ConfigurationError, ServiceError
from airflow_provider_viapi.hooks.connection import (
    check_extra,
    job_messages_settings,
    missing_connection,
    single_flight,
)
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Connection

    from airflow_provider_viapi.jobs.attempt_context import AttemptContext, SubmitLimiter
    from airflow_provider_viapi.jobs.backend import JobBackend
    from airflow_provider_viapi.jobs.batch.wait import FinishedJobs, WaitPolicy
    from airflow_provider_viapi.jobs.metrics import Stats
    from airflow_provider_viapi.jobs.model import Job, JobReport, Log, OnState
    from airflow_provider_viapi.jobs.polling.poller import Poller
    from airflow_provider_viapi.jobs.polling.rate_limiter import Backoff
    from airflow_provider_viapi.messages.job_messages import JobMessageQueue
    from airflow_provider_viapi.messages.sqs import Connect
    from airflow_provider_viapi.quota.account_quota import Quota

READ_RETRIED_FOR = 180.0
"""Seconds for which a wait retries to read its connection."""

CANCEL_RETRIES = 30.0
"""Seconds over which the cancellation of a job is retried: what is not cancelled continues and is billed."""

CANCEL_RETRIES_OF_MANY = 10.0
"""Likewise, for each of many jobs: a trigger that is stopped has 25 s for all of them."""

MAX_CONCURRENT_CANCELS = 8
"""Cancellations at the same time; the service documents no limit per second."""

MAX_NAMED = 10
"""Jobs that one line of the log names."""

MAX_CONN_ID = 250
"""Characters of the id of an Airflow connection."""


class CloudHook(BaseHook):
    """Base of the clouds' hooks.

    Making a hook reads nothing and connects to nothing; the first call does.

    :param conn_id: id of the Airflow connection
    :raises ConfigurationError: it cannot be one
    """

    conn_type: ClassVar[str]
    accepted_conn_types: ClassVar[tuple[str, ...]] = ()
    missing_advice: ClassVar[str]
    """Says how to create the connection, for the error about a missing one."""
    poll_backoff: ClassVar[Backoff | None] = None
    """Intervals between two polls of one job; default: those of the poller, or of the kind of job."""

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        if not isinstance(conn_id, str) or not 0 < len(conn_id) <= MAX_CONN_ID:
            raise ConfigurationError(
                f"the id of the connection is {short_repr(conn_id)}; allowed: 1 to {MAX_CONN_ID} characters",
            )
        self._conn_id = conn_id
        self._fingerprint: tuple[object, ...] = ()
        self._owner = ""
        self._submit_limiters: dict[str, SubmitLimiter] = {}

    # What a cloud implements.

    def _parse(self, connection: Connection, extra: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return the account that a connection describes, and the key or user that proves who calls.

        :raises ConfigurationError: a field is missing or invalid
        """
        raise NotImplementedError

    def _with_refreshing_key(
        self, account: Any, key: Any, read: Callable[[], Any], aread: Callable[[], Awaitable[Any]]
    ) -> Any:
        """Return the account with a key that is read from the connection again when the service rejects it.

        :param read: reads the key of the moment
        :param aread: the same from an event loop
        """
        raise NotImplementedError

    def _owner_of(self, account: Any, key: Any) -> str:
        """Return what identifies the account whose quota the calls use; no secret."""
        raise NotImplementedError

    def _fingerprint_of(self, account: Any, key: Any) -> tuple[object, ...]:
        """Return what distinguishes two states of one connection, so that they do not share a poller."""
        raise NotImplementedError

    @cached_property
    def client(self) -> Any:
        """Client for a worker; its connections stay open as long as the hook exists."""
        raise NotImplementedError

    def report(self, job: Job) -> JobReport:
        """Return the state of a job, with one call."""
        raise NotImplementedError

    def open_jobs(self) -> AbstractAsyncContextManager[JobBackend]:
        """Open the account's jobs for the running event loop; leaving the context closes the client."""
        raise NotImplementedError

    def open_poller(self) -> AbstractAsyncContextManager[Poller]:
        """Open a poller of the account's jobs in the running event loop; leaving the context closes it."""
        raise NotImplementedError

    # What both have.

    @cached_property
    def account(self) -> Any:
        """Account that the connection describes; its key is read again when the service rejects it.

        :raises ConfigurationError: there is no such connection, or a field is missing or invalid
        """
        return self._refreshing(*self._read())

    async def aget_config(self) -> Any:
        """Return :attr:`account` in an event loop, without blocking it; hooks share one read per minute."""
        if "account" not in self.__dict__:
            self.__dict__["account"] = self._refreshing(*await self._aread_shared())
        return self.account

    async def _aread_shared(self) -> tuple[Any, Any]:
        account, key = await single_flight((type(self), self._conn_id), self._aread)
        self._fingerprint = self._fingerprint_of(account, key)
        return account, key

    def _refreshing(self, account: Any, key: Any) -> Any:
        self._owner = self._owner_of(account, key)

        def same_kind(current: Any) -> Any:
            # What was waited for with a key cannot continue with a user's password, or the reverse.
            return current if isinstance(current, type(key)) else key

        def read() -> Any:
            return same_kind(self._read()[1])

        async def aread() -> Any:
            return same_kind((await self._aread())[1])

        return self._with_refreshing_key(account, key, read, aread)

    def _read(self) -> tuple[Any, Any]:
        try:
            connection = self.get_connection(self._conn_id)
        except Exception as error:
            # Without a cause: that of a value that cannot be parsed quotes it, with its secret.
            raise missing_connection(self._conn_id, error, self.missing_advice) from None
        check_extra(connection)
        return self._parse(connection, connection.extra_dejson or {})

    async def _aread(self) -> tuple[Any, Any]:
        connection, extra = await self._aread_connection()
        return self._parse(connection, extra or {})

    async def _aread_connection(self) -> tuple[Connection, Mapping[str, Any]]:
        from airflow.providers.common.compat.connection import get_async_connection

        try:
            connection = await get_async_connection(self._conn_id)
            check_extra(connection)
            try:
                from airflow.providers.common.compat.connection import get_async_extra_dejson
            except ImportError:
                # common.compat before 1.21; masking secrets of the extra may then block the loop for a moment.
                return connection, connection.extra_dejson
            return connection, await get_async_extra_dejson(connection)
        except ServiceError:
            raise
        except Exception as error:
            raise missing_connection(self._conn_id, error, self.missing_advice) from None

    @cached_property
    def quota(self) -> Quota:
        """The account's quota, shared with other processes.

        :raises ConfigurationError: see :attr:`account`
        """
        from airflow_provider_viapi.quota.account_quota import Quota

        account = self.account
        return Quota(self._owner, account.quota_url, self.stats)

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

    def submit_limiter(self, action: str, context: AttemptContext) -> SubmitLimiter:
        """Return what limits the submissions of an action.

        :param action: as ``service.Action``
        """
        if action not in self._submit_limiters:
            rate, now = self.account.submit_qps, context.timing.now
            self._submit_limiters[action] = self.quota.submit_limiter(
                action, rate, context.pause_or_stop, lambda: now().timestamp()
            )
        return self._submit_limiters[action]

    def get_conn(self) -> Any:
        """Return the client, under the name that Airflow's hooks give it."""
        return self.client

    def call(self, action: Any, request: Mapping[str, Any]) -> dict[str, Any]:
        """Call an action and return its decoded response.

        :param action: the action, or its name such as ``imgsearch.SearchImage`` or ``vias.ShowTaskInfo``
        :param request: parameters by wire name, checked before anything is sent
        :raises InvalidRequest: there is no such action, or a parameter is missing or invalid
        :raises ServiceError: see ``airflow_provider_viapi.errors``
        """
        return dict(self.client.call(action, request))

    async def cancel(self, job: Job, log: Log) -> bool:
        """Cancel a job and return true; false if it continues and is billed. Logs which of the two happened."""
        (outcome,) = await self._cancel([job], log, CANCEL_RETRIES)
        if isinstance(outcome, ServiceError):
            log.warning("Job %s could not be cancelled (%s): it continues and is billed", job.id, outcome)
        elif outcome:
            log.info("Cancelled job %s", job.id)
        else:
            log.warning("Job %s cannot be cancelled in its current state: it continues and is billed", job.id)
        return outcome is True

    async def cancel_jobs(self, jobs: Collection[Job], log: Log) -> set[str]:
        """Cancel many jobs and return the ids of those that are; the others continue and are billed.

        Logs how many were cancelled, and how many not.
        """
        from airflow_provider_viapi.jobs.batch.wait import QuietLog

        outcomes = await self._cancel(jobs, QuietLog(log), CANCEL_RETRIES_OF_MANY)
        cancelled = {job.id for job, outcome in zip(jobs, outcomes, strict=True) if outcome is True}
        if cancelled:
            log.info("Cancelled %d jobs", len(cancelled))
        if left := len(jobs) - len(cancelled):
            errors = [outcome for outcome in outcomes if isinstance(outcome, ServiceError)]
            reason = errors[0] if len(errors) == left else "such as those that run already"
            named = [job.id for job in jobs if job.id not in cancelled][:MAX_NAMED]
            named += [f"and {left - MAX_NAMED} more"] if left > MAX_NAMED else []
            message = "%d jobs could not be cancelled (%s): they continue and are billed: %s"
            log.warning(message, left, reason, ", ".join(named))
        return cancelled

    async def _cancel(self, jobs: Collection[Job], log: Log, max_seconds: float) -> list[bool | ServiceError]:
        """Return for each job whether it was cancelled, or why that is unknown."""
        from airflow_provider_viapi.retrying import READ, aretry_call

        semaphore = asyncio.Semaphore(MAX_CONCURRENT_CANCELS)

        async def cancel(job: Job, backend: JobBackend) -> bool | ServiceError:
            async with semaphore:
                try:
                    # A second cancellation changes nothing, so every transient error may be retried.
                    return await aretry_call(
                        lambda: backend.cancel(job), policy=READ, max_seconds=max_seconds, log=log
                    )
                except ServiceError as error:
                    return error

        try:
            async with self.open_jobs() as backend:
                return await asyncio.gather(*(cancel(job, backend) for job in jobs))
        except ServiceError as error:
            return [error] * len(jobs)

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
        from airflow_provider_viapi.jobs.polling.registry import shared_poller

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

    @property
    def connection_key(self) -> tuple[object, ...]:
        """Identifies the connection as it was read: a change applies to hooks that are made a minute later."""
        return (self.conn_type, self._conn_id, *self._fingerprint)

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
        from airflow_provider_viapi.jobs.polling.registry import shared_limiter

        async with backend as jobs:
            rate, quota = self.account.poll_qps, self.quota
            await quota.open()
            limiter = shared_limiter(self.connection_key, lambda: quota.limiter("results", rate))
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

    @cached_property
    def stats(self) -> Stats:
        """Receiver of the metrics of calls and waits."""
        from airflow_provider_viapi.hooks.airflow_stats import AirflowStats

        return AirflowStats()


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
