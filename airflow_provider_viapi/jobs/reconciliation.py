"""Determine the outcome of a request whose response was lost: a job may exist or not.

The same signed request is sent again where the service refuses repeated nonces. Otherwise, and if the service has
seen the nonce, the account's job list decides. It is read once the request can no longer be accepted; a conclusion
from an earlier read would be a guess. One candidate that no other task could own is the job, none means that nothing
was accepted, anything else is a :class:`~airflow_provider_viapi.errors.SubmissionInDoubt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_viapi.errors import (
    InvalidRequest,
    ServiceError,
    SubmissionInDoubt,
    TransientError,
    is_nonce_used,
    proves_not_accepted,
)
from airflow_provider_viapi.retrying import jittered

if TYPE_CHECKING:
    from airflow_provider_viapi.jobs.attempt_context import AttemptContext, OtherTasks
    from airflow_provider_viapi.jobs.backend import SubmitBackend
    from airflow_provider_viapi.jobs.ledger import Entry
    from airflow_provider_viapi.jobs.model import Job

Result = TypeVar("Result")

CLOCK_SKEW = timedelta(minutes=1)
"""Allowed difference between the service's clock and ours."""

LISTED_FOR = timedelta(hours=23)
"""Oldest submission whose absence from the list is evidence: the list shows the last 24 hours."""


@dataclass(frozen=True)
class ListedJob:
    """A job as the account's list shows it.

    :param job_id: the job
    :param created: when it was accepted, as the list shows it
    """

    job_id: str
    created: str

    def created_at(self, zone: timezone) -> datetime | None:
        """Return when it was accepted if the list's clock shows that zone; ``None`` if that cannot be read."""
        if not re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d", self.created):
            return None
        try:
            # Python 3.10 reads no Z.
            at = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", self.created))
        except ValueError:
            return None
        if at.year <= 1970:
            # A time that was not set.
            return None
        return at if at.tzinfo else at.replace(tzinfo=zone)


@dataclass(frozen=True)
class JobList:
    """Result of reading the account's list once.

    :param jobs: jobs of the action in question, in the list's order
    :param is_complete: the list has no further jobs of it
    :param clock_skew: how far our clock is ahead of the service's
    :param is_own: it has only jobs of this task's own submissions, so that no other task could own one
    :param time_zones: of times that the list shows without a zone: one of these, unknown which
    """

    jobs: Sequence[ListedJob]
    is_complete: bool = True
    clock_skew: timedelta = timedelta(0)
    is_own: bool = False
    time_zones: Sequence[timezone] = (timezone.utc,)

    def zones(self, now: datetime) -> Sequence[timezone]:
        """Return the zones that the list's clock may show: none in which a job was accepted in the future."""
        fitting = [
            zone
            for zone in self.time_zones
            if all((at := job.created_at(zone)) is None or at <= now + CLOCK_SKEW for job in self.jobs)
        ]
        return fitting or self.time_zones

    def within(self, earliest: datetime, latest: datetime, now: datetime) -> list[ListedJob]:
        """Return the jobs that may have been accepted in that time, in any reading of the list's clock."""
        zones = self.zones(now)
        return [
            job
            for job in self.jobs
            if any((at := job.created_at(zone)) is None or earliest <= at <= latest for zone in zones)
        ]

    def accepted_by(self, jobs: Sequence[ListedJob], now: datetime) -> datetime | None:
        """Return by when some of its jobs were accepted, in any reading of its clock; ``None`` if that is unknown."""
        times = [job.created_at(zone) for job in jobs for zone in self.zones(now)]
        read = [at for at in times if at is not None]
        return max(read) if read and len(read) == len(times) else None

    def covers(self, moment: datetime, now: datetime) -> bool:
        """Return whether it shows all jobs since then: it is complete, or sorted from newer to older than that."""
        return self.is_complete or all(self._is_descending_past(moment, zone) for zone in self.zones(now))

    def _is_descending_past(self, moment: datetime, zone: timezone) -> bool:
        times = [job.created_at(zone) for job in self.jobs]
        read = [at for at in times if at is not None]
        if len(read) < len(times) or len(read) < 2:
            return False
        descending = all(newer >= older for newer, older in pairwise(read))
        return descending and read[0] > read[-1] and read[-1] < moment


