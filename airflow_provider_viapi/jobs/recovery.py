"""Continue from a recorded submission: resume its job, or resolve its outcome if that is unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import InvalidRequest, ServiceError, SubmissionInDoubt, TransientError
from airflow_provider_viapi.jobs.ledger import Entry, same_request
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.reconciliation import Reconciliation

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.backend import JobHook, SubmitBackend
    from airflow_provider_viapi.jobs.submission_record import SubmissionRecord

OnDoubt = Literal["fail", "resubmit"]
"""Action when it cannot be known whether a job was accepted."""


@dataclass(frozen=True)
class Recovery:
    """Recovery of the job of a request from what is recorded of its submission.

    :param record: of the request
    :param backend: sends the request again, and lists jobs
    :param hook: reports and cancels the job of an earlier attempt
    :param prepare_request: returns the request to send again
    :param on_doubt: fail, or submit again once per attempt and perhaps pay twice
    :param resubmitted: digests of requests that were submitted again in this attempt despite an unknown outcome
    """

    record: SubmissionRecord
    backend: SubmitBackend
    hook: JobHook
    prepare_request: Callable[[], Mapping[str, Any]]
    on_doubt: OnDoubt
    resubmitted: set[str]

    def resume(self) -> tuple[Job, JobReport | None] | None:
        """Resume the job of a previous attempt, or find out whether one was accepted.

        A job that is replaced is recorded as an earlier one only: the task may defer for its slot, and the process
        that continues then must not report or cancel the job again.

        :returns: the job, and a report if it has ended already; ``None`` if a new job is to be submitted
        :raises SubmissionInDoubt, TransientError, ServiceError: as ``Submission.resume_or_submit``
        """
        context, entry = self.record.context, self.record.ledger.read()
        if entry is None or not self._keep_or_supersede(entry):
            return None
        if entry.job_id is None:
            context.log.info(
                "The outcome of the submission of attempt %s is unknown; checking whether a job was accepted",
                entry.try_number,
            )
            found = self.resolve(entry, "its outcome was not recorded")
            return None if found is None else (found, None)
        if self._give_up_shared_job(entry, entry.job_id):
            return None
        job = Job(entry.job_id, self.record.action, entry.scope, entry.request_id)
        report = self._report_of(job, entry)
        if report is None:
            self.record.ledger.clear()
            return None
        if report.outcome in (Outcome.FAILED, Outcome.CANCELLED) and entry.delivery is None:
            # What was delivered is not replaced: a job that has reached its target state may have been stopped since.
            # One that may continue could be billed besides the job that replaces it. It stays recorded unless it is
            # cancelled: it may run again, and is resumed then.
            if not report.may_continue or self._cancel(job):
                self.record.ledger.clear()
            return None
        context.claims.publish_job(self.record.intent_of(entry), job.id)
        return job, report if report.is_final else None

    def resolve(self, entry: Entry, reason: str, last_sent: datetime | None = None) -> Job | None:
        """Return the job of a submission whose outcome is unknown, or ``None`` when nothing was accepted.

        :param entry: the recorded intent
        :param reason: why the outcome is unknown, for messages
        :param last_sent: see :class:`Reconciliation`
        :raises SubmissionInDoubt: it cannot be known now; the ledger keeps the intent
        :raises ServiceError: as ``Reconciliation.find_job``
        """
        context = self.record.context
        # Publish the intent again: Airflow has cleared what the previous attempt published.
        context.claims.open(self.record.intent_of(entry))
        reconciliation = Reconciliation(entry, self.prepare_request, self.backend, context, reason, last_sent)
        try:
            job_id = reconciliation.find_job()
        except SubmissionInDoubt as in_doubt:
            self._raise_unless_resubmit_allowed(in_doubt)
            self.record.ledger.clear()
            context.claims.abandon(self.record.intent_of(entry))
            return None
        except TransientError as error:
            raise self.record.in_doubt(
                f"it cannot be determined now whether the job was accepted: {error.message}"
            ) from error
        except ServiceError:
            # An error of the connection or the store says nothing about the submission: the intent stays.
            if reconciliation.was_refused:
                self.record.forget_intent(entry)
            raise
        if job_id is None:
            self.record.forget_intent(entry)
            return None
        if reconciliation.was_named and not self.record.claim(entry, job_id):
            raise self.record.in_doubt(
                f"{reason}; the response to the repeated request names job {job_id}, which belongs to another task"
            )
        job = self.backend.job(job_id)
        self.record.write_job(entry, job, adopted=not reconciliation.was_named)
        return job

    def _keep_or_supersede(self, entry: Entry) -> bool:
        """Return true if the recorded submission still counts for this attempt; otherwise give it up.

        The job of a changed request is cancelled if it is still queued.

        :raises SubmissionInDoubt: the request has changed, and the outcome of the recorded one is unknown
        """
        context, same = self.record.context, same_request(entry.digest, self.record.digest)
        if entry.delivery is not None:
            if same and not entry.delivery.was_cleared_before(context.identity):
                return True
            why = "the task was cleared" if same else "the request has changed"
            context.log.info("Job %s has returned its result and %s: submitting again", entry.job_id, why)
            # If this attempt fails before it submits, the next one must not take the result for its own.
            self.record.ledger.clear()
            return False
        if same:
            return True
        context.log.info("The request has changed since attempt %s", entry.try_number)
        if entry.job_id is not None:
            # What continues stays recorded until another submission is: the request may be corrected before that.
            if self._cancel(Job(entry.job_id, self.record.action, entry.scope)):
                self.record.ledger.clear()
        elif self.on_doubt == "fail":
            raise self.record.in_doubt(
                f"the request has changed since attempt {entry.try_number}, whose job may be running: the response "
                f"to its submission of {entry.signed_at} was lost"
            )
        else:
            context.claims.abandon(self.record.intent_of(entry))
        return False

    def _give_up_shared_job(self, entry: Entry, job_id: str) -> bool:
        """Return true if another task claims an adopted job as well, and ``on_doubt`` is to submit another one."""
        intent, claims = self.record.intent_of(entry), self.record.context.claims
        if not entry.adopted or entry.delivery is not None or self.on_doubt == "fail":
            return False
        if job_id not in claims.others(intent).job_ids:
            return False
        self._raise_unless_resubmit_allowed(SubmissionInDoubt(f"another task claims job {job_id} too"))
        self.record.ledger.clear()
        claims.abandon(intent)
        return True

    def _report_of(self, job: Job, entry: Entry) -> JobReport | None:
        """Return the state of a previous attempt's job; ``None`` if the service does not know it any more."""
        log = self.record.context.log
        try:
            report = self.hook.report(job)
        except InvalidRequest as unknown:
            if self.on_doubt == "resubmit":
                log.warning("The service does not know job %s any more; submitting again", job.id)
                return None
            raise self.record.in_doubt(
                f"the service does not know job {job.id} of attempt {entry.try_number} any more ({unknown.code})"
            ) from unknown
        message = "Resumed job %s of attempt %s, which is %s"
        if report.outcome in (Outcome.FAILED, Outcome.CANCELLED) and entry.delivery is None:
            message = "Job %s of attempt %s ended as %s; submitting again"
        log.info(message, job.id, entry.try_number, report.state)
        return report

    def _cancel(self, job: Job) -> bool:
        """Cancel a job of an earlier attempt, and return whether that was possible; the hook logs if it was not."""
        return asyncio.run(self.hook.cancel(job, self.record.context.log))

    def _raise_unless_resubmit_allowed(self, in_doubt: SubmissionInDoubt) -> None:
        """Raise the error unless ``on_doubt='resubmit'`` and the request was not resubmitted in this attempt yet."""
        context, digest = self.record.context, self.record.digest
        if self.on_doubt == "fail" or digest in self.resubmitted or context.stop_requested():
            raise self.record.in_doubt(in_doubt.message) from in_doubt
        self.resubmitted.add(digest)
        context.log.warning("Submitting again because of on_doubt='resubmit', although %s", in_doubt.message)
