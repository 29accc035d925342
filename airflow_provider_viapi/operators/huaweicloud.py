"""What the operators of Huawei Cloud's actions are made of.

An operator of a service is a class with an ``action`` and typed keyword arguments that become the ``request``. Those
that have a job done live its life, which ``operators.base`` tells.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import BaseOperator, XComArg

from airflow_provider_viapi.errors import JobFailed, ServiceError
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei import services
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.links.huaweicloud import HuaweiCloudJobLink, HuaweiCloudResultLink, job_address
from airflow_provider_viapi.operators.base import JobOperator
from airflow_provider_viapi.operators.durability import claimed_job_ids, fail_without_retry
from airflow_provider_viapi.operators.durability import is_permanent as is_for_good_anywhere
from airflow_provider_viapi.operators.templates import is_templated
from airflow_provider_viapi.redaction import find_secrets
from airflow_provider_viapi.triggers.task_state import UNSUCCESSFUL

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.huawei.submission import HuaweiSubmission
    from airflow_provider_viapi.jobs.ledger import Ledger
    from airflow_provider_viapi.jobs.model import Job

_REFUSED = frozenset(
    {
        "BLOCK",
        "BLOCKED",
        "AUTO_VERIFY_FAILED",
        "MANUAL_VERIFY_FAILED",
        "JOB_REJECT",
        "AUDIT_FAILED",
        "USER_REVIEW_REJECT",
    }
)
"""Ends by which somebody says that the content will not do."""


def is_permanent(error: ServiceError) -> bool:
    """Whether no retry can mend an error; of a job's bad ends, what was refused for its content."""
    return error.state in _REFUSED if isinstance(error, JobFailed) else is_for_good_anywhere(error)


