"""The waiting for a job, in the triggerer: a thin shell around ``jobs.poller``, whichever cloud does the job."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.triggers.task_state import OVER, SECONDS_TO_CANCEL, is_over, run_shielded

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.backend import JobHook
    from airflow_provider_viapi.jobs.model import Job


class JobTrigger(BaseTrigger):
    """Fires once the job has ended, cannot be asked after any more, or the deadline has passed.

    The event holds either ``report`` (see ``jobs.model.JobReport``) or ``error`` (see ``alibaba.errors``). The
    arguments are stored in Airflow's database, so a connection's id stands here and never a key.

    :param job_id: the service's id of the job
    :param action: the action that made it, as ``service.Action``
    :param deadline: when to give up, in ISO 8601 with an offset
    :param cancel_on_kill: whether the job ends with the task that waits for it
    """

    def __init__(self, *, job_id: str, action: str, deadline: str, cancel_on_kill: bool = True) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.job_id = job_id
        self.action = action
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill

    @property
    def cancel_on_states(self) -> Collection[str]:
        """The states of its task with which the job ends too."""
        return OVER

    def hook(self) -> JobHook:
        """The hook that asks."""
        raise NotImplementedError

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments to make this trigger again, in any triggerer."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "job_id": self.job_id,
            "action": self.action,
            "deadline": self.deadline,
            "cancel_on_kill": self.cancel_on_kill,
        }

    @property
    def job(self) -> Job:
        """The job that is waited for."""
        from airflow_provider_viapi.jobs.model import Job

        return Job(self.job_id, self.action)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then tell how it ended."""
        try:
            report = await self.hook().wait_for(
                self.job, until=datetime.fromisoformat(self.deadline), log=self.log
            )
        except asyncio.CancelledError:
            # Below 3.3 Airflow does not tell why it stops a trigger, so the task's state has to.
            if not hasattr(BaseTrigger, "on_kill"):
                await self.on_kill()
            raise
        except ServiceError as error:
            yield TriggerEvent({"error": error.as_dict()})
        else:
            yield TriggerEvent({"report": report.as_dict()})

    async def on_kill(self) -> None:
        """Cancel the job if a person ended the task; a task that moved or was cleared keeps its job."""
        if not self.cancel_on_kill:
            return
        await run_shielded(self._cancel_if_over(), SECONDS_TO_CANCEL)

    async def _cancel_if_over(self) -> None:
        from asgiref.sync import sync_to_async

        # Not asyncio.to_thread: before 3.3 Airflow's way to its API is bound to this loop.
        if await sync_to_async(is_over)(self.task_instance, self.cancel_on_states):
            await self.hook().cancel(self.job, self.log)
        else:
            self.log.info("Leaving job %s to whoever takes over this task", self.job_id)
