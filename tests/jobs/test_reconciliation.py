"""Settling whether a submission without an answer became a job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_viapi.errors import (
    CredentialsRejected,
    InvalidRequest,
    PermissionDenied,
    ServiceError,
    SubmissionInDoubt,
)
from airflow_provider_viapi.jobs import reconciliation
from airflow_provider_viapi.jobs.reconciliation import Evidence, JobList, ListedJob, settle

SENT = datetime.now(timezone.utc).replace(microsecond=0) - timedelta(minutes=20)
SEEN_BEFORE = ServiceError("seen", code="SignatureNonceUsed")
TOO_OLD = CredentialsRejected("too old", code="InvalidTimeStamp.Expired")
log = logging.getLogger(__name__)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "SECONDS_BETWEEN_LOOKS", 0)


def listed(job_id: str, created: datetime, hours: int = 8) -> ListedJob:
    told = created.astimezone(timezone(timedelta(hours=hours)))
    return ListedJob(job_id, told.strftime("%Y-%m-%d %H:%M:%S"))


def raising(error: ServiceError) -> Callable[[], str]:
    def send_again() -> str:
        raise error

    return send_again


def ask(
    *looks: Sequence[ListedJob],
    again: Callable[[], str] | None = raising(SEEN_BEFORE),
    claimed: Sequence[str] = (),
    sent: datetime = SENT,
    is_complete: bool = True,
    clock_skew: timedelta = timedelta(0),
    accepted_within: timedelta | None = None,
) -> str | None:
    remaining = list(looks)

    def list_jobs() -> JobList:
        return JobList(remaining.pop(0) if len(remaining) > 1 else remaining[0], is_complete, clock_skew)

    witnesses = Evidence(
        send_again=again,
        list_jobs=list_jobs,
        claimed=lambda: set(claimed),
        claim=lambda job_id: None,
        accepted_within=accepted_within,
    )
    return settle("EraseVideoSubtitles", sent, witnesses, log)


def test_a_request_that_had_not_arrived_is_accepted_when_sent_again() -> None:
    assert ask([], again=lambda: "J-1") == "J-1"


@pytest.mark.parametrize("answer", [SEEN_BEFORE, TOO_OLD])
@pytest.mark.parametrize("hours", [0, 8])
def test_the_one_job_of_that_time_is_ours(answer: ServiceError, hours: int) -> None:
    ours = listed("J-1", SENT + timedelta(seconds=1), hours)
    yesterdays = listed("J-0", SENT - timedelta(hours=20), hours)

    assert ask([ours, yesterdays], again=raising(answer)) == "J-1"


def test_when_the_key_is_gone_nothing_is_sent_again() -> None:
    assert ask([listed("J-1", SENT)], again=None) == "J-1"
    assert ask([], again=None) is None


def test_a_job_that_takes_a_moment_to_show_is_found() -> None:
    assert ask([], [listed("J-1", SENT)]) == "J-1"


def test_no_job_in_two_looks_means_that_nothing_was_accepted() -> None:
    assert ask([], [listed("J-0", SENT - timedelta(hours=3))]) is None


def test_a_job_that_another_task_holds_is_not_ours() -> None:
    both = [listed("J-1", SENT), listed("J-2", SENT)]

    assert ask(both, claimed=["J-2"]) == "J-1"
    assert ask(both, claimed=["J-1", "J-2"]) is None


def test_a_job_of_eight_hours_before_is_not_ours_once_the_list_has_shown_which_zone_its_clock_is_of() -> None:
    in_china_s_time = [listed("J-2", SENT - timedelta(hours=1)), listed("J-1", SENT - timedelta(hours=8))]

    assert ask(in_china_s_time) is None


def test_a_job_is_ours_by_the_service_s_clock_and_not_by_ours() -> None:
    ours = listed("J-1", SENT - timedelta(minutes=9))

    assert ask([ours], clock_skew=timedelta(minutes=9)) == "J-1"
    assert ask([ours]) is None


@pytest.mark.parametrize("ahead", [timedelta(minutes=-9), timedelta(minutes=9)])
def test_nor_by_the_clock_of_another_worker_which_settles_what_one_with_a_right_clock_has_sent(
    ahead: timedelta,
) -> None:
    assert ask([listed("J-1", SENT)], clock_skew=ahead, accepted_within=timedelta(minutes=2)) == "J-1"
    assert ask([listed("J-1", SENT)], clock_skew=ahead) == "J-1"


def test_what_was_accepted_long_after_a_request_that_was_sent_once_is_not_ours() -> None:
    just_now = [listed("J-1", datetime.now(timezone.utc))]
    sent = datetime.now(timezone.utc) - timedelta(hours=2)

    assert ask(just_now, again=None, sent=sent, accepted_within=timedelta(minutes=2)) is None
    assert ask(just_now, again=None, sent=sent) == "J-1"


def test_a_list_that_goes_on_counts_if_it_shows_all_since_the_submission() -> None:
    ours, older = listed("J-2", SENT), listed("J-1", SENT - timedelta(hours=1))

    assert ask([ours, older], is_complete=False) == "J-2"
    oldest = listed("J-0", SENT - timedelta(hours=2))
    for other in (
        [older, ours],
        [ours],
        [oldest, older],
        [older, oldest, ours],
        [older, oldest, oldest, older],
    ):
        with pytest.raises(SubmissionInDoubt, match="longer than one look"):
            ask(other, is_complete=False)


def test_two_tasks_that_find_the_same_job_at_the_same_moment_leave_it_to_a_person() -> None:
    claims: list[str | None] = []
    witnesses = Evidence(
        send_again=None,
        list_jobs=lambda: JobList([listed("J-1", SENT)]),
        # The other one claims it while this one looks.
        claimed=lambda: {"J-1"} if claims else set(),
        claim=claims.append,
    )

    with pytest.raises(SubmissionInDoubt, match="another task claims job J-1"):
        settle("EraseVideoSubtitles", SENT, witnesses, log)

    assert claims == ["J-1", None]


def test_several_jobs_are_for_a_person_to_decide() -> None:
    both = [listed("J-1", SENT), listed("J-2", SENT + timedelta(seconds=2))]

    with pytest.raises(SubmissionInDoubt) as caught:
        ask(both)

    for told in ("J-1", "J-2", both[0].created, "on_doubt"):
        assert told in str(caught.value)


def test_a_forbidden_list_leaves_the_doubt() -> None:
    def forbidden() -> JobList:
        raise PermissionDenied("not yours", code="Forbidden.RAM")

    witnesses = Evidence(
        send_again=raising(SEEN_BEFORE), list_jobs=forbidden, claimed=set, claim=lambda job_id: None
    )

    with pytest.raises(SubmissionInDoubt, match=r"Forbidden\.RAM"):
        settle("EraseVideoSubtitles", SENT, witnesses, log)


def test_a_request_that_the_service_refuses_was_never_accepted() -> None:
    with pytest.raises(InvalidRequest):
        ask([listed("J-1", SENT)], again=raising(InvalidRequest("no", code="InvalidParameter")))


def test_a_time_that_cannot_be_read_rules_nothing_out() -> None:
    assert ask([ListedJob("J-1", "yesterday")]) == "J-1"


def test_a_doubt_older_than_the_list_reaches_is_for_a_person_to_decide() -> None:
    with pytest.raises(SubmissionInDoubt, match="does not reach back so far"):
        ask([], again=raising(TOO_OLD), sent=SENT - timedelta(days=3))


def test_a_list_that_is_longer_than_one_look_rules_nothing_out() -> None:
    with pytest.raises(SubmissionInDoubt, match="longer than one look"):
        ask([], is_complete=False)


def test_a_job_that_the_second_sending_has_made_is_found() -> None:
    assert ask([listed("J-1", datetime.now(timezone.utc))]) == "J-1"


@pytest.mark.parametrize(
    "refusal",
    [
        CredentialsRejected("disabled", code="InvalidAccessKeyId.Inactive"),
        PermissionDenied("not yours", code="Forbidden.RAM"),
    ],
)
def test_a_refusal_of_the_key_tells_nothing_about_the_first_sending(refusal: ServiceError) -> None:
    assert ask([listed("J-1", SENT)], again=raising(refusal)) == "J-1"
