"""Base operators of Alibaba Cloud VIAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache, cached_property
from types import new_class
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.alibaba import services
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.hooks.connection import source_checks_enabled
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.links.job import (
    ResultLink,
    ViapiJobLink,
    result_address,
    store_links,
    viapi_job_address,
)
from airflow_provider_viapi.operators.arguments.checks import as_conn_id, is_templated
from airflow_provider_viapi.operators.arguments.options import ViapiFileOptions, ViapiJobOptions
from airflow_provider_viapi.operators.base import JobOperator
from airflow_provider_viapi.operators.landing_base import LandingOperator
from airflow_provider_viapi.operators.task.paid_response import PaidResponse, is_unusable
from airflow_provider_viapi.operators.task.view import fail_and_show
from airflow_provider_viapi.redaction import redact_message
from airflow_provider_viapi.result_fields import has_files
from airflow_provider_viapi.storage_addresses import as_address

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.alibaba.job_backend import ViapiSubmitBackend
    from airflow_provider_viapi.jobs.model import Job
    from airflow_provider_viapi.media.inputs.staging import Staging


class ViapiOperator(LandingOperator):
    """Call an action that responds at once and return the response's ``Data``.

    This class itself calls an action that has no operator of its own::

        ViapiOperator(
            task_id="colors", action="imagerecog.RecognizeImageColor", request={"Url": "s3://media/cover.jpg"}
        )

    A call that was answered is billed. If its files cannot be landed its response is recorded, and a retry of the
    task, or a task that is cleared, lands them as long as their links work.

    Takes what :class:`~airflow_provider_viapi.operators.action_base.ActionOperator` takes, and what
    :class:`~airflow_provider_viapi.operators.arguments.options.ViapiFileOptions` lists.
    """

    _options: ClassVar[type] = ViapiFileOptions
    template_fields: Sequence[str] = (*LandingOperator.template_fields, "staging", "viapi_conn_id")
    ui_color = "#fff1e5"
    action: Action
    action_type = Action
    find_action = staticmethod(services.find)
    submit_timeout = timedelta(minutes=1)
    """Time in which a failed copy of a file to the service is retried; of a job operator, an argument."""
    item_name = ""
    """Distinguishes the items of a batch, each of which holds its own staged copies."""
    operator_extra_links: Any = (ResultLink(),)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        has_own = {"action", "operator_extra_links"} & cls.__dict__.keys()
        if has_own == {"action"} and not (cls.is_async or has_files(cls.action.result)):
            # Links of a team's base class stay.
            inherited = cls.operator_extra_links
            cls.operator_extra_links = tuple(each for each in inherited if type(each) is not ResultLink)

    def __init__(
        self,
        *,
        staging: Any = None,
        viapi_conn_id: str = ViapiHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.staging: Any = as_address(staging)
        if not is_templated(self.staging):
            from airflow_provider_viapi.media.inputs.request_media import check_staging_location

            check_staging_location(self.staging)
        self.viapi_conn_id = as_conn_id("viapi_conn_id", viapi_conn_id)

    @cached_property
    def hook(self) -> ViapiHook:
        """Hook for ``viapi_conn_id``; reads the connection at its first call."""
        return ViapiHook(self.viapi_conn_id)

    @staticmethod
    def check_request(
        action: Action, request: Mapping[str, Any], is_unresolved: Callable[[Any], bool]
    ) -> dict[str, Any]:
        """Return a request with values of their proper types; media may be in any storage."""
        from airflow_provider_viapi.media.inputs.request_media import check_request_media

        return check_request_media(action, request, is_unresolved=is_unresolved)

    def validated_request(self) -> dict[str, Any]:
        """Return the rendered request with values of their proper types."""
        from airflow_provider_viapi.media.inputs.request_media import check_staging_location

        if self.action.retired:
            self.log.warning("%s: %s", self.action.name, self.action.retired)
        self.staging = as_address(self.staging)
        request = super().validated_request()
        check_staging_location(self.staging)
        return request

    def open_staging(self, context: Context) -> Staging:
        """Return what copies the media of requests to where the service reads them."""
        from airflow_provider_viapi.media.inputs.staging import Staging, StagingSettings

        return Staging.of_task(
            context,
            self.hook,
            to=self.staging,
            log=self.log,
            item=self.item_name,
            settings=StagingSettings(timeout=self.submit_timeout.total_seconds()),
        )

    def check_source_links(self, request: Mapping[str, Any]) -> None:
        """Refuse a request whose links lead to no file, unless ``[viapi] check_sources`` is false.

        :raises InvalidMedia: a link responds that there is no such file, or the file is outside the limits
        """
        from airflow_provider_viapi.media.inputs.request_media import check_links, media_addresses

        # Without media, nothing of the connection is needed before the call.
        has_media = any(media_addresses(self.action.parameters, request))
        if has_media and source_checks_enabled():
            with self.naming_argument():
                check_links(self.action, request, self.hook.account, self.log)

    def execute(self, context: Context) -> Any:
        """Check the rendered request, call the action, land its files, return its ``Data``."""
        store_links(self, context)
        with fail_and_show(context, self.action_name):
            return self.call_action(context)

    def call_action(self, context: Context) -> Any:
        """Do what :meth:`execute` does, for subclasses: Airflow 2 warns if one calls ``super().execute()``.

        :raises ServiceError: the call failed, or the request is not valid
        """
        request = self.validated_request()
        self.check_destination(context)
        paid = PaidResponse(context, self.action_name, request, self.log)
        if (recorded := paid.read()) is not None:
            self.log.info("An earlier attempt has called %s: its result is used", self.action.name)
            try:
                return self._land_response(context, paid, recorded)
            except ServiceError as error:
                if not is_unusable(error):
                    raise
                self.log.info("That result cannot be used any more (%s): calling again", error)
        self.check_source_links(request)
        staging = self.open_staging(context)
        try:
            with self.naming_argument():
                staged = staging.stage(self.action, request)
            response = self.hook.call(self.action, staged)
            self._check_success(response)
        except BaseException:
            staging.release(self.action, request)
            raise
        return self._land_response(context, paid, response, staging)

    def _check_success(self, response: Mapping[str, Any]) -> None:
        if response.get("Success") in (False, "false"):
            # Such as the cancellation of a job that runs already.
            reason = redact_message(response.get("Message") or "the service gave no reason")
            raise ServiceError(
                f"the service reports no success: {reason}",
                code="NoSuccess",
                request_id=response["RequestId"],
                action=self.action.name,
            )

    def _land_response(
        self,
        context: Context,
        paid: PaidResponse,
        response: Mapping[str, Any],
        staging: Staging | None = None,
    ) -> Any:
        """Land the files of a response, and return its ``Data``.

        :param paid: records the response if that fails
        :param staging: removes what was staged for the call
        """
        result: Any = response["Data"]
        with paid.kept_on_failure(response):
            if staging is not None:
                staging.release(self.action, paid.request)
            if self.land_to is not None:
                result = {**result, "landed": self.land(result, response["RequestId"], context)}
        store_links(self, context, result_link=result_address(result, [self.action], self._landed))
        return result

    def media_addresses(self) -> Iterable[str]:
        """Return the addresses of the request's media, as the author wrote them."""
        from airflow_provider_viapi.media.inputs.request_media import media_addresses

        return (address for _, _, address in media_addresses(self.action.parameters, self.request))


