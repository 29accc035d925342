"""Telling a job that another task has made to start or stop, and waiting until it has done so."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import conf

from airflow_provider_viapi.errors import InvalidRequest, from_dict
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.operators.context import failing_for_good
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudOperator, is_for_good

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.job import Job, JobReport

SECONDS_TO_HEED = 30.0
"""For so long a job may show the end that it was in before it was told to start; how long it takes is not known."""


class TellJobOperator(HuaweiCloudOperator):
    """Tell a job something, unless it is done already, and wait until the job is as it was told.

    It looks first, so that a retry whose earlier try was heard tells nothing twice. The job is never cancelled by
    what happens to this task.

    Takes what :class:`~airflow_provider_viapi.operators.huaweicloud.HuaweiCloudOperator` takes, and:

    :param goal: the state that the job is to come to
    :param wait_for_completion: with false, return as soon as the job was told
    :param deferrable: wait in the triggerer; ``[operators] default_deferrable`` decides unless given
    :param job_timeout: how long to wait for the state; an hour unless given
    """

    made_by: ClassVar[Action]
    """The action that has made the job."""

    def __init__(
        self,
        *,
        goal: str,
        wait_for_completion: bool = True,
        deferrable: bool | None = None,
        job_timeout: timedelta = timedelta(hours=1),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.made_by.check_goal(goal)
        if job_timeout <= timedelta(0):
            raise InvalidRequest(
                f"job_timeout is {job_timeout}; allowed: more than zero", action=self.action.name
            )
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.goal = goal
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.job_timeout = job_timeout

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """The hook that calls."""
        return HuaweiCloudHook(self.huaweicloud_conn_id, goal=self.goal, scope=self.job.scope)

    @property
    def job(self) -> Job:
        """The job that is told."""
        from airflow_provider_viapi.jobs.job import Job

        kind, request = self.made_by.job_kind, self.request
        scope = None if kind.scope_name is None else str(request[kind.scope_name])
        return Job(str(request[kind.id_name]), self.made_by.full_name, scope)

    def has_to_be_told(self, report: JobReport) -> bool:
        """Whether a job that stands so is neither as it is to be nor on its way there."""
        raise NotImplementedError

    def execute(self, context: Context) -> Any:
        """Look, tell, wait."""
        with failing_for_good(is_for_good):
            request = self.checked_request()
            report = self.hook.report(self.job)
            if self.has_to_be_told(report):
                self.hook.call(self.action, request)
                self.log.info(
                    "Told job %s, which was %s, to become %s", report.job_id, report.state, self.goal
                )
                report = self._heeded(report) if self.wait_for_completion else report
            else:
                self.log.info("Job %s is %s already", report.job_id, report.state)
            if not self.wait_for_completion:
                return report.job_id
            if report.is_final:
                return report.result_or_raise()
            deadline = datetime.now(timezone.utc) + self.job_timeout
            if self.deferrable:
                self._defer(deadline)
            return asyncio.run(self.hook.wait_for(self.job, until=deadline, log=self.log)).result_or_raise()

    def _heeded(self, before: JobReport) -> JobReport:
        """How the job stands after it was told; not the bad end that it is about to leave."""
        from tenacity import Retrying, retry_if_result, stop_after_delay, wait_exponential

        def still_there(report: JobReport) -> bool:
            return before.is_final and report.state == before.state

        def last(state: Any) -> JobReport:
            report: JobReport = state.outcome.result()
            return report

        looking = Retrying(
            retry=retry_if_result(still_there),
            wait=wait_exponential(multiplier=0.25, max=3),
            stop=stop_after_delay(SECONDS_TO_HEED),
            retry_error_callback=last,
        )
        return looking(self.hook.report, self.job)

    def _defer(self, deadline: datetime) -> None:
        from airflow_provider_viapi.triggers.huaweicloud import HuaweiCloudJobTrigger

        job = self.job
        self.defer(
            trigger=HuaweiCloudJobTrigger(
                job_id=job.id,
                action=job.action,
                deadline=deadline.isoformat(),
                cancel_on_kill=False,
                huaweicloud_conn_id=self.huaweicloud_conn_id,
                goal=self.goal,
                scope=job.scope,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on where the trigger left: return what is known of the job, or raise why it is not as it was told."""
        from airflow_provider_viapi.jobs.job import JobReport

        with failing_for_good(is_for_good):
            if "error" in event:
                raise from_dict(event["error"])
            return JobReport.from_dict(event["report"]).result_or_raise()
