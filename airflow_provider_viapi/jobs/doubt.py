"""Settling a doubt: a submission was sent and no answer came, so a job may be running or not.

The same signed request is sent once more. Either it is accepted now, or the gateway says that it has seen it; then
the account's list of jobs is searched around the time of the submission, twice, since a job may take a moment to
show. One new job is ours, none means that nothing was accepted, and several are for a person to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_viapi.errors import (
    InvalidRequest,
    SubmissionInDoubt,
    TransientError,
    ViapiError,
)

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.watch import Log

Told = TypeVar("Told")

SECONDS_BETWEEN_LOOKS = 5.5
"""The list may be asked for once in 5 seconds [API metadata]."""

CLOCK_SKEW = timedelta(minutes=1)
"""How far the service's clock may be from ours."""

LONGEST_WAY = timedelta(minutes=1)
"""How long a request may be on its way before it is accepted."""

LISTED_FOR = timedelta(hours=23)
"""How old a submission may be for the list, which shows the last 24 hours, to tell that nothing came of it."""

LIST_TIME_ZONES = (timezone(timedelta(hours=8)), timezone.utc)
"""The list's times carry no zone and the documents name none: China's or UTC, whichever fits."""


@dataclass(frozen=True)
class Listed:
    """A job as the account's list shows it.

    :param job_id: which
    :param created: when it was accepted, in the list's own words
    """

    job_id: str
    created: str

    def may_be_from(self, earliest: datetime, latest: datetime) -> bool:
        """Whether it may have been accepted in that time, in either reading of the list's clock."""
        try:
            told = datetime.strptime(self.created, "%Y-%m-%d %H:%M:%S")
        except ValueError:
            return True
        return any(earliest <= told.replace(tzinfo=zone) <= latest for zone in LIST_TIME_ZONES)


@dataclass(frozen=True)
class JobList:
    """What one look into the account's list has shown.

    :param jobs: those of the action in question
    :param is_whole: there were no more of them
    """

    jobs: Sequence[Listed]
    is_whole: bool = True


@dataclass(frozen=True)
class Witnesses:
    """Whom to ask about a submission whose answer was lost.

    :param send_again: sends the same signed request and returns the accepted job's id; ``None`` when that request
        cannot be made again, because the key that signed it is gone or its media cannot be staged any more
    :param list_jobs: looks into the account's list for the jobs of this action
    :param claimed: ids of jobs that other tasks hold
    """

    send_again: Callable[[], str] | None
    list_jobs: Callable[[], JobList]
    claimed: Callable[[], Collection[str]]


def settle(action: str, sent_at: datetime, witnesses: Witnesses, log: Log) -> str | None:
    """The id of the job that came of a submission, or ``None`` when nothing was accepted.

    :param action: the action's name
    :param sent_at: when the submission was signed, an aware time
    :raises SubmissionInDoubt: it cannot be known; the message names the candidates
    :raises ViapiError: the service refuses the request itself, so it was never accepted
    """
    if witnesses.send_again is None:
        log.info("The same request cannot be made again; looking into the job list")
        return search(action, sent_at, witnesses, log)
    try:
        job_id = _patiently(witnesses.send_again, seconds=60)
    except ViapiError as error:
        if isinstance(error, InvalidRequest):
            raise
        log.info("Sending the same request again was answered with %s; looking into the job list", error.code)
        return search(action, sent_at, witnesses, log)
    log.info("The request had not arrived before; sent again, it was accepted as job %s", job_id)
    return job_id


def search(action: str, sent_at: datetime, witnesses: Witnesses, log: Log) -> str | None:
    """The same from the list alone, which is looked into twice; see :func:`settle`."""
    import time

    now = datetime.now(timezone.utc)
    # The second sending may have been the one that was accepted, and its answer lost as well.
    earliest, latest = sent_at - CLOCK_SKEW, max(sent_at, now) + LONGEST_WAY + CLOCK_SKEW
    seen: list[Listed] = []
    for look in (1, 2):
        if look == 2:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            listed = _patiently(witnesses.list_jobs, seconds=120)
        except ViapiError as error:
            raise _in_doubt(action, sent_at, f"the job list could not be read: {error}") from error
        claimed = witnesses.claimed()
        seen = [job for job in listed.jobs if job.job_id not in claimed and job.may_be_from(earliest, latest)]
    if len(seen) > 1:
        named = ", ".join(f"{job.job_id} of {job.created}" for job in seen)
        raise _in_doubt(action, sent_at, f"several jobs may be the one: {named}")
    if not seen and not listed.is_whole:
        raise _in_doubt(action, sent_at, "the job list is longer than one look shows")
    if not seen and now - sent_at > LISTED_FOR:
        raise _in_doubt(action, sent_at, "the job list does not reach back so far")
    if not seen:
        log.info("No job of that time in the list, looked for twice: nothing was accepted")
        return None
    log.info("Found job %s in the list: it is the one that was accepted", seen[0].job_id)
    return seen[0].job_id


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