@cache
def job_operator_of(action: Action) -> type[ViapiJobOperator]:
    """Return the operator of one job action, whose only argument is the request."""
    return new_class(
        f"{action.name}Operator", (ViapiJobOperator,), exec_body=lambda body: body.update(action=action)
    )


class ViapiJobOperator(JobOperator, ViapiOperator):
    """Submit a job once, wait for it without occupying a worker, return its result.

    The result has the API's own keys, so that ``erase.output["VideoUrl"]`` feeds the next task. This class itself
    runs an action that has no operator of its own::

        ViapiJobOperator(task_id="reframe", action="videoenhan.ChangeVideoSize", request={"VideoUrl": ...})

    Takes what :class:`~airflow_provider_viapi.operators.action_base.ActionOperator` takes, and what
    :class:`~airflow_provider_viapi.operators.arguments.options.ViapiJobOptions` lists.
    """

    _options: ClassVar[type] = ViapiJobOptions
    operator_extra_links = (ViapiJobLink(), ResultLink())
    template_fields: Sequence[str] = ViapiOperator.template_fields

    def submit_backend(self, request: Mapping[str, Any]) -> ViapiSubmitBackend:
        """Return what sends the request."""
        from airflow_provider_viapi.alibaba.job_backend import ViapiSubmitBackend

        return ViapiSubmitBackend(self.hook.client, self.action)

    def prepare_request(self, request: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """Return the request with its media staged where the service reads them, and its links checked."""
        from airflow_provider_viapi.media.inputs.request_media import files_to_stage

        self.check_source_links(request)
        with self.naming_argument():
            if not any(files_to_stage(self.action.parameters, request)):
                return request
            return self.open_staging(context).stage(self.action, request)

    def release_inputs(self, context: Context) -> None:
        """Remove the staged copies that no other task uses."""
        # VIAPI removes what is in its temporary storage automatically.
        if self.staging is not None:
            self.open_staging(context).release(self.action, self.checked_request())

    def trigger(
        self, job: Job, deadline: str, *, survives_clear: bool = True, may_cancel: bool = True
    ) -> BaseTrigger:
        """Return the trigger that waits for the job."""
        from airflow_provider_viapi.triggers.job import ViapiJobTrigger

        return ViapiJobTrigger(
            job_id=job.id,
            action=job.action,
            deadline=deadline,
            cancel_on_kill=may_cancel,
            survives_clear=survives_clear,
            viapi_conn_id=self.viapi_conn_id,
        )

    def job_link(self, job: Job) -> str:
        """Return Alibaba's page that reports the job, or the connection's own endpoint."""
        service = self.action.service
        return self.hook.account.endpoint or viapi_job_address(service.name, service.version, job.id)
