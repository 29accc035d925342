"""End of a job: it is cancelled, or its result is landed, published and returned."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.best_effort import logging_failure
from airflow_provider_viapi.errors import JobFailed, JobTimedOut, ResultExpired, ServiceError
from airflow_provider_viapi.links.job import result_address, store_links
from airflow_provider_viapi.operators.job_arguments import BaseJobOperator
from airflow_provider_viapi.operators.task.attempt import JobRun, SubmittingRun, counting_in_doubt
from airflow_provider_viapi.operators.task.view import measured_usage
from airflow_provider_viapi.result_fields import file_urls
from airflow_provider_viapi.task_instance.xcoms import JOB_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.model import Job, JobReport
    from airflow_provider_viapi.state.reusable_results import ReusableResults


class JobEndOperator(BaseJobOperator):
    """Base of the operators of one job: what they do when it has ended, or is to end."""

    def _job(self, job_id: str) -> Job:
        from airflow_provider_viapi.jobs.model import Job

        return Job(job_id, self.action_name)

    def _finish(self, run: JobRun, report: JobReport) -> dict[str, Any]:
        """Land the result of a job that has ended, publish and return it."""
        from airflow_provider_viapi.jobs.submission_record import check_adopted

        self._release(run.context)
        run.view.show_times(report)
        try:
            result = self.final_report(report).result_or_raise()
        except JobFailed as failed:
            failed.action = self.action.name
            self._leave_failed_job(run, report)
            raise
        with counting_in_doubt(self.hook.stats, self.action_name):
            check_adopted(run.attempt_context.claims, run.ledger.read(), self.action_name)
        after = run.time_since_submission()
        self.log.info("Job %s has succeeded%s: %s", report.job_id, after, ", ".join(result))
        if self.land_to is not None:
            landed = self._land(run, report.job_id, result)
            if (results := self._results(run.context)) is not None:
                result |= results.record(run.ledger.read(), report, self.checked_request, result, landed)
            result["landed"] = landed
        address = result_address(result, [self.action], self._landed)
        if address and not self._landed:
            # Logged without its query: the signature lets anybody read the file.
            self.log.info("The result is at %s until its link expires", address.partition("?")[0])
        store_links(self, run.context, result_link=address)
        self._publish_result(run, report, result)
        run.mark_delivered()
        return result

    def _leave_failed_job(self, run: JobRun, report: JobReport) -> None:
        """Forget a job that has failed, or cancel one that may continue; why it failed matters more than errors."""
        problem = "The record of job %s, which has failed, could not be read (%s): the next attempt finds out"
        with logging_failure(self.log, problem, report.job_id):
            if run.is_delivered:
                # It was stopped since; a retry must not replace it.
                return
            if report.may_continue:
                # It stays recorded unless it is cancelled: a retry resumes it if it runs again, or replaces it.
                self._cancel_job(run, run.job(report.job_id, self.action_name))
            else:
                self._forget_job(run)

    def _publish_result(self, run: JobRun, report: JobReport, result: Mapping[str, Any]) -> None:
        """Publish what the UI shows of the finished job, and its usage."""
        from airflow_provider_viapi.jobs.metrics import count_usage

        hosts = [*self.allowed_hosts, *self.trusted_hosts()]
        files = self._landed or file_urls(result, self.action.result)
        self._usage = measured_usage(
            self.action_name, files.values(), self.log, http=self.hook.account.http, allowed_hosts=hosts
        )
        count_usage(self.hook.stats, self.action_name, self._usage)
        run.view.show_result(report, result, self.action.result, self._landed)
        run.view.publish(run.context, self._usage)

    def _land(self, run: JobRun, job_id: str, result: Mapping[str, Any]) -> dict[str, str]:
        job = run.job(job_id, self.action_name)
        try:
            return self.land(result, job_id, run.context, lambda: self.hook.report(job).result_or_raise())
        except ResultExpired:
            # A retry would find the same expired links. Marked as delivered, so that a cleared task gets a new job.
            problem = "The result of job %s has expired, but that could not be recorded (%s)"
            with logging_failure(self.log, f"{problem}: a cleared task finds out", job_id):
                run.mark_delivered()
            raise

    def _results(self, context: Context) -> ReusableResults | None:
        """Return the record of landed results; ``None`` if the task neither reuses results nor writes manifests."""
        if self.reuse_results is None and not self.land_manifest:
            return None
        from airflow_provider_viapi.state.reusable_results import ReusableResults

        return ReusableResults(self, self.action, context)

    def _reuse(self, run: SubmittingRun) -> dict[str, Any] | None:
        """Return the landed result of an earlier job if it may be reused, else ``None``."""
        results = self._results(run.context)
        digest, attempt = self.request_digest(run.request), run.attempt_context.identity
        found = results and results.find(digest, run.request, before=run.before, attempt=attempt)
        if not found:
            return None
        result, report = found
        run.context["ti"].xcom_push(key=JOB_KEY, value=report.job_id)
        self.publish_landed(result["landed"], report.job_id, run.context)
        run.view.show_result(report, result, self.action.result, self._landed)
        run.view.publish(run.context)
        store_links(self, run.context, result_link=result_address(result, [self.action], self._landed))
        return result

    def _cancel_if_late(self, run: JobRun, error: ServiceError) -> ServiceError:
        """Cancel the job if the error is that it has not ended in time; return the error to raise."""
        if isinstance(error, JobTimedOut):
            try:
                entry = run.ledger.read()
            except Exception as failure:
                # Its result may have been returned already: then it must continue.
                error.message += (
                    f". Its record could not be read ({type(failure).__name__}): it was not cancelled, and "
                    "continues. A retry of the task reads the record again"
                )
                return error
            after = run.time_since_submission()
            is_recorded = run.ledger.is_persistent and entry is not None
            is_cancelled = not run.is_delivered and self._cancel_job(
                run, run.job(error.job_id, self.action_name)
            )
            resumes = is_recorded and not is_cancelled
            error.message += f"{after}. A retry of the task " + (
                "resumes this job and waits again" if resumes else "submits, and pays for, a new job"
            )
        return error

    def _cancel_recorded(self, run: JobRun) -> None:
        entry, job = run.ledger.read(), run.recorded_job(self.action_name)
        if entry is None or job is None:
            return
        if entry.adopted:
            claims, intent = run.attempt_context.claims, entry.intent(self.action_name)
            if claims.has_other_owner(intent, job.id):
                self.log.warning("Job %s is not cancelled, because another task owns it", job.id)
                return
            # Its submission must not stay open for others once nothing records it here.
            claims.publish_job(intent, job.id)
        self._cancel_job(run, job)

    def cancel_job(self, job: Job) -> bool:
        """Cancel a job; return whether it does not run any more."""
        is_cancelled: bool = asyncio.run(self.hook.cancel(job, self.log))
        return is_cancelled

    def _cancel_job(self, run: JobRun, job: Job) -> bool:
        is_cancelled = self.cancel_job(job)
        if is_cancelled:
            self._forget_job(run)
            self._release(run.context)
        return is_cancelled

    def _forget_job(self, run: JobRun) -> None:
        """Clear the ledger of a job that has ended without a result; if that fails, the caller still raises why."""
        problem = "The record of the ended job could not be removed (%s): the next attempt does so"
        with logging_failure(self.log, problem):
            run.ledger.clear()

    def _release(self, context: Context) -> None:
        try:
            self.release_inputs(context)
        except ServiceError as error:
            # The job may be paid for: copies that are left over must not fail its task.
            self.log.warning("Staged copies could not be deleted: %s", error)
