"""Arguments of batch operators: what they are, and their checks at DAG parse and after rendering."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from inspect import getattr_static
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.errors import (
    ConfigurationError,
    InvalidRequest,
)
from airflow_provider_viapi.jobs.batch.limits import MAX_IN_FLIGHT
from airflow_provider_viapi.operators.arguments.checks import (
    as_choice,
    as_duration,
    as_flag,
    as_hosts,
    default_deferrable,
    is_default,
    is_templated,
)
from airflow_provider_viapi.operators.base import JobOperator
from airflow_provider_viapi.operators.batch.items import MAX_ITEMS, check_literals
from airflow_provider_viapi.operators.job_arguments import applicable_reuse, reuse_duration
from airflow_provider_viapi.operators.provider_task import ProviderTask
from airflow_provider_viapi.operators.stoppable import StoppableOperator
from airflow_provider_viapi.operators.task.view import read_prices
from airflow_provider_viapi.result_fields import has_files
from airflow_provider_viapi.schema import short_repr
from airflow_provider_viapi.task_instance.xcoms import CLAIMED_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.attempt_context import Timing
    from airflow_provider_viapi.jobs.recovery import OnDoubt
    from airflow_provider_viapi.triggers.batch import BatchTrigger

ITEM_VARIABLES = ("index",)
"""Placeholders of ``land_to`` besides those of a task with one job."""


class BaseBatchOperator(ProviderTask, StoppableOperator):
    """Arguments of every batch operator:

    :param operator: the operator of the action; the items are its keyword arguments
    :param items: keyword arguments of each item, 10,000 items at most: a list, or the output of another task,
        also of a mapped one. If that is empty, so are the rows; an empty literal is an error.
    :param shared: keyword arguments that all items have in common; those of an item take precedence
    :param land_to: where the files of each result are stored when it arrives: a folder (ends with ``/``) of any
        storage that Airflow's ``ObjectStoragePath`` opens, or a file name with placeholders. ``{index}`` is the
        item's index; with several items a file name needs it or ``{job_id}``. A result then has ``landed``, the
        address of each file, instead of links that expire.
    :param max_in_flight: jobs that run at the same time, 1–1,000; default: 100
    :param max_failed: how many items may fail without failing the task; when more have, no more are submitted;
        default: 0
    :param deferrable: wait in the triggerer; default: ``[operators] default_deferrable``
    :param job_timeout: how long an attempt waits for one job; a ``timedelta`` or seconds, up to 30 days, and
        shorter than the task's state is kept (default: 30 days); default: 1 day
    :param submit_timeout: how long the batch retries to submit while the service cannot be reached or fails; then it
        submits nothing more in this attempt, waits for the running jobs and fails; a ``timedelta`` or seconds;
        default: 10 minutes
    :param durable: record the jobs so that a retry resumes them; with ``False`` the batch waits on its worker, and a
        retry submits and pays for all items again; default: ``True``
    :param allowed_hosts: private hosts (``host`` or ``host:port``) that results may be downloaded from; default:
        the connection's own endpoint
    :param on_doubt: what to do with an item when it cannot be known whether its job was accepted: ``fail`` it, so
        that a user decides, or ``resubmit``, which may pay twice; default: ``fail``
    :param reuse_results: for each item, return the landed result of an earlier job for the same request and the same
        sources, from any DAG run, if it is not older than this; a ``timedelta`` or seconds, up to 10 years;
        default: off
    :param reuse_unversioned: reuse results also if a source has no version and may have changed; default: ``False``
    :param land_manifest: write a description of each job beside its landed files; default: ``False``
    :param max_output_minutes: submit nothing that could make the outputs of all items together longer, in minutes;
        default: no limit
    :param max_cost: submit nothing that could make all items together cost more at the prices in ``[viapi] prices``,
        in their currency; default: no limit
    """

    job_keys = (CLAIMED_KEY,)

    template_fields: Sequence[str] = ("items", "shared", "land_to")
    template_fields_renderers: ClassVar[dict[str, str]] = {"items": "json", "shared": "json"}
    timing: ClassVar[Timing | None] = None
    """Clock and waits of submissions; default: ``jobs.attempt_context.Timing()``."""

    hook: Any

    def __init__(
        self,
        *,
        operator: type[JobOperator],
        items: Any,
        shared: Any = None,
        land_to: Any = None,
        max_in_flight: int = 100,
        max_failed: int = 0,
        deferrable: bool | None = None,
        job_timeout: timedelta | float = timedelta(days=1),
        submit_timeout: timedelta | float = timedelta(minutes=10),
        durable: bool = True,
        on_doubt: OnDoubt = "fail",
        reuse_results: timedelta | float | None = None,
        reuse_unversioned: bool = False,
        land_manifest: bool = False,
        allowed_hosts: Sequence[str] = (),
        max_output_minutes: float | None = None,
        max_cost: float | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._check_operator(operator)
        self.operator = operator
        self.max_in_flight = self._check_number("max_in_flight", max_in_flight, 1, MAX_IN_FLIGHT)
        self.max_failed = self._check_number("max_failed", max_failed, 0, 10_000)
        self.on_doubt: OnDoubt = as_choice("on_doubt", on_doubt, ("fail", "resubmit"), operator.action.name)
        self.job_timeout = as_duration("job_timeout", job_timeout, operator.action.name)
        self.submit_timeout = as_duration("submit_timeout", submit_timeout, operator.action.name)
        self.durable = as_flag("durable", durable, operator.action.name)
        self.deferrable = default_deferrable(deferrable, operator.action.name)
        if is_default("land_to", land_to, kwargs) and not has_files(operator.action.result):
            land_to = None
        reuse_results, land_manifest = applicable_reuse(land_to, reuse_results, land_manifest, kwargs)
        self.reuse_results = reuse_duration(
            reuse_results, land_to=land_to, land_manifest=land_manifest, action=operator.action.name
        )
        self.reuse_unversioned = as_flag("reuse_unversioned", reuse_unversioned, operator.action.name)
        self.land_manifest = as_flag("land_manifest", land_manifest, operator.action.name)
        self.max_output_minutes = self._check_limit("max_output_minutes", max_output_minutes)
        self.max_cost = self._check_limit("max_cost", max_cost)
        if isinstance(items, Iterator):
            # The check below would use it up. One more than allowed, since it may be endless.
            items = list(islice(items, MAX_ITEMS + 1))
        check_literals(operator, items, {} if shared is None else shared)
        self.items = items
        self.shared = shared
        self.land_to: Any = self._as_destination(land_to)
        self.allowed_hosts = as_hosts(allowed_hosts, operator.action.name)
        if not is_templated(self.land_to):
            self._check_destination(len(items) if isinstance(items, list | tuple) else 1)

    # What a cloud implements.

    @staticmethod
    def operator_base() -> type[JobOperator]:
        """Return the base class of operators that this batch can run."""
        raise NotImplementedError

    @staticmethod
    def trigger_class() -> type[BatchTrigger]:
        """Return the class of the trigger that waits for the running jobs."""
        raise NotImplementedError

    @property
    def connection(self) -> dict[str, Any]:
        """The connection id under the name that the cloud's operators and triggers have for it."""
        raise NotImplementedError

    def cloud_arguments(self) -> dict[str, Any]:
        """Return the arguments of every item's operator that are the cloud's own, besides the connection."""
        return {}

    def check_inputs(self) -> None:
        """Refuse rendered arguments of the cloud's own that cannot be used."""

    def trusted_hosts(self) -> list[str]:
        """Return the private hosts that results may come from: the allowed ones, and the connection's endpoint."""
        return [*self.allowed_hosts, *self.hook.account.trusted_hosts]

    # Checks.

    def _check_operator(self, operator: Any) -> None:
        is_job = isinstance(operator, type) and issubclass(operator, self.operator_base())
        if not is_job or not isinstance(getattr(operator, "action", None), operator.action_type):
            raise TypeError(
                f"operator is {short_repr(operator)}; allowed: an operator class for a job, derived from "
                f"{self.operator_base().__name__} and with its own action"
            )
        if operator.request_digest is not JobOperator.request_digest:
            raise TypeError(
                f"{operator.__name__} uses more than its request and cannot run in a batch; map it with expand_kwargs"
            )
        if not isinstance(getattr_static(operator, "is_permanent"), classmethod | staticmethod):
            raise TypeError(
                f"{operator.__name__}.is_permanent is not a class method, and a batch calls it without an instance; "
                "add @classmethod"
            )

    def _check_number(self, name: str, value: Any, minimum: int, maximum: int) -> int:
        is_allowed = isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum
        self._check(name, value, is_allowed, f"an integer, {minimum} to {maximum}; it cannot be a template")
        return int(value)

    def _check_limit(self, name: str, value: Any) -> float | None:
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # Python compares a whole number of any size, and converts only those that fit.
        is_allowed = is_number and 0 < value <= sys.float_info.max
        self._check(name, value, is_allowed, "a number greater than 0, or None; it cannot be a template")
        return float(value)

    def _check_prices(self) -> None:
        """Refuse ``max_cost`` without a price, and prices that cannot be read."""
        action = self.operator.action.full_name
        if read_prices().rate(action) is None and self.max_cost is not None:
            raise ConfigurationError(
                f"max_cost is {self.max_cost:g}, but [viapi] prices has no price of {action}; add it, or remove "
                "max_cost. Nothing was submitted",
                action=self.operator.action.name,
            )

    def _check(self, name: str, value: object, is_allowed: bool, allowed: str) -> None:
        if not is_allowed:
            raise InvalidRequest(
                f"{name} is {short_repr(value, 300)}; allowed: {allowed}", action=self.operator.action.name
            )

    def _probe_destination(self, context: Context) -> None:
        """Refuse a rendered destination that cannot take the results."""
        if self.land_to is not None:
            from airflow_provider_viapi.media.outputs import landing
            from airflow_provider_viapi.media.outputs.output_paths import path_variables, sample_path

            names = {**path_variables(context, job_id=None), "index": 999_999}
            landing.check_writable(
                self.land_to, self.operator.action, names=names, has_manifest=self.land_manifest
            )
            if not self.land_to.endswith("/") and "{job_id}" not in self.land_to:
                # An item that moved in the list may find its name taken.
                longest = landing.with_job_id(self.land_to)
                sample_path(longest, self.operator.action, names, has_manifest=self.land_manifest)

    def _check_destination(self, items: int) -> None:
        if self.land_to is None:
            return
        self.land_to = self._as_destination(self.land_to)
        from airflow_provider_viapi.media.outputs.output_paths import check_land_to

        check_land_to(self.land_to, self.operator.action, also=ITEM_VARIABLES)
        has_name = "{index}" in self.land_to or "{job_id}" in self.land_to
        self._check(
            "land_to",
            self.land_to,
            items < 2 or self.land_to.endswith("/") or has_name,
            "a folder (ends with /), or a name with {index} or {job_id} in it, since there are several results",
        )
