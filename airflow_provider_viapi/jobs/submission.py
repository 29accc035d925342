"""Submit one request once: resume the job of a previous attempt, or record the intent, send, and record the job.

The steps of a new submission, in their order:

1. ``_submit``: check that a slot to submit is near, read the versions of the sources, stage the media; retry step 2
2. ``_submit_once``: reserve a slot, wait until shortly before it, publish and record the intent, wait for the slot,
   send, record the job's id; nothing is sent after the deadline
3. ``_reconcile``: only if the response was lost, find out whether a job was accepted
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_viapi.errors import (
    SEVERAL_JOBS,
    InvalidRequest,
    NotForwarded,
    ResponseLost,
    ServiceError,
    SubmissionInDoubt,
    Throttled,
    TransientError,
    proves_not_accepted,
)
from airflow_provider_viapi.jobs.attempt_context import Intent, SubmitLimiter
from airflow_provider_viapi.jobs.ledger import Entry, Ledger, same_request
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome, RequestNonce
from airflow_provider_viapi.jobs.reconciliation import Reconciliation
from airflow_provider_viapi.retrying import jittered

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.attempt_context import AttemptContext, Claims
    from airflow_provider_viapi.jobs.backend import JobHook, SubmitBackend

OnDoubt = Literal["fail", "resubmit"]
"""Action when it cannot be known whether a job was accepted."""

LOGGED_WAIT = 5.0
"""A task logs that it waits for its slot if the slot is more than this many seconds away."""

SHORT_WAIT = 10.0
"""A task whose slot is at most so many seconds away, and whose deadline comes as soon after it, submits at once:
calls before it may be answered late."""

MAX_UNSENT = timedelta(seconds=30)
"""Longest time between the signature of a request and its sending: half of the time that is allowed for transit."""

AFTER_DEADLINE = "SubmitAfterDeadline"
"""Code of the error of a job that could only be submitted after its deadline."""

STORE_ATTEMPTS = 5
"""Attempts to write the id of an accepted job before the task fails."""


@dataclass(frozen=True, kw_only=True)
class SubmitPolicy:
    """When to retry a submission, and when to give up.

    :param on_doubt: fail, or submit again once per attempt and perhaps pay twice
    :param deadline: submit, and retry a throttled submission, before then, an aware time
    :param timeout: retry an unreachable or failing service for that long
    :param max_wait_for_slot: seconds to wait for the slot to submit in this process; default: however long it takes
    :param once: send one request, whatever the deadline is; the caller retries
    """

    on_doubt: OnDoubt = "fail"
    deadline: datetime
    timeout: timedelta = timedelta(minutes=10)
    max_wait_for_slot: float = math.inf
    once: bool = False


class SlotIsLater(Exception):
    """The slot to submit is so far off that another process is to continue then; nothing was accepted.

    :param seconds: until the slot
    :param slot: see ``SubmitLimiter.saved_slot``
    :param preparation: seconds that preparing the request took, if that is known
    """

    def __init__(self, seconds: float, slot: Mapping[str, Any], preparation: float) -> None:
        super().__init__(f"the slot to submit comes in {seconds:.0f} s")
        self.seconds = seconds
        self.slot = slot
        self.preparation = preparation


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
    :param preparation: seconds that preparing the request took in an earlier process of the attempt
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
        """Resume the job of a previous attempt, or find out whether one was accepted.

        :returns: as :meth:`resume_or_submit`; ``None`` if a new job is to be submitted
        :raises SubmissionInDoubt, TransientError, ServiceError: as there
        """
        entry = self.ledger.read()
        if entry is None or not self._keep_or_supersede(entry):
            return None
        if entry.job_id is None:
            self.context.log.info(
                "The outcome of the submission of attempt %s is unknown; checking whether a job was accepted",
                entry.try_number,
            )
            found = self._reconcile(entry, "its outcome was not recorded")
            return None if found is None else (found, None)
        job = Job(entry.job_id, self.backend.action_name, entry.scope, entry.request_id)
        report = self._report_of(job, entry)
        if report is None:
            return None
        if report.outcome in (Outcome.FAILED, Outcome.CANCELLED) and entry.delivery is None:
            # What was delivered is not replaced: a job that has reached its target state may have been stopped since.
            if report.may_continue:
                # It could be billed besides the job that replaces it.
                self._cancel(job)
            return None
        self.context.claims.publish_job(self._intent_of(entry), job.id)
        return job, report if report.is_final else None

    def _keep_or_supersede(self, entry: Entry) -> bool:
        """Return true if the recorded submission still counts for this attempt; otherwise give it up.

        The job of a changed request is cancelled if it is still queued.

        :raises SubmissionInDoubt: the request has changed, and the outcome of the recorded one is unknown
        """
        same = same_request(entry.digest, self.digest)
        if entry.delivery is not None:
            if same and not entry.delivery.was_cleared_before(self.context.identity):
                return True
            why = "the task was cleared" if same else "the request has changed"
            self.context.log.info(
                "Job %s has returned its result and %s: submitting again", entry.job_id, why
            )
            # If this attempt fails before it submits, the next one must not take the result for its own.
            self.ledger.clear()
            return False
        if same:
            return True
        self.context.log.info("The request has changed since attempt %s", entry.try_number)
        if entry.job_id is not None:
            self._cancel(Job(entry.job_id, self.backend.action_name, entry.scope))
        elif self.policy.on_doubt == "fail":
            raise self._in_doubt(
                f"the request has changed since attempt {entry.try_number}, whose job may be running: the response "
                f"to its submission of {entry.signed_at} was lost"
            )
        else:
            self.context.claims.abandon(self._intent_of(entry))
        return False

    def _cancel(self, job: Job) -> None:
        """Cancel a job of an earlier attempt if that is possible; the hook logs if it is not."""
        asyncio.run(self.hook.cancel(job, self.context.log))

    def _report_of(self, job: Job, entry: Entry) -> JobReport | None:
        """Return the state of a previous attempt's job; ``None`` if the service does not know it any more."""
        try:
            report = self.hook.report(job)
        except InvalidRequest as unknown:
            if self.policy.on_doubt == "resubmit":
                self.context.log.warning(
                    "The service does not know job %s any more; submitting again", job.id
                )
                return None
            raise self._in_doubt(
                f"the service does not know job {job.id} of attempt {entry.try_number} any more ({unknown.code})"
            ) from unknown
        message = "Resumed job %s of attempt %s, which is %s"
        if report.outcome in (Outcome.FAILED, Outcome.CANCELLED) and entry.delivery is None:
            message = "Job %s of attempt %s ended as %s; submitting again"
        self.context.log.info(message, job.id, entry.try_number, report.state)
        return report

    def _submit(self) -> Job:
        """Submit, and retry while it is known that nothing was accepted."""
        # Checked before media are staged, which may take longer than a slot is kept: it is taken after that.
        self._check_slot(self.limiter.seconds_to_slot())
        began = self.context.timing.now()
        # Before staging: if a source changes meanwhile, its recorded version must not be newer than what was sent.
        sources = self.sources()
        # Outside the loop: if staging fails, the next attempt retries it. Here it would hold the worker.
        self.prepare_request()
        self.preparation = (self.context.timing.now() - began).total_seconds()
        failing_since: datetime | None = None
        pause = 1.0
        while True:
            # How long the service has failed, and what was submitted again, is known in this process only.
            may_defer = failing_since is None and not self.resubmitted
            try:
                if (job := self._submit_once(sources, may_defer=may_defer)) is not None:
                    return job
                continue
            except NotForwarded as error:
                raise error.as_permanent() from None
            except TransientError as error:
                now = self.context.timing.now()
                failing_since = None if isinstance(error, Throttled) else failing_since or now
                seconds = jittered(pause)
                if self.policy.once or error.code == AFTER_DEADLINE:
                    raise
                is_last = now + timedelta(seconds=seconds) >= self.policy.deadline
                if failing_since and now - failing_since >= self.policy.timeout:
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

    def _check_slot(self, seconds: float, *, may_defer: bool = True) -> None:
        """Check that the slot to submit is near, and before the deadline.

        :param seconds: until the slot
        :param may_defer: another process may continue; it does not know what was sent in this one
        :raises SlotIsLater: the slot is too far off to wait for it in this process
        :raises TransientError: it comes after the deadline, or the deadline has passed
        """
        self._check_deadline()
        policy, now = self.policy, self.context.timing.now()
        # Another process would prepare the request again, which must not take longer than the wait for the slot.
        is_near = seconds <= policy.max_wait_for_slot + 2 * self.preparation
        left = math.inf if policy.once else (policy.deadline - now).total_seconds()
        if seconds <= SHORT_WAIT and left <= seconds + SHORT_WAIT:
            # One call above the quota does no harm.
            self.limiter.release(throttled=False)
            self.limiter = SubmitLimiter()
            return
        if left <= seconds:
            raise Throttled(
                f"the rate limit allows this submission in {seconds:.0f} s, after the task's deadline; nothing was "
                "submitted. Set a longer job_timeout, or a higher submit_qps if the account's quota allows it",
                code=AFTER_DEADLINE,
            )
        if may_defer and not is_near:
            raise SlotIsLater(self.limiter.reserve(), self.limiter.saved_slot(), self.preparation)

    def _check_deadline(self) -> None:
        """Check that the job may still be submitted.

        :raises TransientError: the deadline has passed
        """
        if not self.policy.once and self.context.timing.now() >= self.policy.deadline:
            raise TransientError(
                f"the deadline passed before the job could be submitted, which took {self.preparation:.0f} s to "
                "prepare; nothing was submitted. Set a longer job_timeout",
                code=AFTER_DEADLINE,
            )

    def _wait_until_near_slot(self, *, may_defer: bool) -> None:
        """Take a slot and wait until shortly before it, so that the intent is not recorded long before it is sent.

        :raises SlotIsLater, TransientError: as :meth:`_check_slot`
        """
        try:
            self._take_near_slot(may_defer=may_defer)
        except SlotIsLater:
            raise
        except BaseException:
            # The next calls do not wait for one in this slot.
            self.limiter.release(throttled=False)
            raise

    def _take_near_slot(self, *, may_defer: bool) -> None:
        is_near = False
        while not is_near:
            # Without taking it: a slot after the deadline is not reserved.
            self._check_slot(self.limiter.seconds_to_slot(), may_defer=may_defer)
            seconds = self.limiter.reserve()
            self._check_slot(seconds, may_defer=may_defer)
            if seconds > LOGGED_WAIT:
                comes_at = self.context.timing.now() + timedelta(seconds=seconds)
                self.context.log.info(
                    "Rate limit: other tasks submit first, this one in %.0f s, at %s",
                    seconds,
                    comes_at.isoformat(timespec="seconds"),
                )
            is_near = self.limiter.wait_until_near()
            self.context.raise_if_stopped()
        self._check_deadline()

    def _submit_once(self, sources: Mapping[str, Mapping[str, str]] | None, *, may_defer: bool) -> Job | None:
        """Submit and return the job; ``None`` if the slot was missed and nothing was sent."""
        request = self.prepare_request()
        # Fetch a missing key or token before the slot is taken: that may take long.
        self.backend.identity()
        self._wait_until_near_slot(may_defer=may_defer)
        entry = self._record_intent(sources)
        if not self._wait_for_slot(entry):
            # Recording took too long. The caller starts again, so that no intent is open while it waits for a slot.
            return None
        sent_at = self.context.timing.now()
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
            is_taken = claims.is_own(job.id) if may_be_adopted else self._is_taken(entry, job.id)
            if job.id in entry.past or is_taken:
                # Another task that adopts a job has watched this one's open intent for longer than that, and items of
                # a batch adopt none meanwhile: a gateway has repeated an older response from its cache.
                raise ResponseLost(f"the response names job {job.id}, which belongs to another submission")
        except ServiceError as error:
            self.limiter.release(throttled=isinstance(error, Throttled))
            return self._job_despite(error, entry)
        except BaseException:
            # Airflow's execution_timeout, or a signal. Log it now: there may be no further attempt that finds out.
            self.context.log.warning(
                "The task was stopped while its request was being sent: a job may have been accepted, which "
                "continues and is billed. The next attempt finds out"
            )
            self.limiter.release(throttled=False)
            raise
        try:
            self._record(entry, job)
        finally:
            # Not before: the shared storage may be slow, and the job is paid for.
            self.limiter.release(throttled=False, answered_at=answered_at)
        if may_be_adopted:
            self._check_not_adopted(entry, job)
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

    def _job_despite(self, error: ServiceError, entry: Entry) -> Job:
        """Return the job that was accepted although its submission ended with an error.

        :raises TransientError: nothing was accepted, and the submission may be repeated
        :raises ServiceError: the service refuses, or the outcome is unknown
        """
        if not proves_not_accepted(error):
            self.context.log.warning(
                "The request was sent, but %s; checking whether the job was accepted", error.message
            )
            found = self._reconcile(entry, error.message, last_sent=self.context.timing.now())
            if found is None:
                problem = f"the submission led to no known job ({error.message})"
                raise TransientError(problem, action=error.action) from None
            return found
        self._forget_intent(entry)
        if self.backend.renewed_key(error):
            problem = "the submission was refused because the key had expired; the key was renewed"
            raise TransientError(problem, action=error.action) from None
        raise error

    def _record_intent(self, sources: Mapping[str, Mapping[str, str]] | None) -> Entry:
        """Publish the intent to other tasks and record it in the ledger; nothing may be sent unless this returns."""
        identity = self.backend.identity()
        nonce = RequestNonce.new(self.context.timing.now())
        # Before the ledger: if publishing or recording fails, nothing is sent, and no attempt has to find out.
        signed_at = nonce.at.isoformat()
        intent = Intent(self.backend.action_name, identity.account, identity.endpoint, nonce.nonce, signed_at)
        self.context.claims.open(intent)
        try:
            return self.ledger.record_intent(
                self.digest, nonce, identity, self.context.identity.number, sources
            )
        except BaseException:
            # Nothing is sent. If it stayed open, the task itself could not adopt a job later.
            with suppress(Exception):
                self.context.claims.close(intent)
            raise

    def _wait_for_slot(self, entry: Entry) -> bool:
        """Wait for the slot to submit; if it was missed, forget the recorded intent and return false.

        :raises StopRequested: Airflow stops the task; the intent is forgotten
        :raises TransientError: recording the intent took so long that it would be sent long after it was signed, or
            after the deadline
        """
        has_slot = False
        try:
            # Airflow may have asked the task to stop while the intent was recorded, or while it waits for the slot.
            self.context.raise_if_stopped()
            if not self.limiter.wait_for_slot():
                return False
            self.context.raise_if_stopped()
            self._check_deadline()
            waited = self.context.timing.now() - entry.signed_time
            if waited > MAX_UNSENT:
                # A later attempt that has to find the job would take the time of signing for that of sending.
                raise TransientError(
                    f"the submission was not sent: {waited.total_seconds():.0f} s passed while it was recorded"
                )
            has_slot = True
        finally:
            if not has_slot:
                self.limiter.release(throttled=False)
                self._forget_intent(entry)
        return has_slot

    def _is_taken(self, entry: Entry, job_id: str) -> bool:
        """Return whether another submission is known to have become a job; false if that cannot be found out."""
        if job_id in entry.past:
            return True
        try:
            return self.context.claims.is_taken(self._intent_of(entry), job_id)
        except Exception as error:
            # The job is paid for: its id must be recorded, whatever happens.
            self.context.log.warning(
                "Cannot check whether another task owns job %s: %s", job_id, type(error).__name__
            )
            return False

    def _reconcile(self, entry: Entry, reason: str, last_sent: datetime | None = None) -> Job | None:
        """Return the job of a submission whose outcome is unknown, or ``None`` when nothing was accepted.

        :param last_sent: see :class:`Reconciliation`
        """
        # Publish the intent again: Airflow has cleared what the previous attempt published.
        self.context.claims.open(self._intent_of(entry))
        reconciliation = Reconciliation(
            entry, self.prepare_request, self.backend, self.context, reason, last_sent
        )
        try:
            job_id = reconciliation.find_job()
        except SubmissionInDoubt as in_doubt:
            self._raise_unless_resubmit_allowed(in_doubt)
            self.ledger.clear()
            self.context.claims.abandon(self._intent_of(entry))
            return None
        except TransientError as error:
            raise self._in_doubt(
                f"it cannot be determined now whether the job was accepted: {error.message}"
            ) from error
        except ServiceError:
            # An error of the connection or the store says nothing about the submission: the intent stays.
            if reconciliation.was_refused:
                self._forget_intent(entry)
            raise
        if job_id is None:
            self._forget_intent(entry)
            return None
        if reconciliation.was_named and self._is_taken(entry, job_id):
            raise self._in_doubt(
                f"{reason}; the response to the repeated request names job {job_id}, which belongs to another task"
            )
        job = self.backend.job(job_id)
        self._record(entry, job, adopted=not reconciliation.was_named)
        return job

    def _raise_unless_resubmit_allowed(self, in_doubt: SubmissionInDoubt) -> None:
        """Raise the error unless ``on_doubt='resubmit'`` and the request was not resubmitted in this attempt yet."""
        if self.policy.on_doubt == "fail" or self.digest in self.resubmitted or self.context.stop_requested():
            raise self._in_doubt(in_doubt.message) from in_doubt
        self.resubmitted.add(self.digest)
        self.context.log.warning(
            "Submitting again because of on_doubt='resubmit', although %s", in_doubt.message
        )

    def _intent_of(self, entry: Entry) -> Intent:
        return entry.intent(self.backend.action_name)

    def _forget_intent(self, entry: Entry) -> None:
        self.ledger.clear()
        self.context.claims.close(self._intent_of(entry))

    def _record(self, entry: Entry, job: Job, *, adopted: bool = False) -> None:
        """Record the id of an accepted job and publish it; retry: if the id is lost, the job is paid for twice."""
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
        self.context.claims.publish_job(self._intent_of(entry), job.id)

    def _check_not_adopted(self, entry: Entry, job: Job) -> None:
        """Fail if another task has adopted the job: both would return the same result.

        :raises SubmissionInDoubt: another task claims the job
        """
        if job.id in self.context.claims.others(self._intent_of(entry)).job_ids:
            # As adopted: the next attempt must not return its result while another task claims it, either.
            self.ledger.record_job(entry, job.id, job.scope, adopted=True, request_id=job.request_id)
            raise self._in_doubt(
                f"job {job.id} was accepted for this task and adopted by another one as well"
            )

    def _in_doubt(self, why: str) -> SubmissionInDoubt:
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
            action=self.backend.action_name.rpartition(".")[2],
        )


def check_adopted(claims: Claims, entry: Entry | None, action: str) -> None:
    """Refuse the result of a job that this task found in a job list if another task claims the job too.

    :param entry: the recorded submission; jobs that a response has named pass
    :param action: as ``service.Action``
    :raises SubmissionInDoubt: another task claims the job too
    """
    if entry is None or not entry.adopted or entry.job_id is None:
        return
    intent = entry.intent(action)
    claims.publish_job(intent, entry.job_id)
    if entry.job_id in claims.others(intent).job_ids:
        raise SubmissionInDoubt(
            f"job {entry.job_id} was found in the job list, and another task claims it too: its result may not be "
            "this task's. Clear both tasks, or set on_doubt='resubmit'",
            action=action.rpartition(".")[2],
        )
