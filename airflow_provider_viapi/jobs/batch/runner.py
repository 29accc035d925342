"""Many jobs of one action as one task: when each item is submitted, and how its result is collected.

Items are submitted one after the other, so that at most one submission at a time has an unknown outcome. The wait in
between may happen in another process: everything that a batch knows it has from its ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from airflow_provider_viapi.jobs.batch.background_wait import BackgroundWait
from airflow_provider_viapi.jobs.batch.ledger import Item
from airflow_provider_viapi.jobs.batch.starting_jobs import StartingJobs
from airflow_provider_viapi.jobs.batch.wait import WaitPolicy
from airflow_provider_viapi.jobs.submit_slot import SlotIsLater
from airflow_provider_viapi.retrying import jittered

MAX_SUBMITTING = timedelta(seconds=300)
"""After so long finished jobs are processed before more are submitted: links of results expire after 30 minutes."""

INITIAL_BACKOFF = 0.5
"""Seconds after a failed submission; doubled after each further one."""

MAX_FAILED_SUBMISSIONS = 5
"""After so many failed submissions in a row the batch stops submitting for a while."""

COLLECTED_TOGETHER = 10
"""Number of jobs that have ended after which their results are collected before more are submitted."""

MAX_WAIT_OF_ITEM = 10.0
"""Seconds that one submission waits for its slot; until a later one, the batch collects jobs that have ended."""

SLOT_LOG_INTERVAL = timedelta(minutes=1)
"""Between two log lines about a slot that is later."""

PROGRESS_INTERVAL = timedelta(seconds=30)
"""Between two log lines about the progress while the batch submits."""

MAX_WAIT = 180.0
"""Seconds for which a finished job waits for others; links of results expire after 30 minutes."""

LANDED_TOGETHER = 25
"""Number of finished jobs that are worth a worker which lands their results."""

SUBMIT_AGAIN = timedelta(seconds=30)
"""When a batch that could not submit everything continues; later, the longer the service fails."""

LAST_JOBS_FACTOR = 1.25
"""The last jobs are expected to take at most so many times as long as the longest one so far."""

MAX_TIMEOUT_GRACE = timedelta(minutes=1)
"""Time after the first timeout of a job in which other jobs may time out too, to be handled together."""


@dataclass
class BatchRunner(StartingJobs):
    """One attempt of a batch, or the part of it between two waits.

    Takes what :class:`~airflow_provider_viapi.jobs.batch.starting_jobs.StartingJobs` takes, and:

    :param is_closed: submit nothing, only collect what was submitted
    """

    is_closed: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._is_blocked = False
        self._slot_logged: datetime | None = None

    @property
    def submits_nothing_more(self) -> bool:
        """True if this attempt submits nothing more."""
        return (
            not self._left
            or self.is_closed
            or self.refusal is not None
            # The outcome of an earlier submission is found out all the same.
            or (bool(self.cost_limits.exhausted) and self.ledger.status(self._left[0].name) != "unknown")
            or self._failed > self.config.max_failed
            or self.context.timing.now() >= self.config.deadline
        )

    @property
    def why_left(self) -> str:
        """Why items are left without a job: an exhausted limit, or the deadline; empty for another reason."""
        if self.cost_limits.exhausted or self.context.timing.now() < self.config.deadline:
            return self.cost_limits.exhausted
        return (
            f"the batch had to end by {self.config.deadline.isoformat(timespec='seconds')}. Set a longer "
            "execution_timeout, if the task has one, or divide the items among several tasks"
        )

    @property
    def is_finished(self) -> bool:
        """True if this attempt has nothing more to do."""
        return self.submits_nothing_more and not self.running

    @property
    def can_submit(self) -> bool:
        """True if nothing keeps the batch from submitting now."""
        is_full = len(self.running) >= self.config.max_in_flight
        return not (self.submits_nothing_more or self._is_blocked or is_full or self.failed_submissions)

    @property
    def has_items_left(self) -> bool:
        """True if there are items without a job."""
        return bool(self._left)

    def submit(self, waits: BackgroundWait) -> None:
        """Submit at the limiter's rate until enough jobs run, nothing is left or the service keeps failing.

        :param waits: waits for the jobs meanwhile; those that end make way for others
        :raises CredentialsRejected, ConfigurationError: the key cannot be used
        :raises PermissionDenied: jobs cannot be polled; the next attempt resumes them
        """
        for job in self.jobs:
            waits.add(job)
        self._submit(waits)
        counted = len(self.running)
        self.collect(waits.drain())
        # The limits were checked while these jobs counted as running, with their estimated usage.
        self._is_blocked = self._is_blocked and len(self.running) == counted

    @property
    def ends_soon(self) -> bool:
        """True if nothing is left to submit and the running jobs will probably end soon."""
        left = self._expected_end() - self.context.timing.now()
        is_soon = timedelta(0) < left <= timedelta(seconds=self.context.timing.last_wait)
        return is_soon and self.submits_nothing_more and not self.context.stop_requested()

    def wait_for_last_jobs(self, waits: BackgroundWait) -> None:
        """Wait until the running jobs have ended, or should have: between worker and triggerer nothing is fetched.

        :param waits: waits for the jobs
        :raises CredentialsRejected, PermissionDenied: jobs cannot be polled; the next attempt resumes them
        """
        expected_end = self._expected_end()
        while self.running and self.context.timing.now() < expected_end and not self.context.stop_requested():
            waits.wait(1.0)
            if waits.finished_count >= min(COLLECTED_TOGETHER, len(self.running)) or waits.has_failures:
                self.collect(waits.drain())
        self.collect(waits.drain())

    def _expected_end(self) -> datetime:
        """Return when all running jobs will probably have ended, judged by the longest one so far."""
        if not self.running or not self._longest_duration:
            return self.config.began
        entries = (self.ledger.entry(item.name) for item in self.running.values())
        newest = max(entry.signed_time for entry in entries if entry)
        return min(newest + LAST_JOBS_FACTOR * self._longest_duration, self.config.deadline)

    def _submit(self, waits: BackgroundWait) -> None:
        began = logged = self.context.timing.now()
        while not self.submits_nothing_more and self._has_capacity(waits) and self._collect_ended(waits):
            if self.running and self.context.timing.now() - began > MAX_SUBMITTING:
                return
            # The jobs that were collected may have failed, and be too many.
            if self.submits_nothing_more or not self._submit_next(waits):
                return
            if self.context.timing.now() - logged > PROGRESS_INTERVAL:
                logged = self.context.timing.now()
                self.log_progress()

    def _has_capacity(self, waits: BackgroundWait) -> bool:
        """Return whether one more job may run; waits a moment for one to end."""
        left = self.context.timing.full_wait
        while (is_full := len(self.running) - waits.finished_count >= self.config.max_in_flight) and left > 0:
            if self.context.stop_requested():
                break
            waits.wait(min(1.0, left))
            left -= 1.0
        return not is_full

    def _collect_ended(self, waits: BackgroundWait) -> bool:
        """Collect the jobs that have ended, if they are many or some failed; false if others were late meanwhile."""
        if not _is_worth_collecting(waits):
            return True
        self.collect(waits.drain())
        running = len(self.running)
        self.expire_overdue()
        # The background wait would count the late ones as ended; the next one does not know them.
        return len(self.running) == running

    def _submit_next(self, waits: BackgroundWait) -> bool:
        """Submit the next item, or find out the outcome of its submission; false if no other may follow now."""
        item = self._left[0]
        # Whether an earlier submission was accepted is found out at any limit.
        is_unknown = self.ledger.status(item.name) == "unknown"
        if not (is_unknown or self._may_submit(item)):
            return False
        self.context.pause(max(0.0, self.backend.limiter.reserve()))
        if self.context.stop_requested():
            return False
        begin = self.backend.resume if is_unknown else self.backend.resume_or_submit
        try:
            has_begun = self._begin(item, begin, waits)
        except SlotIsLater as later:
            return self._wait_for_slot(later, waits)
        if has_begun:
            self.failed_submissions, self.failing_since = 0, None
            if self.refusal is None:
                self._left.popleft()
            return True
        if is_unknown and self.ledger.status(item.name) == "new":
            # Nothing was accepted; what is submitted now is subject to the limits.
            return True
        self.failed_submissions += 1
        if self.failed_submissions >= MAX_FAILED_SUBMISSIONS:
            return False
        self.context.pause(jittered(INITIAL_BACKOFF * 2**self.failed_submissions))
        return True

    def _wait_for_slot(self, later: SlotIsLater, waits: BackgroundWait) -> bool:
        """Wait until shortly before the slot, or until something is to be collected; false if a job is overdue."""
        now = self.context.timing.now()
        # The slot is the pause after a failure. If the batch deferred instead, its next process would take a slot at
        # the end of the queue, and never submit while that is long.
        has_failed, self.failed_submissions = self.failed_submissions > 0, 0
        slot_at = now + timedelta(seconds=later.seconds)
        if self._slot_logged is None or now - self._slot_logged >= SLOT_LOG_INTERVAL:
            self._slot_logged = now
            self.context.log.info(
                "Rate limit: the next item is submitted in %.0f s, at %s",
                later.seconds,
                slot_at.isoformat(timespec="seconds"),
            )
        overdue_at = min(map(self.deadline_of, self.running.values()), default=self.config.deadline)
        near_at = slot_at - timedelta(seconds=later.preparation + MAX_WAIT_OF_ITEM)
        until = min(near_at, now + SLOT_LOG_INTERVAL, overdue_at)
        while self.context.timing.now() < until and not _is_worth_collecting(waits):
            if self.context.stop_requested():
                break
            self.context.pause(1.0)
        if self.failing_since and not has_failed:
            # Only the first wait after a failure counts as time in which the service fails: it is not tried now.
            self.failing_since += self.context.timing.now() - now
        return self.context.timing.now() < overdue_at

    def _may_submit(self, item: Item) -> bool:
        """Return whether the limits admit an item now."""
        if not self.cost_limits.is_limited:
            return True
        may_submit = self.cost_limits.admits(self.backend.estimate(item), len(self.running))
        self._is_blocked = not may_submit and bool(self.running)
        if self._is_blocked:
            # Nothing is tried for so long as the limits block, so nothing fails meanwhile.
            self.failing_since = None
        return may_submit

    def wait_policy(self, *, lands: bool) -> WaitPolicy:
        """Return how long to wait now.

        :param lands: results are downloaded, which many workers could share
        """
        config, now = self.config, self.context.timing.now()
        # While there is more to submit, a tenth of the jobs make way for the next ones; besides those that are too
        # many since max_in_flight was lowered.
        min_finished = len(self.running)
        if not self.submits_nothing_more:
            surplus = max(0, min_finished - config.max_in_flight)
            min_finished = max(1, min(min_finished, surplus + config.max_in_flight // 10))
        continue_at = config.deadline
        if self.running:
            first = min(self.deadline_of(item) for item in self.running.values())
            continue_at = min(continue_at, first + min(MAX_TIMEOUT_GRACE, config.job_timeout / 10))
        if (
            not self.submits_nothing_more
            and not self._is_blocked
            and len(self.running) < config.max_in_flight
        ):
            factor = min(10, max(1, self.failed_submissions - MAX_FAILED_SUBMISSIONS))
            continue_at = min(continue_at, now + factor * SUBMIT_AGAIN)
        return WaitPolicy(
            min(min_finished, LANDED_TOGETHER) if lands else min_finished, MAX_WAIT, continue_at
        )


def _is_worth_collecting(waits: BackgroundWait) -> bool:
    return waits.finished_count >= COLLECTED_TOGETHER or waits.has_failures
