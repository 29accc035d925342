"""Base operator of one job of either cloud, from its submission to its landed result.

:class:`JobOperator` is the only place that knows the sequence of one job. A cloud (``operators.viapi``,
``operators.huaweicloud``) adds its hook, its submit backend and its trigger; an operator of a service adds typed
keyword arguments.

The sequence, with the method of each step and the module that does its work; the steps pass on a ``JobRun``
(``operators.task.attempt``):

1. validate: ``validated_request`` (``operators.action_base``)
2. ledger: ``open_ledger`` (``operators.task.attempt``, ``jobs.ledger``); it is cleared if the task returned its
   result and was cleared since
3. check what could waste a new job: ``_check_can_submit`` (``operators.landing_base``, ``hooks.waiting``,
   ``operators.task.view``)
4. reuse: ``_reuse`` (``operators.job_end``) returns a landed result of an earlier job, if the task allows it
   (``state.reusable_results``)
5. resume or submit: ``_resume_or_submit`` (``jobs.submission``), which stages the media with ``prepare_request``
   (``operators.viapi``, ``operators.huaweicloud``); if the slot to submit is far off, the task defers until then
   (``operators.task.slot_deferral``)
6. publish the job: ``_publish_job`` (``links.job``, ``operators.task.view``)
7. wait: ``_wait`` (``triggers.job`` in the triggerer, ``jobs.polling.poller`` on the worker)
8. finish: ``_finish`` (``operators.job_end``) checks that no other task claims the job (``jobs.submission_record``),
   lands the result (``operators.landing_base``, ``media.outputs.landing``), and returns it

The job is cancelled by ``_cancel_if_late`` (``operators.job_end``) after ``job_timeout``, by ``cancelling_if_ended``
(``operators.stoppable``) if the task is ended, and by the trigger itself while the task is deferred; never if its
result was returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_viapi.errors import (
    JobTimedOut,
    ServiceError,
    StateConflict,
    from_dict,
)
from airflow_provider_viapi.links.job import store_links
from airflow_provider_viapi.operators.job_end import JobEndOperator
from airflow_provider_viapi.operators.task.attempt import (
    JobRun,
    SubmittingRun,
    attempt_context_of,
    check_retention,
    choose_store,
    counting_in_doubt,
    fail_without_retry,
    open_ledger,
    record_decision,
)
from airflow_provider_viapi.operators.task.slot_deferral import (
    MAX_WAIT_FOR_SLOT,
    SlotDeferral,
    defer_until_slot,
    restored_slot,
)
from airflow_provider_viapi.operators.task.view import TaskView, read_prices
from airflow_provider_viapi.task_instance.xcoms import showing_states, states_writer_of_worker

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.attempt_context import AttemptContext
    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.jobs.submission import Submission


class JobOperator(JobEndOperator):
    """Submit a job once, wait for it without occupying a worker, return its result.

    The job's id goes to the XCom ``job_id`` as soon as it is known, and into a durable store, so that a retry resumes
    the job instead of paying for another.

    Takes what :class:`~airflow_provider_viapi.operators.job_arguments.BaseJobOperator` takes.
    """

    is_async = True
    # The marker of operators whose work survives their worker, as in the operators of Airflow's providers.
    __supports_durable_execution: ClassVar[bool] = True

    def execute(self, context: Context) -> Any:
        """Check, submit or resume, wait, land the result, return it."""
        return self._submit_and_wait(context, SlotDeferral())

    def execute_at_slot(self, context: Context, event: Any, deferral: Mapping[str, Any] | None = None) -> Any:
        """Continue shortly before the slot to submit.

        :param deferral: ``SlotDeferral`` as a dictionary; Airflow 3's ``dag.test()`` passes none
        """
        # Without it, the task waits for another slot here: after another deferral that would be lost as well.
        known = SlotDeferral(is_lost=True) if deferral is None else SlotDeferral.from_dict(deferral)
        with self._failing_without_retry(context):
            limiter = self.hook.submit_limiter(self.action_name, self._attempt_context(context))
            with restored_slot(limiter, known):
                return self._submit_and_wait(context, known)

    def _submit_and_wait(self, context: Context, deferral: SlotDeferral) -> Any:
        store_links(self, context)
        attempt_context = self._attempt_context(context)
        view = TaskView(self.action_name, attempt_context.identity.number)
        with self._failing_without_retry(context), view.publishing_errors(context):
            request = self.validated_request()
            view.show_request(request)
            ledger = open_ledger(context, durable=self.durable)
            before = ledger.read()
            if before is not None and before.was_delivered_and_cleared(attempt_context.identity):
                # At once: if this attempt fails before it submits, the next one must not return that result.
                self.log.info(
                    "Job %s has returned its result and the task was cleared: submitting again", before.job_id
                )
                ledger.clear()
            longest_wait = min(self.job_timeout, self.execution_timeout or self.job_timeout)
            run = SubmittingRun(
                context=context,
                attempt_context=attempt_context,
                ledger=ledger,
                view=view,
                request=request,
                deadline=deferral.deadline or attempt_context.timing.now() + longest_wait,
                before=before,
                deferral=deferral,
            )
            with self.cancelling_if_ended(
                context,
                ledger,
                lambda: self._cancel_recorded(run),
                has_jobs=lambda: run.recorded_job(self.action_name) is not None,
            ):
                if run.before is None:
                    # An earlier job is paid for, and is resumed even if its result cannot be stored now.
                    self._check_can_submit(run)
                if (reused := self._reuse(run)) is not None:
                    return reused
                job, report = self._resume_or_submit(run)
                self._publish_job(run, job, report)
                if report is None and self.wait_for_completion:
                    report = self._wait(run, job)
            if report is None or not self.wait_for_completion:
                run.mark_delivered()
                return job.id
            return self._finish(run, report)

    def execute_complete(
        self, context: Context, event: dict[str, Any], view: Mapping[str, Any] | None = None
    ) -> Any:
        """Continue after the trigger: land and return the result, or raise the job's error.

        :param view: what the UI shows of the job so far; ``dag.test()`` of Airflow 3 passes none
        """
        from airflow_provider_viapi.jobs.model import JobReport

        store_links(self, context)
        attempt_context = self._attempt_context(context)
        run = JobRun(
            context=context,
            attempt_context=attempt_context,
            ledger=open_ledger(context, durable=self.durable),
            view=TaskView(self.action_name, attempt_context.identity.number, view),
        )
        with self._failing_without_retry(context), run.view.publishing_errors(context):
            if "error" in event:
                raise self._cancel_if_late(run, from_dict(event["error"]))
            self.check_land_to_after_wait()
            return self._finish(run, JobReport.from_dict(event["report"]))

    def may_use_earlier_event(self, context: Context, event: Any) -> bool:
        """Return true for a job that has succeeded if no store would let the attempt find it again."""
        report = event.get("report") if isinstance(event, Mapping) else None
        has_succeeded = isinstance(report, Mapping) and report.get("outcome") == "succeeded"
        return has_succeeded and not choose_store(context, durable=self.durable).is_persistent

    def give_up_earlier_event(self, context: Context, event: Any) -> None:
        """Cancel a late job if no store would let the attempt find it again.

        The attempt before has done so only if it has ended with the event, which the event does not show.
        """
        if not (isinstance(event, Mapping) and "error" in event):
            return
        late = from_dict(event["error"])
        if isinstance(late, JobTimedOut) and not choose_store(context, durable=self.durable).is_persistent:
            self.log.warning(
                "%s; no durable store records the job, and this attempt submits another one. Cancelling the job, "
                "unless the attempt before has done so",
                late,
            )
            try:
                self.cancel_job(self._job(late.job_id))
            except ServiceError as error:
                # Such as a connection that is missing, of which the attempt itself reports.
                self.log.warning("Job %s could not be cancelled: %s", late.job_id, error)

    def _failing_without_retry(self, context: Context) -> AbstractContextManager[None]:
        return fail_without_retry(
            self.is_permanent, is_recorded=lambda: choose_store(context, durable=self.durable).is_persistent
        )

    def _attempt_context(self, context: Context) -> AttemptContext:
        return attempt_context_of(context, self.log, self.timing, lambda: self._stop_requested)

    def submission(self, run: SubmittingRun) -> Submission:
        """Return the submission of a request, not started yet."""
        from airflow_provider_viapi.jobs.submission import Submission, SubmitPolicy

        def prepare_request() -> Mapping[str, Any]:
            if run.before is not None:
                # A task without an earlier job has checked that before it waits for its slot.
                self._check_can_submit(run)
            prepared = self.prepare_request(run.request, run.context)
            run.view.mark("staged")
            return prepared

        results = self._results(run.context)
        return Submission(
            backend=self.submit_backend(run.request),
            hook=self.hook,
            ledger=run.ledger,
            digest=self.request_digest(run.request),
            prepare_request=prepare_request,
            policy=SubmitPolicy(on_doubt=self.on_doubt, deadline=run.deadline, timeout=self.submit_timeout),
            context=run.attempt_context,
            sources=lambda: None if results is None else results.versions(run.request),
            limiter=self.hook.submit_limiter(self.action_name, run.attempt_context),
        )

    def _check_can_submit(self, run: SubmittingRun) -> None:
        """Refuse to submit a job that could not be waited for, or whose result could not be stored."""
        # A setting that cannot be read must fail before a job is paid.
        read_prices()
        self.check_destination(run.context)
        if self.wait_for_completion and not self.deferrable:
            self.check_can_poll()
        check_retention(self.job_timeout, durable=self.durable)
        self.hook.check_can_wait()
        if self.wait_for_completion and self.deferrable:
            # Build the trigger once now: an import that fails must fail before the job is paid.
            self.trigger(
                self._job("unknown"), run.deadline.isoformat(), survives_clear=True, may_cancel=True
            ).serialize()

    def _resume_or_submit(self, run: SubmittingRun) -> tuple[Job, JobReport | None]:
        """Return the job of an earlier attempt or a new one; a job that has ended already has a report, too."""
        from airflow_provider_viapi.jobs.submit_slot import SlotIsLater

        try:
            submission = self.submission(run)
            if self.deferrable and run.deferral.may_defer_again:
                policy = replace(submission.policy, max_wait_for_slot=MAX_WAIT_FOR_SLOT)
                submission = replace(submission, policy=policy, preparation=run.deferral.preparation)
            with counting_in_doubt(self.hook.stats, self.action_name):
                return submission.resume_or_submit()
        except SlotIsLater as later:
            defer_until_slot(self, run, later)
        except ServiceError:
            with suppress(Exception):
                if run.ledger.read() is None:
                    # No job was or can have been accepted, so nothing will read what was staged.
                    self._release(run.context)
            raise

    def _publish_job(self, run: SubmittingRun, job: Job, report: JobReport | None) -> None:
        """Show the job to users, and do what a running one needs.

        :param report: of a job that has ended already
        """
        record_decision(self.hook.stats, run, job, report)
        if report is None and run.before is not None and run.before.job_id == job.id:
            # The retention counts from the last write, and the job may outlive several attempts.
            try:
                run.ledger.renew()
            except StateConflict:
                raise
            except Exception as error:
                self.log.warning(
                    "The record of job %s could not be renewed (%s): if it expires before the job has ended, a retry "
                    "of the task submits again",
                    job.id,
                    type(error).__name__,
                )
        run.view.show_job(job, run.before)
        store_links(self, run.context, job_link=self.job_link(job))
        if report is None:
            self.accepted(job, run.context)
            run.view.publish(run.context)

    def _wait(self, run: SubmittingRun, job: Job) -> JobReport:
        """Defer until the job has ended, or poll it on this worker and return its report."""
        if self.deferrable and not self._stop_requested:
            waiting = self.trigger(
                job,
                run.deadline.isoformat(),
                survives_clear=run.ledger.survives_clear,
                # The result of a delivered job was returned, and downstream tasks may use what it still does.
                may_cancel=not run.is_delivered,
            )
            self.log.info(
                "Waiting for job %s in the triggerer until %s at the latest; if the task stays deferred long after "
                "the job has ended, check that a triggerer runs",
                job.id,
                run.deadline.isoformat(timespec="seconds"),
            )
            self.defer_attempt(run.context, waiting, "execute_complete", view=run.view.state())
        try:
            return self.run_until_stopped(self._wait_on_worker(run, job), f"job {job.id} was running")
        except JobTimedOut as late:
            raise self._cancel_if_late(run, late) from None

    async def _wait_on_worker(self, run: SubmittingRun, job: Job) -> JobReport:
        async with showing_states(job.id, states_writer_of_worker(run.context["ti"])) as on_state:
            waiting = self.hook.wait_for(job, deadline=run.deadline, log=self.log, on_state=on_state)
            report: JobReport = await waiting
            return report
