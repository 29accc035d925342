"""Waiting for a job of Huawei Cloud's that another task, or another system, has submitted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseSensorOperator, PokeReturnValue, conf

from airflow_provider_viapi.errors import InvalidRequest, from_dict
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei import services
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.links.huaweicloud import HuaweiCloudResultLink
from airflow_provider_viapi.operators.durability import fail_without_retry
from airflow_provider_viapi.operators.huaweicloud import is_permanent

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class HuaweiCloudJobSensor(BaseSensorOperator):
    """Wait until a job has ended, or is in a state, and return what is known of it; fail if it ended badly.

    The sensor never cancels the job: it belongs to whoever has submitted it.

    :param action: the action that has made the job, as ``service.Action``, such as ``metastudio.CreateAsyncTtsJob``
    :param job_id: what submitting the job has answered, such as ``start.job_id``
    :param goal: the state that is waited for instead of the end
    :param scope: the room of a live task
    :param deferrable: wait in the triggerer; ``[operators] default_deferrable`` decides unless given. Without it
        ``mode="reschedule"`` holds no worker between the looks
    :param huaweicloud_conn_id: id of the Airflow connection
    :param timeout: seconds after which the sensor gives up, as all sensors have it
    """

    template_fields: Sequence[str] = ("job_id", "scope", "huaweicloud_conn_id")
    operator_extra_links = (HuaweiCloudResultLink(),)
    ui_color = "#fdeaea"

    def __init__(
        self,
        *,
        action: str,
        job_id: str,
        goal: str | None = None,
        scope: str | None = None,
        deferrable: bool | None = None,
        huaweicloud_conn_id: str = HuaweiCloudHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        services.find(action).check_goal(goal)
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.action = action
        self.job_id = job_id
        self.goal = goal
        self.scope = scope
        self.deferrable = deferrable
        self.huaweicloud_conn_id = huaweicloud_conn_id
        self._told: str | None = None

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """The hook that asks."""
        return HuaweiCloudHook(self.huaweicloud_conn_id, goal=self.goal, scope=self.scope)

    @property
    def job(self) -> Job:
        """The job that is waited for."""
        if not isinstance(self.job_id, str) or not self.job_id:
            raise InvalidRequest("job_id is empty; allowed: the id of a job", code="MissingParameter")
        return Job(self.job_id, self.action, self.scope)

    def execute(self, context: Context) -> Any:
        """Look once, then wait: in the triggerer, or as a sensor does."""
        with fail_without_retry(is_permanent):
            if not self.deferrable:
                return super().execute(context)
            report = self._look()
            if not report.is_final:
                self._defer()
            return report.result_or_raise()

    def poke(self, context: Context) -> PokeReturnValue:
        """Whether the job is as it is waited for, with what is known of it."""
        report = self._look()
        if not report.is_final:
            return PokeReturnValue(False)
        return PokeReturnValue(True, report.result_or_raise())

    def _look(self) -> JobReport:
        report = self.hook.report(self.job)
        if report.state != self._told:
            self._told = report.state
            by_people = report.state in services.find(self.action).job_kind.states.awaiting_review
            waits = ": people have to see to it, which may take days" if by_people else ""
            self.log.info("Job %s is %s%s", report.job_id, report.state, waits)
        return report

    def _defer(self) -> None:
        from airflow_provider_viapi.triggers.huaweicloud import HuaweiCloudJobTrigger

        deadline = datetime.now(timezone.utc) + timedelta(seconds=self.timeout)
        self.defer(
            trigger=HuaweiCloudJobTrigger(
                job_id=self.job.id,
                action=self.action,
                deadline=deadline.isoformat(),
                cancel_on_kill=False,
                huaweicloud_conn_id=self.huaweicloud_conn_id,
                goal=self.goal,
                scope=self.scope,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on where the trigger left: return what is known of the job, or raise why it is not as waited for."""
        with fail_without_retry(is_permanent):
            if "error" in event:
                raise from_dict(event["error"])
            return JobReport.from_dict(event["report"]).result_or_raise()
