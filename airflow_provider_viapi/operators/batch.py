"""One task, many jobs of one action."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.errors import (
    ConfigurationError,
    InvalidRequest,
    PermissionDenied,
    StopRequested,
    from_dict,
)
from airflow_provider_viapi.links.job import (
    HuaweiCloudResultLink,
    ViapiResultLink,
    result_address,
    store_links,
)
from airflow_provider_viapi.operators.action import as_duration, default_deferrable, is_templated
from airflow_provider_viapi.operators.base import JobOperator, reuse_duration
from airflow_provider_viapi.operators.batch_requests import build_items, check_literals
from airflow_provider_viapi.operators.batch_view import publish_items, publish_usage
from airflow_provider_viapi.operators.claims import TaskClaims
from airflow_provider_viapi.operators.durability import (
    attempt_of,
    choose_store,
    fail_without_retry,
    is_permanent,
)
from airflow_provider_viapi.operators.stoppable import StoppableOperator
from airflow_provider_viapi.operators.task_view import read_prices
from airflow_provider_viapi.schema import as_address

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.errors import ServiceError
    from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
    from airflow_provider_viapi.hooks.viapi import ViapiHook
    from airflow_provider_viapi.jobs.batch import Batch
    from airflow_provider_viapi.jobs.batch_ledger import BatchLedger, Item
    from airflow_provider_viapi.jobs.submission import OnDoubt
    from airflow_provider_viapi.jobs.task_run import TaskRun, Timing
    from airflow_provider_viapi.triggers.batch import BatchTrigger

MAX_IN_FLIGHT = 1000
"""Most jobs of one batch at the same time: their ids are arguments of a trigger, 40 kB then."""

ITEM_VARIABLES = ("index",)
"""Placeholders of ``land_to`` besides those of a task with one job."""

MAX_DURATION = timedelta(days=365)
"""Longest attempt, if ``execution_timeout`` does not say less."""

RENDERED_DIFFERENTLY = (
    ", because the items render differently after each wake-up of the task; pass them from an upstream task"
)

NO_RETRY = "A retry would render other items again and pay for all of them, so there is none"


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


class BatchOperator(StoppableOperator):
    """Run one action for many items, each paid for once, at the account's rate, in one task.

    Returns a row per item, in the order of the items: ``index``, ``job_id``, ``state``, ``result`` (with the API's
    own keys) and ``error`` (``class``, ``code`` and ``message``); what does not apply is ``None``. While it runs, the
    XCom ``progress`` holds the numbers ``done``, ``failed``, ``running`` and ``left``, and ``job_ids`` the running
    jobs.

    A retry keeps what was delivered, resumes what runs, and submits what has failed or is new. Within an attempt the
    items are fixed: if they render differently after a wait, what was submitted is collected and nothing more is
    submitted.

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
    :param job_timeout: how long an attempt waits for one job; a ``timedelta`` or seconds, up to 30 days;
        default: 1 day
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

    template_fields: Sequence[str] = ("items", "shared", "land_to")
    template_fields_renderers: ClassVar[dict[str, str]] = {"items": "json", "shared": "json"}
    timing: ClassVar[Timing | None] = None
    """Clock and waits of submissions; default: ``jobs.task_run.Timing()``."""

    __supports_durable_execution: ClassVar[bool] = True

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
        self._check("on_doubt", on_doubt, on_doubt in ("fail", "resubmit"), "fail, resubmit")
        self.on_doubt = on_doubt
        self.job_timeout = as_duration("job_timeout", job_timeout, operator.action.name)
        self._check("durable", durable, isinstance(durable, bool), "True, False")
        self.durable = durable
        self.deferrable = default_deferrable(deferrable)
        self.reuse_results = reuse_duration(
            reuse_results, land_to=land_to, land_manifest=land_manifest, action=operator.action.name
        )
        self.reuse_unversioned = reuse_unversioned
        self.land_manifest = land_manifest
        self.max_output_minutes = self._check_limit("max_output_minutes", max_output_minutes)
        self.max_cost = self._check_limit("max_cost", max_cost)
        check_literals(operator, items, shared or {})
        self.items = items
        self.shared = shared
        self.land_to = as_address(land_to)
        self.allowed_hosts = list(allowed_hosts)
        if not is_templated(land_to):
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
        # It depends on the hook alone, which the batch has as well as each of its operators.
        return [*self.allowed_hosts, *self.operator.trusted_hosts(self)]  # type: ignore[arg-type]

    def is_permanent(self, error: ServiceError) -> bool:
        """Return whether no retry can succeed after an error."""
        return is_permanent(error)

    # The sequence of a batch.

    def execute(self, context: Context) -> Any:
        """Check all items, resume or submit their jobs, wait, collect the results, return the rows."""
        store_links(self, context)
        with fail_without_retry(self.is_permanent):
            items, self._arguments = build_items(self.operator, self.items, self.shared or {})
            self.check_inputs()
            self._check_prices()
            self._check_destination(len(items))
            if not items:
                self.log.info("There are no items, nothing to do")
                return []
            if retired := getattr(self.operator.action, "retired", None):
                self.log.warning("%s: %s", self.operator.action.name, retired)
            ledger, run = self._open_ledger(context), self._task_run(context)
            if any(ledger.status(item.name) not in ("running", "delivered") for item in items):
                # If all jobs are paid for, they are resumed even if their results cannot be stored now.
                self._probe_destination()
            if not (self.deferrable and ledger.is_persistent):
                self.check_can_poll()
            ledger.begin_attempt(items)
            if self.deferrable and not ledger.is_persistent:
                # Opening the store has warned already of what a retry costs.
                why = "there is no durable store to continue from" if self.durable else "durable is False"
                self.log.info("The batch waits on this worker: %s", why)
            if self.reuse_results is not None:
                from airflow_provider_viapi.operators.batch_backend import reuse_results

                reuse_results(self, items, ledger, run, context)
            batch = self._batch(items, ledger, run, context, {"began": run.timing.now().isoformat()})
            with self.cancelling_if_ended(context, ledger, batch.cancel):
                self._show_earlier(batch, context)
                batch.resume()
                return self._advance(batch, context)

    def resume(self, context: Context, event: dict[str, Any], state: dict[str, Any] | None = None) -> Any:
        """Continue after a wait: collect results, submit more, wait again or return the rows.

        :param state: what the attempt knows besides its ledger; ``dag.test()`` of Airflow 3 loses it
        """
        from airflow_provider_viapi.jobs.completions import Completions

        store_links(self, context)
        with fail_without_retry(self.is_permanent):
            if "error" in event:
                raise from_dict(event["error"])
            ledger, run = self._open_ledger(context), self._task_run(context)
            state = state or {"began": run.timing.now().isoformat()}
            batch = self._batch(self._same_items(ledger), ledger, run, context, state)
            with self.cancelling_if_ended(context, ledger, batch.cancel):
                batch.collect(Completions.from_dict(event["ended"]))
                return self._advance(batch, context)

    def _same_items(self, ledger: BatchLedger) -> list[Item] | None:
        """Return the items that the attempt began with; ``None`` if they render differently now."""
        try:
            items, self._arguments = build_items(self.operator, self.items, self.shared or {})
        except InvalidRequest as error:
            self.log.warning("The items cannot be built any more: %s", error)
            return None
        return items if ledger.is_same_as_begun(items) else None

    def _batch(
        self,
        items: list[Item] | None,
        ledger: BatchLedger,
        run: TaskRun,
        context: Context,
        state: Mapping[str, Any],
    ) -> Batch:
        from airflow_provider_viapi.jobs.batch import Batch, BatchConfig
        from airflow_provider_viapi.jobs.budget import Budget
        from airflow_provider_viapi.operators.batch_backend import TaskBatchBackend

        is_closed = items is None
        if items is None:
            items = ledger.begun_items()
            if not state.get("is_closed"):
                self.log.warning(
                    "The items render differently than when this attempt began: %d of %d were submitted and are "
                    "collected, nothing more is submitted. Pass the items from an upstream task.",
                    len(items),
                    ledger.count,
                )
        began = datetime.fromisoformat(state["began"])
        ended = sum(ledger.status(item.name) in ("delivered", "failed") for item in items)
        config = BatchConfig(
            action=self.operator.action.full_name,
            max_in_flight=self.max_in_flight,
            max_failed=self.max_failed,
            job_timeout=self.job_timeout,
            began=began,
            until=began + min(self.execution_timeout or MAX_DURATION, MAX_DURATION),
            done_before=state.get("done_before", ended),
        )
        seconds = None if self.max_output_minutes is None else 60 * self.max_output_minutes
        self._pages = state.get("pages", 0)
        refusal = from_dict(state["refusal"]) if state.get("refusal") else None
        backend = TaskBatchBackend(self, self._arguments, ledger, run, context)
        return Batch(
            items,
            ledger,
            config,
            backend,
            run,
            meter=backend,
            is_closed=is_closed,
            refusal=refusal if isinstance(refusal, PermissionDenied) else None,
            failed_submissions=state.get("failed_submissions", 0),
            logged_failures=state.get("logged_failures", 0),
            budget=Budget.resume(seconds, self.max_cost, state.get("budget")),
        )

    def _advance(self, batch: Batch, context: Context) -> Any:
        while True:
            batch.expire_overdue()
            batch.submit()
            self._publish(batch, context)
            if self._stop_requested:
                raise StopRequested("the task was stopped; its next attempt resumes the running jobs")
            if batch.is_over:
                return self._finish(batch, context)
            policy = batch.wait_policy(lands=self.land_to is not None)
            if self.deferrable and batch.ledger.is_persistent:
                trigger = self.trigger_class().of(batch, policy, **self.connection)
                self.defer(trigger=trigger, method_name="resume", kwargs={"state": self._state(batch)})
            from airflow_provider_viapi.triggers.batch import wait_for_some

            waiting = wait_for_some(self.hook, batch.jobs, policy, self.log)
            batch.collect(self.run_until_stopped(waiting, f"{len(batch.running)} jobs were running"))

    def _finish(self, batch: Batch, context: Context) -> list[Mapping[str, Any]]:
        from airflow_provider_viapi.jobs.batch_report import batch_failure, truncate
        from airflow_provider_viapi.media.lineage import report_assets

        rows = batch.ledger.rows(batch.items)
        publish_usage(context, self.operator.action.full_name, rows)
        if batch.refusal is not None:
            raise batch.refusal
        failed = batch_failure(
            rows,
            items=batch.ledger.count,
            left=batch.progress.left,
            max_failed=self.max_failed,
            why_left=RENDERED_DIFFERENTLY if batch.is_closed else _because(batch.budget.exhausted),
        )
        if failed is not None:
            failed.action = self.operator.action.name
            permanent = sum(self.is_permanent(from_dict(row["error"])) for row in rows if row["error"])
            if batch.is_closed:
                raise AirflowFailException(f"BatchFailed: {failed}. {NO_RETRY}") from failed
            if permanent > self.max_failed or batch.budget.exhausted:
                raise AirflowFailException(f"BatchFailed: {failed}") from failed
            raise failed
        landed = {
            f"{row['index']}.{key}": address
            for row in rows
            for key, address in (row["result"] or {}).get("landed", {}).items()
        }
        report_assets(context, self.outlets, landed)
        first: Mapping[str, Any] = next((row["result"] for row in rows if row["result"]), {})
        address = result_address(first, [self.operator.action], first.get("landed"))
        store_links(self, context, result_link=address)
        batch.ledger.mark_delivered()
        kept, shortened = truncate(rows)
        if shortened:
            self.log.warning("The results of %d rows are left out: all together are too long", shortened)
        return kept

    def _show_earlier(self, batch: Batch, context: Context) -> None:
        """Count and show what earlier attempts have delivered: their XComs were cleared."""
        from airflow_provider_viapi.jobs.batch_ledger import Row
        from airflow_provider_viapi.jobs.usage import Usage

        if batch.progress.done:
            rows = {row["index"]: row for row in batch.ledger.rows(batch.items)}
            for item in batch.items:
                if (row := rows.get(item.index)) is not None and row["error"] is None:
                    usage = row.get("usage")
                    batch.ended.append((item, Row(row["job_id"], row["state"], row["result"], usage=usage)))
                    if "reused" not in (row["result"] or {}):
                        batch.budget.add(Usage.from_dict(usage) if usage else None)

    def _publish(self, batch: Batch, context: Context) -> None:
        batch.log_progress()
        context["ti"].xcom_push(key="progress", value=asdict(batch.progress))
        self._pages = publish_items(context, batch, self.operator.action.result, self._pages)
        batch.backend.publish(batch.jobs)

    def _state(self, batch: Batch) -> dict[str, Any]:
        """Return what the attempt knows besides its ledger, as JSON values."""
        return {
            "began": batch.config.began.isoformat(),
            "done_before": batch.config.done_before,
            "failed_submissions": batch.failed_submissions,
            "logged_failures": batch.logged_failures,
            "refusal": batch.refusal.as_dict() if batch.refusal else None,
            "is_closed": batch.is_closed,
            "budget": batch.budget.state(),
            "pages": self._pages,
        }

    def item_operator(self, arguments: Mapping[str, Any]) -> JobOperator:
        """Return the operator of one item, as a task with this item alone would have it."""
        operator: JobOperator = self.operator(
            task_id=self.task_id,
            on_doubt=self.on_doubt,
            **self.connection,
            **self.cloud_arguments(),
            **arguments,
        )
        operator.hook = self.hook
        return operator

    def _open_ledger(self, context: Context) -> BatchLedger:
        from airflow_provider_viapi.jobs.batch_ledger import BatchLedger

        return BatchLedger(choose_store(context, durable=self.durable), attempt_of(context))

    def _task_run(self, context: Context) -> TaskRun:
        from airflow_provider_viapi.jobs.task_run import TaskRun, Timing

        return TaskRun(
            attempt_of(context),
            TaskClaims(context, self.log),
            self.log,
            self.timing or Timing(),
            lambda: self._stop_requested,
        )

    # Checks.

    def _check_operator(self, operator: Any) -> None:
        is_job = isinstance(operator, type) and issubclass(operator, self.operator_base())
        if not is_job or not isinstance(getattr(operator, "action", None), operator.action_type):
            raise TypeError(
                f"operator is {operator!r}; allowed: an operator class for a job, derived from "
                f"{self.operator_base().__name__} and with its own action"
            )
        if operator.request_digest is not JobOperator.request_digest:
            raise TypeError(
                f"{operator.__name__} uses more than its request and cannot run in a batch; map it with expand_kwargs"
            )

    def _check_number(self, name: str, value: Any, least: int, most: int) -> int:
        is_allowed = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        self._check(name, value, is_allowed, f"an integer, {least} to {most}; it cannot be a template")
        return int(value)

    def _check_limit(self, name: str, value: Any) -> float | None:
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_allowed = is_number and 0 < value < math.inf
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
            raise InvalidRequest(f"{name} is {value!r}; allowed: {allowed}", action=self.operator.action.name)

    def _probe_destination(self) -> None:
        """Refuse a rendered destination that cannot take the results."""
        if self.land_to is not None:
            from airflow_provider_viapi.media import landing

            names = {"task_id": self.task_id, "index": 999_999}
            landing.probe(self.land_to, self.operator.action, names=names)

    def _check_destination(self, items: int) -> None:
        if self.land_to is None:
            return
        self.land_to = as_address(self.land_to)
        from airflow_provider_viapi.media.output_paths import check

        check(self.land_to, self.operator.action, also=ITEM_VARIABLES)
        has_name = "{index}" in self.land_to or "{job_id}" in self.land_to
        self._check(
            "land_to",
            self.land_to,
            items < 2 or self.land_to.endswith("/") or has_name,
            "a folder (ends with /), or a name with {index} or {job_id} in it, since there are several results",
        )

    _arguments: Sequence[Mapping[str, Any]] = ()
    _pages = 0


