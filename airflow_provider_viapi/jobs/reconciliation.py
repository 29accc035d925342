"""Settling a doubt: a submission was sent and no answer came, so a job may be running or not.

The same signed request is sent once more. Either it is accepted now, or the gateway says that it has seen it; then
the account's list of jobs is searched around the time of the submission, twice, since a job may take a moment to
show. One new job is ours, none means that nothing was accepted, and several are for a person to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_viapi.errors import (
    InvalidRequest,
    ServiceError,
    SubmissionInDoubt,
    TransientError,
)

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.model import Log

Told = TypeVar("Told")

SECONDS_BETWEEN_LOOKS = 5.5
"""The list may be asked for once in 5 seconds [API metadata]."""

SECONDS_TO_SEND_AGAIN, SECONDS_TO_LOOK = 60.0, 120.0
"""Over which the same request, and a look into the list, is tried again while the service stumbles."""

CLOCK_SKEW = timedelta(minutes=1)
"""How far the service's clock may be from ours."""

MAX_TRANSIT = timedelta(minutes=1)
"""How long a request may be on its way before it is accepted."""

LISTED_FOR = timedelta(hours=23)
"""How old a submission may be for the list, which shows the last 24 hours, to tell that nothing came of it."""

LIST_TIME_ZONES = (timezone(timedelta(hours=8)), timezone.utc)
"""The list's times carry no zone and the documents name none: China's or UTC, whichever fits."""


