"""The slot at which a request is sent: wait for it before the deadline, or leave it to another process."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow_provider_viapi.errors import Throttled, TransientError
from airflow_provider_viapi.jobs.attempt_context import AttemptContext, SubmitLimiter

LOGGED_WAIT = 5.0
"""A task logs that it waits for its slot if the slot is more than this many seconds away."""

SHORT_WAIT = 10.0
"""A task whose slot is at most so many seconds away, and whose deadline comes as soon after it, submits at once:
calls before it may be answered late."""

LONG_PREPARATION = 2.0
"""Seconds of preparing the request that an error about the deadline names."""

MAX_UNSENT = timedelta(seconds=30)
"""Longest time between the signature of a request and its sending: half of the time that is allowed for transit."""

COUNTED_WAIT = timedelta(minutes=1)
"""Of each wait for a slot so much counts as time in which an unreachable service was retried."""

AFTER_DEADLINE = "SubmitAfterDeadline"
"""Code of the error of a job that could only be submitted after its deadline."""


class SlotIsLater(Exception):
    """The slot to submit is so far off that it is not waited for here; nothing was accepted.

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
class SubmitSlot:
    """The slot of one submission, and of its repetitions.

    :param limiter: when submissions may be sent; replaced by one without a limit if the deadline is near
    :param context: of the task's attempt
    :param deadline: submit before then, an aware time
    :param max_wait: seconds to wait for the slot
    :param preparation: seconds that preparing the request took, as far as that is known
    :param once: the caller waits for a slot that is far off, and takes it into account that it may come too late
    :param idle: how long it only waited for slots so far, without ``COUNTED_WAIT`` of each wait
    """

    limiter: SubmitLimiter
    context: AttemptContext
    deadline: datetime
    max_wait: float
    preparation: float
    once: bool = False
    idle: timedelta = timedelta(0)

    def check(self, *, may_defer: bool = True) -> None:
        """Check that the slot is near, and before the deadline, without taking it.

        :param may_defer: another process may continue; it does not know what was sent in this one
        :raises SlotIsLater: the slot is too far off to wait for it in this process; it is taken
        :raises TransientError: it comes after the deadline, or the deadline has passed
        """
        self._check_near(self.limiter.seconds_to_slot(), may_defer=may_defer)

    def wait_until_near(self, *, may_defer: bool) -> None:
        """Take a slot and wait until shortly before it, so that the intent is not recorded long before it is sent.

        :raises StopRequested: Airflow stops the task
        :raises SlotIsLater, TransientError: as :meth:`check`
        """
        with self.given_up_on_error():
            self._take_near_slot(may_defer=may_defer)

    @contextmanager
    def given_up_on_error(self) -> Iterator[None]:
        """Give the slot back if nothing will be sent in it: the next calls do not wait for one."""
        try:
            yield
        except SlotIsLater:
            raise
        except BaseException:
            self.limiter.release(throttled=False)
            raise

    def wait(self, signed: datetime) -> bool:
        """Wait for the slot; return false if it was missed. It is given back unless the request may be sent.

        :param signed: when the request was signed, an aware time
        :raises StopRequested: Airflow stops the task
        :raises TransientError: recording the intent took so long that it would be sent long after it was signed, or
            after the deadline
        """
        may_send = False
        try:
            # Airflow may have asked the task to stop while the intent was recorded, or while it waits for the slot.
            self.context.raise_if_stopped()
            if not self.limiter.wait_for_slot():
                return False
            self.context.raise_if_stopped()
            self._check_deadline()
            waited = self.context.timing.now() - signed
            if waited > MAX_UNSENT:
                # A later attempt that has to find the job would take the time of signing for that of sending.
                raise TransientError(
                    f"the submission was not sent: {waited.total_seconds():.0f} s passed while it was recorded"
                )
            may_send = True
        finally:
            if not may_send:
                self.limiter.release(throttled=False)
        return may_send

    def _check_near(self, seconds: float, *, may_defer: bool) -> None:
        """Check a slot that comes in some seconds, as :meth:`check`."""
        self._check_deadline()
        left = math.inf if self.once else self._seconds_left()
        if seconds <= SHORT_WAIT and left <= seconds + SHORT_WAIT:
            # One call above the quota does no harm.
            self.limiter.release(throttled=False)
            self.limiter = SubmitLimiter()
            return
        # Whoever continues prepares the request again, which must not take longer than the wait for the slot; another
        # process has to be started as well.
        near = self.max_wait + (1 if self.once else 2) * self.preparation
        if may_defer and near < seconds < left:
            # Others may have taken slots meanwhile, so that it comes after the deadline. Near after all if the shared
            # storage can be read but not written: then it is a slot of this machine.
            seconds = self.limiter.reserve()
        if left <= seconds:
            self.limiter.release(throttled=False)
            raise Throttled(
                f"the rate limit allows this submission in {seconds:.0f} s, after the task's deadline; nothing was "
                "submitted. Slots of tasks that were cleared or failed while they were deferred count until they "
                "pass. Set a longer job_timeout, or a higher submit_qps if the account's quota allows it",
                code=AFTER_DEADLINE,
            )
        if may_defer and seconds > near:
            raise SlotIsLater(seconds, self.limiter.saved_slot(), self.preparation)

    def _take_near_slot(self, *, may_defer: bool) -> None:
        is_near = False
        while not is_near:
            # Without taking it: a slot after the deadline is not reserved.
            self.check(may_defer=may_defer)
            seconds = self.limiter.reserve()
            self._check_near(seconds, may_defer=may_defer)
            if seconds > LOGGED_WAIT:
                comes_at = self.context.timing.now() + timedelta(seconds=seconds)
                self.context.log.info(
                    "Rate limit: other tasks submit first, this one in %.0f s, at %s",
                    seconds,
                    comes_at.isoformat(timespec="seconds"),
                )
            began = self.context.timing.now()
            is_near = self.limiter.wait_until_near()
            self.idle += max(timedelta(0), self.context.timing.now() - began - COUNTED_WAIT)
            self.context.raise_if_stopped()
        self._check_deadline()

    def _check_deadline(self) -> None:
        """Check that the job may still be submitted.

        :raises TransientError: the deadline has passed
        """
        if self._seconds_left() <= 0:
            why = "the task waited for its slot to submit, or Airflow continued it late"
            if self.preparation >= LONG_PREPARATION:
                why = f"its request took {self.preparation:.0f} s to prepare"
            raise TransientError(
                f"the deadline passed before the job could be submitted: {why}; nothing was submitted. Set a longer "
                f"{'execution_timeout' if self.once else 'job_timeout'}",
                code=AFTER_DEADLINE,
            )

    def _seconds_left(self) -> float:
        """Return the seconds until the deadline."""
        return (self.deadline - self.context.timing.now()).total_seconds()
