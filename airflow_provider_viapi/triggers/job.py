"""Triggers that wait for jobs, through ``jobs.polling.poller``: their base, and for one job one of each cloud."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.result_fields import storable
from airflow_provider_viapi.task_instance.cancel_decision import (
    TERMINAL,
    UNSUCCESSFUL,
    jobs_to_cancel,
    run_shielded,
)
from airflow_provider_viapi.task_instance.xcoms import JOB_KEY, showing_states, states_writer_of_trigger

if TYPE_CHECKING:
    from typing_extensions import Self

    from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.hooks.waiting import WaitingHook
    from airflow_provider_viapi.jobs.model import Job


class WaitTrigger(BaseTrigger):
    """Wait for jobs of one connection's account, then fire one event.

    The event holds what the wait has returned, or ``error`` (see ``errors``). Airflow stores the arguments in its
    database: they name a connection and never hold a key.
    """

    argument_names: ClassVar[tuple[str, ...]]
    """Arguments that rebuild the trigger; each is an attribute."""

    def hook(self) -> WaitingHook:
        """Return the hook that polls."""
        raise NotImplementedError

    async def wait(self) -> dict[str, Any]:
        """Wait, and return what the event holds."""
        raise NotImplementedError

    async def cancel_if_ended(self) -> None:
        """Cancel queued jobs if a user ended the task, or cleared it and its next attempt does not find the jobs."""
        raise NotImplementedError

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class and the arguments that rebuild this trigger in any triggerer."""
        path = f"{type(self).__module__}.{type(self).__qualname__}"
        return path, {name: getattr(self, name) for name in self.argument_names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then yield one event."""
        try:
            event = await self.wait()
        except asyncio.CancelledError:
            # Before 3.3 Airflow has no on_kill: the state of the task shows why the trigger is stopped.
            if not hasattr(BaseTrigger, "on_kill"):
                await self.on_kill()
            raise
        except ServiceError as error:
            event = {"error": error.as_dict()}
        yield TriggerEvent(storable(event))

    async def on_kill(self) -> None:
        """Cancel queued jobs that nobody waits for any more; see :meth:`cancel_if_ended`."""
        await run_shielded(self.cancel_if_ended())


class JobTrigger(WaitTrigger):
    """Wait until a job has ended, cannot be polled any more, or its deadline has passed.

    The event holds either ``report`` (see ``jobs.model.JobReport``) or ``error`` (see ``errors``).

    :param job_id: the service's id of the job
    :param action: the action that created it, as ``service.Action``
    :param deadline: when to give up, ISO 8601 with an offset
    :param cancel_on_kill: cancel the job when a user ends the task; default: ``True``
    :param survives_clear: the next attempt of a cleared task finds the job; with ``False`` clearing cancels it;
        default: ``True``
    """

    argument_names: ClassVar[tuple[str, ...]] = (
        "job_id",
        "action",
        "deadline",
        "cancel_on_kill",
        "survives_clear",
    )

    def __init__(
        self,
        *,
        job_id: str,
        action: str,
        deadline: str,
        cancel_on_kill: bool = True,
        survives_clear: bool = True,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.job_id = job_id
        self.action = action
        self.deadline = deadline
        self.cancel_on_kill = cancel_on_kill
        self.survives_clear = survives_clear

    @property
    def cancel_on_states(self) -> Collection[str]:
        """States of the task with which its job is cancelled."""
        return TERMINAL

    @property
    def job(self) -> Job:
        """The job to wait for."""
        from airflow_provider_viapi.jobs.model import Job

        return Job(self.job_id, self.action)

    async def wait(self) -> dict[str, Any]:
        """Wait, and return what the event holds."""
        async with showing_states(self.job_id, states_writer_of_trigger(self.task_instance)) as on_state:
            report = await self.hook().wait_for(
                self.job, deadline=datetime.fromisoformat(self.deadline), log=self.log, on_state=on_state
            )
        return {"report": report.as_dict()}

    async def cancel_if_ended(self) -> None:
        """Cancel the job if a user ended the task, or cleared it and its next attempt does not find the job."""
        if not self.cancel_on_kill:
            return
        if await jobs_to_cancel(
            self.task_instance,
            [self.job_id],
            self.log,
            published_as=JOB_KEY,
            survives_clear=self.survives_clear,
            ended=self.cancel_on_states,
        ):
            await self.hook().cancel(self.job, self.log)
        else:
            self.log.info(
                "Job %s continues; the trigger or attempt that takes over its task resumes it", self.job_id
            )


class HuaweiCloudJobTrigger(JobTrigger):
    """Wait for a job of one connection's account; takes what :class:`JobTrigger` takes, and:

    :param huaweicloud_conn_id: id of the connection; default: ``huaweicloud_default``
    :param target_state: the state to wait for instead of the end
    :param scope: the room of a live task
    """

    argument_names = (*JobTrigger.argument_names, "huaweicloud_conn_id", "target_state", "scope")

    def __init__(
        self,
        *,
        huaweicloud_conn_id: str = "huaweicloud_default",
        target_state: str | None = None,
        scope: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.huaweicloud_conn_id = huaweicloud_conn_id
        self.target_state = target_state
        self.scope = scope

    @classmethod
    def of(cls, hook: HuaweiCloudHook, job: Job, deadline: str, **options: bool) -> Self:
        """Build the trigger for a job that a hook would wait for.

        :param deadline: ISO 8601 with an offset
        :param options: ``cancel_on_kill``, ``survives_clear``
        """
        return cls(
            job_id=job.id,
            action=job.action,
            deadline=deadline,
            huaweicloud_conn_id=hook.huaweicloud_conn_id,
            target_state=hook.target_state,
            scope=hook.scope,
            **options,
        )

    @property
    def cancel_on_states(self) -> Collection[str]:
        """States of the task with which its job is cancelled.

        A job that continues after its target state is kept when a user marks its task as successful.
        """
        return super().cancel_on_states if self.target_state is None else UNSUCCESSFUL

    def hook(self) -> HuaweiCloudHook:
        """Return the hook that polls."""
        from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook

        return HuaweiCloudHook(self.huaweicloud_conn_id, target_state=self.target_state, scope=self.scope)


class ViapiJobTrigger(JobTrigger):
    """Wait for a job of one connection's account; takes what :class:`JobTrigger` takes, and:

    :param viapi_conn_id: id of the connection; default: ``viapi_default``
    """

    argument_names = (*JobTrigger.argument_names, "viapi_conn_id")

    def __init__(self, *, viapi_conn_id: str = "viapi_default", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.viapi_conn_id = viapi_conn_id

    def hook(self) -> ViapiHook:
        """Return the hook that polls."""
        from airflow_provider_viapi.hooks.viapi import ViapiHook

        return ViapiHook(self.viapi_conn_id)
