"""Base operator of many jobs of one action in one task, from their submissions to the rows of results.

:class:`BatchOperator` knows the sequence of a batch, as ``operators.base`` knows that of one job; ``operators.batch``
has the operators of each cloud. What a batch publishes, and how it ends, is in ``operators.batch.batch_end``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.errors import (
    InvalidRequest,
    StopRequested,
    from_dict,
)
from airflow_provider_viapi.links.job import ResultLink, store_links
from airflow_provider_viapi.operators.base import JobOperator
from airflow_provider_viapi.operators.batch.batch_end import BatchEndOperator
from airflow_provider_viapi.operators.batch.items import build_items
from airflow_provider_viapi.operators.task.attempt import (
    attempt_context_of,
    attempt_of,
    check_retention,
    choose_store,
    fail_without_retry,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.attempt_context import AttemptContext
    from airflow_provider_viapi.jobs.batch.ledger import BatchLedger, Item
    from airflow_provider_viapi.jobs.batch.runner import BatchRunner

MAX_DURATION = timedelta(days=365)
"""Longest attempt, if ``execution_timeout`` does not say less."""


class BatchOperator(BatchEndOperator):
    """Run one action for many items, each paid for once, at the account's rate, in one task.

    Returns a row per item, in the order of the items: ``index``, ``job_id``, ``state``, ``result`` (with the API's
    own keys) and ``error`` (``class``, ``code`` and ``message``); what does not apply is ``None``. While it runs, the
    XCom ``progress`` holds the numbers ``done``, ``failed``, ``running`` and ``left``, and ``job_ids`` the running
    jobs.

    A retry keeps what was delivered, resumes what runs, and submits what has failed or is new. Within an attempt the
    items are fixed: if they render differently after a wait, what was submitted is collected and nothing more is
    submitted.

    Takes what :class:`~airflow_provider_viapi.operators.batch.batch_arguments.BaseBatchOperator` takes.
    """

    __supports_durable_execution: ClassVar[bool] = True

    operator_extra_links = (ResultLink(),)

    _arguments: Sequence[Mapping[str, Any]] = ()

    def execute(self, context: Context) -> Any:
        """Check all items, resume or submit their jobs, wait, collect the results, return the rows."""
        store_links(self, context)
        with fail_without_retry(self.operator.is_permanent), self._view(context).publishing_errors(context):
            self.check_rendered()
            items, self._arguments = build_items(self.operator, self.items, self.shared)
            self.check_inputs()
            self._check_destination(len(items))
            ledger = self._open_ledger(context)
            if not (items or ledger.names()):
                # Otherwise jobs of earlier attempts, whose items were removed, may run.
                self.log.info("There are no items, nothing to do")
                return []
            if retired := getattr(self.operator.action, "retired", None):
                self.log.warning("%s: %s", self.operator.action.name, retired)
            attempt_context = attempt_context_of(context, self.log, self.timing, lambda: self._stop_requested)
            ledger.begin_attempt(items, attempt_context.timing.now())
            batch = self._batch(items, ledger, attempt_context, context, {})
            with self.cancelling_if_ended(
                context, ledger, lambda: batch.cancel(), has_jobs=lambda: bool(batch.running)
            ):
                must_submit = self._check_can_begin(items, ledger, context)
                if self.reuse_results is not None:
                    from airflow_provider_viapi.operators.batch.backend import reuse_results

                    reuse_results(self, items, ledger, attempt_context, context)
                    batch = self._batch(items, ledger, attempt_context, context, {})
                self._show_earlier(batch, context)
                batch.resume()
                if batch.has_items_left and not must_submit:
                    # Jobs that were paid for have failed, and are replaced.
                    self._check_can_submit(context)
                return self._advance(batch, context)

    def _check_can_begin(self, items: Sequence[Item], ledger: BatchLedger, context: Context) -> bool:
        """Check that jobs may be submitted if there are items without one; return whether there are any."""
        must_submit = any(ledger.status(item.name) not in ("running", "delivered") for item in items)
        if must_submit:
            # If all jobs are paid for, they are resumed even if their results cannot be stored now.
            self._check_can_submit(context)
        if not (self.deferrable and ledger.is_persistent):
            self.check_can_poll()
        if self.deferrable and not ledger.is_persistent:
            # Opening the store has warned already of what a retry costs.
            why = "there is no durable store to continue from" if self.durable else "durable is False"
            self.log.info("The batch waits on this worker: %s", why)
        return must_submit

    def _check_can_submit(self, context: Context) -> None:
        """Refuse to submit jobs whose results could not be stored, or which could not be waited for."""
        self._check_prices()
        self._probe_destination(context)
        check_retention(self.job_timeout, durable=self.durable)
        self.hook.check_can_wait()

    def resume(self, context: Context, event: dict[str, Any], state: dict[str, Any] | None = None) -> Any:
        """Continue after a wait: collect results, submit more, wait again or return the rows.

        :param state: what the attempt knows besides its ledger; ``dag.test()`` of Airflow 3 passes none
        """
        from airflow_provider_viapi.jobs.batch.wait import FinishedJobs

        store_links(self, context)
        with fail_without_retry(self.operator.is_permanent), self._view(context).publishing_errors(context):
            if "error" in event:
                raise from_dict(event["error"])
            self.check_land_to_after_wait()
            ledger = self._open_ledger(context)
            attempt_context = attempt_context_of(context, self.log, self.timing, lambda: self._stop_requested)
            batch = self._batch(self._same_items(ledger), ledger, attempt_context, context, state or {})
            with self.cancelling_if_ended(
                context, ledger, batch.cancel, has_jobs=lambda: bool(batch.running)
            ):
                if state is None:
                    self._show_earlier(batch, context)
                batch.collect(FinishedJobs.from_dict(event["finished"]))
                return self._advance(batch, context)

    def _same_items(self, ledger: BatchLedger) -> list[Item] | None:
        """Return the items that the attempt began with; ``None`` if they render differently now."""
        try:
            items, self._arguments = build_items(self.operator, self.items, self.shared)
        except InvalidRequest as error:
            self.log.warning("The items cannot be built any more: %s", error)
            return None
        return items if ledger.is_same_as_begun(items) else None

    def _batch(
        self,
        items: list[Item] | None,
        ledger: BatchLedger,
        attempt_context: AttemptContext,
        context: Context,
        state: Mapping[str, Any],
    ) -> BatchRunner:
        from airflow_provider_viapi.jobs.batch.limits import BatchConfig, CostLimits
        from airflow_provider_viapi.jobs.batch.runner import BatchRunner
        from airflow_provider_viapi.operators.batch.backend import TaskBatchBackend

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
        began = ledger.began or attempt_context.timing.now()
        ended = sum(ledger.status(item.name) in ("delivered", "failed") for item in items)
        config = BatchConfig(
            action=self.operator.action.full_name,
            max_in_flight=self.max_in_flight,
            max_failed=self.max_failed,
            job_timeout=self.job_timeout,
            submit_timeout=self.submit_timeout,
            began=began,
            deadline=began + min(self.execution_timeout or MAX_DURATION, MAX_DURATION),
            done_before=state.get("done_before", ended),
        )
        seconds = None if self.max_output_minutes is None else 60 * self.max_output_minutes
        self._pages = state.get("pages", 0)
        refusal = from_dict(state["refusal"]) if state.get("refusal") else None
        failing_since = state.get("failing_since")
        return BatchRunner(
            items,
            ledger,
            config,
            TaskBatchBackend(self, self._arguments, items, ledger, attempt_context, context, config.deadline),
            attempt_context,
            is_closed=is_closed,
            refusal=refusal,
            failed_submissions=state.get("failed_submissions", 0),
            failing_since=datetime.fromisoformat(failing_since) if failing_since else None,
            logged_failures=state.get("logged_failures", 0),
            cost_limits=CostLimits.from_state(seconds, self.max_cost, state.get("cost_limits")),
        )

    def _advance(self, batch: BatchRunner, context: Context) -> Any:
        try:
            return self._submit_and_collect(batch, context)
        finally:
            # An item may have kept a slot for later; the process that continues takes another.
            self.hook.release_slots()

    def _submit_and_collect(self, batch: BatchRunner, context: Context) -> Any:
        while True:
            batch.expire_overdue()
            self._submit(batch, context)
            self._publish(batch, context)
            if self._stop_requested:
                raise StopRequested("the task was stopped; its next attempt resumes the running jobs")
            if batch.is_finished:
                return self._finish(batch, context)
            if batch.can_submit:
                continue
            policy = batch.wait_policy(lands=self.land_to is not None)
            if self.deferrable and batch.ledger.is_persistent:
                trigger = self.trigger_class().of(batch, policy, **self.connection)
                self.defer_attempt(context, trigger, "resume", state=self._state(batch))
            waiting = self.hook.wait_for_some(batch.jobs, policy, self.log)
            batch.collect(self.run_until_stopped(waiting, f"{len(batch.running)} jobs were running"))

    def _submit(self, batch: BatchRunner, context: Context) -> None:
        """Submit, wait for the running jobs meanwhile, and for the last ones if they will end soon."""
        if batch.submits_nothing_more:
            return
        from airflow_provider_viapi.jobs.batch.background_wait import BackgroundWait
        from airflow_provider_viapi.jobs.batch.wait import QuietLog

        log, deadline = QuietLog(self.log), batch.config.deadline + timedelta(days=1)
        with BackgroundWait(lambda job: self.hook.wait_for(job, deadline=deadline, log=log)) as waits:
            batch.submit(waits)
            if batch.ends_soon:
                self._publish(batch, context)
                self.log.info(
                    "Waiting on this worker for the last jobs (%d), which will probably end within a minute",
                    len(batch.running),
                )
                batch.wait_for_last_jobs(waits)

    def _state(self, batch: BatchRunner) -> dict[str, Any]:
        """Return what the attempt knows besides its ledger, as JSON values."""
        return {
            "done_before": batch.config.done_before,
            "failed_submissions": batch.failed_submissions,
            "failing_since": batch.failing_since.isoformat() if batch.failing_since else None,
            "logged_failures": batch.logged_failures,
            "refusal": batch.refusal.as_dict() if batch.refusal else None,
            "is_closed": batch.is_closed,
            "cost_limits": batch.cost_limits.state(),
            "pages": self._pages,
        }

    def item_operator(self, arguments: Mapping[str, Any]) -> JobOperator:
        """Return the operator of one item, as a task with this item alone would have it."""
        operator: JobOperator = self.operator(task_id=self.task_id, **arguments)
        # Not as arguments: a subclass may set its own.
        for name, value in {**self.connection, **self.cloud_arguments(), "on_doubt": self.on_doubt}.items():
            setattr(operator, name, value)
        operator.hook = self.hook
        return operator

    def _open_ledger(self, context: Context) -> BatchLedger:
        from airflow_provider_viapi.jobs.batch.ledger import BatchLedger

        return BatchLedger(choose_store(context, durable=self.durable), attempt_of(context))