class HuaweiCloudOperator(BaseOperator):
    """Call an action that answers at once and return its answer.

    This class itself is the way to an action that has no operator of its own::

        HuaweiCloudOperator(task_id="sources", action="vias.ListVideoSources", request={"type": "rtsp"})

    A call whose answer was lost is not made again by the same try, unless calling twice changes nothing.

    :param request: the action's parameters by wire name; ``None`` means not given. Literal values are checked
        when the DAG is parsed, templated ones after rendering, always before anything is sent.
    :param action: the action, or its name (``vias.ListTasks``); the operators of a service have their own
    :param huaweicloud_conn_id: id of the Airflow connection
    """

    template_fields: Sequence[str] = ("request", "huaweicloud_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json"}
    ui_color = "#fdeaea"
    action: Action
    is_async: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "action" in cls.__dict__:
            cls._check_kind(cls.action)

    @classmethod
    def _check_kind(cls, action: Any) -> None:
        if not isinstance(action, Action) or action.is_job is not cls.is_async:
            kind = "a job" if cls.is_async else "an action that answers at once"
            name = action.name if isinstance(action, Action) else repr(action)
            raise TypeError(f"{cls.__name__} needs {kind} as its action; {name} is not one")

    def __init__(
        self,
        *,
        request: Mapping[str, Any],
        action: Action | str | None = None,
        huaweicloud_conn_id: str = HuaweiCloudHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        # Each field of the answer is an XCom of its own, which is what ``task.output["script_id"]`` refers to.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        if action is not None:
            self.action = services.find(action) if isinstance(action, str) else action
        self._check_kind(getattr(self, "action", None))
        self.request = self.action.check(request, pending=is_templated)
        self.huaweicloud_conn_id = huaweicloud_conn_id

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """The hook that calls."""
        return HuaweiCloudHook(self.huaweicloud_conn_id)

    def _do_render_template_fields(self, *args: Any, **kwargs: Any) -> None:
        """Render, and have what may let somebody in masked wherever Airflow shows it."""
        # Of an operator's own methods a mapped task is rendered by this one alone, any other task by this one too.
        super()._do_render_template_fields(*args, **kwargs)
        from airflow.providers.common.compat.sdk import mask_secret

        for text in find_secrets([getattr(self, name) for name in self.template_fields]):
            mask_secret(text)

    def validated_request(self) -> dict[str, Any]:
        """The rendered request with values of their proper types.

        :raises InvalidRequest: something is not allowed
        """
        return self.action.check(self.request)

    def execute(self, context: Context) -> Any:
        """Check the rendered request, call the action, return its answer."""
        with fail_without_retry():
            return self.hook.call(self.action, self.validated_request())


class HuaweiCloudJobOperator(JobOperator, HuaweiCloudOperator):
    """Have a job accepted once, wait for it without holding a worker, return its result.

    The result is the answer of the action that shows the job, so ``speak.output["audio_file_url"]`` feeds the next
    task. Fields of it that prove who one is are left out.

    This class itself is the way to an action that has no operator of its own::

        HuaweiCloudJobOperator(task_id="check", action="metastudio.CreatePhotoDetection", request={"human_image": …})

    Takes what :class:`~airflow_provider_viapi.operators.base.JobOperator` and :class:`HuaweiCloudOperator` take.

    :param goal: the state that is waited for instead of the end, such as ``RUNNING``. Once it is reached the task
        succeeds and the job goes on, until something stops it.
    :param cancel_on_kill: end the job when a person ends the task, or ``job_timeout`` passes, while it is still
        waited for; on unless given. A task with a ``goal`` that a person marks as successful keeps its job. Live
        tasks and tasks of VIAS are stopped even if they run; videos are cancelled only as long as they queue, and
        other jobs cannot be.
    """

    is_async = True
    operator_extra_links = (HuaweiCloudJobLink(), HuaweiCloudResultLink())
    template_fields: Sequence[str] = (*HuaweiCloudOperator.template_fields, "land_to")
    pictures: ClassVar[tuple[tuple[str, ...], ...]] = ()
    """Where in the request pictures stand that the service takes as Base64; addresses of files are read."""

    def __init__(self, *, goal: str | None = None, cancel_on_kill: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.action.check_goal(goal)
        self.goal = goal
        self.cancel_on_kill = cancel_on_kill
        if self.land_to is not None and not is_templated(self.land_to):
            from airflow_provider_viapi.media.output_paths import check

            check(self.land_to, self.action)

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """The hook that calls."""
        return HuaweiCloudHook(self.huaweicloud_conn_id, goal=self.goal, scope=self._scope)

    @property
    def _scope(self) -> str | None:
        name = self.action.job_kind.scope_name
        return None if name is None else str(self.request[name])

    @property
    def job_hook(self) -> HuaweiCloudHook:
        """The hook that calls."""
        return self.hook

    @property
    def action_name(self) -> str:
        """The action with its service's name before it."""
        return self.action.full_name

    @property
    def job_id(self) -> XComArg:
        """The job's id, for tasks downstream, whether this task waits or not."""
        return XComArg(self, key="job_id")

    def is_permanent(self, error: ServiceError) -> bool:
        """Whether no retry can mend an error."""
        return is_permanent(error)

    @property
    def cancel_on_states(self) -> Collection[str]:
        """The states of the task with which a job ends too that is still waited for."""
        return super().cancel_on_states if self.goal is None else UNSUCCESSFUL

    def validated_request(self) -> dict[str, Any]:
        """The rendered request with values of their proper types; the place to land at is checked as well."""
        self._check_place(self.action)
        return HuaweiCloudOperator.validated_request(self)

    def submission(
        self, request: Mapping[str, Any], ledger: Ledger, deadline: datetime, context: Context
    ) -> HuaweiSubmission:
        """What has the job accepted."""
        from airflow_provider_viapi.huawei.submission import HuaweiSubmission
        from airflow_provider_viapi.jobs.ledger import request_digest
        from airflow_provider_viapi.media import base64_inputs

        return HuaweiSubmission(
            action=self.action,
            request=request,
            filled=cache(lambda: base64_inputs.read_in(request, self.pictures)),
            digest=request_digest(self.action.full_name, request),
            client=self.hook.client,
            ledger=ledger,
            claimed=lambda: claimed_job_ids(context),
            claim=lambda job_id: context["ti"].xcom_push(key="job_id", value=job_id),
            on_doubt=self.on_doubt,
            until=deadline,
            try_number=context["ti"].try_number,
            log=self.log,
        )

    def trigger(self, job: Job, deadline: datetime) -> BaseTrigger:
        """What waits for the job in the triggerer."""
        from airflow_provider_viapi.triggers.huaweicloud import HuaweiCloudJobTrigger

        return HuaweiCloudJobTrigger(
            job_id=job.id,
            action=job.action,
            deadline=deadline.isoformat(),
            cancel_on_kill=self.cancel_on_kill,
            huaweicloud_conn_id=self.huaweicloud_conn_id,
            goal=self.goal,
            scope=self._scope,
        )

    def job_link(self, job: Job) -> str:
        """Huawei's page that asks after such jobs, or the connection's own endpoint."""
        account, service = self.hook.account, self.action.service
        show = self.action.job_kind.show.name
        own = account.endpoints.get(service.name) or account.endpoint
        return own or job_address(service.name, show, account.region)

    def land(self, result: Mapping[str, Any], job: Job, context: Context) -> dict[str, str]:
        """Bring the result's files to ``land_to``."""
        from airflow_provider_viapi.media import landing

        account = self.hook.account
        own = (account.endpoint, *account.endpoints.values())
        return landing.land(
            result,
            to=str(self.land_to),
            action=self.action,
            names=landing.path_variables(context, job_id=job.id),
            refresh_links=lambda: self.hook.report(job).result_or_raise(),
            log=self.log,
            allowed_hosts=[urlsplit(address).netloc for address in own if address],
            verify=account.verify,
        )

    def _withdraw(self, job: Job, ledger: Ledger, context: Context) -> None:
        if self.cancel_on_kill:
            super()._withdraw(job, ledger, context)
        else:
            self.log.warning("Job %s goes on, as cancel_on_kill=False has it", job.id)

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """What has landed, for OpenLineage."""
        from airflow_provider_viapi.media.openlineage import lineage_of

        return lineage_of([], self._landed.values())
