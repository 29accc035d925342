"""Record of the submissions of one request: in the ledger for later attempts, as claims for other tasks."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_viapi.best_effort import logging_failure
from airflow_provider_viapi.errors import SubmissionInDoubt
from airflow_provider_viapi.jobs.attempt_context import Intent
from airflow_provider_viapi.jobs.model import RequestNonce

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.attempt_context import AttemptContext, Claims
    from airflow_provider_viapi.jobs.backend import Identity
    from airflow_provider_viapi.jobs.ledger import Entry, Ledger
    from airflow_provider_viapi.jobs.model import Job

STORE_ATTEMPTS = 5
"""Attempts to write the id of an accepted job before the task fails."""


@dataclass(frozen=True)
class SubmissionRecord:
    """Ledger entry and published claims of the submissions of one request.

    :param ledger: what the next attempt reads
    :param action: as ``service.Action``
    :param digest: fingerprint of the request as the author gave it
    :param context: of the task's attempt
    """

    ledger: Ledger
    action: str
    digest: str
    context: AttemptContext

    def intent_of(self, entry: Entry) -> Intent:
        """Return a recorded submission as it is published to other tasks."""
        return entry.intent(self.action)

    def write_intent(self, identity: Identity, sources: Mapping[str, Mapping[str, str]] | None) -> Entry:
        """Publish the intent to other tasks and record it in the ledger; nothing may be sent unless this returns.

        :param identity: who submits
        :param sources: versions of the request's sources
        """
        nonce = RequestNonce.new(self.context.timing.now())
        # Before the ledger: if publishing or recording fails, nothing is sent, and no attempt has to find out.
        signed_at = nonce.at.isoformat()
        intent = Intent(self.action, identity.account, identity.endpoint, nonce.nonce, signed_at)
        try:
            self.context.claims.open(intent)
            return self.ledger.record_intent(
                self.digest, nonce, identity, self.context.identity.number, sources
            )
        except BaseException:
            # Nothing is sent. If it stayed open, no task could adopt a job later. It may be published in part.
            self._withdraw(intent)
            raise

    def forget_intent(self, entry: Entry) -> None:
        """Remove an intent: nothing was accepted."""
        try:
            self.ledger.clear()
        finally:
            self._withdraw(self.intent_of(entry))

    def try_to_forget_intent(self, entry: Entry) -> None:
        """Remove an intent while an error is handled that matters more than a store that fails."""
        problem = "Nothing was accepted, but that could not be recorded (%s): the next attempt finds out"
        with logging_failure(self.context.log, problem):
            self.forget_intent(entry)

    def _withdraw(self, intent: Intent) -> None:
        # Nothing was accepted, and the ledger knows that: why it was not accepted matters more.
        problem = "The submission of %s was not accepted, but could not be withdrawn (%s)"
        with logging_failure(self.context.log, problem, intent.signed_at):
            self.context.claims.close(intent)

    def write_job(self, entry: Entry, job: Job, *, adopted: bool = False) -> None:
        """Record the id of an accepted job and publish it; retry: if the id is lost, the job is paid for twice.

        :param adopted: see ``Entry``
        """
        for attempt in range(STORE_ATTEMPTS):
            try:
                self.ledger.record_job(entry, job.id, job.scope, adopted=adopted, request_id=job.request_id)
                break
            except Exception:
                if attempt == STORE_ATTEMPTS - 1:
                    self.context.log.warning(
                        "Job %s was accepted, but its id could not be stored: a retry may not find it. Note the id",
                        job.id,
                    )
                    raise
                self.context.timing.sleep(2.0**attempt / 2)
        # It is recorded and paid for.
        with logging_failure(self.context.log, "Job %s could not be published to other tasks (%s)", job.id):
            self.context.claims.publish_job(self.intent_of(entry), job.id)

    def write_unchecked_job(self, entry: Entry, job: Job) -> bool:
        """Record the job of a task that is ended while it checks who owns the job; return whether that was possible.

        Recorded as adopted, so that a later attempt checks it. Once, since the process may be killed soon.
        """
        if job.id in entry.past or self.context.claims.is_own(job.id):
            return False
        try:
            self.ledger.record_job(entry, job.id, job.scope, adopted=True, request_id=job.request_id)
        except Exception:
            return False
        return True

    def claim(self, entry: Entry, job_id: str) -> bool:
        """Claim a job; return false only if another submission is known to have become it."""
        if job_id in entry.past:
            return False
        try:
            return self.context.claims.claim_job(self.intent_of(entry), job_id)
        except Exception as error:
            # The job is paid for: its id must be recorded, whatever happens.
            self.context.log.warning(
                "Cannot check whether another task owns job %s: %s", job_id, type(error).__name__
            )
            return True

    def check_not_adopted(self, entry: Entry, job: Job) -> None:
        """Fail if another task has adopted a job that a late response named: both would return the same result.

        The job is recorded as adopted until then, so that no attempt returns its result while another task claims it.

        :raises SubmissionInDoubt: another task claims the job
        """
        if self.context.claims.has_other_owner(self.intent_of(entry), job.id):
            raise self.in_doubt(f"job {job.id} was accepted for this task and adopted by another one as well")
        # If this fails, it stays recorded as adopted, which costs only another check.
        with suppress(Exception):
            self.ledger.record_job(entry, job.id, job.scope, request_id=job.request_id)

    def in_doubt(self, why: str) -> SubmissionInDoubt:
        """Return the error of an unknown outcome, with what clearing the task does about it."""
        advice = "Clear the task to check again"
        if not self.ledger.is_persistent:
            advice = (
                "Look for the job at the service: no durable store records the submission, so the task is not "
                "retried, and if you clear it, it submits again without a check"
            )
        elif not self.ledger.survives_clear:
            advice = "Look for the job at the service first: if you clear the task, it submits again without a check"
        return SubmissionInDoubt(
            f"{why}. {advice}. With on_doubt='resubmit' it submits again, which may pay twice",
            action=self.action.rpartition(".")[2],
        )


def check_adopted(claims: Claims, entry: Entry | None, action: str) -> None:
    """Refuse the result of a job that this task has adopted if another task claims the job too.

    :param entry: the recorded submission; jobs that a prompt response has named pass
    :param action: as ``service.Action``
    :raises SubmissionInDoubt: another task claims the job too
    """
    if entry is None or not entry.adopted or entry.job_id is None:
        return
    intent = entry.intent(action)
    claims.publish_job(intent, entry.job_id)
    if entry.job_id in claims.others(intent).job_ids:
        raise SubmissionInDoubt(
            f"job {entry.job_id} was found in the job list, or named by a late response, and another task claims it "
            "too: its result may not be this task's. With on_doubt='resubmit' a cleared task submits again, which "
            "may pay twice",
            action=action.rpartition(".")[2],
        )
