"""One request becomes one job: what a lost response, a refusal, a retry and another task's job change about that."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from airflow_provider_viapi.errors import (
    ConfigurationError,
    ConnectionFailed,
    CredentialsRejected,
    InvalidRequest,
    PermissionDenied,
    ResponseLost,
    ServiceError,
    StopRequested,
    SubmissionInDoubt,
    Throttled,
    TransientError,
)
from airflow_provider_viapi.jobs.attempt_context import (
    Attempt,
    AttemptContext,
    Intent,
    SubmitLimiter,
    Timing,
)
from airflow_provider_viapi.jobs.backend import Identity
from airflow_provider_viapi.jobs.ledger import MAX_PAST, Ledger
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.jobs.recovery import OnDoubt
from airflow_provider_viapi.jobs.submission import Submission
from airflow_provider_viapi.jobs.submission_record import check_adopted
from airflow_provider_viapi.jobs.submit_slot import SlotIsLater
from airflow_provider_viapi.state.stores import MemoryStore
from jobs.scripted_backend import ACTION, Log, ScriptedBackend, ScriptedClaims, submission
from skipping_clock import SkippingClock

LOST = ResponseLost("no response")
SEEN = InvalidRequest("seen", code="SignatureNonceUsed", http_status=400)
TOO_OLD = CredentialsRejected("too old", code="InvalidTimeStamp.Expired", http_status=400)


class WorkerLost(BaseException):
    """The worker process is gone."""


@pytest.fixture
def clock() -> SkippingClock:
    return SkippingClock()


def intent_of_lost_worker(clock: SkippingClock, **settings: object) -> tuple[ScriptedBackend, Ledger]:
    """Return a backend and a ledger with the intent of an attempt whose worker died while it sent."""

    def die() -> str:
        raise WorkerLost

    backend, ledger = ScriptedBackend(clock, [die], **settings), Ledger(MemoryStore())  # type: ignore[arg-type]
    with pytest.raises(WorkerLost):
        submission(backend, ledger=ledger).resume_or_submit()
    return backend, ledger


def accepted_but(backend: ScriptedBackend, error: BaseException) -> Callable[[], str]:
    """Return a response that never arrives, although the request became the job J-1."""

    def respond() -> str:
        backend.listed["J-1"] = backend.clock.now()
        raise error

    return respond


def test_a_replay_that_was_accepted_before_the_signature_expired_is_found(clock: SkippingClock) -> None:
    backend, ledger = intent_of_lost_worker(clock)
    clock.sleep(14.5 * 60)
    backend.responses = [accepted_but(backend, LOST), TOO_OLD, "J-2"]

    job, _ = submission(backend, ledger=ledger, attempt=Attempt(2, 3)).resume_or_submit()

    assert job.id == "J-1"


def test_a_replay_that_was_accepted_before_its_worker_was_lost_is_found(clock: SkippingClock) -> None:
    backend, ledger = intent_of_lost_worker(clock)
    clock.sleep(10 * 60)
    backend.responses = [accepted_but(backend, WorkerLost())]
    with pytest.raises(WorkerLost):
        submission(backend, ledger=ledger, attempt=Attempt(2, 4)).resume_or_submit()
    clock.sleep(10 * 60)
    backend.responses = [TOO_OLD, "J-2"]

    job, _ = submission(backend, ledger=ledger, attempt=Attempt(3, 4)).resume_or_submit()

    assert job.id == "J-1"


def test_a_refusal_proves_nothing_if_an_earlier_replay_may_have_been_accepted(clock: SkippingClock) -> None:
    backend, ledger = intent_of_lost_worker(clock)
    unreadable = InvalidRequest("cannot download", code="InvalidFile.Download", http_status=400)
    backend.responses = [accepted_but(backend, LOST), unreadable]

    job, _ = submission(backend, ledger=ledger, attempt=Attempt(2, 3)).resume_or_submit()

    assert job.id == "J-1"


def test_the_job_list_is_read_once_and_after_the_request_can_no_longer_be_accepted(
    clock: SkippingClock,
) -> None:
    backend = ScriptedBackend(clock, [LOST, SEEN])
    backend.listed = {"J-1": clock.now() + timedelta(seconds=100)}

    job, _ = submission(backend).resume_or_submit()

    assert job.id == "J-1"
    assert backend.list_reads == 1


# Adoption of another task's job.


def test_an_open_intent_of_another_task_makes_the_outcome_unknown(clock: SkippingClock) -> None:
    backend, ledger = intent_of_lost_worker(clock, replayable_for=timedelta())
    backend.listed = {"J-B": clock.now()}
    claims = ScriptedClaims(intents=("b/-1",))

    with pytest.raises(SubmissionInDoubt, match="J-B may belong to another task"):
        submission(backend, ledger=ledger, claims=claims, attempt=Attempt(2, 3)).resume_or_submit()

    assert claims.published == []
    assert len(backend.sent) == 1


def test_a_job_that_another_task_publishes_while_the_outcome_is_open_is_not_adopted(
    clock: SkippingClock,
) -> None:
    backend, ledger = intent_of_lost_worker(clock, replayable_for=timedelta())
    backend.listed = {"J-B": clock.now()}
    backend.responses = ["J-A"]

    class Publishing(ScriptedClaims):
        reads = 0

        def others(self, intent, *, until=None):  # type: ignore[no-untyped-def]
            # The other task's XCom is there only for a moment: its retry clears it.
            self.reads += 1
            self.jobs = {"J-B"} if self.reads == 2 else set()
            return super().others(intent, until=until)

    job, _ = submission(backend, ledger=ledger, claims=Publishing(), attempt=Attempt(2, 3)).resume_or_submit()

    assert job.id == "J-A"


def test_a_job_that_was_adopted_meanwhile_is_not_returned_twice(clock: SkippingClock) -> None:
    def slow() -> str:
        clock.sleep(30)
        return "J-1"

    with pytest.raises(SubmissionInDoubt, match="adopted by another"):
        submission(ScriptedBackend(clock, [slow]), claims=ScriptedClaims(jobs={"J-1"})).resume_or_submit()


def test_a_response_that_names_another_tasks_job_is_an_unknown_outcome(clock: SkippingClock) -> None:
    ledger = Ledger(MemoryStore())
    # A gateway repeats a response from its cache, also if the request is sent again.
    backend = ScriptedBackend(clock, ["J-1", "J-1", "J-2"])
    claims = ScriptedClaims(jobs={"J-1"})

    with pytest.raises(
        SubmissionInDoubt, match="repeated request names job J-1, which belongs to another task"
    ):
        submission(backend, ledger=ledger, claims=claims).resume_or_submit()
    job, _ = submission(backend, ledger=ledger, claims=claims, attempt=Attempt(2, 3)).resume_or_submit()

    assert job.id == "J-2"
    assert len(set(backend.sent)) == 1
    assert claims.published == ["J-2"]


@pytest.mark.parametrize(
    ("is_persistent", "survives_clear", "advice"),
    [
        (True, True, "Clear the task to check again"),
        (True, False, "Look for the job at the service first"),
        (False, False, "Look for the job at the service: .* the task is not retried"),
    ],
)
def test_an_unknown_outcome_says_what_clearing_the_task_does(
    clock: SkippingClock, is_persistent: bool, survives_clear: bool, advice: str
) -> None:
    store = MemoryStore()
    store.is_persistent, store.survives_clear = is_persistent, survives_clear

    with pytest.raises(SubmissionInDoubt, match=advice):
        submission(
            ScriptedBackend(clock, ["J-1", "J-1"]), ledger=Ledger(store), claims=ScriptedClaims(jobs={"J-1"})
        ).resume_or_submit()


def test_a_job_is_recorded_if_it_cannot_be_found_out_who_else_has_it(clock: SkippingClock) -> None:
    class Unreadable(ScriptedClaims):
        def claim_job(self, intent: Intent, job_id: str) -> bool:
            raise TransientError("no storage")

    ledger = Ledger(MemoryStore())

    submission(ScriptedBackend(clock, ["J-1"]), ledger=ledger, claims=Unreadable()).resume_or_submit()

    entry = ledger.read()
    assert entry is not None
    assert entry.job_id == "J-1"


def test_a_job_that_was_accepted_when_sent_again_is_checked_as_well(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, [LOST, "J-1"])

    with pytest.raises(SubmissionInDoubt, match="names job J-1, which belongs to another task"):
        submission(backend, claims=ScriptedClaims(jobs={"J-1"})).resume_or_submit()


@pytest.mark.parametrize("changed", [False, True])
def test_a_submission_that_was_given_up_stays_open_for_others(clock: SkippingClock, changed: bool) -> None:
    backend, ledger = intent_of_lost_worker(clock, replayable_for=timedelta(), has_list=False)
    backend.responses = ["J-2"]
    (first,) = backend.sent
    claims = ScriptedClaims()

    job, _ = submission(
        backend,
        ledger=ledger,
        claims=claims,
        on_doubt="resubmit",
        digest="1:other" if changed else "1:d",
        attempt=Attempt(2, 3),
    ).resume_or_submit()

    assert job.id == "J-2"
    assert claims.abandoned == {first.nonce}


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("the connection is missing"),
        CredentialsRejected("the role may not be assumed"),
        PermissionDenied("the role may not be assumed"),
        InvalidRequest("the region is unknown"),
        ServiceError("the state cannot be read", code="StateError"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("where", ["identity", "claims"])
def test_what_fails_while_the_outcome_is_searched_does_not_forget_the_submission(
    clock: SkippingClock, error: ServiceError, where: str
) -> None:
    backend, ledger = intent_of_lost_worker(clock, replayable_for=timedelta())
    backend.listed = {"J-1": clock.now()}

    class Failing(ScriptedClaims):
        def others(self, intent, *, until=None):  # type: ignore[no-untyped-def]
            raise error

    def fail() -> Identity:
        raise error

    identity, claims = backend.identity, Failing() if where == "claims" else ScriptedClaims()
    if where == "identity":
        backend.identity = fail  # type: ignore[method-assign]
    with pytest.raises(ServiceError):
        submission(backend, ledger=ledger, claims=claims, attempt=Attempt(2, 3)).resume_or_submit()

    backend.identity = identity  # type: ignore[method-assign]
    job, _ = submission(backend, ledger=ledger, attempt=Attempt(3, 3)).resume_or_submit()
    assert (job.id, len(backend.sent)) == ("J-1", 1)


# Absence as evidence.


@pytest.mark.parametrize("delay", [5, 14, 40, 110])
def test_a_job_that_the_backend_accepts_late_is_found_and_never_submitted_again(
    clock: SkippingClock, delay: int
) -> None:
    backend = ScriptedBackend(clock, [LOST, SEEN])
    backend.listed = {"J-1": clock.now() + timedelta(seconds=delay)}

    job, _ = submission(backend).resume_or_submit()

    assert job.id == "J-1"
    assert len({nonce.nonce for nonce in backend.sent}) == 1


@pytest.mark.parametrize("delay", [5, 14, 40, 110])
def test_a_create_that_a_proxy_holds_is_found_where_nothing_can_be_replayed(
    clock: SkippingClock, delay: int
) -> None:
    backend = ScriptedBackend(clock, [LOST], replayable_for=timedelta())
    backend.listed = {"J-1": clock.now() + timedelta(seconds=delay)}

    job, _ = submission(backend).resume_or_submit()

    assert (job.id, len(backend.sent)) == ("J-1", 1)


def test_nothing_is_submitted_again_before_the_first_request_can_no_longer_be_accepted(
    clock: SkippingClock,
) -> None:
    backend = ScriptedBackend(clock, [LOST, SEEN, "J-2"])

    job, _ = submission(backend).resume_or_submit()

    first, _, second = backend.sent
    assert job.id == "J-2"
    assert second.at - first.at >= timedelta(minutes=1) + backend.accepted_within


# Refusals and unknown outcomes.


@pytest.mark.parametrize(
    ("code", "status"),
    [("InternalError.Timeout", 504), ("InternalError", 500), ("ServiceUnavailable", 503)],
)
def test_a_well_formed_5xx_with_an_accepted_job_does_not_cost_another(
    clock: SkippingClock, code: str, status: int
) -> None:
    backend = ScriptedBackend(clock, [TransientError("failed", code=code, http_status=status), SEEN])
    backend.listed = {"J-1": clock.now()}

    job, _ = submission(backend).resume_or_submit()

    assert job.id == "J-1"


@pytest.mark.parametrize(
    "refusal",
    [
        ConnectionFailed("proxy refused", code="ProxyError"),
        InvalidRequest("no", code="InvalidParameter", http_status=400),
        PermissionDenied("no", code="Forbidden", http_status=403),
        ServiceError("gateway refused", code="Gateway.NotAllowed", http_status=405),
    ],
)
def test_what_provably_accepted_nothing_is_never_in_doubt(
    clock: SkippingClock, refusal: ServiceError
) -> None:
    backend, ledger, claims = (
        ScriptedBackend(clock, [refusal] * 400),
        Ledger(MemoryStore()),
        ScriptedClaims(),
    )

    with pytest.raises(type(refusal)):
        submission(backend, ledger=ledger, claims=claims).resume_or_submit()

    assert ledger.read() is None
    assert not claims.opened
    assert backend.list_reads == 0


def test_an_unreachable_service_is_given_up_after_minutes_and_a_throttling_one_is_not(
    clock: SkippingClock,
) -> None:
    began = clock.now()
    with pytest.raises(ConnectionFailed):
        submission(ScriptedBackend(clock, [ConnectionFailed("refused")] * 200)).resume_or_submit()
    assert timedelta(minutes=10) <= clock.now() - began < timedelta(minutes=11)

    busy = ScriptedBackend(clock, [*[Throttled("too many")] * 100, "J-1"])
    assert submission(busy).resume_or_submit()[0].id == "J-1"


# Stopping.


@pytest.mark.parametrize("has_expired_key", [True, False], ids=["expired key", "lost response"])
def test_an_error_says_that_a_retry_submits_again_only_if_the_attempt_does_not(
    clock: SkippingClock, has_expired_key: bool, caplog: pytest.LogCaptureFixture
) -> None:
    class RenewingBackend(ScriptedBackend):
        def renewed_key(self, error: ServiceError) -> bool:
            return has_expired_key

    refusals = [TOO_OLD if has_expired_key else LOST] * 1000
    failing = submission(RenewingBackend(clock, [*refusals], replayable_for=timedelta()))
    context = replace(failing.context, log=logging.getLogger("task"))

    with pytest.raises(TransientError, match=r"; a retry of the task submits again$"):
        replace(failing, context=context).resume_or_submit()

    assert "Not accepted, retrying" in caplog.text
    assert "a retry of the task" not in caplog.text


def test_a_task_that_is_stopped_while_it_stages_submits_nothing(clock: SkippingClock) -> None:
    backend, stopped = ScriptedBackend(clock, ["J-1"]), []

    with pytest.raises(StopRequested):
        submission(
            backend,
            prepare_request=lambda: stopped.append(True) or {},  # type: ignore[func-returns-value]
            stop_requested=lambda: bool(stopped),
        ).resume_or_submit()

    assert backend.sent == []


def test_a_throttled_submission_is_not_repeated_once_the_task_is_stopped(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, [Throttled("too many"), "J-1"])

    with pytest.raises(StopRequested):
        submission(backend, stop_requested=lambda: bool(backend.sent)).resume_or_submit()

    assert len(backend.sent) == 1


def test_a_task_that_is_stopped_while_the_service_cannot_be_reached_submits_nothing(
    clock: SkippingClock,
) -> None:
    backend = ScriptedBackend(clock, [ConnectionFailed("refused")] * 3 + ["J-1"])

    with pytest.raises(StopRequested):
        submission(backend, stop_requested=lambda: len(backend.sent) == 3).resume_or_submit()

    assert len(backend.sent) == 3


def test_a_task_that_is_stopped_while_its_intent_is_written_sends_nothing(clock: SkippingClock) -> None:
    class CountingStore(MemoryStore):
        writes = 0

        def set(self, key: str, value: object) -> None:
            super().set(key, value)
            self.writes += 1

    backend, store, claims = ScriptedBackend(clock, ["J-1"]), CountingStore(), ScriptedClaims()

    with pytest.raises(StopRequested):
        submission(
            backend, ledger=Ledger(store), claims=claims, stop_requested=lambda: store.writes > 0
        ).resume_or_submit()

    assert (backend.sent, Ledger(store).read(), claims.opened) == ([], None, set())


def test_a_stopped_task_does_not_send_a_request_again_whose_outcome_is_unknown(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, [LOST, "J-1"])

    with pytest.raises(SubmissionInDoubt, match="was stopped"):
        submission(backend, stop_requested=lambda: len(backend.sent) > 0).resume_or_submit()

    assert len(backend.sent) == 1


def test_a_task_that_is_stopped_while_it_stages_for_a_repetition_does_not_send_it(
    clock: SkippingClock,
) -> None:
    backend, ledger = intent_of_lost_worker(clock)
    backend.responses, stopped = ["J-1"], []

    with pytest.raises(SubmissionInDoubt, match="was stopped"):
        submission(
            backend,
            ledger=ledger,
            attempt=Attempt(2, 3),
            prepare_request=lambda: stopped.append(True) or {},  # type: ignore[func-returns-value]
            stop_requested=lambda: bool(stopped),
        ).resume_or_submit()

    assert len(backend.sent) == 1


def test_a_task_that_is_stopped_between_two_repetitions_sends_no_further_one(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, [LOST, TransientError("busy", http_status=503), "J-1"])

    with pytest.raises(SubmissionInDoubt, match="was stopped"):
        submission(
            backend, stop_requested=lambda: len(backend.sent) > 1 and clock.slept > 0
        ).resume_or_submit()

    assert len(backend.sent) == 2


def test_on_doubt_resubmit_does_not_give_up_the_search_of_a_task_that_is_stopped(
    clock: SkippingClock,
) -> None:
    backend, ledger = ScriptedBackend(clock, [LOST, "J-2"]), Ledger(MemoryStore())

    with pytest.raises(SubmissionInDoubt, match="was stopped"):
        submission(
            backend, ledger=ledger, on_doubt="resubmit", stop_requested=lambda: len(backend.sent) > 0
        ).resume_or_submit()

    entry = ledger.read()
    assert entry is not None
    assert entry.job_id is None


# The time between signing and sending.


class SlowStore(MemoryStore):
    """A store whose first writes take long."""

    def __init__(self, clock: SkippingClock, *, slow_writes: int) -> None:
        super().__init__()
        self._clock = clock
        self._slow_writes = slow_writes

    def set(self, key: str, value: object) -> None:
        super().set(key, value)
        if self._slow_writes > 0:
            self._slow_writes -= 1
            self._clock.sleep(130)


def test_a_request_that_took_long_to_record_is_signed_again_before_it_is_sent(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, ["J-1"])
    store = SlowStore(clock, slow_writes=1)

    job, _ = submission(backend, ledger=Ledger(store)).resume_or_submit()

    assert job.id == "J-1"
    (nonce,) = backend.sent
    assert clock.now() - nonce.at < timedelta(seconds=60)


def test_a_store_that_stays_slow_submits_nothing(clock: SkippingClock) -> None:
    backend, ledger = ScriptedBackend(clock, ["J-1"]), Ledger(SlowStore(clock, slow_writes=1000))

    with pytest.raises(TransientError, match="not sent"):
        submission(backend, ledger=ledger).resume_or_submit()

    assert (backend.sent, ledger.read()) == ([], None)


def test_a_response_that_was_lost_late_is_searched_for_from_then_on(clock: SkippingClock) -> None:
    """The call itself may take longer than the transit that is allowed for."""

    def lose_late() -> str:
        clock.sleep(300)
        raise LOST

    backend = ScriptedBackend(clock, [lose_late], replayable_for=timedelta())
    backend.listed = {"J-1": clock.now() + timedelta(seconds=330)}

    job, _ = submission(backend).resume_or_submit()

    assert job.id == "J-1"
    assert len(backend.sent) == 1


def test_a_job_that_another_task_has_adopted_is_not_returned_by_the_next_attempt_either(
    clock: SkippingClock,
) -> None:
    def accept_late() -> str:
        clock.sleep(60)
        return "J-1"

    backend, ledger = ScriptedBackend(clock, [accept_late]), Ledger(MemoryStore())
    claims = ScriptedClaims(jobs={"J-1"})

    with pytest.raises(SubmissionInDoubt, match="adopted by another"):
        submission(backend, ledger=ledger, claims=claims).resume_or_submit()

    entry = ledger.read()
    assert entry is not None
    with pytest.raises(SubmissionInDoubt, match="another task claims it too"):
        check_adopted(claims, entry, backend.action_name)


# Another account or endpoint.


@pytest.mark.parametrize(
    "other",
    [
        Identity("another account", "https://h", "key-2"),
        Identity("account", "https://elsewhere", "key-1"),
    ],
)
def test_the_list_of_another_account_or_endpoint_proves_nothing(
    clock: SkippingClock, other: Identity
) -> None:
    backend, ledger = intent_of_lost_worker(clock)
    backend.who = other

    with pytest.raises(SubmissionInDoubt, match="key or endpoint has changed"):
        submission(backend, ledger=ledger, attempt=Attempt(2, 3)).resume_or_submit()

    assert len(backend.sent) == 1


def test_a_rotated_key_of_the_same_account_still_reads_the_list(clock: SkippingClock) -> None:
    backend, ledger = intent_of_lost_worker(clock)
    backend.who = replace(backend.who, key_id="key-2")
    backend.listed = {"J-1": clock.now()}

    job, _ = submission(backend, ledger=ledger, attempt=Attempt(2, 3)).resume_or_submit()

    assert (job.id, len(backend.sent)) == ("J-1", 1)


# Cleared or retried.


@pytest.mark.parametrize(
    ("attempt", "resumes"),
    [
        (Attempt(2, 2, retries=2, clear_number=0), True),  # a worker lost after it returned the result
        (Attempt(2, 2, retries=2, clear_number=1), True),  # another task of the run was cleared meanwhile
        (Attempt(2, 3, retries=2, clear_number=1), False),  # cleared
        (Attempt(2, 2, retries=1, clear_number=1), False),  # cleared after retries was lowered
    ],
)
def test_a_cleared_task_gets_a_new_job_and_a_retried_one_the_same(
    clock: SkippingClock, attempt: Attempt, resumes: bool
) -> None:
    backend, ledger = ScriptedBackend(clock, ["J-1", "J-2"]), Ledger(MemoryStore())
    submission(backend, ledger=ledger, attempt=Attempt(1, 2, retries=2)).resume_or_submit()
    ledger.mark_delivered(Attempt(1, 2, retries=2))
    backend.states["J-1"] = JobReport("J-1", "PROCESS_SUCCESS", Outcome.SUCCEEDED, {})

    job, _ = submission(backend, ledger=ledger, attempt=attempt).resume_or_submit()

    assert job.id == ("J-1" if resumes else "J-2")


def test_a_digest_of_other_rules_is_not_a_changed_request(clock: SkippingClock) -> None:
    backend, ledger = ScriptedBackend(clock, ["J-1", "J-2"]), Ledger(MemoryStore())
    submission(backend, ledger=ledger, digest="1:a").resume_or_submit()

    job, _ = submission(backend, ledger=ledger, digest="2:b", attempt=Attempt(2, 3)).resume_or_submit()

    assert (job.id, backend.cancelled) == ("J-1", [])


# Earlier jobs of the same task.


@pytest.mark.parametrize("refused_before", [False, True])
def test_an_earlier_job_of_the_task_is_not_the_one_that_is_sought(
    clock: SkippingClock, refused_before: bool
) -> None:
    store = MemoryStore()
    backend = ScriptedBackend(clock, ["J-1"], replayable_for=timedelta())
    submission(backend, ledger=Ledger(store)).resume_or_submit()
    backend.states = {"J-1": JobReport("J-1", "PROCESS_FAILED", Outcome.FAILED)}
    backend.listed = {"J-1": clock.now()}
    attempt = 2
    if refused_before:
        backend.responses = [InvalidRequest("no", code="InvalidParameter", http_status=400)]
        with pytest.raises(InvalidRequest):
            submission(backend, ledger=Ledger(store), attempt=Attempt(2, 4)).resume_or_submit()
        attempt = 3
    backend.responses = [LOST, "J-2"]

    job, _ = submission(backend, ledger=Ledger(store), attempt=Attempt(attempt, 4)).resume_or_submit()

    assert job.id == "J-2"


def test_the_job_of_a_changed_request_is_not_taken_for_that_of_the_new_one(clock: SkippingClock) -> None:
    store = MemoryStore()
    backend = ScriptedBackend(clock, ["J-1"])
    submission(backend, ledger=Ledger(store), digest="1:old").resume_or_submit()
    backend.listed = {"J-1": clock.now()}
    backend.responses = [LOST, SEEN, "J-2"]

    job, _ = submission(
        backend, ledger=Ledger(store), digest="1:new", attempt=Attempt(2, 3)
    ).resume_or_submit()

    assert job.id == "J-2"


def test_the_running_job_of_a_changed_request_stays_recorded_until_another_is_submitted(
    clock: SkippingClock,
) -> None:
    class Running(ScriptedBackend):
        async def cancel(self, job: Job, log: object) -> bool:
            return False

    def refuse() -> dict[str, str]:
        raise InvalidRequest("no such film", code="InvalidFile")

    store, backend = MemoryStore(), Running(clock, ["J-1"])
    submission(backend, ledger=Ledger(store)).resume_or_submit()
    wrong = submission(
        backend, ledger=Ledger(store), digest="1:wrong", attempt=Attempt(2, 3), prepare_request=refuse
    )
    with pytest.raises(InvalidRequest):
        wrong.resume_or_submit()

    job, _ = submission(backend, ledger=Ledger(store), attempt=Attempt(3, 3)).resume_or_submit()

    assert job.id == "J-1"


@pytest.mark.parametrize("on_doubt", ["fail", "resubmit"])
def test_a_job_that_another_task_claims_too_is_replaced_only_if_the_author_accepts_to_pay_twice(
    clock: SkippingClock, on_doubt: OnDoubt
) -> None:
    def answer_late() -> str:
        clock.sleep(30)
        return "J-1"

    store, claims = MemoryStore(), ScriptedClaims(jobs={"J-1"})
    backend = ScriptedBackend(clock, [answer_late, "J-2"])
    with pytest.raises(SubmissionInDoubt):
        submission(backend, ledger=Ledger(store), claims=claims, on_doubt=on_doubt).resume_or_submit()

    retry = submission(backend, ledger=Ledger(store), claims=claims, on_doubt=on_doubt, attempt=Attempt(2, 3))
    job, _ = retry.resume_or_submit()

    assert job.id == ("J-1" if on_doubt == "fail" else "J-2")
    if on_doubt == "fail":
        with pytest.raises(SubmissionInDoubt, match="another task claims it too"):
            check_adopted(claims, Ledger(store).read(), ACTION)


@pytest.mark.parametrize("seconds", [0, 30])
def test_a_response_that_names_an_earlier_job_of_the_task_is_an_unknown_outcome(
    clock: SkippingClock, seconds: float
) -> None:
    def repeat() -> str:
        clock.sleep(seconds)
        return "J-1"

    store = MemoryStore()
    backend = ScriptedBackend(clock, ["J-1"], replayable_for=timedelta())
    submission(backend, ledger=Ledger(store)).resume_or_submit()
    backend.states = {"J-1": JobReport("J-1", "PROCESS_FAILED", Outcome.FAILED)}
    backend.responses = [repeat, "J-2"]

    job, _ = submission(backend, ledger=Ledger(store), attempt=Attempt(2, 3)).resume_or_submit()

    assert job.id == "J-2"


def test_a_submission_that_cannot_be_recorded_is_withdrawn(clock: SkippingClock) -> None:
    class Full(MemoryStore):
        def set(self, key: str, value: object) -> None:
            raise OSError("no space left")

    backend, claims = ScriptedBackend(clock, ["J-1"]), ScriptedClaims()

    with pytest.raises(OSError, match="no space left"):
        submission(backend, ledger=Ledger(Full()), claims=claims).resume_or_submit()

    assert claims.opened == set()
    assert backend.sent == []


def test_the_log_names_a_job_even_if_the_worker_is_lost_before_its_owner_is_checked(
    clock: SkippingClock,
) -> None:
    class Lost(ScriptedClaims):
        def claim_job(self, intent: Intent, job_id: str) -> bool:
            raise WorkerLost

    class Lines(Log):
        def info(self, message: str, /, *values: object) -> None:
            lines.append(message % values)

    lines: list[str] = []
    job = submission(ScriptedBackend(clock, ["J-1"]), claims=Lost())

    with pytest.raises(WorkerLost):
        replace(job, context=replace(job.context, log=Lines())).resume_or_submit()

    assert any("J-1" in line for line in lines)


def test_a_job_is_resumed_if_the_task_was_ended_before_its_owner_was_checked(
    clock: SkippingClock,
) -> None:
    class Ended(ScriptedClaims):
        def claim_job(self, intent: Intent, job_id: str) -> bool:
            raise WorkerLost

    store = MemoryStore()
    backend = ScriptedBackend(clock, ["J-1", "J-2"], has_list=False, replayable_for=timedelta(0))
    with pytest.raises(WorkerLost):
        submission(backend, ledger=Ledger(store), claims=Ended()).resume_or_submit()

    job, _ = submission(backend, ledger=Ledger(store), attempt=Attempt(2, 3)).resume_or_submit()

    assert (job.id, len(backend.sent)) == ("J-1", 1)
    # Whether it belongs to another task is not known yet.
    with pytest.raises(SubmissionInDoubt, match="another task claims it"):
        check_adopted(ScriptedClaims(jobs={"J-1"}), Ledger(store).read(), ACTION)


def test_a_job_of_the_same_task_is_not_recorded_again_if_the_task_is_ended_meanwhile(
    clock: SkippingClock,
) -> None:
    class Ended(ScriptedClaims):
        def claim_job(self, intent: Intent, job_id: str) -> bool:
            raise WorkerLost

        def is_own(self, job_id: str) -> bool:
            return True

    ledger = Ledger(MemoryStore())
    with pytest.raises(WorkerLost):
        submission(ScriptedBackend(clock, ["J-1"]), ledger=ledger, claims=Ended()).resume_or_submit()

    entry = ledger.read()
    assert entry is not None
    assert entry.job_id is None


def test_a_refusal_is_raised_although_the_submission_cannot_be_withdrawn(clock: SkippingClock) -> None:
    class Unavailable(ScriptedClaims):
        def close(self, intent: Intent) -> None:
            raise ConnectionError("the API server is not available")

    backend, ledger = ScriptedBackend(clock, [InvalidRequest("bad parameter")]), Ledger(MemoryStore())

    with pytest.raises(InvalidRequest, match="bad parameter"):
        submission(backend, ledger=ledger, claims=Unavailable()).resume_or_submit()

    assert ledger.read() is None


def test_a_timeout_in_the_wait_for_a_slot_is_raised_although_the_store_fails(clock: SkippingClock) -> None:
    class Unavailable(MemoryStore):
        def delete(self, key: str) -> None:
            raise ConnectionError("the API server is not available")

    class TimedOut(SubmitLimiter):
        def wait_for_slot(self) -> bool:
            raise WorkerLost

    job = submission(ScriptedBackend(clock, ["J-1"]), ledger=Ledger(Unavailable()))

    with pytest.raises(WorkerLost):
        replace(job, limiter=TimedOut()).resume_or_submit()


def test_a_delivered_job_that_was_stopped_since_is_not_replaced(clock: SkippingClock) -> None:
    store = MemoryStore()
    backend = ScriptedBackend(clock, ["J-1", "J-2"])
    submission(backend, ledger=Ledger(store)).resume_or_submit()
    Ledger(store).mark_delivered(Attempt(1, 3))
    backend.states = {"J-1": JobReport("J-1", "STOPPED", Outcome.CANCELLED)}

    job, _ = submission(backend, ledger=Ledger(store), attempt=Attempt(2, 3)).resume_or_submit()

    assert job.id == "J-1"


def test_the_ledger_holds_the_ids_of_the_last_earlier_jobs(clock: SkippingClock) -> None:
    store = MemoryStore()
    ids = [f"J-{number}" for number in range(MAX_PAST + 5)]
    backend = ScriptedBackend(clock, [*ids])
    backend.states = {job_id: JobReport(job_id, "PROCESS_FAILED", Outcome.FAILED) for job_id in ids}

    for number in range(len(ids)):
        submission(backend, ledger=Ledger(store), attempt=Attempt(number + 1, 99)).resume_or_submit()

    entry = Ledger(store).read()
    assert entry is not None
    assert entry.past == tuple(ids[-MAX_PAST - 1 : -1])


def test_a_pause_does_not_add_up_what_each_of_its_sleeps_lasts_longer() -> None:
    at = [datetime(2026, 1, 1, tzinfo=timezone.utc)]

    def sleep(seconds: float) -> None:
        at[0] += timedelta(seconds=seconds + 0.03)

    context = AttemptContext(Attempt(1, 1), ScriptedClaims(), Log(), Timing(now=lambda: at[0], sleep=sleep))
    began = at[0]
    context.pause(59)

    assert 59 <= (at[0] - began).total_seconds() < 60.1


# The deadline.


class ScriptedLimiter(SubmitLimiter):
    """A limiter whose slots are as many seconds away as a test says, and that notes what was called.

    :param after: seconds until the slot, once media are staged, when no slot is kept
    :param misses: slots that are missed while they are waited for
    """

    def __init__(self, clock: SkippingClock, *, after: float = 0.0, misses: int = 0) -> None:
        self.clock, self.after, self.misses = clock, after, misses
        self.is_staged = False
        self.reserved: float | None = None
        self.waited = 0.0
        self.released: list[datetime | None] = []
        self.throttled = 0

    def seconds_to_slot(self) -> float:
        is_first, self.is_staged = not self.is_staged, True
        return 0.0 if is_first else self.reserved or self.after

    def reserve(self) -> float:
        self.reserved = self.after
        return self.after

    def saved_slot(self) -> dict[str, float]:
        return {} if self.reserved is None else {"at": self.reserved}

    def wait_until_near(self) -> bool:
        assert self.reserved is not None
        self.waited += self.reserved
        self.clock.sleep(self.reserved)
        self.misses -= 1
        return self.misses < 0

    def release(self, *, throttled: bool, answered_at: datetime | None = None) -> None:
        self.reserved = None
        self.released.append(answered_at)
        self.throttled += throttled


def test_a_job_whose_media_take_longer_to_stage_than_the_deadline_is_not_submitted(
    clock: SkippingClock,
) -> None:
    def stage() -> dict[str, str]:
        clock.sleep(2 * 3600)
        return {}

    backend, ledger = ScriptedBackend(clock, ["J-1"]), Ledger(MemoryStore())

    with pytest.raises(TransientError, match="took 7200 s to prepare; nothing was submitted") as late:
        submission(backend, ledger=ledger, prepare_request=stage).resume_or_submit()

    assert (late.value.code, backend.sent, ledger.read()) == ("SubmitAfterDeadline", [], None)


def test_nothing_is_staged_or_submitted_after_the_deadline(clock: SkippingClock) -> None:
    staged: list[bool] = []
    backend = ScriptedBackend(clock, ["J-1"])
    late = submission(backend, prepare_request=lambda: staged.append(True) or {})
    clock.sleep(2 * 3600)

    with pytest.raises(
        TransientError, match="waited for its slot to submit, or Airflow continued it late; nothing"
    ):
        late.resume_or_submit()

    assert (staged, backend.sent) == ([], [])


@pytest.mark.parametrize("misses", [0, 1], ids=["taken", "missed and renewed"])
def test_a_slot_that_others_took_meanwhile_and_is_now_after_the_deadline_is_not_waited_for(
    clock: SkippingClock, misses: int
) -> None:
    backend, ledger = ScriptedBackend(clock, ["J-1"]), Ledger(MemoryStore())
    limiter = ScriptedLimiter(clock, after=(5 if misses == 0 else 0.6) * 3600, misses=misses)
    waiting = replace(submission(backend, ledger=ledger), limiter=limiter)

    with pytest.raises(TransientError) as late:
        waiting.resume_or_submit()

    assert (late.value.code, backend.sent, ledger.read()) == ("SubmitAfterDeadline", [], None)
    assert limiter.reserved is None


def test_a_throttled_job_whose_next_slot_is_after_the_deadline_is_not_submitted(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, [Throttled("no", code="Throttling.User"), "J-1"])
    limiter = ScriptedLimiter(clock, after=0.6 * 3600)

    with pytest.raises(Throttled) as late:
        replace(submission(backend), limiter=limiter).resume_or_submit()

    assert (late.value.code, len(backend.sent)) == ("SubmitAfterDeadline", 1)


@pytest.mark.parametrize(("code", "slows_down"), [("Throttling.User", True), ("InstanceBusy", False)])
def test_a_busy_instance_slows_down_no_submissions_to_others(
    clock: SkippingClock, code: str, slows_down: bool
) -> None:
    backend = ScriptedBackend(clock, [Throttled("no", code=code), "J-1"])
    limiter = ScriptedLimiter(clock)

    job, _ = replace(submission(backend), limiter=limiter).resume_or_submit()

    assert job.id == "J-1"
    assert limiter.throttled == slows_down


def test_a_job_whose_intent_is_recorded_until_after_the_deadline_is_not_submitted(
    clock: SkippingClock,
) -> None:
    backend, ledger = ScriptedBackend(clock, ["J-1"]), Ledger(SlowStore(clock, slow_writes=1))
    slow = submission(backend, ledger=ledger)
    policy = replace(slow.policy, deadline=clock.now() + timedelta(seconds=20))

    with pytest.raises(TransientError) as late:
        replace(slow, policy=policy).resume_or_submit()

    assert (late.value.code, backend.sent, ledger.read()) == ("SubmitAfterDeadline", [], None)


def test_a_service_that_fails_until_the_deadline_is_reported_itself(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, [ConnectionFailed("unreachable")] * 1000)
    failing = submission(backend)
    policy = replace(failing.policy, deadline=clock.now() + timedelta(minutes=2))

    with pytest.raises(ConnectionFailed, match="unreachable"):
        replace(failing, policy=policy).resume_or_submit()

    assert clock.now() <= policy.deadline


def test_a_batch_sends_one_request_for_an_item_and_retries_itself(clock: SkippingClock) -> None:
    backend = ScriptedBackend(clock, [ConnectionFailed("unreachable"), "J-1"])
    once = submission(backend)

    with pytest.raises(ConnectionFailed):
        replace(once, policy=replace(once.policy, once=True)).resume_or_submit()

    assert len(backend.sent) == 1


@pytest.mark.parametrize(("failures", "is_accepted"), [(2, True), (1000, False)], ids=["some", "all"])
def test_of_a_long_wait_for_a_slot_a_minute_counts_as_time_in_which_the_service_fails(
    clock: SkippingClock, failures: int, is_accepted: bool
) -> None:
    backend = ScriptedBackend(clock, [*[ConnectionFailed("unreachable")] * failures, "J-1"])
    failing = submission(backend)
    policy = replace(failing.policy, deadline=clock.now() + timedelta(days=2))
    failing = replace(failing, policy=policy, limiter=ScriptedLimiter(clock, after=1200))

    if is_accepted:
        assert failing.resume_or_submit()[0].id == "J-1"
    else:
        with pytest.raises(ConnectionFailed):
            failing.resume_or_submit()
        assert 7 <= len(backend.sent) <= 12


# Slots that are far off.


def patient(backend: ScriptedBackend, limiter: SubmitLimiter, seconds: float = 60.0) -> Submission:
    def stage() -> dict[str, str]:
        backend.clock.sleep(20)
        return {}

    waiting = submission(backend, prepare_request=stage)
    policy = replace(waiting.policy, max_wait_for_slot=seconds)
    return replace(waiting, policy=policy, limiter=limiter)


def test_a_slot_that_is_far_off_after_staging_is_for_another_process(clock: SkippingClock) -> None:
    backend, limiter = ScriptedBackend(clock, ["J-1"]), ScriptedLimiter(clock, after=300)

    with pytest.raises(SlotIsLater) as later:
        patient(backend, limiter).resume_or_submit()

    assert (backend.sent, limiter.waited) == ([], 0)
    assert (later.value.seconds, later.value.slot) == (300, {"at": 300})
    assert 20 <= later.value.preparation < 30


def test_a_throttled_submission_whose_next_slot_is_far_off_is_for_another_process(
    clock: SkippingClock,
) -> None:
    limiter = ScriptedLimiter(clock)

    def throttle() -> str:
        limiter.after = 300
        raise Throttled("no", code="Throttling.User")

    backend = ScriptedBackend(clock, [throttle, "J-1"])

    with pytest.raises(SlotIsLater):
        patient(backend, limiter).resume_or_submit()

    assert (len(backend.sent), limiter.waited) == (1, 0)


def test_a_task_whose_submission_failed_waits_for_its_slot_itself(clock: SkippingClock) -> None:
    """Another process would not know how long the service has failed, nor what was submitted again."""
    limiter = ScriptedLimiter(clock)

    def fail() -> str:
        limiter.after = 300
        raise ConnectionFailed("unreachable")

    backend = ScriptedBackend(clock, [fail, "J-1"])

    assert patient(backend, limiter).resume_or_submit()[0].id == "J-1"
    assert limiter.waited == 300


def test_a_task_that_submits_again_despite_an_unknown_outcome_waits_for_its_slot_itself(
    clock: SkippingClock,
) -> None:
    """Another process would not know that, and might submit a third time in the same attempt."""
    backend, ledger = intent_of_lost_worker(clock, replayable_for=timedelta(), has_list=False)
    backend.responses = ["J-2"]
    limiter = ScriptedLimiter(clock, after=300)
    limiter.is_staged = True  # the first slot is far off as well
    again = submission(backend, ledger=ledger, on_doubt="resubmit", attempt=Attempt(2, 3))
    policy = replace(again.policy, max_wait_for_slot=60)

    assert replace(again, policy=policy, limiter=limiter).resume_or_submit()[0].id == "J-2"
    assert limiter.waited == 300


def test_a_batch_waits_for_the_slot_of_an_item_that_it_submits_again_between_its_items(
    clock: SkippingClock,
) -> None:
    again = submission(ScriptedBackend(clock, ["J-2"]))
    again.resubmitted.add(again.digest)
    policy = replace(again.policy, max_wait_for_slot=60, once=True)

    with pytest.raises(SlotIsLater):
        replace(again, policy=policy, limiter=ScriptedLimiter(clock, after=300)).resume_or_submit()


def test_a_batch_learns_how_long_an_item_is_prepared_although_its_slot_is_later(clock: SkippingClock) -> None:
    waiting = patient(ScriptedBackend(clock), ScriptedLimiter(clock, after=300))

    with pytest.raises(SlotIsLater):
        waiting.resume_or_submit()

    assert 20 <= waiting.preparation < 30


@pytest.mark.parametrize("digest", ["1:d", "1:other"], ids=["failed", "changed request"])
def test_an_earlier_job_is_dealt_with_once_although_the_task_defers_for_its_slot(
    clock: SkippingClock, digest: str
) -> None:
    store, backend = MemoryStore(), ScriptedBackend(clock, ["J-1", "J-2"])
    submission(backend, ledger=Ledger(store)).resume_or_submit()
    backend.states = {"J-1": JobReport("J-1", "PROCESS_FAILED", Outcome.FAILED)}

    def retry() -> Submission:
        retried = submission(backend, ledger=Ledger(store), digest=digest, attempt=Attempt(2, 3))
        return replace(retried, policy=replace(retried.policy, max_wait_for_slot=60))

    with pytest.raises(SlotIsLater):
        replace(retry(), limiter=ScriptedLimiter(clock, after=300)).resume_or_submit()
    # The service keeps ended jobs for some time only.
    backend.states = {"J-1": InvalidRequest("unknown", code="InvalidParameter.JobId", http_status=400)}

    assert retry().resume_or_submit()[0].id == "J-2"
    assert len(backend.cancelled) == (digest == "1:other")
    entry = Ledger(store).read()
    assert entry is not None
    assert entry.past == ("J-1",)


def test_a_slot_that_others_took_before_it_was_reserved_is_not_waited_for_after_the_deadline(
    clock: SkippingClock,
) -> None:
    class Overtaken(ScriptedLimiter):
        def seconds_to_slot(self) -> float:
            return 300.0

    limiter = Overtaken(clock, after=2 * 3600)

    with pytest.raises(Throttled) as late:
        patient(ScriptedBackend(clock, ["J-1"]), limiter).resume_or_submit()

    assert (late.value.code, limiter.reserved) == ("SubmitAfterDeadline", None)


@pytest.mark.parametrize("after", [300, 2 * 3600])
def test_a_slot_is_given_back_unless_the_task_defers_until_it(clock: SkippingClock, after: float) -> None:
    limiter = ScriptedLimiter(clock, after=after)

    with pytest.raises((SlotIsLater, Throttled)):
        patient(ScriptedBackend(clock, ["J-1"]), limiter).resume_or_submit()

    assert limiter.reserved == (300 if after == 300 else None)


def test_a_slot_is_given_back_if_the_intent_cannot_be_recorded(clock: SkippingClock) -> None:
    class BrokenStore(MemoryStore):
        def set(self, key: str, value: object) -> None:
            raise ServiceError("the state cannot be written", code="StateError")

    backend, limiter = ScriptedBackend(clock, ["J-1"]), ScriptedLimiter(clock)

    with pytest.raises(ServiceError, match="cannot be written"):
        replace(submission(backend, ledger=Ledger(BrokenStore())), limiter=limiter).resume_or_submit()

    assert (backend.sent, limiter.reserved) == ([], None)


def test_a_slot_is_given_back_if_recording_the_intent_takes_too_long(clock: SkippingClock) -> None:
    backend, limiter = ScriptedBackend(clock, ["J-1"]), ScriptedLimiter(clock)
    slow = submission(backend, ledger=Ledger(SlowStore(clock, slow_writes=1000)))

    with pytest.raises(TransientError, match="not sent"):
        replace(slow, limiter=limiter).resume_or_submit()

    assert (backend.sent, limiter.reserved) == ([], None)


def test_the_time_that_staging_takes_again_is_not_spent_for_a_slot_that_comes_sooner(
    clock: SkippingClock,
) -> None:
    backend, limiter = ScriptedBackend(clock, ["J-1"]), ScriptedLimiter(clock, after=95)

    assert patient(backend, limiter).resume_or_submit()[0].id == "J-1"


def test_the_shared_storage_is_not_called_between_a_response_and_the_record_of_its_job(
    clock: SkippingClock,
) -> None:
    store = MemoryStore()

    class SlowLimiter(SubmitLimiter):
        recorded: object = None

        def release(self, *, throttled: bool, answered_at: datetime | None = None) -> None:
            self.recorded, self.answered_at = Ledger(store).read(), answered_at

    def respond() -> str:
        clock.sleep(3)
        return "J-1"

    limiter = SlowLimiter()
    replace(
        submission(ScriptedBackend(clock, [respond]), ledger=Ledger(store)), limiter=limiter
    ).resume_or_submit()

    assert limiter.recorded is not None
    assert limiter.recorded == Ledger(store).read()
    assert limiter.answered_at is not None
