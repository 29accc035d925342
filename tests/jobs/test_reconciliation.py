"""Find out whether a submission whose response was lost became a job."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_viapi.alibaba.job_reports import LIST_TIME_ZONES
from airflow_provider_viapi.errors import (
    CredentialsRejected,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    SubmissionInDoubt,
)
from airflow_provider_viapi.jobs.attempt_context import Attempt, AttemptContext, Intent
from airflow_provider_viapi.jobs.ledger import Entry
from airflow_provider_viapi.jobs.reconciliation import JobList, ListedJob, Reconciliation
from jobs.scripted_backend import Log, ScriptedBackend, ScriptedClaims
from skipping_clock import SkippingClock

SENT = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=20)
SEEN_BEFORE = InvalidRequest("seen", code="SignatureNonceUsed")
TOO_OLD = CredentialsRejected("too old", code="InvalidTimeStamp.Expired")


def listed(job_id: str, created: datetime, hours: int = 8) -> ListedJob:
    shown = created.astimezone(timezone(timedelta(hours=hours)))
    return ListedJob(job_id, shown.strftime("%Y-%m-%d %H:%M:%S"))


class ListBackend(ScriptedBackend):
    """A backend with scripted lists, the last of which is repeated."""

    def script(self, looks: Sequence[Sequence[ListedJob] | ServiceError], clock_skew: timedelta) -> None:
        self.looks, self.skew = list(looks), clock_skew

    def list_recent(self, sent_at: datetime) -> JobList:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, ServiceError):
            raise look
        return JobList(look, self.is_complete, self.skew, time_zones=LIST_TIME_ZONES)


def find(
    *looks: Sequence[ListedJob] | ServiceError,
    again: str | ServiceError | None = SEEN_BEFORE,
    claims: ScriptedClaims | None = None,
    sent: datetime = SENT,
    is_complete: bool = True,
    clock_skew: timedelta = timedelta(0),
) -> str | None:
    """Search for the job of a submission; ``again`` is the response to the same request, ``None``: cannot replay."""
    clock = SkippingClock()
    backend = ListBackend(clock, [] if again is None else [again] * 99, is_complete=is_complete)
    backend.replayable_for = timedelta() if again is None else timedelta(minutes=15)
    backend.script(looks, clock_skew)
    who = backend.identity()
    entry = Entry("1:d", "n", sent.isoformat(), who.account, who.endpoint, who.key_id, 1)
    context = AttemptContext(Attempt(2, 3), claims or ScriptedClaims(), Log(), clock.timing)
    return Reconciliation(entry, dict, backend, context).find_job()


def test_a_request_that_had_not_arrived_is_accepted_when_sent_again() -> None:
    assert find([], again="J-1") == "J-1"


@pytest.mark.parametrize("answer", [SEEN_BEFORE, TOO_OLD])
@pytest.mark.parametrize("hours", [0, 8])
def test_the_one_job_of_that_time_is_ours(answer: ServiceError, hours: int) -> None:
    ours = listed("J-1", SENT + timedelta(seconds=1), hours)
    yesterdays = listed("J-0", SENT - timedelta(hours=20), hours)

    assert find([ours, yesterdays], again=answer) == "J-1"


def test_a_job_that_another_task_holds_is_not_ours() -> None:
    both = [listed("J-1", SENT), listed("J-2", SENT)]

    assert find(both, claims=ScriptedClaims({"J-2"})) == "J-1"
    assert find(both, claims=ScriptedClaims({"J-1", "J-2"})) is None


def test_a_job_of_eight_hours_before_is_not_ours_once_the_list_has_shown_which_zone_its_clock_is_of() -> None:
    in_china_s_time = [listed("J-2", SENT - timedelta(hours=1)), listed("J-1", SENT - timedelta(hours=8))]

    assert find(in_china_s_time) is None


def test_a_job_is_ours_by_the_service_s_clock_and_not_by_ours() -> None:
    ours = listed("J-1", SENT - timedelta(minutes=9))

    assert find([ours], clock_skew=timedelta(minutes=9)) == "J-1"
    assert find([ours]) is None


def test_a_list_that_goes_on_counts_if_it_shows_all_since_the_submission() -> None:
    ours, older = listed("J-2", SENT), listed("J-1", SENT - timedelta(hours=1))

    assert find([ours, older], is_complete=False) == "J-2"
    oldest = listed("J-0", SENT - timedelta(hours=2))
    for other in (
        [older, ours],
        [ours],
        [oldest, older],
        [older, oldest, ours],
        [older, oldest, oldest, older],
    ):
        with pytest.raises(SubmissionInDoubt, match="longer than one call"):
            find(other, is_complete=False)


def test_several_candidates_are_for_a_user_to_decide() -> None:
    both = [listed("J-1", SENT), listed("J-2", SENT + timedelta(seconds=2))]

    with pytest.raises(SubmissionInDoubt) as caught:
        find(both)

    for part in ("J-1", "J-2", both[0].created):
        assert part in str(caught.value)


def test_a_request_that_the_service_refuses_was_never_accepted() -> None:
    with pytest.raises(InvalidRequest):
        find([listed("J-1", SENT)], again=InvalidRequest("no", code="InvalidParameter"))


@pytest.mark.parametrize("created", ["yesterday", "", "None", "1790000000000"])
def test_a_job_without_a_readable_time_is_neither_adopted_nor_ruled_out(created: str) -> None:
    with pytest.raises(SubmissionInDoubt, match="J-1"):
        find([ListedJob("J-1", created)])


@pytest.mark.parametrize("form", ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S+00:00"])
def test_the_list_may_show_times_in_other_forms(form: str) -> None:
    earlier = SENT - timedelta(hours=3)
    assert find([ListedJob("J-0", earlier.strftime(form)), ListedJob("J-1", SENT.strftime(form))]) == "J-1"


def test_an_unknown_outcome_older_than_the_list_is_for_a_user_to_decide() -> None:
    with pytest.raises(SubmissionInDoubt, match="does not reach back that far"):
        find([], again=TOO_OLD, sent=SENT - timedelta(days=3))


def test_a_list_that_is_longer_than_one_page_proves_nothing() -> None:
    with pytest.raises(SubmissionInDoubt, match="longer than one call"):
        find([], is_complete=False)


@pytest.mark.parametrize(
    "refusal",
    [
        CredentialsRejected("disabled", code="InvalidAccessKeyId.Inactive"),
        PermissionDenied("not yours", code="Forbidden.RAM"),
    ],
)
def test_a_rejected_key_proves_nothing_about_the_first_request(refusal: ServiceError) -> None:
    assert find([listed("J-1", SENT)], again=refusal) == "J-1"


def test_without_a_replay_the_list_alone_decides() -> None:
    assert find([listed("J-1", SENT)], again=None) == "J-1"
    assert find([], again=None) is None


@pytest.mark.parametrize("ahead", [timedelta(minutes=-9), timedelta(minutes=9)])
def test_a_submission_of_a_worker_with_another_clock_is_found(ahead: timedelta) -> None:
    assert find([listed("J-1", SENT)], clock_skew=ahead) == "J-1"


def test_a_job_accepted_long_after_the_request_is_not_its_job() -> None:
    just_now = [listed("J-1", datetime.now(timezone.utc))]
    sent = datetime.now(timezone.utc) - timedelta(hours=2)

    assert find(just_now, again=None, sent=sent) is None


def test_two_tasks_that_adopt_the_same_job_at_the_same_moment_leave_it_to_a_user() -> None:
    class Racing(ScriptedClaims):
        def publish_job(self, intent: Intent, job_id: str) -> None:
            super().publish_job(intent, job_id)
            self.jobs = {"J-1"}

    claims = Racing()

    with pytest.raises(SubmissionInDoubt, match="another task also claims job J-1"):
        find([listed("J-1", SENT)], again=None, claims=claims)

    assert claims.published == ["J-1", None]


def test_a_forbidden_list_leaves_the_outcome_unknown() -> None:
    with pytest.raises(SubmissionInDoubt, match=r"Forbidden\.RAM"):
        find(PermissionDenied("not yours", code="Forbidden.RAM"))


@pytest.mark.parametrize("answer", [TOO_OLD, None])
def test_without_sight_of_other_dag_runs_a_job_is_adopted_only_if_the_request_is_known_to_have_arrived(
    answer: ServiceError | None,
) -> None:
    blind = ScriptedClaims(is_complete=False)

    with pytest.raises(SubmissionInDoubt, match=r"J-1 may belong to a task of another DAG run.*state_path"):
        find([listed("J-1", SENT)], again=answer, claims=blind)

    assert blind.published == []
    assert find([listed("J-1", SENT)], again=SEEN_BEFORE, claims=blind) == "J-1"
    assert find([], again=answer, claims=blind) is None
