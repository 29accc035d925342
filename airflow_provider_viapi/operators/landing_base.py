"""Base of the operators whose results can hold files, which land in the team's storage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.errors import EMPTY_RESULT, NO_FILE_IN_RESULT, ResultExpired, ServiceError
from airflow_provider_viapi.operators.action_base import ActionOperator
from airflow_provider_viapi.operators.arguments.checks import as_hosts, is_default, is_templated
from airflow_provider_viapi.operators.arguments.options import LandOptions
from airflow_provider_viapi.operators.result_references import OutputRefs
from airflow_provider_viapi.operators.task.attempt import choose_store
from airflow_provider_viapi.task_instance.xcoms import LANDED_PREFIX

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.usage_and_cost import Usage

RESPONSE_KEY = "viapi_response"
"""Key of the response to a call, without a job, whose files could not be landed."""

RESPONSE_SECONDS = 1800.0
"""Seconds for which a recorded response is used: then the links of a result expire."""

UNUSABLE = (EMPTY_RESULT, NO_FILE_IN_RESULT)
"""Error codes of results whose files no attempt can land."""


def is_unusable(error: BaseException) -> bool:
    """Return whether an error says that no attempt can land the files of a response."""
    return isinstance(error, ResultExpired) or (isinstance(error, ServiceError) and error.code in UNUSABLE)


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

    def recorded_response(self, context: Context, request: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the response to the same request that an earlier attempt has paid for and could not use.

        :param request: the checked request, before its media are staged
        """
        from airflow_provider_viapi.jobs.ledger import request_digest, same_request

        if context["ti"].try_number <= 1:
            return None
        stored = choose_store(context).get(RESPONSE_KEY)
        if not stored or time.time() - stored["at"] > RESPONSE_SECONDS:
            return None
        if not same_request(stored["digest"], request_digest(self.action_name, request)):
            return None
        response: Mapping[str, Any] = stored["response"]
        return response

    @contextmanager
    def recording_response(
        self, context: Context, request: Mapping[str, Any], response: Mapping[str, Any]
    ) -> Iterator[None]:
        """Record a response, which is paid for, if the task fails in this context although the response is usable.

        Only then: most tasks need no call of the store.
        """
        from airflow_provider_viapi.jobs.ledger import request_digest

        try:
            yield
        except BaseException as error:
            if is_unusable(error):
                # The next attempt has to call again.
                self._forget_response(context)
                raise
            digest = request_digest(self.action_name, request)
            try:
                store = choose_store(context)
                store.set(RESPONSE_KEY, {"digest": digest, "at": time.time(), "response": dict(response)})
                is_recorded = store.is_persistent
            except Exception as failure:
                is_recorded = False
                self.log.warning("The response could not be recorded: %s", type(failure).__name__)
            if not is_recorded:
                self.log.warning(
                    "The call of %s is paid for, and its result could not be stored (%s): a retry of the task calls "
                    "it again, and pays again",
                    self.action.name,
                    type(error).__name__,
                )
            raise
        self._forget_response(context)

    def _forget_response(self, context: Context) -> None:
        if context["ti"].try_number <= 1:
            return
        try:
            choose_store(context).delete(RESPONSE_KEY)
        except Exception as error:
            self.log.warning(
                "The record of an earlier response could not be removed (%s): if the task is cleared soon, it lands "
                "the same result again",
                type(error).__name__,
            )

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