@dataclass(frozen=True)
class ListedJob:
    """A job as the account's list shows it.

    :param job_id: which
    :param created: when it was accepted, in the list's own words
    """

    job_id: str
    created: str

    def read_in(self, zone: timezone) -> datetime | None:
        """When it was accepted, if the list's clock shows the time of that zone; ``None`` if that cannot be read."""
        try:
            return datetime.strptime(self.created, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
        except ValueError:
            return None


@dataclass(frozen=True)
class JobList:
    """What one look into the account's list has shown.

    :param jobs: those of the action in question, in the list's order
    :param is_complete: there were no more of them
    :param clock_skew: how far our clock is ahead of the service's
    """

    jobs: Sequence[ListedJob]
    is_complete: bool = True
    clock_skew: timedelta = timedelta(0)

    def zones(self, now: datetime) -> Sequence[timezone]:
        """The zones that its times may be of: one in which a job is accepted in the future is not it."""
        fitting = [
            zone
            for zone in LIST_TIME_ZONES
            if all((at := job.read_in(zone)) is None or at <= now + CLOCK_SKEW for job in self.jobs)
        ]
        return fitting or LIST_TIME_ZONES

    def within(self, earliest: datetime, latest: datetime, now: datetime) -> list[ListedJob]:
        """The jobs that may have been accepted in that time, in any reading of the list's clock."""
        zones = self.zones(now)
        return [
            job
            for job in self.jobs
            if any((at := job.read_in(zone)) is None or earliest <= at <= latest for zone in zones)
        ]

    def covers(self, moment: datetime, now: datetime) -> bool:
        """Whether it shows all jobs since then: it is whole, or goes from newer to older ones and beyond that."""
        return self.is_complete or all(self._falls_below(moment, zone) for zone in self.zones(now))

    def _falls_below(self, moment: datetime, zone: timezone) -> bool:
        times = [job.read_in(zone) for job in self.jobs]
        read = [at for at in times if at is not None]
        if len(read) < len(times) or len(read) < 2:
            return False
        falls = all(newer >= older for newer, older in pairwise(read))
        return falls and read[0] > read[-1] and read[-1] < moment


@dataclass(frozen=True)
class Evidence:
    """Whom to ask about a submission whose answer was lost.

    :param send_again: sends the same signed request and returns the accepted job's id; ``None`` when that request
        cannot be made again, because the key that signed it is gone or its media cannot be staged any more
    :param list_jobs: looks into the account's list for the jobs of this action
    :param claimed: ids of jobs that other tasks hold
    :param claim: lets other tasks know that this one holds a job; ``None`` takes that back
    :param accepted_within: how long after it was sent the request may have been accepted; ``None`` if it may have
        been sent again meanwhile
    """

    send_again: Callable[[], str] | None
    list_jobs: Callable[[], JobList]
    claimed: Callable[[], Collection[str]]
    claim: Callable[[str | None], None]
    accepted_within: timedelta | None = None


def settle(action: str, sent_at: datetime, witnesses: Evidence, log: Log) -> str | None:
    """The id of the job that came of a submission, or ``None`` when nothing was accepted.

    :param action: the action's name
    :param sent_at: when the submission was signed, an aware time
    :raises SubmissionInDoubt: it cannot be known; the message names the candidates
    :raises ServiceError: the service refuses the request itself, so it was never accepted
    """
    if witnesses.send_again is None:
        log.info("The same request cannot be made again; looking into the job list")
        return search(action, sent_at, witnesses, log)
    try:
        job_id = _patiently(witnesses.send_again, seconds=SECONDS_TO_SEND_AGAIN)
    except ServiceError as error:
        if isinstance(error, InvalidRequest):
            raise
        log.info("Sending the same request again was answered with %s; looking into the job list", error.code)
        return search(action, sent_at, witnesses, log)
    log.info("The request had not arrived before; sent again, it was accepted as job %s", job_id)
    return job_id


def search(action: str, sent_at: datetime, witnesses: Evidence, log: Log) -> str | None:
    """The same from the list alone, which is looked into twice; see :func:`settle`."""
    import time

    seen: list[ListedJob] = []
    for look in (1, 2):
        if look == 2:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            listed = _patiently(witnesses.list_jobs, seconds=SECONDS_TO_LOOK)
        except ServiceError as error:
            raise _in_doubt(action, sent_at, f"the job list could not be read: {error}") from error
        now = datetime.now(timezone.utc)
        # By our clock and by the service's: the worker that has sent it may have had another clock than this one.
        earliest = min(sent_at, sent_at - listed.clock_skew) - CLOCK_SKEW
        last_sent = max(sent_at, sent_at - listed.clock_skew)
        if witnesses.accepted_within is None:
            # The second sending may have been the one that was accepted, and its answer lost as well.
            latest = max(last_sent, now, now - listed.clock_skew) + MAX_TRANSIT + CLOCK_SKEW
        else:
            latest = last_sent + witnesses.accepted_within + CLOCK_SKEW
        claimed = witnesses.claimed()
        seen = [
            job
            for job in listed.within(earliest, latest, now - listed.clock_skew)
            if job.job_id not in claimed
        ]
    if len(seen) > 1:
        named = ", ".join(f"{job.job_id} of {job.created}" for job in seen)
        raise _in_doubt(action, sent_at, f"several jobs may be the one: {named}")
    if not listed.covers(earliest, now - listed.clock_skew):
        raise _in_doubt(action, sent_at, "the job list is longer than one look shows")
    if seen:
        return _claimed(seen[0].job_id, action, sent_at, witnesses, log)
    if now - sent_at > LISTED_FOR:
        raise _in_doubt(action, sent_at, "the job list does not reach back so far")
    log.info("No job of that time in the list, looked for twice: nothing was accepted")
    return None


def _claimed(job_id: str, action: str, sent_at: datetime, witnesses: Evidence, log: Log) -> str:
    witnesses.claim(job_id)
    # Another task may have been in doubt at the same moment, and have found the same job.
    if job_id in witnesses.claimed():
        witnesses.claim(None)
        raise _in_doubt(
            action, sent_at, f"another task claims job {job_id} as well, the only one of that time"
        )
    log.info("Found job %s in the list: it is the one that was accepted", job_id)
    return job_id


def _in_doubt(action: str, sent_at: datetime, why: str) -> SubmissionInDoubt:
    return SubmissionInDoubt(
        f"a submission of {sent_at.isoformat(timespec='seconds')} got no answer, and {why}. Running this task "
        "again asks again; on_doubt='resubmit' submits anew and may pay twice",
        code="SubmissionInDoubt",
        action=action,
    )


def _patiently(ask: Callable[[], Told], *, seconds: float) -> Told:
    from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential, wait_random

    trying = Retrying(
        retry=retry_if_exception_type(TransientError),
        wait=wait_exponential(max=10) + wait_random(0, 2),
        stop=stop_after_delay(seconds),
        reraise=True,
    )
    return trying(ask)
