"""Backend of a batch that runs as an Airflow task, of either cloud."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_viapi.errors import InvalidMedia, PermissionDenied, ServiceError, TransientError
from airflow_provider_viapi.jobs.attempt_context import AttemptContext
from airflow_provider_viapi.jobs.batch.ledger import BatchLedger, Item, Row
from airflow_provider_viapi.jobs.batch.runner import MAX_WAIT_OF_ITEM
from airflow_provider_viapi.jobs.batch.wait import QuietLog
from airflow_provider_viapi.jobs.metrics import count_usage
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.jobs.submission import Submission
from airflow_provider_viapi.jobs.submission_record import check_adopted
from airflow_provider_viapi.jobs.usage_and_cost import Usage
from airflow_provider_viapi.media.addresses import find_sources, without_connection
from airflow_provider_viapi.operators.task.attempt import SubmittingRun, counting_in_doubt
from airflow_provider_viapi.operators.task.claims import ItemClaims, TaskClaims
from airflow_provider_viapi.operators.task.view import TaskView, measured_usage
from airflow_provider_viapi.presigned_urls import link_expiry
from airflow_provider_viapi.result_fields import file_urls
from airflow_provider_viapi.state.reusable_results import ReusableResults

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.operators.base import JobOperator
    from airflow_provider_viapi.operators.batch.base import BatchOperator

CONCURRENT_LOOKUPS = 8
"""Items whose earlier results are searched at the same time."""

ITEMS_PER_WRITE = 200
"""Items that are searched before their rows are recorded."""

MAX_UNREADABLE = 3
"""Results in a row that cannot be read from here, after which no more are measured in this process."""


class TaskBatchBackend:
    """Interface of a batch to its cloud and its task; see ``jobs.batch.running_jobs.BatchBackend``.

    :param task: the batch operator
    :param arguments: keyword arguments of each item
    :param items: of this attempt
    :param ledger: of the batch
    :param attempt_context: of the task's attempt
    :param deadline: when the attempt has to end, an aware time; nothing is submitted after it
    """

    def __init__(
        self,
        task: BatchOperator,
        arguments: Sequence[Mapping[str, Any]],
        items: Sequence[Item],
        ledger: BatchLedger,
        attempt_context: AttemptContext,
        context: Context,
        deadline: datetime,
    ) -> None:
        self._task = task
        self._arguments = arguments
        self._items = items
        self._ledger = ledger
        self._attempt_context = attempt_context
        self._context = context
        self._deadline = deadline
        self._log = QuietLog(task.log)
        account = task.hook.account
        self.limiter = RateLimiter(account.submit_qps)
        self._poll_limiter = RateLimiter(account.poll_qps)
        self._resubmitted: set[str] = set()
        # Seconds that preparing the last request took: the next one probably takes as long.
        self._preparation = 0.0
        self._unreadable = 0
        self._earlier: Collection[str] | None = None
        self._estimates: dict[str, Usage | None] = {}
        self._results = (
            ReusableResults(task, task.operator.action, context)
            if task.reuse_results is not None or task.land_manifest
            else None
        )
        # The hook's client and Airflow's XComs are not shared between threads.
        self._calling = threading.Lock()

    def resume_or_submit(self, item: Item) -> tuple[Job, JobReport | None]:
        """Resume or submit an item's job as its operator would, with one attempt to submit."""
        submission = self._submission(item)
        try:
            with self._counting_in_doubt():
                return submission.resume_or_submit()
        finally:
            self._preparation = submission.preparation

    def resume(self, item: Item) -> tuple[Job, JobReport | None] | None:
        """Resume an item's job, or find out whether it has one; ``None`` if a new one is to be submitted."""
        if self._ledger.status(item.name) == "running":
            self._wait_for_poll_limiter()
        survived_clear = self._ledger.survived_clear(item.name)
        with self._counting_in_doubt():
            begun = self._submission(item).resume()
        if survived_clear and begun is not None and begun[1] is not None and self._has_expired(begun[1]):
            self._log.warning("The result of job %s has expired; submitting again", begun[0].id)
            return None
        return begun

    def _has_expired(self, report: JobReport) -> bool:
        files = file_urls(report.result or {}, self._task.operator.action.result)
        expiries = [expiry for url in files.values() if (expiry := link_expiry(url))]
        return bool(expiries) and min(expiries) <= datetime.now(timezone.utc)

    def _counting_in_doubt(self) -> AbstractContextManager[None]:
        return counting_in_doubt(self._task.hook.stats, self._task.operator.action.full_name)

    def _submission(self, item: Item) -> Submission:
        attempt_context = replace(
            self._attempt_context, claims=ItemClaims(item, self._ledger, self._claims), log=self._log
        )
        operator = self._operator(item)
        run = SubmittingRun(
            context=self._context,
            attempt_context=attempt_context,
            ledger=self._ledger.open_ledger(item),
            # Not shown: the batch publishes what is shown of its items.
            view=TaskView(operator.action_name, attempt_context.identity.number),
            request=item.request or {},
            deadline=self._deadline,
        )
        submission: Submission = operator.submission(run)
        prepare = submission.prepare_request

        def prepare_request() -> Mapping[str, Any]:
            try:
                return prepare()
            except PermissionDenied as error:
                # It concerns the media of this item; others may be readable.
                raise InvalidMedia(error.message, code=error.code) from error
            except TransientError as error:
                # Staging has its own retries. More of them would delay all items behind this one.
                raise ServiceError(error.message, code=error.code or "NotStaged") from error

        results, policy = self._results, submission.policy
        if self._ledger.survived_clear(item.name):
            # A job that the service does not know any more has ended. If the item were in doubt instead, each clear
            # would pay for the other items again.
            policy = replace(policy, on_doubt="resubmit")
        return replace(
            submission,
            prepare_request=prepare_request,
            # The batch retries, after other items.
            policy=replace(policy, once=True, max_wait_for_slot=MAX_WAIT_OF_ITEM),
            digest=item.digest,
            sources=lambda: None if results is None else results.versions(item.request or {}),
            preparation=self._preparation,
            resubmitted=self._resubmitted,
        )

    def report(self, job: Job) -> JobReport:
        """Return the state of a job, at the rate that the connection allows."""
        self._wait_for_poll_limiter()
        report: JobReport = self._task.hook.report(job)
        return report

    def _wait_for_poll_limiter(self) -> None:
        self._attempt_context.pause(max(0.0, self._poll_limiter.reserve()))

    def cancel(self, jobs: Collection[Job]) -> Collection[str]:
        """Cancel the jobs that are still queued, and return their ids."""
        cancelled: Collection[str] = asyncio.run(self._task.hook.cancel_jobs(jobs, self._task.log))
        return cancelled

    def collect(self, item: Item, report: JobReport) -> Mapping[str, Any]:
        """Return the result of a job, with its files landed.

        :raises JobFailed: the operator does not accept the result
        :raises SubmissionInDoubt: the job was found in a list, and another task claims it
        :raises ServiceError: a file could not be landed; the next attempt fetches the result again
        """
        if item.request is not None:
            report = self._operator(item).final_report(report)
        result = report.result_or_raise()
        with self._calling, self._counting_in_doubt():
            claims = ItemClaims(item, self._ledger, self._claims)
            check_adopted(claims, self._ledger.entry(item.name), self._task.operator.action.full_name)
        if self._task.land_to is None:
            return result
        landed = self._land(item, report.job_id, result)
        manifest = {}
        if self._results is not None:
            entry = self._ledger.entry(item.name)
            entry = entry and replace(entry, digest=item.digest) if item.digest else None
            manifest = self._results.record(entry, report, lambda: item.request, result, landed)
        return _with_files(result, landed) | manifest

    def _land(self, item: Item, job_id: str, result: Mapping[str, Any]) -> dict[str, str]:
        from airflow_provider_viapi.media.outputs.landing import Landing
        from airflow_provider_viapi.media.outputs.output_paths import path_variables

        task = self._task
        job = Job(job_id, task.operator.action.full_name)

        def refresh_links() -> Mapping[str, Any]:
            with self._calling:
                fields: Mapping[str, Any] = task.hook.report(job).result_or_raise()
                return fields

        landing = Landing(
            task.land_to,
            task.operator.action,
            path_variables(self._context, job_id=job_id) | {"index": item.index},
            http=task.hook.account.http,
            log=self._log,
            allowed_hosts=task.trusted_hosts(),
            taken=self._earlier_files(),
        )
        return landing.land(result, refresh_links)

    def _earlier_files(self) -> Collection[str]:
        """Return the addresses of the files of earlier results, if a new one could land under the same name."""
        land_to = str(self._task.land_to)
        if land_to.endswith("/") or "{job_id}" in land_to:
            return ()
        with self._calling:
            if self._earlier is None:
                # Once: an item keeps its index for the whole attempt, so later results are not in the way.
                results = [row["result"] for row in self._ledger.rows(self._items) if row["result"]]
                files = (file for result in results for file in result.get("landed", {}).values())
                self._earlier = frozenset(map(without_connection, files))
            return self._earlier

    def usage(self, result: Mapping[str, Any]) -> Usage | None:
        """Return the usage of a job by its collected result; ``None`` if its files cannot be read from here."""
        action = self._task.operator.action
        files = result.get("landed") or file_urls(result, action.result)
        if not files or self._unreadable >= MAX_UNREADABLE:
            return None if self._task.max_cost is None else self._measured(action.full_name, [], ())
        usage = self._measured(action.full_name, files.values(), self._task.trusted_hosts())
        # A host that does not respond would hold up each of thousands of jobs.
        self._unreadable = 0 if usage.measured or self._task.land_to else self._unreadable + 1
        count_usage(self._task.hook.stats, action.full_name, usage)
        return usage

    def estimate(self, item: Item) -> Usage | None:
        """Return the usage that an item's job will have if its output is as long as its longest source."""
        if item.name not in self._estimates:
            sources = [address for _, address in find_sources(item.request or {}) if address]
            # Where the service is on this network, such as the emulator, its media may be too, at another port.
            own = [urlsplit(f"//{host}").hostname or host for host in self._task.trusted_hosts()]
            usage = self._measured(self._task.operator.action.full_name, sources, own)
            self._estimates[item.name] = usage if usage.measured or usage.cost is not None else None
        return self._estimates[item.name]

    def _measured(self, action: str, files: Collection[str], hosts: Collection[str]) -> Usage:
        http = self._task.hook.account.http
        return measured_usage(action, files, self._log, http=http, allowed_hosts=hosts)

    def release_inputs(self, item: Item) -> None:
        """Remove what was staged for an item alone."""
        # Without its request nothing is known of its copies; the leases that protect them expire.
        if item.request is None:
            return
        try:
            self._operator(item).release_inputs(self._context)
        except ServiceError as error:
            # The job is paid for by now: leftover copies must not fail its item.
            self._log.warning("Staged copies could not be deleted: %s", error)

    def is_permanent(self, error: ServiceError) -> bool:
        """Return whether no retry of the task can succeed after an error."""
        return self._task.operator.is_permanent(error)

    def publish(self, jobs: Collection[Job]) -> None:
        """Publish the running jobs, so that other tasks do not adopt them."""
        ledger = self._ledger
        self._claims.publish_jobs([job.id for job in jobs], ledger.job_ids(), is_open=ledger.has_unknown())

    @property
    def _claims(self) -> TaskClaims:
        claims = self._attempt_context.claims
        assert isinstance(claims, TaskClaims)  # noqa: S101
        return claims

    def _operator(self, item: Item) -> JobOperator:
        operator = self._task.item_operator(self._arguments[item.index])
        operator.item_name = f"/{item.name}"
        return operator


