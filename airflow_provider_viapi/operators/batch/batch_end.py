"""End of a batch: its rows are returned, or it fails; and what it publishes until then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.best_effort import logging_failure
from airflow_provider_viapi.errors import SubmissionInDoubt
from airflow_provider_viapi.links.job import result_address, store_links
from airflow_provider_viapi.operators.batch.batch_arguments import BaseBatchOperator
from airflow_provider_viapi.operators.batch.view import landed_files, publish_items, publish_usage
from airflow_provider_viapi.operators.task.attempt import attempt_of
from airflow_provider_viapi.operators.task.view import TaskView
from airflow_provider_viapi.task_instance.xcoms import PROGRESS_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.batch.runner import BatchRunner

RENDERED_DIFFERENTLY = (
    ", because the items render differently after each wake-up of the task; pass them from an upstream task"
)

NO_RETRY = "The task is not retried, because a retry would submit other items and pay for all of them"


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


class BatchEndOperator(BaseBatchOperator):
    """Base of the operators of batches: what they publish while jobs run, and do when all have ended."""

    _pages = 0

    def _finish(self, batch: BatchRunner, context: Context) -> list[Mapping[str, Any]]:
        from airflow_provider_viapi.jobs.batch.failures import batch_failure
        from airflow_provider_viapi.jobs.batch.report import truncate
        from airflow_provider_viapi.media.outputs.lineage import Origin, report_assets

        rows = batch.ledger.rows(batch.items)
        with logging_failure(self.log, "The XCom with the usage could not be stored: %s"):
            publish_usage(context, self.operator.action.full_name, rows)
        if batch.refusal is not None and not batch.is_closed:
            # Not if the items render differently: the retry would pay for all of them again.
            raise batch.refusal
        failed = batch_failure(
            rows,
            items=batch.ledger.count,
            left=batch.progress.left,
            max_failed=self.max_failed,
            why_left=RENDERED_DIFFERENTLY if batch.is_closed else _because(batch.why_left),
        )
        if failed is None and batch.cost_limits.exhausted:
            self.log.warning("All items are done, but %s", batch.cost_limits.exhausted)
        if failed is not None:
            failed.action = self.operator.action.name
            permanent = sum(batch.ledger.has_failed_permanently(item.name) for item in batch.items)
            if batch.is_closed:
                raise AirflowFailException(f"BatchFailed: {failed}. {NO_RETRY}") from failed
            # A retry submits nothing more within an exhausted limit, but resumes what was submitted.
            can_resume = any(batch.ledger.entry(item.name) is not None for item in batch.items)
            # A retry would submit again, without a check, what may have been accepted.
            is_unchecked = not batch.ledger.is_persistent and any(
                row["error"] and row["error"]["class"] == SubmissionInDoubt.__name__ for row in rows
            )
            if (
                is_unchecked
                or permanent > self.max_failed
                or (batch.cost_limits.exhausted and not can_resume)
            ):
                raise AirflowFailException(f"BatchFailed: {failed}") from failed
            raise failed
        landed, files = landed_files(rows)
        report_assets(context, self.outlets, landed, Origin(action=self.operator.action.full_name), files)
        first: Mapping[str, Any] = next((row["result"] for row in rows if row["result"]), {})
        address = result_address(first, [self.operator.action], first.get("landed"))
        store_links(self, context, result_link=address)
        batch.ledger.mark_delivered()
        kept, shortened = truncate(rows)
        if shortened:
            self.log.warning(
                "The XCom has no result for %d rows, because all together are too long", shortened
            )
        return kept

    def _view(self, context: Context) -> TaskView:
        return TaskView(self.operator.action.full_name, attempt_of(context).number)

    def _show_earlier(self, batch: BatchRunner, context: Context) -> None:
        """Count what is billed so far, and show what has ended: the XComs of earlier attempts were cleared."""
        from airflow_provider_viapi.jobs.batch.ledger import Row

        for counted in batch.ledger.counted():
            batch.cost_limits.count(counted)
        if batch.progress.done or batch.progress.failed:
            rows = {row["index"]: row for row in batch.ledger.rows(batch.items)}
            for item in batch.items:
                if (row := rows.get(item.index)) is not None:
                    ended = Row(
                        row["job_id"], row["state"], row["result"], row["error"], usage=row.get("usage")
                    )
                    batch.ended.append((item, ended))

    def _publish(self, batch: BatchRunner, context: Context) -> None:
        batch.log_progress()
        # The jobs are recorded and paid for. The next call writes what is missing.
        with logging_failure(self.log, "The XComs of the batch could not be stored: %s"):
            context["ti"].xcom_push(key=PROGRESS_KEY, value=asdict(batch.progress))
            self._pages = publish_items(context, batch, self.operator.action.result, self._pages)
            batch.backend.publish(batch.jobs)
