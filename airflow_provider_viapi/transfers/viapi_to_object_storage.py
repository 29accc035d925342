"""Landing as a task of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.media.outputs.output_paths import as_destination, check_land_to, path_variables
from airflow_provider_viapi.operators.arguments.checks import (
    as_action,
    as_conn_id,
    as_hosts,
    is_template,
    is_templated,
)
from airflow_provider_viapi.operators.provider_task import ProviderTask
from airflow_provider_viapi.operators.task.view import fail_and_show
from airflow_provider_viapi.schema import short_repr

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


# GetAsyncJobResult of this service reports the jobs of all.
_ANY_JOB = "viapi.Job"


class ViapiResultToObjectStorageOperator(ProviderTask, BaseOperator):
    """Copy the files of a job's result to the team's storage, and return their addresses.

    For a job that was submitted elsewhere, or that a sensor has waited for; job operators do the same with
    ``land_to``. Give the result, or the job's id to request it. With both, the result is used first, and requested
    again if a link in it has expired::

        ViapiResultToObjectStorageOperator(
            task_id="land", result=wait.output, job_id=submit.output, land_to="s3://media/{{ ds }}/"
        )

    :param land_to: a folder (ends with ``/``) of any storage that Airflow's ``ObjectStoragePath`` opens, or the name
        of one file; with placeholders such as ``{task_id}``, ``{map_index}``, ``{key}`` and ``{job_id}``
    :param action: the action of the result, or its name; with it ``land_to`` is checked more strictly
    :param result: the result's fields, such as the output of the job's task
    :param job_id: the job's id; the job must have ended
    :param allowed_hosts: ``host`` or ``host:port`` of private addresses that files may come from; the connection's
        ``endpoint`` is always allowed; default: none
    :param viapi_conn_id: id of the Airflow connection; default: ``viapi_default``
    """

    template_fields: Sequence[str] = ("land_to", "result", "job_id", "allowed_hosts", "viapi_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"result": "json"}
    ui_color = "#fff1e5"

    def __init__(
        self,
        *,
        land_to: Any,
        action: Action | str | None = None,
        result: Mapping[str, Any] | None = None,
        job_id: str | None = None,
        allowed_hosts: Sequence[str] = (),
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.action = None if action is None else as_action("action", action, services.find)
        self._name = None if self.action is None else self.action.name
        if result is None and job_id is None:
            raise self._invalid("neither result nor job_id is given; allowed: one of them, or both")
        self.land_to = as_destination(land_to)
        if not is_templated(self.land_to):
            check_land_to(self.land_to, self.action)
        self.result = result
        self.job_id = job_id
        if not is_templated(allowed_hosts):
            allowed_hosts = as_hosts(allowed_hosts, self._name)
        elif not is_template(allowed_hosts):
            as_hosts([each for each in allowed_hosts if not is_templated(each)], self._name)
        self.allowed_hosts = allowed_hosts
        self.viapi_conn_id = as_conn_id("viapi_conn_id", viapi_conn_id)
        self._landed: dict[str, str] = {}
        self._check(is_unresolved=is_template)

    def _check(self, is_unresolved: Callable[[Any], bool] = lambda value: False) -> None:
        is_text = isinstance(self.job_id, str | type(None))
        has_source = self.result is not None or bool(is_text and self.job_id and self.job_id.strip())
        if not is_unresolved(self.job_id) and not (is_text and has_source):
            raise self._invalid(f"job_id is {short_repr(self.job_id)}; allowed: the id of a job, a text")
        if not is_unresolved(self.result) and not isinstance(self.result, Mapping | type(None)):
            raise self._invalid(
                f"result is of type {type(self.result).__name__}; allowed: a mapping of the result's "
                "fields, such as another task's output"
            )

    @cached_property
    def hook(self) -> ViapiHook:
        """The hook that requests results."""
        return ViapiHook(self.viapi_conn_id)

    def execute(self, context: Context) -> dict[str, str]:
        """Land every file, add events to the outlets, return the addresses by the files' keys in the result."""
        from airflow_provider_viapi.media.outputs.landing import Landing, check_writable
        from airflow_provider_viapi.media.outputs.lineage import Origin, describe_files, report_assets

        with fail_and_show(context):
            self.check_rendered()
            self._check()
            names = path_variables(context, job_id=self.job_id)
            check_writable(self.land_to, self.action, names=names)
            account = self.hook.account
            allowed_hosts = [*as_hosts(self.allowed_hosts, self._name), *account.trusted_hosts]
            landing = Landing(
                self.land_to, self.action, names, http=account.http, log=self.log, allowed_hosts=allowed_hosts
            )
            self._landed = landing.land(self._result(), self._request_result if self.job_id else None)
        origin = Origin(self.job_id, None if self.action is None else self.action.full_name)
        files = describe_files(self.outlets, self._landed, self.log, self.hook.account.http)
        report_assets(context, self.outlets, self._landed, origin, files)
        return self._landed

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Return the landed datasets."""
        from airflow_provider_viapi.media.outputs.lineage import lineage_of

        return lineage_of((), self._landed.values())

    def _result(self) -> Mapping[str, Any]:
        if self.result is None:
            return self._request_result()
        return self.result

    def _request_result(self) -> Mapping[str, Any]:
        from airflow_provider_viapi.jobs.model import Job

        if not self.job_id:
            raise self._invalid("job_id is empty; allowed: the id of a job")
        report = self.hook.report(Job(self.job_id, self.action.full_name if self.action else _ANY_JOB))
        if not report.is_final:
            raise ServiceError(
                f"job {self.job_id} is {report.state}: it has no result yet. Wait for it with ViapiJobSensor",
                code="JobNotFinished",
                action=self._name,
            )
        return report.result_or_raise()

    def _invalid(self, message: str) -> InvalidRequest:
        return InvalidRequest(message, action=self._name)
