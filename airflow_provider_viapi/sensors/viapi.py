"""Waiting for a job that another task, or another system, has submitted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseSensorOperator, PokeReturnValue, conf

from airflow_provider_viapi.errors import InvalidRequest, from_dict
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.links.viapi import ViapiResultLink
from airflow_provider_viapi.operators.durability import fail_without_retry

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class ViapiJobSensor(BaseSensorOperator):
    """Wait until a job has ended and return its result; fail with the service's reason if it failed.

    The sensor never cancels the job: it belongs to whoever has submitted it.

    :param job_id: what submitting the job has answered, such as the output of an operator with
        ``wait_for_completion=False``
    :param service: which service is asked after it; ``viapi`` answers for the jobs of all
    :param deferrable: wait in the triggerer; ``[operators] default_deferrable`` decides unless given
    :param viapi_conn_id: id of the Airflow connection
    :param timeout: seconds after which the sensor gives up, as all sensors have it
    """

    template_fields: Sequence[str] = ("job_id", "viapi_conn_id")
    operator_extra_links = (ViapiResultLink(),)
    ui_color = "#fff1e5"

    def __init__(
        self,
        *,
        job_id: str,
        service: str = "viapi",
        deferrable: bool | None = None,
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.job_id = job_id
        self.service = service
        self.deferrable = deferrable
        self.viapi_conn_id = viapi_conn_id

    @cached_property
    def hook(self) -> ViapiHook:
        """The hook that asks."""
        return ViapiHook(self.viapi_conn_id)

    @property
    def job(self) -> Job:
        """The job that is waited for."""
        if not isinstance(self.job_id, str) or not self.job_id:
            raise InvalidRequest("job_id is empty; allowed: the id of a job", code="MissingParameter")
        return Job(self.job_id, f"{self.service}.Job")

    def execute(self, context: Context) -> Any:
        """Look once, then wait: in the triggerer, or as a sensor does."""
        with fail_without_retry():
            if not self.deferrable:
                return super().execute(context)
            report = self.hook.report(self.job)
            if not report.is_final:
                self._defer()
            return report.result_or_raise()

    def poke(self, context: Context) -> PokeReturnValue:
        """Whether the job has ended, with its result."""
        report = self.hook.report(self.job)
        if not report.is_final:
            return PokeReturnValue(False)
        return PokeReturnValue(True, report.result_or_raise())

    def _defer(self) -> None:
        from airflow_provider_viapi.triggers.viapi import ViapiJobTrigger

        deadline = datetime.now(timezone.utc) + timedelta(seconds=self.timeout)
        self.defer(
            trigger=ViapiJobTrigger(
                job_id=self.job.id,
                action=self.job.action,
                deadline=deadline.isoformat(),
                viapi_conn_id=self.viapi_conn_id,
                cancel_on_kill=False,
            ),
            method_name="execute_complete",
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on where the trigger left: return the result, or raise why there is none."""
        with fail_without_retry():
            if "error" in event:
                raise from_dict(event["error"])
            return JobReport.from_dict(event["report"]).result_or_raise()
