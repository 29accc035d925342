"""What a batch works with when it is a task of Airflow's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import (
    InvalidMedia,
    PermissionDenied,
    ServiceError,
    TransientError,
    from_dict,
)
from airflow_provider_viapi.jobs.batch import Batch
from airflow_provider_viapi.jobs.batch_ledger import BatchLedger, Item
from airflow_provider_viapi.jobs.batch_terms import BatchBackend, BatchConfig
from airflow_provider_viapi.jobs.completions import QuietLog
from airflow_provider_viapi.jobs.ledger import InMemoryStore, Ledger
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.rate_limiter import RateLimiter
from airflow_provider_viapi.jobs.submission import Submission
from airflow_provider_viapi.jobs.task_run import OtherTasks
from airflow_provider_viapi.media.request_inputs import Media
from airflow_provider_viapi.operators.batch_landing import Landing
from airflow_provider_viapi.operators.batch_requests import first_arguments
from airflow_provider_viapi.operators.durability import XComClaims, is_permanent
from airflow_provider_viapi.operators.viapi import ViapiJobOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.operators.batch import ViapiBatchOperator


@dataclass(frozen=True)
class BatchState:
    """What a try knows besides its ledger, as plain values that go with it through its waitings.

    :param began: when the try did, in ISO 8601
    :param at_first: how many items had ended before
    :param stumbles: see ``jobs.batch.Batch``
    :param stopped: why nothing more is submitted, see ``errors``
    """

    began: str
    at_first: int
    stumbles: int = 0
    stopped: dict[str, Any] | None = None

    @classmethod
    def of(cls, batch: Batch) -> BatchState:
        """What a batch carries along."""
        stopped = batch.stopped.as_dict() if batch.stopped else None
        return cls(batch.terms.began.isoformat(), batch.terms.at_first, batch.stumbles, stopped)


def batch_of(
    task: ViapiBatchOperator, items: Sequence[Item], context: Context, carried: BatchState | None = None
) -> Batch:
    """The batch of a task, as its ledger has it.

    :param carried: what earlier parts of the same try know; ``None`` at its beginning
    """
    instance = context["ti"]
    store: Any = context.get("task_state_store")
    ledger = BatchLedger(
        InMemoryStore() if store is None else store,
        try_number=instance.try_number,
        max_tries=instance.max_tries,
    )
    began = datetime.fromisoformat(carried.began) if carried else datetime.now(timezone.utc)
    ended = sum(ledger.standing(item.name) in ("delivered", "failed") for item in items)
    terms = BatchConfig(
        action=task.operator.action.full_name,
        max_in_flight=task.max_in_flight,
        max_failed=task.max_failed,
        job_timeout=task.job_timeout,
        began=began,
        until=began + (task.execution_timeout or timedelta(days=365)),
        at_first=carried.at_first if carried else ended,
    )
    batch = Batch(items, ledger, terms, _means(task, ledger, context))
    if carried:
        batch.stumbles = carried.stumbles
        stopped = from_dict(carried.stopped) if carried.stopped else None
        batch.stopped = stopped if isinstance(stopped, PermissionDenied) else None
    return batch


def _means(task: ViapiBatchOperator, ledger: BatchLedger, context: Context) -> BatchBackend:
    one = _one_of(task)
    quiet = QuietLog(task.log)
    landing = Landing(task.land_to, task.operator.action, task.hook, context, quiet) if task.land_to else None
    looks = RateLimiter(task.hook.account.poll_qps)
    resubmitted: set[str] = set()

    published = XComClaims(context)
    run = one.task_run(context)
    task.claims = published

    def submitting(item: Item, of_item: Ledger) -> Submission:
        # The batch itself retries, so a submission has no time for it.
        its_run = replace(
            run,
            claims=BatchClaims(item, ledger, published),
            log=quiet,
            stop_requested=lambda: task.told_to_stop,
        )
        whole = one.submission(item.request, of_item, its_run, run.timing.now(), context)
        its_media = media(item)
        return replace(whole, request=lambda: _staged(its_media), resubmitted=resubmitted)

    def media(item: Item) -> Media:
        return Media.of(
            context,
            item.request,
            item=f"/{item.name}",
            action=task.operator.action,
            to=task.staging,
            hook=task.hook,
            log=quiet,
        )

    def look(job: Job) -> JobReport:
        time.sleep(max(0.0, looks.reserve()))
        return task.hook.report(job)

    def cancel(jobs: Collection[Job]) -> set[str]:
        from airflow_provider_viapi.triggers.batch import cancel_jobs

        return asyncio.run(cancel_jobs(task.hook, jobs, task.log))

    return BatchBackend(
        submitting=submitting,
        look=look,
        cancel=cancel,
        collect=landing.land if landing else lambda item, report: report.result or {},
        release_inputs=lambda item: media(item).release(),
        is_permanent=is_permanent,
        goes_on=lambda: not task.told_to_stop,
        quota=task.hook.submit_quota,
        log=task.log,
    )


def _staged(media: Media) -> dict[str, Any]:
    """An item's request, staged; what stands in its way concerns this item, and others may fare better."""
    try:
        return media.readable
    except PermissionDenied as error:
        raise InvalidMedia(error.message, code=error.code) from error
    except TransientError as error:
        # It was tried several times. Tried for ever, it would hold up all items behind it.
        raise ServiceError(error.message, code=error.code or "NotStaged") from error


def _one_of(task: ViapiBatchOperator) -> ViapiJobOperator:
    """An operator of the batch's class, which has each item's request submitted as it would its own."""
    arguments = first_arguments(task.operator, task.items, task.shared or {})
    one = task.operator(
        task_id=task.task_id,
        viapi_conn_id=task.viapi_conn_id,
        staging=task.staging,
        on_doubt=task.on_doubt,
        **arguments,
    )
    one.hook = task.hook
    return one


class BatchClaims:
    """Claims of one item: besides other tasks, other items of the same batch may own a listed job.

    :param item: the item
    :param ledger: of the batch
    :param published: the claims of the batch's task
    """

    def __init__(self, item: Item, ledger: BatchLedger, published: XComClaims) -> None:
        self._item = item
        self._ledger = ledger
        self._published = published
        self._job_id: str | None = None

    def publish_intent(self, intent: Mapping[str, Any] | None) -> None:
        """Publish that the batch submits; the batch withdraws it when it has published its jobs."""
        if intent is not None:
            self._published.publish_intent_once(intent)

    def publish_job(self, job_id: str | None) -> None:
        """Remember the item's job; the batch publishes all of them together."""
        self._job_id = job_id

    def others(self) -> OtherTasks:
        """Return the jobs and open submissions of other tasks and items."""
        others = self._published.others()
        open_items = ("another item of this batch",) if self._ledger.has_other_doubts(self._item) else ()
        own = self._ledger.job_ids() - {self._job_id}
        return OtherTasks(others.job_ids | own, (*others.open_intents, *open_items))
