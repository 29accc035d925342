"""Where a try begins: with the job of an earlier try if there is one that will do, else with a new one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from airflow_provider_viapi.errors import InvalidRequest, SubmissionInDoubt
from airflow_provider_viapi.jobs.ledger import Entry, Ledger
from airflow_provider_viapi.jobs.model import Job, JobReport, Log, Outcome

OnDoubt = Literal["fail", "resubmit"]
"""What to do when it cannot be known whether a job was accepted."""


class Submitting(Protocol):
    """One request that is to become one job; each cloud has its own way to have it accepted.

    :param digest: fingerprint of what was asked for
    :param ledger: where intent and job are written down
    :param log: told each step
    """

    digest: str
    ledger: Ledger
    on_doubt: OnDoubt
    log: Log

    @property
    def action_name(self) -> str:
        """What to do, as ``service.Action``."""
        ...

    def submit(self) -> Job:
        """Have the job accepted, trying again as long as the service says that it was not."""
        ...

    def settle(self, entry: Entry) -> Job | None:
        """The job that came of an intent without an answer, or ``None`` when there is none."""
        ...


@dataclass
class TakingUp:
    """What a try does about one request, from what the ledger says of earlier tries.

    :param submission: makes a new job where one is needed; its ledger is the one that is read
    :param look: how a job stands, by one call
    :param cancel: cancels a job if it still queues
    :param max_tries: how many tries the task has in all; see :class:`~airflow_provider_viapi.jobs.ledger.Entry`
    """

    submission: Submitting
    look: Callable[[Job], JobReport]
    cancel: Callable[[Job], object]
    max_tries: int

    def job(self) -> tuple[Job, JobReport | None]:
        """The job to wait for, with a report if it has ended already.

        :raises SubmissionInDoubt: it cannot be known whether an earlier submission was accepted
        :raises ServiceError: the service refuses
        """
        submission, log = self.submission, self.submission.log
        entry = submission.ledger.read()
        if entry is None or not self._is_wanted(entry):
            return submission.submit(), None
        if entry.job_id is None:
            log.info("Try %s left a submission without an answer", entry.try_number)
            return submission.settle(entry) or submission.submit(), None
        job = Job(entry.job_id, submission.action_name, entry.scope)
        report = self._look_once(job, entry)
        if report is None or report.outcome in (Outcome.FAILED, Outcome.CANCELLED):
            return submission.submit(), None
        return job, report if report.is_final else None

    def _is_wanted(self, entry: Entry) -> bool:
        """Whether an earlier submission is what this try asks for; another is cancelled if it still queues."""
        log, same = self.submission.log, entry.digest == self.submission.digest
        if entry.delivered_at_max_tries is not None:
            if entry.delivered_at_max_tries == self.max_tries and same:
                return True
            log.info("Job %s has delivered before: submitting anew", entry.job_id)
            return False
        if same:
            return True
        log.info("The request has changed since try %s: submitting anew", entry.try_number)
        if entry.job_id is not None:
            self.cancel(Job(entry.job_id, self.submission.action_name, entry.scope))
        elif self.submission.on_doubt == "fail":
            raise self._doubt(
                f"the request has changed since try {entry.try_number}, and what that sent at {entry.signed_at} "
                "got no answer and may be running"
            )
        return False

    def _look_once(self, job: Job, entry: Entry) -> JobReport | None:
        """How the job of an earlier try stands; ``None`` when the service has forgotten it and that is no matter."""
        log = self.submission.log
        try:
            report = self.look(job)
        except InvalidRequest as unknown:
            if self.submission.on_doubt == "resubmit":
                log.warning("Job %s is not known any more; submitting anew", job.id)
                return None
            raise self._doubt(
                f"job {job.id} of try {entry.try_number} is not known to the service any more ({unknown.code})"
            ) from unknown
        told = "Reattached to job %s of try %s, which is %s"
        if report.outcome in (Outcome.FAILED, Outcome.CANCELLED):
            told = "Job %s of try %s ended as %s; submitting anew"
        log.info(told, job.id, entry.try_number, report.state)
        return report

    def _doubt(self, why: str) -> SubmissionInDoubt:
        return SubmissionInDoubt(
            f"{why}; on_doubt='resubmit' submits anew",
            code="SubmissionInDoubt",
            action=self.submission.action_name.rpartition(".")[2],
        )
