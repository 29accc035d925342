"""Base operators of Huawei Cloud (MetaStudio, VIAS)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import XComArg

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.hooks.connection import source_checks_enabled
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei import services
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.links.job import HuaweiCloudJobLink, ResultLink, huaweicloud_job_address
from airflow_provider_viapi.media.storages import opens
from airflow_provider_viapi.operators.action_base import ActionOperator
from airflow_provider_viapi.operators.arguments.checks import as_conn_id, as_flag
from airflow_provider_viapi.operators.arguments.options import HuaweiCloudJobOptions, HuaweiCloudOptions
from airflow_provider_viapi.operators.base import JobOperator
from airflow_provider_viapi.operators.task.view import fail_and_show
from airflow_provider_viapi.task_instance.cancel_decision import UNSUCCESSFUL
from airflow_provider_viapi.task_instance.xcoms import JOB_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.huawei.job_backend import HuaweiSubmitBackend
    from airflow_provider_viapi.jobs.model import Job


class HuaweiCloudOperator(ActionOperator):
    """Call an action that responds at once and return its response.

    This class itself calls an action that has no operator of its own::

        HuaweiCloudOperator(task_id="sources", action="vias.ListVideoSources", request={"type": ["rtsp"]})

    A call whose response was lost is not repeated in the same attempt, unless the action is idempotent.

    Takes what :class:`~airflow_provider_viapi.operators.action_base.ActionOperator` takes, and what
    :class:`~airflow_provider_viapi.operators.arguments.options.HuaweiCloudOptions` lists.
    """

    _options: ClassVar[type] = HuaweiCloudOptions
    template_fields: Sequence[str] = (*ActionOperator.template_fields, "huaweicloud_conn_id")
    ui_color = "#fdeaea"
    action: Action
    action_type = Action
    find_action = staticmethod(services.find)

    def __init__(
        self, *, huaweicloud_conn_id: str = HuaweiCloudHook.default_conn_name, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.huaweicloud_conn_id = as_conn_id("huaweicloud_conn_id", huaweicloud_conn_id)

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """Hook for ``huaweicloud_conn_id``; reads the connection at its first call."""
        return HuaweiCloudHook(self.huaweicloud_conn_id)

    @staticmethod
    def check_request(
        action: Action, request: Mapping[str, Any], is_unresolved: Callable[[Any], bool]
    ) -> dict[str, Any]:
        """Return a request with values of their proper types."""
        return action.check(request, is_unresolved=is_unresolved)

    def files_for_label(self, request: Mapping[str, Any]) -> Iterable[Any]:
        """Return the addresses of what is read; not those that receive alarms or callbacks."""
        from airflow_provider_viapi.media.outputs.lineage import sources_of

        return sources_of(request)

    def execute(self, context: Context) -> Any:
        """Check the rendered request, call the action, return its response."""
        with fail_and_show(context, self.action_name, self.is_permanent):
            return self.action.shown(self.hook.call(self.action, self.validated_request()))


class HuaweiCloudJobOperator(JobOperator, HuaweiCloudOperator):
    """Submit a job once, wait for it without occupying a worker, return its result.

    The result is the response of the action that reports the job, so ``speak.output["audio_file_url"]`` feeds the
    next task. Fields with credentials are left out.

    This class itself runs an action that has no operator of its own::

        HuaweiCloudJobOperator(task_id="check", action="metastudio.CreatePhotoDetection", request={"human_image": …})

    Takes what :class:`~airflow_provider_viapi.operators.action_base.ActionOperator` takes, what
    :class:`~airflow_provider_viapi.operators.arguments.options.HuaweiCloudJobOptions` lists, and:

    :param target_state: the state to wait for instead of the end, such as ``RUNNING``. Once it is reached the task
        succeeds and the job continues until something stops it.
    """

    _options: ClassVar[type] = HuaweiCloudJobOptions
    operator_extra_links = (HuaweiCloudJobLink(), ResultLink())
    template_fields: Sequence[str] = (*HuaweiCloudOperator.template_fields, "land_to")
    links: ClassVar[tuple[str, ...]] = ()
    """Parameters with addresses of files that the service reads; those that lead to no file are refused."""

    def __init__(
        self, *, target_state: str | None = None, cancel_on_kill: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not type(self).__module__.startswith("airflow_provider_viapi.") or "action" in kwargs:
            self._check_can_follow()
        if target_state is not None:
            self.action.check_target_state(target_state)
        self.target_state = target_state
        self.cancel_on_kill = as_flag("cancel_on_kill", cancel_on_kill, self.action.name)

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """Hook for ``huaweicloud_conn_id``; reads the connection at its first call."""
        return HuaweiCloudHook(self.huaweicloud_conn_id, target_state=self.target_state, scope=self._scope)

    @staticmethod
    def check_request(
        action: Action, request: Mapping[str, Any], is_unresolved: Callable[[Any], bool]
    ) -> dict[str, Any]:
        """Return a request with values of their proper types; an image may be the address of a file in storage."""
        return action.before_reading(opens).check(request, is_unresolved=is_unresolved)

    def _check_can_follow(self) -> None:
        """Refuse an action whose jobs would be paid for and never found again: triggers know it by its name alone."""
        known = services.actions().get(self.action.full_name)
        if known is None or known.job_kind is not self.action.job_kind:
            raise InvalidRequest(
                f"action is {self.action.full_name}, whose jobs could be submitted but not polled, because the "
                "service model does not have the action, or has another job_kind for it. Allowed: an action of the "
                "model, also with other parameters (Action.replace)",
                code="InvalidAction",
                action=self.action.name,
            )

    @property
    def _scope(self) -> str | None:
        name = self.action.job_kind.scope_name
        return None if name is None else str(self.request[name])

    @property
    def job_id(self) -> XComArg:
        """Reference to the job's id, for tasks downstream, whether this task waits or not."""
        return XComArg(self, key=JOB_KEY)

    @property
    def cancel_on_states(self) -> Collection[str]:
        """States of the task with which its job is cancelled."""
        return super().cancel_on_states if self.target_state is None else UNSUCCESSFUL

    def submit_backend(self, request: Mapping[str, Any]) -> HuaweiSubmitBackend:
        """Return what sends the request."""
        from airflow_provider_viapi.huawei.job_backend import HuaweiSubmitBackend

        return HuaweiSubmitBackend(self.hook.client, self.action, request)

    def prepare_request(self, request: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """Return the request with its images as Base64, and its links checked."""
        from airflow_provider_viapi.media.inputs.request_media import check_urls
        from airflow_provider_viapi.media.inputs.still_images import embed_images

        if self.links and source_checks_enabled():
            urls = {str(request[name]): (name, None) for name in self.links if request.get(name)}
            check_urls(urls, self.action.name, self.hook.account, self.log)
        return embed_images(self.action, request)

    def media_addresses(self) -> Iterable[str]:
        """Return the addresses in the request of what is read, as the author wrote them."""
        from airflow_provider_viapi.media.outputs.lineage import sources_of

        return sources_of(self.request)

    def trigger(
        self, job: Job, deadline: str, *, survives_clear: bool = True, may_cancel: bool = True
    ) -> BaseTrigger:
        """Return the trigger that waits for the job."""
        from airflow_provider_viapi.triggers.job import HuaweiCloudJobTrigger

        cancels = self.cancel_on_kill and may_cancel
        return HuaweiCloudJobTrigger.of(
            self.hook, job, deadline, cancel_on_kill=cancels, survives_clear=survives_clear
        )

    def job_link(self, job: Job) -> str:
        """Return Huawei's page of the action that reports the job, or the connection's own endpoint."""
        account, service = self.hook.account, self.action.service
        own = account.endpoints.get(service.name) or account.endpoint
        return own or huaweicloud_job_address(
            service.name, self.action.job_kind.status_action.name, account.region
        )

    def cancel_job(self, job: Job) -> bool:
        """Cancel a job, unless ``cancel_on_kill=False``; return whether it does not run any more."""
        if self.cancel_on_kill:
            return super().cancel_job(job)
        self.log.warning("Job %s continues because of cancel_on_kill=False", job.id)
        return False