@dataclass
class Reconciliation:
    """Search for the job of one submission whose outcome is unknown.

    :param entry: the recorded intent
    :param prepare_request: returns the request to send again; raises if it cannot be prepared any more
    :param backend: sends and lists
    :param context: of the task's attempt
    :param reason: why the outcome is unknown, for messages
    :param last_sent: when the request may have left last; default: when it was signed
    """

    entry: Entry
    prepare_request: Callable[[], Mapping[str, Any]]
    backend: SubmitBackend
    context: AttemptContext
    reason: str = "its response was lost"
    last_sent: datetime | None = None
    was_named: bool = field(default=False, init=False)
    """The service named the job in a response; it was not found in a list."""
    was_refused: bool = field(default=False, init=False)
    """The service refused the request itself when it was sent again, so it was never accepted."""
    _last_sent: datetime = field(init=False, repr=False)
    _has_arrived: bool = field(default=False, init=False, repr=False)
    """The service has confirmed that it knows the request's nonce."""

    def __post_init__(self) -> None:
        self._last_sent = max(self.entry.signed_time, self.last_sent or self.entry.signed_time)
        self._intent = self.entry.intent(self.backend.action_name)

    def find_job(self) -> str | None:
        """Return the id of the job that the submission created, or ``None`` if nothing was accepted.

        :raises SubmissionInDoubt: it cannot be known; the message names the candidates
        :raises ServiceError: the service refuses the request itself (``was_refused``), so it was never accepted; or
            the connection or the store cannot be used now, so nothing was found out
        """
        identity = self.backend.identity()
        entry = self.entry
        if (identity.account, identity.endpoint) != (entry.account, entry.endpoint):
            raise self._in_doubt(
                "the connection's key or endpoint has changed since, so the job list of this account does not show "
                "the outcome"
            )
        self._raise_if_stopped()
        if self.backend.replayable_for and identity.key_id == entry.key_id:
            job_id = self._replay()
            if job_id is not None:
                return job_id
        return self._find_in_job_list()

    def _replay(self) -> str | None:
        """Send the same signed request again; ``None`` if that decides nothing."""
        try:
            request = self.prepare_request()
        except ServiceError as error:
            self.context.log.warning(
                "The request cannot be sent again, because it cannot be prepared: %s", error
            )
            return None
        # Staging may have taken long.
        self._raise_if_stopped()
        may_be_accepted = False

        def send() -> Job:
            nonlocal may_be_accepted
            try:
                return self.backend.submit(request, self.entry.request_nonce)
            except TransientError as error:
                may_be_accepted = may_be_accepted or not proves_not_accepted(error)
                raise

        try:
            job = self._retry(send, seconds=self.context.timing.replay_for)
        except ServiceError as error:
            if may_be_accepted or not proves_not_accepted(error):
                # However old the signature is: the service has not refused it for its age.
                self._last_sent = self.context.timing.now()
            self._has_arrived = is_nonce_used(error)
            if isinstance(error, InvalidRequest) and not (self._has_arrived or may_be_accepted):
                self.was_refused = True
                raise
            self.context.log.info(
                "The same request was sent again and rejected with %s; reading the job list", error.code
            )
            return None
        self.was_named = True
        self.context.log.info(
            "The request had not arrived before. It was sent again and accepted as job %s", job.id
        )
        return job.id

    def _find_in_job_list(self) -> str | None:
        if not self.backend.has_list:
            raise self._in_doubt("the service has no list of such jobs")
        acceptable_for = self.context.timing.transit + self.backend.accepted_within
        begun = self.context.timing.now()
        if self.backend.replayable_for:
            # An earlier attempt, of which nothing is recorded, may have sent the request again.
            last = self.entry.signed_time + self.backend.replayable_for + CLOCK_SKEW
            self._last_sent = max(self._last_sent, min(begun, last))
        conclusive_at = max(
            self._last_sent + acceptable_for, begun + timedelta(seconds=self.context.timing.adoption_window)
        )
        if (wait := (conclusive_at - begun).total_seconds()) > 0:
            self.context.log.info(
                "Reading the job list in %.0f s, when the request can no longer be accepted", wait
            )
        owned = set(self.entry.past)
        while (now := self.context.timing.now()) < conclusive_at:
            # Other tasks' claims may be seen for a moment only: a retry clears its XComs.
            owned |= self.context.claims.others(self._intent).job_ids
            self.context.pause(min(self.context.timing.list_pause, (conclusive_at - now).total_seconds()))
            self._raise_if_stopped()
        listed = self._read_list()
        # Reading may have been retried for minutes, in which jobs were accepted.
        now = self.context.timing.now()
        return self._conclude(listed, self._last_sent + acceptable_for, now, owned)

    def _conclude(
        self, listed: JobList, accepted_by: datetime, now: datetime, owned: Collection[str]
    ) -> str | None:
        """Decide from a list that was read after the request could last be accepted."""
        skew = listed.clock_skew
        # By our clock and the service's: the clock of the worker that sent the request may differ from this one.
        earliest = min(self.entry.signed_time, self.entry.signed_time - skew) - CLOCK_SKEW
        latest = max(accepted_by, accepted_by - skew) + CLOCK_SKEW
        possible = listed.within(earliest, latest, now - skew)
        others = self.context.claims.others(self._intent, until=listed.accepted_by(possible, now - skew))
        owned = others.job_ids.union(owned)
        candidates = [job for job in possible if job.job_id not in owned]
        if len(candidates) > 1:
            named = ", ".join(f"{job.job_id} of {job.created}" for job in candidates)
            raise self._in_doubt(f"several listed jobs may be its result: {named}")
        if not listed.covers(earliest, now - skew):
            raise self._in_doubt("the job list is longer than one call returns")
        if candidates:
            if candidates[0].created_at(timezone.utc) is None:
                raise self._in_doubt(
                    f"job {candidates[0].job_id} may be its result, but the list has no readable creation time of it"
                )
            if not listed.is_own:
                self._check_only_owner(candidates[0].job_id, others)
            return self._adopt(candidates[0].job_id)
        if now - self.entry.signed_time > LISTED_FOR:
            raise self._in_doubt("the job list does not reach back that far")
        self.context.log.info(
            "The list has no job of that time, and the request can no longer be accepted: nothing was accepted"
        )
        return None

    def _check_only_owner(self, job_id: str, others: OtherTasks) -> None:
        if others.open_intents:
            raise self._in_doubt(
                f"job {job_id} may belong to another task whose submission is open too: "
                f"{', '.join(others.open_intents)}"
            )
        if not (self._has_arrived or others.is_complete):
            raise self._in_doubt(
                f"job {job_id} may belong to a task of another DAG run: without [viapi] state_path those cannot be "
                "seen, and the service has not confirmed that it received this request"
            )

    def _adopt(self, job_id: str) -> str:
        self.context.claims.publish_job(self._intent, job_id)
        # Another task may have adopted the same job at the same moment.
        if job_id in self.context.claims.others(self._intent).job_ids:
            self.context.claims.retract_job(self._intent, job_id)
            raise self._in_doubt(f"another task also claims job {job_id}, the only listed job of that time")
        self.context.log.info("Job %s in the list is the only candidate: adopted", job_id)
        return job_id

    def _read_list(self) -> JobList:
        try:
            return self._retry(
                lambda: self.backend.list_recent(self.entry.signed_time), seconds=self.context.timing.list_for
            )
        except ServiceError as error:
            raise self._in_doubt(f"the job list could not be read: {error}") from error

    def _retry(self, call: Callable[[], Result], *, seconds: float) -> Result:
        give_up = self.context.timing.now() + timedelta(seconds=seconds)
        pause = 1.0
        while True:
            try:
                return call()
            except TransientError:
                if self.context.stop_requested() or self.context.timing.now() >= give_up:
                    raise
            # With jitter: several tasks may have lost their responses at the same moment.
            self.context.pause(jittered(pause))
            self._raise_if_stopped()
            pause = min(10.0, 2 * pause)

    def _raise_if_stopped(self) -> None:
        if self.context.stop_requested():
            # Sent again, the request could become a job that nobody wants any more.
            raise self._in_doubt("the task was stopped before the outcome could be determined")

    def _in_doubt(self, why: str) -> SubmissionInDoubt:
        return SubmissionInDoubt(
            f"a submission of {self.entry.signed_time.isoformat(timespec='seconds')} may have been accepted "
            f"({self.reason}), and {why}",
            action=self.backend.action_name.rpartition(".")[2],
        )
