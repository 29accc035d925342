"""Having a job accepted, as far as it is the same in every cloud: trying again, settling doubts, noting the id."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import SubmissionInDoubt, TransientError

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.ledger import Entry, Ledger
    from airflow_provider_viapi.jobs.model import Job, Log
    from airflow_provider_viapi.jobs.taking_up import OnDoubt


@dataclass
class Acceptance:
    """One request that is to become one job; see ``jobs.taking_up.Submitting``.

    :param action: what to do
    :param digest: fingerprint of what was asked for
    :param client: sends
    :param ledger: where intent and job are written down
    :param claimed: ids of jobs that other tasks hold, asked for only in doubt
    :param on_doubt: what to do when it cannot be known whether a job was accepted
    :param until: an aware time up to which refusals that pass are ridden out
    :param try_number: of the task, for the ledger
    :param log: told each step
    :param claim: lets other tasks know that this one holds a job; ``None`` takes that back
    :param resubmitted: digests of what this try has submitted anew in spite of a doubt
    """

    action: Any
    digest: str
    client: Any
    ledger: Ledger
    claimed: Callable[[], Collection[str]]
    on_doubt: OnDoubt
    until: datetime
    try_number: int
    log: Log
    claim: Callable[[str | None], None] = field(default=lambda job_id: None, kw_only=True)
    resubmitted: set[str] = field(default_factory=set, kw_only=True)

    @property
    def action_name(self) -> str:
        """What to do, as ``service.Action``."""
        return str(self.action.full_name)

    def submit(self) -> Job:
        """Have the job accepted, trying again as long as the service says that it was not.

        :raises SubmissionInDoubt: it may have been accepted or not; the ledger keeps the intent
        :raises ServiceError: the service refuses; the ledger is clear
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

    def settle(self, entry: Entry) -> Job | None:
        """The job that came of an intent without an answer, or ``None`` when there is none; see ``doubt``.

        :raises SubmissionInDoubt: it cannot be known, and the author did not choose to submit anew
        """
        raise NotImplementedError

    def _submit_once(self) -> Job:
        raise NotImplementedError

    def _settled(self, entry: Entry) -> Job:
        try:
            job = self.settle(entry)
        except TransientError as error:
            raise self._doubt(
                f"whether the job was accepted cannot be found out now: {error.message}"
            ) from error
        if job is None:
            raise TransientError("the submission did not arrive", action=self.action.name)
        return job

    def _submit_anew_despite(self, in_doubt: SubmissionInDoubt) -> None:
        """Let a doubt be if the author chose so: once in a try, lest every answer that is lost costs a job."""
        if self.on_doubt == "fail" or self.digest in self.resubmitted:
            raise in_doubt
        self.resubmitted.add(self.digest)
        self.log.warning("Submitting anew, as on_doubt='resubmit' has it, although %s", in_doubt.message)

    def _doubt(self, why: str) -> SubmissionInDoubt:
        return SubmissionInDoubt(why, code="SubmissionInDoubt", action=self.action.name)

    def _write(self, entry: Entry, job: Job) -> None:
        from tenacity import Retrying, stop_after_attempt, wait_exponential

        # From here on a job is paid for: a store that stumbles must not make its id be forgotten.
        try:
            Retrying(stop=stop_after_attempt(5), wait=wait_exponential(max=5), reraise=True)(
                self.ledger.accepted, entry, job.id, job.scope
            )
        except Exception:
            self.log.warning("Job %s was accepted but could not be written down; note its id", job.id)
            raise
