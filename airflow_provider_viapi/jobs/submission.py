"""Submit one request once: resume the job of a previous attempt, or record the intent, send, and record the job.

The steps, in their order:

1. ``resume`` (``jobs.recovery``): resume the job of a recorded submission; a new one has the steps 2 to 4
2. ``_submit``: check that a slot to submit is near, read the versions of the sources, stage the media; retry step 3
3. ``_submit_once``: reserve a slot, wait until shortly before it (``jobs.submit_slot``), publish and record the
   intent (``jobs.submission_record``), wait for the slot, send, record the job; nothing is sent after the deadline
4. ``_job_despite``: only if sending failed; if the response was lost, find out whether a job was accepted
   (``jobs.recovery``)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.errors import (
    INSTANCE_BUSY,
    SEVERAL_JOBS,
    NotForwarded,
    ResponseLost,
    ServiceError,
    Throttled,
    TransientError,
    proves_not_accepted,
)
from airflow_provider_viapi.jobs.attempt_context import SubmitLimiter
from airflow_provider_viapi.jobs.recovery import OnDoubt, Recovery
from airflow_provider_viapi.jobs.submission_record import SubmissionRecord
from airflow_provider_viapi.jobs.submit_slot import AFTER_DEADLINE, SubmitSlot
from airflow_provider_viapi.retrying import jittered

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.attempt_context import AttemptContext
    from airflow_provider_viapi.jobs.backend import JobHook, SubmitBackend
    from airflow_provider_viapi.jobs.ledger import Entry, Ledger
    from airflow_provider_viapi.jobs.model import Job, JobReport


@dataclass(frozen=True, kw_only=True)
class SubmitPolicy:
    """When to retry a submission, and when to give up.

    :param on_doubt: fail, or submit again once per attempt and perhaps pay twice
    :param deadline: submit, and retry a throttled submission, before then, an aware time
    :param timeout: retry an unreachable or failing service for that long; see ``SubmitSlot.idle``
    :param max_wait_for_slot: seconds to wait for the slot to submit; default: however long it takes
    :param once: send one request; the caller, a batch, retries and waits for a slot that is far off
    """

    on_doubt: OnDoubt = "fail"
    deadline: datetime
    timeout: timedelta = timedelta(minutes=10)
    max_wait_for_slot: float = math.inf
    once: bool = False


@dataclass
class Submission:
    """One request that becomes one job.

    :param backend: sends it
    :param hook: reports and cancels the job of an earlier attempt
    :param ledger: records it
    :param digest: fingerprint of the request as the author gave it
    :param prepare_request: stages the media and returns the request as it is sent; not called again once it succeeds
    :param policy: when to retry and to give up
    :param context: of the task's attempt
    :param sources: returns the versions of the request's sources, for the ledger
    :param limiter: when submissions may be sent; default: at any time
    :param preparation: seconds that preparing the request took, in an earlier process of the attempt or in this one
    :param resubmitted: digests of requests that were submitted again in this attempt despite an unknown outcome
    """

    backend: SubmitBackend
    hook: JobHook
    ledger: Ledger
    digest: str
    prepare_request: Callable[[], Mapping[str, Any]]
    policy: SubmitPolicy
    context: AttemptContext
    sources: Callable[[], Mapping[str, Mapping[str, str]] | None] = lambda: None
    limiter: SubmitLimiter = field(default_factory=SubmitLimiter)
    preparation: float = 0.0
    resubmitted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        # Media are staged once: a resubmission sends the same request.
        self.prepare_request = cache(self.prepare_request)
        self._record = SubmissionRecord(self.ledger, self.backend.action_name, self.digest, self.context)
        self._recovery = Recovery(
            self._record,
            self.backend,
            self.hook,
            self.prepare_request,
            self.policy.on_doubt,
            self.resubmitted,
        )
        self._slot = SubmitSlot(
            self.limiter,
            self.context,
            self.policy.deadline,
            self.policy.max_wait_for_slot,
            self.preparation,
            self.policy.once,
        )

    def resume_or_submit(self) -> tuple[Job, JobReport | None]:
        """Resume the job of a previous attempt, or submit a new one.

        :returns: the job, and a report if it has ended already
        :raises StopRequested: Airflow stops the task; nothing is in flight
        :raises SubmissionInDoubt: it cannot be known whether a submission was accepted; the ledger keeps the intent
        :raises TransientError: the service cannot be reached now, and nothing was accepted
        :raises ServiceError: the service refuses; the ledger is clear
        """
        return self.resume() or (self._submit(), None)

    def resume(self) -> tuple[Job, JobReport | None] | None:
        """Resume the job of a previous attempt, or find out whether one was accepted; see ``Recovery.resume``."""
        return self._recovery.resume()

    def _submit(self) -> Job:
        """Submit, and retry while it is known that nothing was accepted."""
        # Checked before media are staged, which may take longer than a slot is kept: it is taken after that.
        with self._slot.given_up_on_error():
            self._slot.check(may_defer=self._may_defer())
            began = self.context.timing.now()
            # Before staging: if a source changes meanwhile, its recorded version must not be newer than what is sent.
            sources = self.sources()
            # Outside the loop: if staging fails, the next attempt retries it. Here it would hold the worker.
            self.prepare_request()
        self.preparation = self._slot.preparation = (self.context.timing.now() - began).total_seconds()
        failing_since: datetime | None = None
        pause = 1.0
        while True:
            may_defer = self._may_defer(is_failing=failing_since is not None)
            try:
                if (job := self._submit_once(sources, may_defer=may_defer)) is not None:
                    return job
                continue
            except NotForwarded as error:
                raise error.as_permanent() from None
            except TransientError as error:
                now = self.context.timing.now()
                # While it only waited for a slot the service was not tried.
                tried_until = now - self._slot.idle
                failing_since = None if isinstance(error, Throttled) else failing_since or tried_until
                seconds = jittered(pause)
                if self.policy.once or error.code == AFTER_DEADLINE:
                    raise
                is_last = now + timedelta(seconds=seconds) >= self.policy.deadline
                if failing_since and tried_until - failing_since >= self.policy.timeout:
                    self.context.log.warning(
                        "No submission was accepted within %s: %s", self.policy.timeout, error
                    )
                    is_last = True
                if is_last:
                    error.message = f"{error.message.rstrip('.')}; a retry of the task submits again"
                    raise
                self.context.log.warning("Not accepted, retrying in %.0f s: %s", seconds, error)
            self.context.pause(seconds)
            pause = min(self.context.timing.max_backoff, 2 * pause)

    def _may_defer(self, *, is_failing: bool = False) -> bool:
        """Return whether the task may leave this submission, and submit when its slot comes.

        A batch continues in this process. Another process would not know how long the service has failed, and what
        was submitted again.
        """
        return self.policy.once or not (is_failing or self.digest in self.resubmitted)

    def _submit_once(self, sources: Mapping[str, Mapping[str, str]] | None, *, may_defer: bool) -> Job | None:
        """Submit and return the job; ``None`` if the slot was missed and nothing was sent."""
        request = self.prepare_request()
        # Fetch a missing key or token before the slot is taken: that may take long.
        self.backend.identity()
        self._slot.wait_until_near(may_defer=may_defer)
        with self._slot.given_up_on_error():
            entry = self._record.write_intent(self.backend.identity(), sources)
        if not self._wait_for_slot(entry):
            # Recording took too long. The caller starts again, so that no intent is open while it waits for a slot.
            return None
        sent_at = self.context.timing.now()
        job: Job | None = None
        try:
            job = self.backend.submit(request, entry.request_nonce)
            answered_at = self.context.timing.now()
            # Before anything else: if the task is stopped or killed now, its log still names the job.
            self.context.log.info("Submitted job %s (%s)", job.id, job.action)
            if job.request_id:
                self.context.log.info("The id of the request was %s", job.request_id)
            seconds = (answered_at - sent_at).total_seconds()
            may_be_adopted = seconds > self.context.timing.list_pause
            claims = self.context.claims
            is_free = not claims.is_own(job.id) if may_be_adopted else self._record.claim(entry, job.id)
            if job.id in entry.past or not is_free:
                # Another task that adopts a job has watched this one's open intent for longer than that, and items of
                # a batch adopt none meanwhile: a gateway has repeated an older response from its cache.
                raise ResponseLost(f"the response names job {job.id}, which belongs to another submission")
        except ServiceError as error:
            # An instance that is busy says nothing about the account: submissions to others are not slowed down.
            is_over_quota = isinstance(error, Throttled) and error.code != INSTANCE_BUSY
            self._slot.limiter.release(throttled=is_over_quota)
            return self._job_despite(error, entry)
        except BaseException:
            # Airflow's execution_timeout, or a signal. Log it now: there may be no further attempt that finds out.
            if job is None or not self._record.write_unchecked_job(entry, job):
                self.context.log.warning(
                    "The task was stopped while its request was being sent: a job may have been accepted, which "
                    "continues and is billed. The next attempt finds out"
                )
            self._slot.limiter.release(throttled=False)
            raise
        try:
            self._record.write_job(entry, job, adopted=may_be_adopted)
        finally:
            # Not before: the shared storage may be slow, and the job is paid for.
            self._slot.limiter.release(throttled=False, answered_at=answered_at)
        if may_be_adopted:
            self._record.check_not_adopted(entry, job)
        if job.siblings:
            # One is recorded, so that no attempt submits again.
            accepted = (job.id, *job.siblings)
            raise ServiceError(
                f"one request was accepted as {len(accepted)} jobs ({', '.join(accepted)}), which continue and are "
                f"billed: cancel those that are not wanted. A cleared task resumes {job.id}",
                code=SEVERAL_JOBS,
                action=self.backend.action_name.rpartition(".")[2],
            )
        return job

    def _wait_for_slot(self, entry: Entry) -> bool:
        """Wait for the slot to submit, and return false if it was missed; forget the intent unless it may be sent."""
        try:
            may_send = self._slot.wait(entry.signed_time)
        except BaseException:
            # Such as Airflow's execution_timeout.
            self._record.try_to_forget_intent(entry)
            raise
        if not may_send:
            self._record.forget_intent(entry)
        return may_send

    def _job_despite(self, error: ServiceError, entry: Entry) -> Job:
        """Return the job that was accepted although its submission ended with an error.

        :raises TransientError: nothing was accepted, and the submission may be repeated
        :raises ServiceError: the service refuses, or the outcome is unknown
        """
        if not proves_not_accepted(error):
            self.context.log.warning(
                "The request was sent, but %s; checking whether the job was accepted", error.message
            )
            found = self._recovery.resolve(entry, error.message, last_sent=self.context.timing.now())
            if found is None:
                problem = f"the submission led to no known job ({error.message})"
                raise TransientError(problem, action=error.action) from None
            return found
        self._record.try_to_forget_intent(entry)
        if self.backend.renewed_key(error):
            problem = "the submission was refused because the key had expired; the key was renewed"
            raise TransientError(problem, action=error.action) from None
        raise error