def reuse_results(
    task: BatchOperator,
    items: Sequence[Item],
    ledger: BatchLedger,
    attempt_context: AttemptContext,
    context: Context,
) -> None:
    """Record the rows of new items whose results landed earlier and may be reused, so that nothing is submitted.

    :raises ConfigurationError: ``[viapi] state_path`` is missing or cannot be opened
    """
    action = task.operator.action
    results = ReusableResults(task, action, context, QuietLog(task.log))
    new = [item for item in items if ledger.status(item.name) == "new"]
    runs: Counter[str] = Counter()

    def find(item: Item) -> Row | None:
        found = results.find(item.digest, item.request or {}, before=None, attempt=attempt_context.identity)
        if found is None:
            return None
        result, report = found
        return Row(report.job_id, report.state, _with_files(result, result["landed"]))

    for start in range(0, len(new), ITEMS_PER_WRITE):
        if attempt_context.stop_requested():
            return
        some = new[start : start + ITEMS_PER_WRITE]
        with ThreadPoolExecutor(CONCURRENT_LOOKUPS) as pool:
            found = dict(zip([item.name for item in some], pool.map(find, some), strict=True))
        rows = {name: row for name, row in found.items() if row is not None}
        ledger.record_rows(rows)
        for row in rows.values():
            reused = (row.result or {})["reused"]
            runs[f"{reused['dag_id']} {reused['run_id']}"] += 1
    if runs:
        task.log.info(
            "Reused the results of %d of %d new items, which landed earlier; by DAG and run: %s",
            runs.total(),
            len(new),
            ", ".join(f"{name}: {count}" for name, count in runs.most_common(5)),
        )


def _with_files(result: Mapping[str, Any], landed: Mapping[str, str]) -> dict[str, Any]:
    """Return a result with the addresses of landed files instead of links that expire."""
    others = {key: value for key, value in result.items() if key not in landed}
    return {**others, "landed": landed}
