"""Base of the operators whose results can hold files, which land in the team's storage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.operators.action_base import ActionOperator
from airflow_provider_viapi.operators.arguments.checks import as_hosts, is_default, is_templated
from airflow_provider_viapi.operators.arguments.options import LandOptions
from airflow_provider_viapi.operators.result_references import OutputRefs
from airflow_provider_viapi.task_instance.xcoms import LANDED_PREFIX

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.usage_and_cost import Usage


class LandingOperator(ActionOperator):
    """Base of operators that copy the files of their results to the team's storage.

    Takes what :class:`~airflow_provider_viapi.operators.arguments.options.LandOptions` lists.
    """

    _options: ClassVar[type] = LandOptions
    template_fields: Sequence[str] = (*ActionOperator.template_fields, "land_to")
    hook: Any
    _usage: Usage | None = None

    def __init__(self, *, land_to: Any = None, allowed_hosts: Sequence[str] = (), **kwargs: Any) -> None:
        from airflow_provider_viapi.result_fields import has_files

        super().__init__(**kwargs)
        if is_default("land_to", land_to, kwargs) and not has_files(self.action.result):
            land_to = None
        self.land_to: Any = self._as_destination(land_to)
        self.allowed_hosts = as_hosts(allowed_hosts, self.action.name)
        self._landed: dict[str, str] = {}
        if self.land_to is not None and not is_templated(self.land_to):
            from airflow_provider_viapi.media.outputs.output_paths import check_land_to

            check_land_to(self.land_to, self.action)

    def trusted_hosts(self) -> list[str]:
        """Return the hosts of the connection's endpoints, which may be private, besides ``allowed_hosts``."""
        hosts: list[str] = self.hook.account.trusted_hosts
        return hosts

    def media_addresses(self) -> Iterable[str]:
        """Return the addresses of the request's media, as the author wrote them."""
        return ()

    @property
    def landed(self) -> OutputRefs:
        """Addresses of the landed files, for tasks downstream: ``erase.landed["VideoUrl"]``."""
        return OutputRefs(self)

    def check_destination(self, context: Context) -> None:
        """Refuse a rendered destination that cannot take the result."""
        if self.land_to is not None:
            from airflow_provider_viapi.media.outputs.landing import check_writable
            from airflow_provider_viapi.media.outputs.output_paths import path_variables

            check_writable(
                self.land_to,
                self.action,
                names=path_variables(context, job_id=None),
                has_manifest=getattr(self, "land_manifest", False),
            )

    def land(
        self,
        result: Mapping[str, Any],
        job_id: str,
        context: Context,
        refresh_links: Callable[[], Mapping[str, Any]] | None = None,
    ) -> dict[str, str]:
        """Copy the files of a result, and return their addresses by their keys in it.

        :param job_id: id of the job, or of the call that was answered at once
        :param refresh_links: return the result with new links, if that is possible
        """
        from airflow_provider_viapi.media.outputs.landing import Landing
        from airflow_provider_viapi.media.outputs.output_paths import path_variables

        landing = Landing(
            self.land_to,
            self.action,
            path_variables(context, job_id=job_id),
            http=self.hook.account.http,
            log=self.log,
            allowed_hosts=[*self.allowed_hosts, *self.trusted_hosts()],
        )
        landed = landing.land(result, refresh_links)
        self.publish_landed(landed, job_id, context)
        return landed

    def publish_landed(self, landed: dict[str, str], job_id: str, context: Context) -> None:
        """Store the addresses of landed files as XComs, and report them as updates of the task's outlets."""
        from airflow_provider_viapi.media.outputs.lineage import Origin, describe_files, report_assets

        self._landed = landed
        for key, address in landed.items():
            context["ti"].xcom_push(key=f"{LANDED_PREFIX}{key}", value=address)
        origin = Origin(job_id, self.action.full_name, self.media_addresses())
        files = describe_files(self.outlets, landed, self.log, self.hook.account.http)
        report_assets(context, self.outlets, landed, origin, files)

    def get_openlineage_facets_on_complete(self, _: Any) -> Any:
        """Return the datasets that were read and landed."""
        from airflow_provider_viapi.media.outputs.lineage import lineage_of

        return lineage_of(self.media_addresses(), self._landed.values(), self._usage)
