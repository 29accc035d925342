"""Sensor for jobs of VIAPI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.links.job import ResultLink
from airflow_provider_viapi.operators.arguments.checks import as_conn_id, not_allowed
from airflow_provider_viapi.schema import did_you_mean, plain_text
from airflow_provider_viapi.sensors.base import JobSensor

if TYPE_CHECKING:
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.alibaba.model import Action


def check_service(service: Any) -> None:
    """Refuse a service that the service model does not have.

    :raises InvalidRequest: the message names a similar one
    """
    from airflow_provider_viapi.alibaba import services

    if not isinstance(service, str) or not services.has(service):
        hint = did_you_mean(service, services.SERVICES) or f"; {', '.join(services.SERVICES)}"
        allowed = f"viapi, which reports all jobs, or the service that has created the job{hint}"
        raise not_allowed("service", service, allowed)


class ViapiJobSensor(JobSensor):
    """Wait until a job has ended and return its result; fail with the service's reason if the job failed.

    Takes what :class:`~airflow_provider_viapi.sensors.base.JobSensor` takes, and:

    :param job_id: id of the job, such as the output of an operator with ``wait_for_completion=False``
    :param service: the service that is polled; default: ``viapi``, which reports the jobs of all services
    :param viapi_conn_id: id of the Airflow connection; default: ``viapi_default``
    """

    template_fields: Sequence[str] = ("job_id", "viapi_conn_id")
    operator_extra_links = (ResultLink(),)
    ui_color = "#fff1e5"

    def __init__(
        self,
        *,
        job_id: str,
        service: str = "viapi",
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(job_id=job_id, **kwargs)
        check_service(service)
        self.service: str = plain_text(service)
        self.viapi_conn_id = as_conn_id("viapi_conn_id", viapi_conn_id)

    @cached_property
    def hook(self) -> ViapiHook:
        """Hook that polls."""
        return ViapiHook(self.viapi_conn_id)

    @property
    def job_action(self) -> str:
        """Name for a job whose action is not known, at the service that is polled."""
        return f"{self.service}.Job"

    def trigger(self, deadline: str) -> BaseTrigger:
        """Return the trigger that waits for the job."""
        from airflow_provider_viapi.triggers.job import ViapiJobTrigger

        return ViapiJobTrigger(
            job_id=self.job.id,
            action=self.job_action,
            deadline=deadline,
            viapi_conn_id=self.viapi_conn_id,
            cancel_on_kill=False,
        )

    def result_actions(self) -> Iterable[Action]:
        """Return all actions: which of them created the job is not known."""
        from airflow_provider_viapi.alibaba import services

        return services.actions().values()
