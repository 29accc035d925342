"""Triggers that wait for some of many jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.result_fields import storable
from airflow_provider_viapi.task_instance.cancellation import jobs_to_cancel, run_shielded
from airflow_provider_viapi.task_instance.xcoms import RUNNING_KEY

if TYPE_CHECKING:
    from typing_extensions import Self

    from airflow_provider_viapi.jobs.batch.runner import BatchRunner
    from airflow_provider_viapi.jobs.batch.wait import FinishedJobs, WaitPolicy
    from airflow_provider_viapi.jobs.model import Job, JobReport, Log


class BatchTrigger(BaseTrigger):
    """Wait until enough jobs of a batch have ended to be worth processing, or its time is over.

    The event holds either ``ended`` (see ``jobs.batch.wait.FinishedJobs``; about 100 kB, however many jobs there are)
    or ``error`` (see ``errors``). Airflow stores the arguments in its database: they name a connection and never hold
    a key.

    :param job_ids: the service's ids of the running jobs
    :param action: the action that created them, as ``service.Action``
    :param min_completed: number of ended jobs to wait for
    :param max_wait: seconds after the first one ended, however many have ended by then
    :param until: when to fire in any case, ISO 8601 with an offset
    :param survives_clear: the next attempt of a cleared task finds the jobs; with ``False`` clearing cancels those
        that are queued; default: ``True``
    """

    conn_id_name: ClassVar[str]
    default_conn_id: ClassVar[str]

    def __init__(
        self,
        *,
        job_ids: Sequence[str],
        action: str,
        min_completed: int,
        max_wait: float,
        until: str,
        survives_clear: bool = True,
        **connection: str,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.job_ids = list(job_ids)
        self.action = action
        self.min_completed = min_completed
        self.max_wait = max_wait
        self.until = until
        self.survives_clear = survives_clear
        self.conn_id = connection.pop(self.conn_id_name, self.default_conn_id)
        if connection:
            raise TypeError(f"unexpected arguments of {type(self).__name__}: {', '.join(connection)}")

    @classmethod
    def of(cls, batch: BatchRunner, policy: WaitPolicy, **connection: str) -> Self:
        """Build the trigger for the running jobs of a batch."""
        return cls(
            job_ids=[job.id for job in batch.jobs],
            action=batch.config.action,
            min_completed=policy.min_completed,
            max_wait=policy.max_wait,
            until=policy.until.isoformat(),
            survives_clear=batch.ledger.survives_clear,
            **connection,
        )

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments that rebuild this trigger in any triggerer."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "job_ids": self.job_ids,
            "action": self.action,
            "min_completed": self.min_completed,
            "max_wait": self.max_wait,
            "until": self.until,
            "survives_clear": self.survives_clear,
            self.conn_id_name: self.conn_id,
        }

    def hook(self) -> Any:
        """Return the hook that polls."""
        raise NotImplementedError

    @property
    def jobs(self) -> list[Job]:
        """The jobs to wait for."""
        from airflow_provider_viapi.jobs.model import Job

        return [Job(job_id, self.action) for job_id in self.job_ids]

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event."""
        from airflow_provider_viapi.jobs.batch.wait import WaitPolicy

        policy = WaitPolicy(self.min_completed, self.max_wait, datetime.fromisoformat(self.until))
        try:
            finished = await wait_for_some(self.hook(), self.jobs, policy, self.log)
        except asyncio.CancelledError:
            # Before 3.3 Airflow has no on_kill: the state of the task shows why the trigger is stopped.
            if not hasattr(BaseTrigger, "on_kill"):
                await self.on_kill()
            raise
        except ServiceError as error:
            yield TriggerEvent(storable({"error": error.as_dict()}))
        else:
            yield TriggerEvent(storable({"ended": finished.as_dict()}))

    async def on_kill(self) -> None:
        """Cancel queued jobs if a user ended the task, or cleared it and its next attempt does not find the jobs."""
        await run_shielded(self._cancel_if_ended())

    async def _cancel_if_ended(self) -> None:
        unwanted = await jobs_to_cancel(
            self.task_instance,
            self.job_ids,
            self.log,
            published_as=RUNNING_KEY,
            survives_clear=self.survives_clear,
        )
        if unwanted:
            await cancel_jobs(self.hook(), [job for job in self.jobs if job.id in unwanted], self.log)
        if kept := len(self.job_ids) - len(unwanted):
            self.log.info(
                "%d jobs continue; the trigger or attempt that takes over their task resumes them", kept
            )


class ViapiBatchTrigger(BatchTrigger):
    """Wait for jobs of a VIAPI account; takes what :class:`BatchTrigger` takes, and ``viapi_conn_id``."""

    conn_id_name = "viapi_conn_id"
    default_conn_id = "viapi_default"

    def hook(self) -> Any:
        """Return the hook that polls."""
        from airflow_provider_viapi.hooks.viapi import ViapiHook

        return ViapiHook(self.conn_id)


class HuaweiCloudBatchTrigger(BatchTrigger):
    """Wait for jobs of a Huawei Cloud account; takes what :class:`BatchTrigger` takes, and its connection id."""

    conn_id_name = "huaweicloud_conn_id"
    default_conn_id = "huaweicloud_default"

    def hook(self) -> Any:
        """Return the hook that polls."""
        from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook

        return HuaweiCloudHook(self.conn_id)


async def wait_for_some(hook: Any, jobs: Sequence[Job], policy: WaitPolicy, log: Log) -> FinishedJobs:
    """Wait for some of many jobs, together with all other waits of the connection in this event loop.

    :param hook: a cloud's hook
    :raises ConfigurationError: the connection cannot be used
    """
    from airflow_provider_viapi.jobs.batch.wait import QuietLog, wait_for_finished_jobs

    # Read once, before hundreds of waits ask for it.
    await hook.aread_for_wait(policy.until, log)
    quiet = QuietLog(log)
    seconds = (policy.until - datetime.now(timezone.utc)).total_seconds()

    async def wait(job: Job) -> JobReport:
        report: JobReport = await hook.wait_for(job, until=policy.until + timedelta(days=1), log=quiet)
        return report

    return await wait_for_finished_jobs(
        jobs,
        wait,
        min_completed=policy.min_completed,
        max_wait=policy.max_wait,
        timeout=max(0.0, seconds),
    )


async def cancel_jobs(hook: Any, jobs: Collection[Job], log: Log) -> Collection[str]:
    """Cancel the jobs that are still queued, and return their ids."""
    from airflow_provider_viapi.jobs.batch.wait import cancel_queued

    try:
        async with hook.open_jobs() as backend:
            return await cancel_queued(backend, jobs, log)
    except ServiceError as error:
        log.warning("%d jobs could not be cancelled (%s): they continue and are billed", len(jobs), error)
        return ()
