"""The waiting for some of many VIAPI jobs, in the triggerer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.triggers.task_state import SECONDS_TO_CANCEL, is_terminal, run_shielded

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.batch_pause import WaitPolicy
    from airflow_provider_viapi.jobs.completions import Completions
    from airflow_provider_viapi.jobs.delay_queue import Log
    from airflow_provider_viapi.jobs.model import Job, JobReport


class ViapiBatchTrigger(BaseTrigger):
    """Fires when it is worth while to see to the jobs that have ended, or when time is over.

    The event holds either ``ended`` (see ``jobs.completions.Completions``; of a hundred kilobytes, about, however many jobs there
    are) or ``error`` (see ``errors``). Used from Airflow 3.3 on only.

    :param job_ids: the service's ids of the jobs that run
    :param action: the action that made them, as ``service.Action``
    :param enough: so many ended jobs are worth while
    :param patience: seconds after the first one's end, when those that have ended have to do
    :param until: when to fire in any case, in ISO 8601 with an offset
    :param viapi_conn_id: id of the connection
    """

    def __init__(
        self,
        *,
        job_ids: Sequence[str],
        action: str,
        enough: int,
        patience: float,
        until: str,
        viapi_conn_id: str = ViapiHook.default_conn_name,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.job_ids = list(job_ids)
        self.action = action
        self.enough = enough
        self.patience = patience
        self.until = until
        self.viapi_conn_id = viapi_conn_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments that rebuild this trigger in any triggerer."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "job_ids": self.job_ids,
            "action": self.action,
            "enough": self.enough,
            "patience": self.patience,
            "until": self.until,
            "viapi_conn_id": self.viapi_conn_id,
        }

    @property
    def jobs(self) -> list[Job]:
        """The jobs that are waited for."""
        from airflow_provider_viapi.jobs.model import Job

        return [Job(job_id, self.action) for job_id in self.job_ids]

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then tell which have ended and how."""
        from airflow_provider_viapi.jobs.batch_pause import WaitPolicy

        hook = ViapiHook(self.viapi_conn_id)
        pause = WaitPolicy(self.enough, self.patience, datetime.fromisoformat(self.until))
        try:
            ended = await wait_for_some(hook, self.jobs, pause, self.log)
        except ServiceError as error:
            yield TriggerEvent({"error": error.as_dict()})
        else:
            yield TriggerEvent({"ended": ended.as_dict()})

    async def on_kill(self) -> None:
        """Cancel what queues if a person ended the task; a task that moved or was cleared keeps its jobs."""
        await run_shielded(self._cancel_if_over(), SECONDS_TO_CANCEL)

    async def _cancel_if_over(self) -> None:
        from asgiref.sync import sync_to_async

        # Not asyncio.to_thread: before 3.3 Airflow's way to its API is bound to this loop.
        if await sync_to_async(is_terminal)(self.task_instance):
            await cancel_jobs(ViapiHook(self.viapi_conn_id), self.jobs, self.log)
        else:
            self.log.info("Leaving %d jobs to whoever takes over this task", len(self.job_ids))


async def wait_for_some(hook: ViapiHook, jobs: Sequence[Job], pause: WaitPolicy, log: Log) -> Completions:
    """Wait for some of many jobs together with all others of the connection in the running event loop.

    :param pause: for how many, and how long
    :raises ConfigurationError: there is no such connection
    """
    from airflow_provider_viapi.jobs.completions import QuietLog, wait_for_completions

    # Once for all of them, before they come in their hundreds.
    await hook.aget_config()
    quiet = QuietLog(log)
    seconds = (pause.until - datetime.now(timezone.utc)).total_seconds()

    async def wait(job: Job) -> JobReport:
        return await hook.wait_for(job, until=pause.until + timedelta(days=1), log=quiet)

    return await wait_for_completions(
        jobs, wait, enough=pause.enough, patience=pause.patience, seconds=max(0.0, seconds)
    )


async def cancel_jobs(hook: ViapiHook, jobs: Collection[Job], log: Log) -> set[str]:
    """Cancel those jobs that still queue, and return their ids."""
    from airflow_provider_viapi.jobs.cancellation import cancel_each

    try:
        async with hook.open_jobs() as service:
            return await cancel_each(service, jobs, log)
    except ServiceError as error:
        log.warning("%d jobs could not be cancelled (%s): they go on and are billed", len(jobs), error)
        return set()