class ViapiBatchOperator(BatchOperator):
    """Run one VIAPI action for many items.

    ::

        ViapiBatchOperator(
            task_id="erase_all",
            operator=EraseVideoSubtitlesOperator,
            items=[{"video_url": "s3://films/1.mp4"}, {"video_url": "s3://films/2.mp4", "by": 0.8}],
            shared={"bh": 0.2},
        )

    Takes what :class:`BatchOperator` takes, and:

    :param staging: where media are copied that the service cannot read at their address: your own bucket in
        Shanghai, ``oss://bucket/prefix``; default: VIAPI's temporary storage
    :param viapi_conn_id: id of the Airflow connection, whose ``submit_qps`` is the rate of submissions;
        default: ``viapi_default``
    """

    template_fields: Sequence[str] = (*BatchOperator.template_fields, "staging", "viapi_conn_id")
    operator_extra_links = (ViapiResultLink(),)
    ui_color = "#fff1e5"

    def __init__(
        self, *, staging: str | None = None, viapi_conn_id: str = "viapi_default", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.staging = staging
        self.viapi_conn_id = viapi_conn_id
        if not is_templated(staging):
            self.check_inputs()

    @staticmethod
    def operator_base() -> type[JobOperator]:
        """Return the base class of operators that this batch can run."""
        from airflow_provider_viapi.operators.viapi import ViapiJobOperator

        return ViapiJobOperator

    def check_inputs(self) -> None:
        """Refuse a rendered ``staging`` that cannot take copies of the media."""
        from airflow_provider_viapi.media.request_inputs import check_place

        check_place(self.staging)

    @cached_property
    def hook(self) -> ViapiHook:
        """The hook that calls."""
        from airflow_provider_viapi.hooks.viapi import ViapiHook

        return ViapiHook(self.viapi_conn_id)

    @staticmethod
    def trigger_class() -> type[BatchTrigger]:
        """Return the class of the trigger that waits for the running jobs."""
        from airflow_provider_viapi.triggers.batch import ViapiBatchTrigger

        return ViapiBatchTrigger

    @property
    def connection(self) -> dict[str, Any]:
        """The connection id under the name that the cloud's operators and triggers have for it."""
        return {"viapi_conn_id": self.viapi_conn_id}

    def cloud_arguments(self) -> dict[str, Any]:
        """Return the destination of staged copies."""
        return {"staging": self.staging}


class HuaweiCloudBatchOperator(BatchOperator):
    """Run one action of MetaStudio or VIAS for many items.

    ::

        HuaweiCloudBatchOperator(
            task_id="speak_all",
            operator=CreateAvatarVideoOperator,
            items=[{"script_id": "s1"}, {"script_id": "s2"}],
            shared={"output_asset_config": {"asset_name": "Spring"}},
        )

    Takes what :class:`BatchOperator` takes, and:

    :param huaweicloud_conn_id: id of the Airflow connection; default: ``huaweicloud_default``
    """

    template_fields: Sequence[str] = (*BatchOperator.template_fields, "huaweicloud_conn_id")
    operator_extra_links = (HuaweiCloudResultLink(),)
    ui_color = "#fdeaea"

    def __init__(self, *, huaweicloud_conn_id: str = "huaweicloud_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.huaweicloud_conn_id = huaweicloud_conn_id

    @staticmethod
    def operator_base() -> type[JobOperator]:
        """Return the base class of operators that this batch can run."""
        from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator

        return HuaweiCloudJobOperator

    def _check_operator(self, operator: Any) -> None:
        super()._check_operator(operator)
        if operator.action.job_kind.scope_name is not None:
            raise TypeError(
                f"{operator.__name__} starts live tasks, which do not end on their own; map it with expand_kwargs"
            )

    @cached_property
    def hook(self) -> HuaweiCloudHook:
        """The hook that calls."""
        from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook

        return HuaweiCloudHook(self.huaweicloud_conn_id)

    def is_permanent(self, error: ServiceError) -> bool:
        """Return whether no retry can succeed after an error."""
        from airflow_provider_viapi.operators.huaweicloud import is_permanent

        return is_permanent(error)

    @staticmethod
    def trigger_class() -> type[BatchTrigger]:
        """Return the class of the trigger that waits for the running jobs."""
        from airflow_provider_viapi.triggers.batch import HuaweiCloudBatchTrigger

        return HuaweiCloudBatchTrigger

    @property
    def connection(self) -> dict[str, Any]:
        """The connection id under the name that the cloud's operators and triggers have for it."""
        return {"huaweicloud_conn_id": self.huaweicloud_conn_id}
