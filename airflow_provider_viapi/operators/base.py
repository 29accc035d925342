"""Base operator of one job of either cloud, from its submission to its landed result.

:class:`JobOperator` is the only place that knows the sequence of one job. A cloud (``operators.viapi``,
``operators.huaweicloud``) adds its hook, its submit backend and its trigger; an operator of a service adds typed
keyword arguments.

The sequence, with the method of each step and the module that does its work:

1. validate: ``validated_request`` (``operators.action_base``), ``check_destination`` (``operators.landing_base``)
2. ledger: ``open_ledger`` (``operators.task.attempt``, ``jobs.ledger``)
3. reuse: ``_reuse`` returns a landed result of an earlier job, if the task allows it (``state.reusable_results``)
4. resume or submit: ``_resume_or_submit`` (``jobs.submission``), which stages the media with ``_prepare``
5. wait: ``_defer_or_poll`` (``triggers.job`` in the triggerer, ``jobs.polling.poller`` on the worker)
6. land and return: ``_finish``, ``_land`` (``operators.landing_base``, ``media.outputs.landing``)
7. cancel: ``_cancel_if_late`` after ``job_timeout``, ``cancelling_if_ended`` if the task is ended
   (``operators.stoppable``), the trigger itself while the task is deferred
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow_provider_viapi.errors import (
    JobFailed,
    JobTimedOut,
    ResultExpired,
    ServiceError,
    from_dict,
)
from airflow_provider_viapi.links.job import result_address, store_links
from airflow_provider_viapi.operators.job_arguments import BaseJobOperator
from airflow_provider_viapi.operators.task.attempt import (
    attempt_context,
    attempt_of,
    check_retention,
    open_ledger,
    record_decision,
)
from airflow_provider_viapi.operators.task.claims import TaskClaims
from airflow_provider_viapi.operators.task.permanent_errors import fail_without_retry
from airflow_provider_viapi.operators.task.usage import check_prices, measured_usage
from airflow_provider_viapi.operators.task.view import TaskView
from airflow_provider_viapi.result_fields import file_urls
from airflow_provider_viapi.task_instance.job_states import showing_states, states_writer_of_worker

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.attempt_context import AttemptContext
    from airflow_provider_viapi.jobs.ledger import Entry, Ledger
    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.jobs.submission import Submission, TurnIsLater
    from airflow_provider_viapi.jobs.usage import Usage
    from airflow_provider_viapi.state.reusable_results import ReusableResults


LONGEST_TURN = 60.0
"""A deferrable task waits this many seconds on its worker for its turn to submit; for a later turn it defers."""

TURN_LEAD = 10.0
"""Seconds before its turn at which a deferred task is resumed, per deferral so far; at most half of the wait."""


class JobOperator(BaseJobOperator):
    """Submit a job once, wait for it without occupying a worker, return its result.

    The job's id goes to the XCom ``job_id`` as soon as it is known, and into a durable store, so that a retry resumes
    the job instead of paying for another.

    Takes what :class:`~airflow_provider_viapi.operators.job_arguments.BaseJobOperator` takes.
    """

    is_async = True
    # The marker of operators whose work survives their worker, as in the operators of Airflow's providers.
    __supports_durable_execution: ClassVar[bool] = True

    _view: Any = None
    _usage: Usage | None = None

    def execute(self, context: Context) -> Any:
        """Check, submit or resume, wait, land the result, return it."""
        return self._submit_and_wait(context, {})

    def execute_at_turn(self, context: Context, event: Any, turn: Mapping[str, Any] | None = None) -> Any:
        """Continue shortly before the turn to submit.

        :param turn: the turn, the deadline, and number of its deferrals; Airflow 3's ``dag.test()`` passes none
        """
        # Without the turn, the task waits for another one here: after another deferral that would be lost as well.
        return self._submit_and_wait(context, {"is_lost": True} if turn is None else turn)

    def _submit_and_wait(self, context: Context, turn: Mapping[str, Any]) -> Any:
        from airflow_provider_viapi.jobs.submission import TurnIsLater

        store_links(self, context)
        run = attempt_context(context, self.log, self.timing, lambda: self._stop_requested)
        self._view = view = TaskView(self.action_name, run.attempt.number)
        with fail_without_retry(self.is_permanent), view.publishing_errors(context):
            request = self.validated_request()
            view.show_request(request)
            check_prices()
            ledger = open_ledger(context, durable=self.durable)
            deadline = run.timing.now() + min(self.job_timeout, self.execution_timeout or self.job_timeout)
            if "deadline" in turn:
                deadline = datetime.fromisoformat(turn["deadline"])
            before = ledger.read()
            with self.cancelling_if_ended(
                context,
                ledger,
                lambda: self._cancel_recorded(ledger, context),
                has_jobs=lambda: self._recorded_job(ledger) is not None,
            ):
                if before is None or before.job_id is None:
                    # A recorded job is paid for, and is resumed even if its result cannot be stored now.
                    self.check_destination(context)
                    self._check_can_wait(deadline)
                if (reused := self._reuse(request, before, run, context)) is not None:
                    return reused
                try:
                    job, report = self._resume_or_submit(request, ledger, run, deadline, context, turn)
                except TurnIsLater as later:
                    self._defer_until_turn(later, deadline, deferred=turn.get("deferred", 0) + 1)
                record_decision(self.hook.stats, before, job, report)
                view.show_job(job, before)
                store_links(self, context, job_link=self.job_link(job))
                if report is None:
                    self.accepted(job, context)
                    view.publish(context)
                    if self.wait_for_completion:
                        report = self._defer_or_poll(job, deadline, ledger, context)
            if report is None or not self.wait_for_completion:
                ledger.mark_delivered(run.attempt)
                return job.id
            return self._finish(report, ledger, context)

    def execute_complete(
        self, context: Context, event: dict[str, Any], view: Mapping[str, Any] | None = None
    ) -> Any:
        """Continue after the trigger: land and return the result, or raise the job's error.

        :param view: what the UI shows of the job so far; ``dag.test()`` of Airflow 3 passes none
        """
        from airflow_provider_viapi.jobs.model import JobReport

        store_links(self, context)
        ledger = open_ledger(context, durable=self.durable)
        self._view = TaskView(self.action_name, attempt_of(context).number, view)
        with fail_without_retry(self.is_permanent), self._view.publishing_errors(context):
            if "error" in event:
                raise self._cancel_if_late(from_dict(event["error"]), ledger, context)
            return self._finish(JobReport.from_dict(event["report"]), ledger, context)

    def submission(
        self,
        request: Mapping[str, Any],
        ledger: Ledger,
        run: AttemptContext,
        deadline: datetime,
        context: Context,
    ) -> Submission:
        """Return the submission of a request, not started yet."""
        from airflow_provider_viapi.jobs.submission import Submission, SubmitPolicy

        results = self._results(context)
        return Submission(
            backend=self.submit_backend(request),
            ledger=ledger,
            digest=self.request_digest(request),
            request=lambda: self._prepare(request, context),
            policy=SubmitPolicy(on_doubt=self.on_doubt, deadline=deadline, timeout=self.submit_timeout),
            run=run,
            sources=lambda: None if results is None else results.versions(request),
            pace=self.hook.submit_pace(self.action_name, run),
        )

    def _results(self, context: Context) -> ReusableResults | None:
        """Return the record of landed results; ``None`` if the task neither reuses results nor writes manifests."""
        if self.reuse_results is None and not self.land_manifest:
            return None
        from airflow_provider_viapi.state.reusable_results import ReusableResults

        return ReusableResults(self, self.action, context)

    def _prepare(self, request: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        prepared = self.prepare_request(request, context)
        if self._view is not None:
            self._view.mark("staged")
        return prepared

    def _reuse(
        self, request: Mapping[str, Any], before: Entry | None, run: AttemptContext, context: Context
    ) -> dict[str, Any] | None:
        """Return the landed result of an earlier job if it may be reused, else ``None``."""
        results = self._results(context)
        digest = self.request_digest(request)
        found = results and results.find(digest, request, before=before, attempt=run.attempt)
        if not found:
            return None
        result, report = found
        context["ti"].xcom_push(key="job_id", value=report.job_id)
        self.publish_landed(result["landed"], report.job_id, context)
        self._view.show_result(report, result, self.action.result, self._landed)
        self._view.publish(context)
        store_links(self, context, result_link=result_address(result, [self.action], self._landed))
        return result

    def _resume_or_submit(
        self,
        request: Mapping[str, Any],
        ledger: Ledger,
        run: AttemptContext,
        deadline: datetime,
        context: Context,
        turn: Mapping[str, Any],
    ) -> tuple[Job, JobReport | None]:
        try:
            submission = self.submission(request, ledger, run, deadline, context)
            submission.pace.keep(turn)
            if self.deferrable and "is_lost" not in turn:
                policy = replace(submission.policy, longest_turn=LONGEST_TURN)
                submission = replace(submission, policy=policy)
            return submission.resume_or_submit()
        except ServiceError:
            if ledger.read() is None:
                # The ledger is empty: no job was or can have been accepted, so nothing will read what was staged.
                self._release(context)
            raise

    def _defer_until_turn(self, later: TurnIsLater, deadline: datetime, *, deferred: int) -> NoReturn:
        """Defer until shortly before the turn to submit; nothing was staged or sent."""
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        # The more deferrals, the earlier: Airflow was slow to continue before, and a missed turn means another wait.
        early = min(later.seconds / 2, deferred * TURN_LEAD)
        wake_at = datetime.now(timezone.utc) + timedelta(seconds=later.seconds - early)
        self.log.info(
            "Rate limit: other tasks submit first, this one in %.0f s; deferring until %s",
            later.seconds,
            wake_at.isoformat(timespec="seconds"),
        )
        turn = {**later.turn, "deadline": deadline.isoformat(), "deferred": deferred}
        self.defer(trigger=DateTimeTrigger(wake_at), method_name="execute_at_turn", kwargs={"turn": turn})
        raise AssertionError("defer raises")

    def _check_can_wait(self, deadline: datetime) -> None:
        """Refuse to submit a job that could not be waited for."""
        if self.wait_for_completion and not self.deferrable:
            self.check_can_poll()
        check_retention(self.job_timeout, durable=self.durable)
        self.hook.check_can_wait()
        if self.wait_for_completion and self.deferrable:
            # Build the trigger once now: an import that fails must fail before the job is paid.
            self.trigger(self._job("unknown"), deadline.isoformat()).serialize()

    def _defer_or_poll(self, job: Job, deadline: datetime, ledger: Ledger, context: Context) -> JobReport:
        if self.deferrable and not self._stop_requested:
            waiting = self.trigger(job, deadline.isoformat(), survives_clear=ledger.survives_clear)
            self.log.info(
                "Waiting for job %s in the triggerer until %s at the latest; if the task stays deferred long after "
                "the job has ended, check that a triggerer runs",
                job.id,
                deadline.isoformat(timespec="seconds"),
            )
            self.defer(trigger=waiting, method_name="execute_complete", kwargs={"view": self._view.state()})
        try:
            polling = self._wait(job, deadline, context)
            return self.run_until_stopped(polling, f"job {job.id} was running")
        except JobTimedOut as late:
            raise self._cancel_if_late(late, ledger, context) from None

    async def _wait(self, job: Job, deadline: datetime, context: Context) -> JobReport:
        async with showing_states(job.id, states_writer_of_worker(context["ti"])) as on_state:
            report: JobReport = await self.hook.wait_for(job, until=deadline, log=self.log, on_state=on_state)
            return report

    def _cancel_if_late(self, error: ServiceError, ledger: Ledger, context: Context) -> ServiceError:
        """Cancel the job if the error is that it has not ended in time; return the error to raise."""
        if isinstance(error, JobTimedOut):
            after = self._time_since_submission(ledger)
            self._cancel_job(self._job(error.job_id), ledger, context)
            resumes = ledger.is_persistent and ledger.read() is not None
            error.message += f"{after}. A retry of the task " + (
                "resumes this job and waits again" if resumes else "submits, and pays for, a new job"
            )
        return error

    def _time_since_submission(self, ledger: Ledger) -> str:
        from airflow_provider_viapi.jobs.attempt_context import Timing

        entry = ledger.read()
        if entry is None:
            return ""
        seconds = ((self.timing or Timing()).now() - entry.signed_time).total_seconds()
        return f", {timedelta(seconds=round(seconds))} after its submission"

    def _job(self, job_id: str) -> Job:
        from airflow_provider_viapi.jobs.model import Job

        return Job(job_id, self.action_name)

    def _cancel_job(self, job: Job, ledger: Ledger, context: Context) -> None:
        if asyncio.run(self.hook.cancel(job, self.log)):
            ledger.clear()
            self._release(context)

    def _cancel_recorded(self, ledger: Ledger, context: Context) -> None:
        if (job := self._recorded_job(ledger)) is not None:
            self._cancel_job(job, ledger, context)

    def _recorded_job(self, ledger: Ledger) -> Job | None:
        """Return the job whose result the task has not returned yet, if there is one."""
        entry = ledger.read()
        if entry is None or entry.job_id is None or entry.delivery is not None:
            return None
        return replace(self._job(entry.job_id), scope=entry.scope)

    def _release(self, context: Context) -> None:
        try:
            self.release_inputs(context)
        except ServiceError as error:
            # The job may be paid for: copies that are left over must not fail its task.
            self.log.warning("Staged copies could not be deleted: %s", error)

    def _finish(self, report: JobReport, ledger: Ledger, context: Context) -> dict[str, Any]:
        from airflow_provider_viapi.jobs.submission import check_adopted

        self._release(context)
        self._view.show_times(report)
        try:
            result = self.final_report(report).result_or_raise()
        except JobFailed as failed:
            failed.action = self.action.name
            if report.may_continue:
                # It stays recorded unless it is cancelled: a retry resumes it if it runs again, or replaces it.
                self._cancel_job(self._job(report.job_id), ledger, context)
            else:
                ledger.clear()
            raise
        check_adopted(TaskClaims(context, self.log), ledger.read(), self.action_name)
        after = self._time_since_submission(ledger)
        self.log.info("Job %s has succeeded%s: %s", report.job_id, after, ", ".join(result))
        if self.land_to is not None:
            landed = self._land(result, self._job(report.job_id), ledger, context)
            if (results := self._results(context)) is not None:
                result |= results.record(ledger.read(), report, self.checked_request, result, landed)
            result["landed"] = landed
        address = result_address(result, [self.action], self._landed)
        if address and not self._landed:
            # Logged without its query: the signature lets anybody read the file.
            self.log.info("The result is at %s until its link expires", address.partition("?")[0])
        store_links(self, context, result_link=address)
        self._publish_view(report, result, context)
        ledger.mark_delivered(attempt_of(context))
        return result

    def _publish_view(self, report: JobReport, result: Mapping[str, Any], context: Context) -> None:
        """Publish what the UI shows of the finished job, and its usage."""
        from airflow_provider_viapi.jobs.metrics import count_usage

        hosts = [*self.allowed_hosts, *self.trusted_hosts()]
        files = self._landed or file_urls(result, self.action.result)
        self._usage = measured_usage(
            self.action_name, files.values(), self.log, http=self.hook.account.http, allowed_hosts=hosts
        )
        count_usage(self.hook.stats, self.action_name, self._usage)
        self._view.show_result(report, result, self.action.result, self._landed)
        self._view.publish(context, self._usage)

    def _land(self, result: Mapping[str, Any], job: Job, ledger: Ledger, context: Context) -> dict[str, str]:
        try:
            return self.land(result, job.id, context, lambda: self.hook.report(job).result_or_raise())
        except ResultExpired:
            # A retry would find the same expired links. Marked as delivered, so that a cleared task gets a new job.
            ledger.mark_delivered(attempt_of(context))
            raise
