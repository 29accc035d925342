"""What the operators of VIAPI's actions are made of.

An operator of a service is a class with an ``action`` and typed keyword arguments that become the ``request``. Those
that have a job done live its life, which ``operators.base`` tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.links.viapi import ViapiJobLink, ViapiResultLink, job_address
from airflow_provider_viapi.operators.action import ViapiOperator
from airflow_provider_viapi.operators.base import JobOperator
from airflow_provider_viapi.operators.durability import claimed_job_ids
from airflow_provider_viapi.operators.templates import is_templated

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.jobs.ledger import Ledger
    from airflow_provider_viapi.jobs.model import Job
    from airflow_provider_viapi.jobs.submission import Submission

__all__ = ["ViapiJobOperator", "ViapiOperator", "is_templated"]


class ViapiJobOperator(JobOperator, ViapiOperator):
    """Submit a job once, wait for it without holding a worker, return its result.

    The result has the API's own keys, so that ``erase.output["VideoUrl"]`` feeds the next task.

    This class itself is the way to an action that has no operator of its own::

        ViapiJobOperator(task_id="reframe", action="videoenhan.ChangeVideoSize", request={"VideoUrl": ...})

    Takes what :class:`~airflow_provider_viapi.operators.base.JobOperator` and
    :class:`~airflow_provider_viapi.operators.action.ViapiOperator` take.
    """

    is_async = True
    operator_extra_links = (ViapiJobLink(), ViapiResultLink())
    template_fields: Sequence[str] = (*ViapiOperator.template_fields, "land_to")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.land_to is not None and not is_templated(self.land_to):
            from airflow_provider_viapi.media import landing

            landing.check(self.land_to, self.action)

    @property
    def job_hook(self) -> ViapiHook:
        """The hook that calls."""
        return self.hook

    @property
    def action_name(self) -> str:
        """The action with its service's name before it."""
        return self.action.full_name

    def validated_request(self) -> dict[str, Any]:
        """The rendered request with values of their proper types; the place to land at is checked as well."""
        self._check_place(self.action)
        return ViapiOperator.validated_request(self)

    def submission(
        self, request: Mapping[str, Any], ledger: Ledger, deadline: datetime, context: Context
    ) -> Submission:
        """What has the job accepted, once its media are where the service can read them."""
        from airflow_provider_viapi.jobs.ledger import request_digest
        from airflow_provider_viapi.jobs.submission import Submission

        media = self.media(context, request)
        return Submission(
            action=self.action,
            staged=lambda: media.readable,
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
        from airflow_provider_viapi.triggers.viapi import ViapiJobTrigger

        return ViapiJobTrigger(
            job_id=job.id,
            action=job.action,
            deadline=deadline.isoformat(),
            viapi_conn_id=self.viapi_conn_id,
        )

    def job_link(self, job: Job) -> str:
        """Alibaba's page that asks after the job, or the connection's own endpoint."""
        service = self.action.service
        return self.hook.account.endpoint or job_address(service.name, service.version, job.id)

    def release_inputs(self, context: Context) -> None:
        """Give the staged copies of its media back."""
        self.media(context, ViapiOperator.validated_request(self)).release()

    def land(self, result: Mapping[str, Any], job: Job, context: Context) -> dict[str, str]:
        """Bring the result's files to ``land_to``."""
        from airflow_provider_viapi.media import landing

        account = self.hook.account
        return landing.land(
            result,
            to=str(self.land_to),
            action=self.action,
            names=landing.path_variables(context, job_id=job.id),
            refresh_links=lambda: self.hook.report(job).result_or_raise(),
            log=self.log,
            allowed_hosts=landing.trusted_hosts(account),
            verify=account.verify,
        )

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """What was read and what has landed, for OpenLineage."""
        from airflow_provider_viapi.media.openlineage import lineage_of, media_of

        return lineage_of(media_of(self.action.parameters, self.request), self._landed.values())
