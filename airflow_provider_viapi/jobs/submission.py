"""Having a job accepted once: the intent is written before the request goes out, the job's id after the answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.alibaba.credentials import another_key_may_do
from airflow_provider_viapi.alibaba.errors import (
    AnswerLost,
    CredentialsRejected,
    SubmissionInDoubt,
    TransientError,
    ViapiError,
)
from airflow_provider_viapi.alibaba.stamp import Stamp
from airflow_provider_viapi.jobs import doubt
from airflow_provider_viapi.jobs.viapi import list_jobs, submitted

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.client import Client
    from airflow_provider_viapi.alibaba.credentials import Credentials
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.jobs.job import Job
    from airflow_provider_viapi.jobs.ledger import Entry, Ledger
    from airflow_provider_viapi.jobs.watch import Log

OnDoubt = Literal["fail", "resubmit"]


@dataclass
class Submission:
    """One request that is to become one job.

    :param action: what to do
    :param request: its checked parameters
    :param digest: fingerprint of what was asked for
    :param client: sends
    :param ledger: where intent and job are written down
    :param claimed: ids of jobs that other tasks hold, asked for only in doubt
    :param on_doubt: what to do when it cannot be known whether a job was accepted
    :param until: an aware time up to which refusals that pass are ridden out
    :param try_number: of the task, for the ledger
    :param log: told each step
    """

    action: Action
    request: Mapping[str, Any]
    digest: str
    client: Client
    ledger: Ledger
    claimed: Callable[[], Collection[str]]
    on_doubt: OnDoubt
    until: datetime
    try_number: int
    log: Log

    def submit(self) -> Job:
        """Have the job accepted, trying again as long as the service says that it was not.

        :raises SubmissionInDoubt: it may have been accepted or not; the ledger keeps the intent
        :raises ViapiError: the service refuses; the ledger is clear
        """
        from tenacity import Retrying, retry_if_exception_type, wait_exponential, wait_random

        trying = Retrying(
            retry=retry_if_exception_type(TransientError),
            wait=wait_exponential(max=20) + wait_random(0, 2),
            stop=lambda state: datetime.now(timezone.utc) >= self.until,
            before_sleep=lambda state: self.log.warning(
                "Not submitted, trying again: %s", state.outcome and state.outcome.exception()
            ),
            reraise=True,
        )
        return trying(self._submit_once)

    def _submit_once(self) -> Job:
        credentials = self.client.account.credentials.current()
        entry = self.ledger.intend(self.digest, Stamp.new(), credentials.access_key_id, self.try_number)
        try:
            answer = self.client.call_stamped(self.action, self.request, entry.stamp, credentials)
        except AnswerLost as lost:
            self.log.warning("Sent, but %s; finding out whether the job was accepted", lost.message)
            return self._settled(entry)
        except ViapiError as refusal:
            if refusal.code == "SignatureNonceUsed":
                # Something on the way has sent the request twice, and this is the answer to the second.
                return self._settled(entry)
            self.ledger.clear()
            if self._another_key_is_there(refusal, credentials):
                raise TransientError("the key had ended and was renewed", action=self.action.name) from None
            raise
        job = submitted(self.action, answer)
        self._write(entry, job)
        self.log.info("Submitted job %s (%s)", job.id, job.action)
        return job

    def _settled(self, entry: Entry) -> Job:
        try:
            job = self.settle(entry)
        except TransientError as error:
            raise SubmissionInDoubt(
                f"whether the job was accepted cannot be found out now: {error.message}",
                code="SubmissionInDoubt",
                action=self.action.name,
            ) from error
        if job is None:
            raise TransientError("the submission did not arrive", action=self.action.name)
        return job

    def _another_key_is_there(self, refusal: ViapiError, credentials: Credentials) -> bool:
        if not isinstance(refusal, CredentialsRejected) or not another_key_may_do(refusal):
            return False
        return self.client.account.credentials.current(rejected=credentials) != credentials

    def settle(self, entry: Entry) -> Job | None:
        """The job that came of an intent without an answer, or ``None`` when there is none; see ``doubt``.

        :raises SubmissionInDoubt: it cannot be known, and the author did not choose to submit anew
        """
        # Signed with another key, the same request may count as a new one.
        credentials = self.client.account.credentials.current()
        same_key = entry.access_key_id == credentials.access_key_id
        witnesses = doubt.Witnesses(
            send_again=(lambda: self._send_again(entry, credentials)) if same_key else None,
            list_jobs=lambda: list_jobs(self.client, self.action),
            claimed=self.claimed,
        )
        try:
            job_id = doubt.settle(self.action.name, entry.stamp.at, witnesses, self.log)
        except SubmissionInDoubt as in_doubt:
            if self.on_doubt == "fail":
                raise
            self.log.warning("Submitting anew, as on_doubt='resubmit' has it, although %s", in_doubt.message)
            job_id = None
        except ViapiError:
            self.ledger.clear()
            raise
        if job_id is None:
            self.ledger.clear()
            return None
        job = submitted(self.action, {"RequestId": job_id})
        self._write(entry, job)
        return job

    def _send_again(self, entry: Entry, credentials: Credentials) -> str:
        answer = self.client.call_stamped(self.action, self.request, entry.stamp, credentials)
        return str(answer["RequestId"])

    def _write(self, entry: Entry, job: Job) -> None:
        from tenacity import Retrying, stop_after_attempt, wait_exponential

        # From here on a job is paid for: a store that stumbles must not make its id be forgotten.
        try:
            Retrying(stop=stop_after_attempt(5), wait=wait_exponential(max=5), reraise=True)(
                self.ledger.accepted, entry, job.id
            )
        except Exception:
            self.log.warning("Job %s was accepted but could not be written down; note its id", job.id)
            raise
