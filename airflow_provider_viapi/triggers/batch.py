"""Triggers that wait for some of many jobs: what all share, and one for each cloud."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.task_instance.cancel_decision import jobs_to_cancel
from airflow_provider_viapi.task_instance.xcoms import RUNNING_KEY
from airflow_provider_viapi.triggers.job import WaitTrigger

if TYPE_CHECKING:
    from typing_extensions import Self

    from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.batch.runner import BatchRunner
    from airflow_provider_viapi.jobs.batch.wait import WaitPolicy
    from airflow_provider_viapi.jobs.model import Job


class BatchTrigger(WaitTrigger):
    """Wait until enough jobs of a batch have finished to be worth processing, or its time is over.

    The event holds either ``finished`` (see ``jobs.batch.wait.FinishedJobs``; about 100 kB, however many jobs there
    are) or ``error`` (see ``errors``).

    :param job_ids: the service's ids of the running jobs
    :param action: the action that created them, as ``service.Action``
    :param min_finished: number of finished jobs to wait for
    :param max_wait: seconds after the first one finished, however many have finished by then
    :param continue_at: when to fire in any case, ISO 8601 with an offset
    :param survives_clear: the next attempt of a cleared task finds the jobs; with ``False`` clearing cancels those
        that are queued; default: ``True``
    """

    argument_names: ClassVar[tuple[str, ...]] = (
        "job_ids",
        "action",
        "min_finished",
        "max_wait",
        "continue_at",
        "survives_clear",
    )

    def __init__(
        self,
        *,
        job_ids: Sequence[str],
        action: str,
        min_finished: int,
        max_wait: float,
        continue_at: str,
        survives_clear: bool = True,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.job_ids = list(job_ids)
        self.action = action
        self.min_finished = min_finished
        self.max_wait = max_wait
        self.continue_at = continue_at
        self.survives_clear = survives_clear

    @classmethod
    def of(cls, batch: BatchRunner, policy: WaitPolicy, **connection: Any) -> Self:
        """Build the trigger for the running jobs of a batch."""
        return cls(
            job_ids=[job.id for job in batch.jobs],
            action=batch.config.action,
            min_finished=policy.min_finished,
            max_wait=policy.max_wait,
            continue_at=policy.continue_at.isoformat(),
            survives_clear=batch.ledger.survives_clear,
            **connection,
        )

    @property
    def jobs(self) -> list[Job]:
        """The jobs to wait for."""
        from airflow_provider_viapi.jobs.model import Job

        return [Job(job_id, self.action) for job_id in self.job_ids]

    async def wait(self) -> dict[str, Any]:
        """Wait, and return what the event holds."""
        from airflow_provider_viapi.jobs.batch.wait import WaitPolicy

        policy = WaitPolicy(self.min_finished, self.max_wait, datetime.fromisoformat(self.continue_at))
        return {"finished": (await self.hook().wait_for_some(self.jobs, policy, self.log)).as_dict()}

    async def cancel_if_ended(self) -> None:
        """Cancel queued jobs if a user ended the task, or cleared it and its next attempt does not find the jobs."""
        unwanted = await jobs_to_cancel(
            self.task_instance,
            self.job_ids,
            self.log,
            published_as=RUNNING_KEY,
            survives_clear=self.survives_clear,
        )
        if unwanted:
            await self.hook().cancel_jobs([job for job in self.jobs if job.id in unwanted], self.log)
        if kept := len(self.job_ids) - len(unwanted):
            self.log.info(
                "%d jobs continue; the trigger or attempt that takes over their task resumes them", kept
            )


class ViapiBatchTrigger(BatchTrigger):
    """Wait for jobs of a VIAPI account; takes what :class:`BatchTrigger` takes, and:

    :param viapi_conn_id: id of the connection; default: ``viapi_default``
    """

    argument_names = (*BatchTrigger.argument_names, "viapi_conn_id")

    def __init__(self, *, viapi_conn_id: str = "viapi_default", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.viapi_conn_id = viapi_conn_id

    def hook(self) -> ViapiHook:
        """Return the hook that polls."""
        from airflow_provider_viapi.hooks.viapi import ViapiHook

        return ViapiHook(self.viapi_conn_id)


class HuaweiCloudBatchTrigger(BatchTrigger):
    """Wait for jobs of a Huawei Cloud account; takes what :class:`BatchTrigger` takes, and:

    :param huaweicloud_conn_id: id of the connection; default: ``huaweicloud_default``
    """

    argument_names = (*BatchTrigger.argument_names, "huaweicloud_conn_id")

    def __init__(self, *, huaweicloud_conn_id: str = "huaweicloud_default", **arguments: Any) -> None:
        super().__init__(**arguments)
        self.huaweicloud_conn_id = huaweicloud_conn_id

    def hook(self) -> HuaweiCloudHook:
        """Return the hook that polls."""
        from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook

        return HuaweiCloudHook(self.huaweicloud_conn_id)
