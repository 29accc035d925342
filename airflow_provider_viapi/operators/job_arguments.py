"""Arguments of operators that run one job, their checks, and what a cloud or an operator of a service implements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.errors import (
    InvalidRequest,
)
from airflow_provider_viapi.operators.arguments.checks import (
    as_choice,
    as_duration,
    as_flag,
    default_deferrable,
    is_default,
)
from airflow_provider_viapi.operators.arguments.options import WaitOptions
from airflow_provider_viapi.operators.landing_base import LandingOperator
from airflow_provider_viapi.operators.stoppable import StoppableOperator
from airflow_provider_viapi.task_instance.xcoms import JOB_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_viapi.jobs.attempt_context import Timing
    from airflow_provider_viapi.jobs.backend import SubmitBackend
    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.jobs.recovery import OnDoubt


MAX_REUSE = timedelta(days=3650)
"""Oldest result that a task may reuse."""


def reuse_duration(value: Any, *, land_to: Any, land_manifest: bool, action: str) -> timedelta | None:
    """Return ``reuse_results`` as a duration; ``None`` for ``None``.

    :raises InvalidRequest: it is not a positive duration, or results do not land
    """
    if land_to is None and (value is not None or land_manifest):
        name = "land_manifest" if value is None else "reuse_results"
        raise InvalidRequest(f"{name} needs land_to, since links of a result expire", action=action)
    return None if value is None else as_duration("reuse_results", value, action, MAX_REUSE)


def applicable_reuse(
    land_to: Any, reuse_results: Any, land_manifest: Any, arguments: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Return ``reuse_results`` and ``land_manifest``, left out if only ``default_args`` name them."""
    if land_to is None and is_default("reuse_results", reuse_results, arguments):
        reuse_results = None
    if land_to is None and is_default("land_manifest", land_manifest, arguments):
        land_manifest = False
    return reuse_results, land_manifest


class BaseJobOperator(StoppableOperator, LandingOperator):
    """Base of operators that run one job: their arguments, and what a cloud implements.

    Takes what :class:`~airflow_provider_viapi.operators.arguments.options.WaitOptions` lists.
    """

    _options: ClassVar[type] = WaitOptions
    job_keys = (JOB_KEY,)

    timing: ClassVar[Timing | None] = None
    """Clock and waits of submissions; default: ``jobs.attempt_context.Timing()``."""

    def __init__(
        self,
        *,
        deferrable: bool | None = None,
        wait_for_completion: bool = True,
        job_timeout: timedelta | float = timedelta(days=1),
        submit_timeout: timedelta | float = timedelta(minutes=10),
        durable: bool = True,
        on_doubt: OnDoubt = "fail",
        land_to: Any = None,
        reuse_results: timedelta | float | None = None,
        reuse_unversioned: bool = False,
        land_manifest: bool = False,
        **kwargs: Any,
    ) -> None:
        as_flag("wait_for_completion", wait_for_completion)
        if not wait_for_completion and is_default("land_to", land_to, kwargs):
            land_to = None
        super().__init__(**{"multiple_outputs": wait_for_completion, "land_to": land_to, **kwargs})
        as_choice("on_doubt", on_doubt, ("fail", "resubmit"), self.action.name)
        if land_to is not None and not wait_for_completion:
            raise InvalidRequest(
                "land_to needs wait_for_completion=True: only a task that waits has a result to land",
                action=self.action.name,
            )
        self.deferrable = default_deferrable(deferrable, self.action.name)
        self.wait_for_completion = wait_for_completion
        self.job_timeout = as_duration("job_timeout", job_timeout, self.action.name)
        self.submit_timeout = as_duration("submit_timeout", submit_timeout, self.action.name)
        self.durable = as_flag("durable", durable, self.action.name)
        self.on_doubt = on_doubt
        reuse_results, land_manifest = applicable_reuse(self.land_to, reuse_results, land_manifest, kwargs)
        has_own_digest = type(self).request_digest is not BaseJobOperator.request_digest
        if (not durable or has_own_digest) and is_default("reuse_results", reuse_results, kwargs):
            reuse_results = None
        self.reuse_results = reuse_duration(
            reuse_results, land_to=self.land_to, land_manifest=land_manifest, action=self.action.name
        )
        if self.reuse_results and (not durable or has_own_digest):
            raise InvalidRequest(
                f"reuse_results needs durable=True; {type(self).__name__} has durable={durable}"
                if not durable
                else f"{type(self).__name__} cannot have reuse_results: its job depends on more than the request",
                action=self.action.name,
            )
        self.reuse_unversioned = as_flag("reuse_unversioned", reuse_unversioned, self.action.name)
        self.land_manifest = as_flag("land_manifest", land_manifest, self.action.name)

    # What a cloud implements.

    def submit_backend(self, request: Mapping[str, Any]) -> SubmitBackend:
        """Return what sends the request."""
        raise NotImplementedError

    def prepare_request(self, request: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """Return the request as it is sent, with its media where the service reads them."""
        return request

    def release_inputs(self, context: Context) -> None:
        """Remove what was staged for the job alone; called at least once, perhaps in another process."""

    def trigger(
        self, job: Job, deadline: str, *, survives_clear: bool = True, may_cancel: bool = True
    ) -> BaseTrigger:
        """Return the trigger that waits for the job.

        :param deadline: ISO 8601 with an offset
        :param survives_clear: the next attempt finds the job after the task was cleared
        :param may_cancel: the trigger may cancel the job when the task is ended
        """
        raise NotImplementedError

    def job_link(self, job: Job) -> str:
        """Return the address where a user sees the job."""
        raise NotImplementedError

    # What an operator of a service may adjust.

    def request_digest(self, request: Mapping[str, Any]) -> str:
        """Return the fingerprint by which a retry recognizes its own request."""
        from airflow_provider_viapi.jobs.ledger import request_digest

        return request_digest(self.action_name, request)

    def accepted(self, job: Job, context: Context) -> None:
        """Do what a job needs after it was accepted and before it can finish."""

    def final_report(self, report: JobReport) -> JobReport:
        """Return the report of a finished job, perhaps with another outcome."""
        return report
