"""Having a job accepted once: the intent is written before the request goes out, the job's id after the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.credentials import is_expired_key
from airflow_provider_viapi.alibaba.jobs import list_jobs, submitted
from airflow_provider_viapi.alibaba.nonce import RequestNonce
from airflow_provider_viapi.errors import (
    CredentialsRejected,
    ResponseLost,
    ServiceError,
    SubmissionInDoubt,
    TransientError,
)
from airflow_provider_viapi.jobs import reconciliation
from airflow_provider_viapi.jobs.acceptance import Acceptance

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.client import Client
    from airflow_provider_viapi.alibaba.credentials import Credentials
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.jobs.ledger import Entry
    from airflow_provider_viapi.jobs.model import Job


@dataclass(kw_only=True)
class Submission(Acceptance):
    """One request to VIAPI that is to become one job.

    :param staged: its checked parameters, with media where the service can read them; asked for only when it is
        sent, perhaps several times: only the first that succeeds may cost work
    """

    action: Action
    client: Client
    staged: Callable[[], Mapping[str, Any]]

    def submit(self) -> Job:
        """Have the job accepted; see :meth:`Acceptance.submit`."""
        # Media that cannot be staged now are for the next try: they would hold this worker until the deadline.
        self.staged()
        return super().submit()

    def _submit_once(self) -> Job:
        request = self.staged()
        credentials = self.client.account.credentials.current()
        entry = self.ledger.intend(
            self.digest, RequestNonce.new(), credentials.access_key_id, self.try_number
        )
        try:
            answer = self.client.replay(self.action, request, entry.stamp, credentials)
        except ResponseLost as lost:
            self.log.warning("Sent, but %s; finding out whether the job was accepted", lost.message)
            return self._settled(entry)
        except ServiceError as refusal:
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

    def _another_key_is_there(self, refusal: ServiceError, credentials: Credentials) -> bool:
        if not isinstance(refusal, CredentialsRejected) or not is_expired_key(refusal):
            return False
        return self.client.account.credentials.current(rejected=credentials) != credentials

    def settle(self, entry: Entry) -> Job | None:
        """The job that came of an intent without an answer, or ``None`` when there is none; see ``doubt``.

        :raises SubmissionInDoubt: it cannot be known, and the author did not choose to submit anew
        """
        # Signed with another key, the same request may count as a new one.
        credentials = self.client.account.credentials.current()
        same_key = entry.access_key_id == credentials.access_key_id
        can_be_made_again = same_key and self._is_staged()
        witnesses = reconciliation.Evidence(
            send_again=(lambda: self._send_again(entry, credentials)) if can_be_made_again else None,
            list_jobs=lambda: list_jobs(self.client, self.action),
            claimed=self.claimed,
            claim=self.claim,
        )
        try:
            job_id = reconciliation.settle(self.action.name, entry.stamp.at, witnesses, self.log)
        except SubmissionInDoubt as in_doubt:
            self._submit_anew_despite(in_doubt)
            job_id = None
        except ServiceError:
            self.ledger.clear()
            raise
        if job_id is None:
            self.ledger.clear()
            return None
        job = submitted(self.action, {"RequestId": job_id})
        self._write(entry, job)
        return job

    def _is_staged(self) -> bool:
        """Whether the media can still be brought to the service; if not, that tells nothing of the submission."""
        try:
            self.staged()
        except ServiceError as error:
            self.log.warning("The media cannot be staged again: %s", error)
            return False
        return True

    def _send_again(self, entry: Entry, credentials: Credentials) -> str:
        answer = self.client.replay(self.action, self.staged(), entry.stamp, credentials)
        return str(answer["RequestId"])
