"""Having a job of Huawei Cloud's accepted once: the intent is written first, the job's id after the answer.

There is no key of idempotency, so nothing is ever sent again whose answer was lost: a list of the kind's jobs settles
the reconciliation, or nothing does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.nonce import RequestNonce
from airflow_provider_viapi.errors import ResponseLost, ServiceError, SubmissionInDoubt
from airflow_provider_viapi.huawei.job_lists import has_list, list_jobs
from airflow_provider_viapi.huawei.job_reports import submitted
from airflow_provider_viapi.jobs import reconciliation
from airflow_provider_viapi.jobs.acceptance import Acceptance
from airflow_provider_viapi.jobs.model import Job

if TYPE_CHECKING:
    from airflow_provider_viapi.huawei.client import Client
    from airflow_provider_viapi.huawei.model import Action
    from airflow_provider_viapi.jobs.ledger import Entry


@dataclass(kw_only=True)
class HuaweiSubmission(Acceptance):
    """One request to Huawei Cloud that is to become one job.

    :param request: its checked parameters, as the author gave them
    :param filled: the same with what has to be read first (pictures, say); asked for only when it is sent, perhaps
        several times: only the first that succeeds may cost work
    """

    action: Action
    client: Client
    request: Mapping[str, Any]
    filled: Callable[[], Mapping[str, Any]]

    def submit(self) -> Job:
        """Have the job accepted; see :meth:`Acceptance.submit`."""
        # A file that cannot be read now is for the next try: it would hold this worker until the deadline.
        self.filled()
        return super().submit()

    def _submit_once(self) -> Job:
        # First: while a token or a project is looked for, or a file is read, nothing is in reconciliation.
        self.client.make_ready(self.action)
        request = self.filled()
        entry = self.ledger.intend(self.digest, RequestNonce.new(), "", self.try_number)
        try:
            answer = self.client.call_once(self.action, request)
            job = submitted(self.action, self.request, answer)
        except ResponseLost as lost:
            self.log.warning("Sent, but %s; finding out whether the job was accepted", lost.message)
            return self._settled(entry)
        except ServiceError as refusal:
            if refusal.code != "SeveralTasks":
                self.ledger.clear()
            raise
        self._write(entry, job)
        self.log.info("Submitted job %s (%s)", job.id, job.action)
        return job

    def settle(self, entry: Entry) -> Job | None:
        """The job that came of an intent without an answer, or ``None`` when there is none; see ``doubt``.

        :raises SubmissionInDoubt: it cannot be known, and the author did not choose to submit anew
        """
        sent_at = entry.stamp.at
        witnesses = reconciliation.Evidence(
            send_again=None,
            list_jobs=lambda: list_jobs(self.client, self.action, self.request, sent_at),
            claimed=self.claimed,
            claim=self.claim,
            # Connecting and answering each have the connection's whole timeout.
            accepted_within=reconciliation.MAX_TRANSIT + 2 * timedelta(seconds=self.client.account.timeout),
        )
        try:
            if not has_list(self.action):
                raise self._doubt(
                    f"a submission of {entry.signed_at} got no answer, and no list shows such jobs; "
                    "on_doubt='resubmit' submits anew and may pay twice"
                )
            job_id = reconciliation.search(self.action.name, sent_at, witnesses, self.log)
        except SubmissionInDoubt as in_doubt:
            self._submit_anew_despite(in_doubt)
            job_id = None
        if job_id is None:
            self.ledger.clear()
            return None
        scope = self.action.job.scope_name if self.action.job else None
        job = Job(job_id, self.action.full_name, str(self.request[scope]) if scope else None)
        self._write(entry, job)
        return job
