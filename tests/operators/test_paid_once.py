"""Paid once: what a retry does with the state that an earlier attempt has stored."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout, TaskDeferred

from airflow_provider_viapi.alibaba.job_backend import ViapiSubmitBackend
from airflow_provider_viapi.errors import (
    JobFailed,
    JobTimedOut,
    ServiceError,
    StopRequested,
    SubmissionInDoubt,
)
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.attempt_context import Timing
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.task_instance import cancel_decision
from run_task import TaskInstance, context_of, deferral_of, run_task
from scripted_server import HANG_UP, Answer, ScriptedServer, scripted_server
from timing import poll_quickly, set_timing, skip_waits

VIDEO = "http://h/a.mp4"
RESULT = {"VideoUrl": "http://h/out.mp4"}
THROTTLED = Answer(400, '{"RequestId": "R", "Code": "Throttling.User", "Message": "slow down"}')
SEEN_BEFORE = Answer(400, '{"RequestId": "R", "Code": "SignatureNonceUsed", "Message": "seen"}')


class WorkerLost(BaseException):
    """The worker process is gone."""


class Store:
    """A task state store that keeps JSON as a database does, and can lose its worker before a write."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.writes = 0
        self.lost_before_write: int | None = None

    def get(self, key: str) -> Any:
        return json.loads(self.kept.get(key, "null"))

    def set(self, key: str, value: Any) -> None:
        self.writes += 1
        if self.writes == self.lost_before_write:
            raise WorkerLost
        self.kept[key] = json.dumps(value)

    def delete(self, key: str) -> None:
        self.kept.pop(key, None)


def accepted(job_id: str) -> Answer:
    return Answer(body=json.dumps({"RequestId": job_id}))


def state(status: str, **data: Any) -> Answer:
    if status == "PROCESS_SUCCESS":
        data["Result"] = json.dumps(RESULT)
    return Answer(body=json.dumps({"RequestId": "R", "Data": {"Status": status, **data}}))


def job_list(*job_ids: str) -> Answer:
    from datetime import datetime, timezone

    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    jobs = [{"JobId": id, "PopApiName": "EraseVideoSubtitles", "GmtCreate": now} for id in job_ids]
    return Answer(body=json.dumps({"RequestId": "R", "Data": {"Result": jobs}}))


DONE = state("PROCESS_SUCCESS")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    poll_quickly(monkeypatch)
    skip_waits(monkeypatch)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with scripted_server(Answer(500)) as server:
        fields = {"conn_type": "viapi", "login": "i", "password": "s", "extra": {"endpoint": server.url}}
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
        yield server


def says(service: ScriptedServer, **answers: list[Answer]) -> None:
    service.by_name = {action: list(script) for action, script in answers.items()}


def submissions(service: ScriptedServer) -> int:
    return service.count("EraseVideoSubtitles")


def task(**arguments: Any) -> EraseVideoSubtitlesOperator:
    return EraseVideoSubtitlesOperator(task_id="erase", **{"video_url": VIDEO, **arguments})


BOTH = pytest.mark.parametrize("deferrable", [True, False])


@BOTH
def test_a_retry_resumes_the_job_of_the_attempt_before(service: ScriptedServer, deferrable: bool) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[state("PROCESSING"), DONE])
    store = Store()
    store.lost_before_write = 3  # intent, base, and then the note that the result was delivered
    with pytest.raises(WorkerLost):
        run_task(task(deferrable=deferrable), store)

    done = run_task(task(deferrable=deferrable), store, try_number=2)

    assert done.result == RESULT
    assert done.pushed["job_id"] == "J-1"
    assert submissions(service) == 1


def test_a_retry_that_is_started_with_the_event_of_the_attempt_before_resumes_the_job(
    service: ScriptedServer,
) -> None:
    """Airflow 3.0 and 3.1.0 start retries like that."""
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    store = Store()
    method, kwargs = deferral_of(task(deferrable=True), context_of(TaskInstance(), store))
    kwargs["event"] = {"error": JobTimedOut("late", job_id="J-1").as_dict()}

    retry = context_of(TaskInstance(try_number=2), store)
    assert task(deferrable=True).resume_execution(method, kwargs, retry) == RESULT
    assert submissions(service) == 1


def test_without_a_durable_store_an_attempt_that_is_started_with_the_event_of_a_success_returns_the_result(
    service: ScriptedServer,
) -> None:
    """Airflow 2.11 and 3.0 count another attempt if the queued task was orphaned; the job cannot be found again."""
    says(service, EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")], GetAsyncJobResult=[DONE])
    method, kwargs = deferral_of(task(deferrable=True, durable=False), context_of(TaskInstance()))
    report = JobReport("J-1", "PROCESS_SUCCESS", Outcome.SUCCEEDED, result=RESULT)
    kwargs["event"] = {"report": report.as_dict()}

    orphaned = context_of(TaskInstance(try_number=2))
    assert task(deferrable=True, durable=False).resume_execution(method, kwargs, orphaned) == RESULT
    assert submissions(service) == 1


def test_without_a_durable_store_an_attempt_cancels_the_late_job_whose_event_it_does_not_use(
    service: ScriptedServer,
) -> None:
    """Airflow 2.11 and 3.0 count another attempt if the queued task was orphaned; nobody has cancelled the job."""
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")],
        CancelWaitingAsyncJob=[Answer(body='{"RequestId": "R", "Success": true}')],
    )
    method, kwargs = deferral_of(task(deferrable=True, durable=False), context_of(TaskInstance()))
    kwargs["event"] = {"error": JobTimedOut("late", job_id="J-1").as_dict()}

    with pytest.raises(TaskDeferred):
        task(deferrable=True, durable=False).resume_execution(
            method, kwargs, context_of(TaskInstance(try_number=2))
        )

    assert (submissions(service), service.count("CancelWaitingAsyncJob")) == (2, 1)


def test_an_attempt_that_ignores_the_event_of_the_one_before_clears_its_claims_as_airflow_does(
    service: ScriptedServer,
) -> None:
    """Airflow clears XComs when an attempt begins, but not if a method is to continue it."""
    says(service, EraseVideoSubtitles=[accepted("J-1"), HANG_UP], GetAsyncJobResult=[DONE])
    instance = TaskInstance()
    method, kwargs = deferral_of(task(deferrable=True, durable=False), context_of(instance))
    kwargs["event"] = {"error": ServiceError("the triggerer has stopped").as_dict()}
    instance.try_number = 2
    assert instance.pushed["job_id"] == "J-1"

    with pytest.raises(AirflowFailException, match="SubmissionInDoubt"):
        task(deferrable=True, durable=False).resume_execution(method, kwargs, context_of(instance))

    # Other tasks see an open submission that has not become a job.
    assert not instance.pushed["job_id"]
    assert "nonce" in instance.pushed["job_intent"]


def test_a_job_that_ended_meanwhile_is_fetched_without_waiting(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    store = Store()
    store.lost_before_write = 3
    with pytest.raises(WorkerLost):
        run_task(task(), store)

    done = run_task(task(deferrable=True), store, try_number=2)

    assert (done.result, done.trigger) == (RESULT, None)
    assert submissions(service) == 1


def test_a_worker_lost_after_its_result_was_returned_does_not_cost_another_job(
    service: ScriptedServer,
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    store = Store()
    run_task(task(), store)

    done = run_task(task(), store, try_number=2)

    assert done.result == RESULT
    assert submissions(service) == 1


def test_a_task_that_a_user_clears_after_its_success_submits_again(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")], GetAsyncJobResult=[DONE])
    store = Store()
    run_task(task(), store, max_tries=3)

    done = run_task(task(), store, try_number=2, max_tries=4)

    assert done.pushed["job_id"] == "J-2"


def test_a_run_that_was_created_again_does_not_return_the_old_result_although_its_first_attempt_failed(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")], GetAsyncJobResult=[DONE])
    store = Store()
    run_task(task(), store)
    connection = os.environ["AIRFLOW_CONN_VIAPI_DEFAULT"]
    monkeypatch.delenv("AIRFLOW_CONN_VIAPI_DEFAULT")
    with pytest.raises((ServiceError, AirflowFailException)):
        run_task(task(), store, try_number=1)
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", connection)

    done = run_task(task(), store, try_number=2)

    assert done.pushed["job_id"] == "J-2"


def test_a_cleared_task_whose_result_could_not_be_stored_submits_nothing(
    service: ScriptedServer, tmp_path: Path
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")], GetAsyncJobResult=[DONE])
    store = Store()
    run_task(task(), store)
    (tmp_path / "file").touch()

    with pytest.raises((ServiceError, AirflowFailException)):
        run_task(task(land_to=f"file://{tmp_path}/file/"), store, try_number=2, max_tries=5)

    assert submissions(service) == 1


def test_the_state_of_a_job_that_is_resumed_becomes_young_again(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE, state("PROCESSING"), DONE])
    store = Store()
    store.lost_before_write = 3
    with pytest.raises(WorkerLost):
        run_task(task(), store)
    before = store.writes

    run_task(task(deferrable=True), store, try_number=2)

    # When it is resumed, and when its result is returned.
    assert store.writes == before + 2


@pytest.mark.parametrize("ended", ["PROCESS_FAILED", "TIMEOUT_FAILED", "LIMIT_RETRY_FAILED", "JOB_CANCELED"])
def test_a_job_that_cannot_succeed_any_more_is_replaced_by_a_retry(
    service: ScriptedServer, ended: str
) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")],
        GetAsyncJobResult=[state(ended, ErrorCode="InternalError.Algo"), DONE],
    )
    store = Store()
    with pytest.raises(JobFailed):
        run_task(task(), store)

    done = run_task(task(), store, try_number=2)

    assert (done.result, done.pushed["job_id"]) == (RESULT, "J-2")


def test_a_job_that_failed_while_no_try_ran_is_replaced_too(service: ScriptedServer) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")],
        GetAsyncJobResult=[state("PROCESSING"), DONE],
    )
    store = Store()
    store.lost_before_write = 3
    with pytest.raises(WorkerLost):
        run_task(task(), store)
    service.by_name["GetAsyncJobResult"] = [state("TIMEOUT_FAILED"), DONE]

    done = run_task(task(), store, try_number=2)

    assert done.pushed["job_id"] == "J-2"


@pytest.mark.parametrize("code", ["InvalidFile.Decode", "InvalidParameter", "InvalidApi.NotPurchase"])
def test_a_permanent_failure_uses_no_retry(service: ScriptedServer, code: str) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1")],
        GetAsyncJobResult=[state("PROCESS_FAILED", ErrorCode=code, ErrorMessage="no")],
    )

    with pytest.raises(AirflowFailException, match=code):
        run_task(task(), Store())


def test_a_permanent_failure_uses_no_retry_although_its_record_cannot_be_removed(
    service: ScriptedServer,
) -> None:
    class Unavailable(Store):
        def set(self, key: str, value: Any) -> None:
            if "digest" not in value:
                raise ConnectionError("the API server is not available")
            super().set(key, value)

    says(
        service,
        EraseVideoSubtitles=[accepted("J-1")],
        GetAsyncJobResult=[state("PROCESS_FAILED", ErrorCode="InvalidParameter", ErrorMessage="no")],
    )

    with pytest.raises(AirflowFailException, match="InvalidParameter"):
        run_task(task(), Unavailable())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(body='{"RequestId": "R", "Success": true}'), "Cancelled job J-1"),
        (
            Answer(body='{"RequestId": "R", "Success": false}'),
            "Job J-1 cannot be cancelled in its current state",
        ),
        (Answer(403, '{"RequestId": "R", "Code": "NoPermission", "Message": "m"}'), "could not be cancelled"),
    ],
)
def test_a_corrected_request_replaces_the_job_and_cancels_the_old_one_if_it_queues(
    service: ScriptedServer,
    answer: Answer,
    message: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")],
        GetAsyncJobResult=[DONE],
        CancelWaitingAsyncJob=[answer],
    )
    store = Store()
    store.lost_before_write = 3
    with pytest.raises(WorkerLost):
        run_task(task(bx=0.1), store)

    done = run_task(task(bx=0.2), store, try_number=2)

    assert done.pushed["job_id"] == "J-2"
    assert service.count("CancelWaitingAsyncJob") == 1
    assert message in capsys.readouterr().out + caplog.text


FORGOTTEN = Answer(400, '{"RequestId": "R", "Code": "InvalidParameter.BadRequest", "Message": "no such job"}')


def test_a_job_that_the_service_has_forgotten_is_for_a_user_to_decide(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")], GetAsyncJobResult=[DONE])
    store = Store()
    store.lost_before_write = 3
    with pytest.raises(WorkerLost):
        run_task(task(), store)
    service.by_name["GetAsyncJobResult"] = [FORGOTTEN, FORGOTTEN, DONE]

    with pytest.raises(SubmissionInDoubt, match="J-1"):
        run_task(task(), store, try_number=2)

    assert run_task(task(on_doubt="resubmit"), store, try_number=3).pushed["job_id"] == "J-2"


def test_a_changed_request_does_not_bury_a_submission_without_an_answer(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1"), accepted("J-2")], GetAsyncJobResult=[DONE])
    store = Store()
    store.lost_before_write = 2
    with pytest.raises(WorkerLost):
        run_task(task(bx=0.1), store)

    with pytest.raises(SubmissionInDoubt, match="changed"):
        run_task(task(bx=0.2), store, try_number=2)

    assert run_task(task(bx=0.2, on_doubt="resubmit"), store, try_number=3).pushed["job_id"] == "J-2"


def test_a_lost_answer_is_settled_by_sending_the_same_request_again(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[HANG_UP, accepted("J-1")], GetAsyncJobResult=[DONE])

    done = run_task(task(), Store())

    first, second = service.sent("EraseVideoSubtitles")
    assert first == second
    assert done.pushed["job_id"] == "J-1"


def test_a_lost_answer_whose_job_was_accepted_is_found_in_the_list(service: ScriptedServer) -> None:
    says(
        service,
        EraseVideoSubtitles=[HANG_UP, SEEN_BEFORE],
        QueryAsyncJobList=[job_list("J-1")],
        GetAsyncJobResult=[DONE],
    )

    done = run_task(task(), Store())

    assert (done.result, done.pushed["job_id"]) == (RESULT, "J-1")
    assert submissions(service) == 2


def test_a_lost_answer_without_a_job_is_followed_by_a_new_submission(service: ScriptedServer) -> None:
    says(
        service,
        EraseVideoSubtitles=[HANG_UP, SEEN_BEFORE, accepted("J-1")],
        QueryAsyncJobList=[job_list()],
        GetAsyncJobResult=[DONE],
    )

    done = run_task(task(), Store())

    seen, same, resubmitted = service.sent("EraseVideoSubtitles")
    assert seen == same != resubmitted
    assert done.pushed["job_id"] == "J-1"
    # Once, when the first request can no longer be accepted.
    assert service.count("QueryAsyncJobList") == 1


def test_several_candidates_fail_the_task_keep_the_ledger_and_name_them(
    service: ScriptedServer, counted: Counter[Any]
) -> None:
    says(
        service,
        EraseVideoSubtitles=[HANG_UP, SEEN_BEFORE],
        QueryAsyncJobList=[job_list("J-1", "J-2")],
        GetAsyncJobResult=[DONE],
    )
    store = Store()

    with pytest.raises(SubmissionInDoubt, match=r"J-1.*J-2"):
        run_task(task(), store)

    with pytest.raises(SubmissionInDoubt, match=r"J-1.*J-2"):
        run_task(task(), store, try_number=2)
    assert set(service.sent("EraseVideoSubtitles")) == {service.sent("EraseVideoSubtitles")[0]}
    assert counted["viapi.submissions_in_doubt", "videoenhan.EraseVideoSubtitles"] == 2


def test_with_on_doubt_resubmit_an_unknown_outcome_is_submitted_again(service: ScriptedServer) -> None:
    says(
        service,
        EraseVideoSubtitles=[HANG_UP, SEEN_BEFORE, accepted("J-3")],
        QueryAsyncJobList=[job_list("J-1", "J-2")],
        GetAsyncJobResult=[DONE],
    )

    done = run_task(task(on_doubt="resubmit"), Store())

    assert done.pushed["job_id"] == "J-3"


def test_a_worker_lost_between_sending_and_writing_leaves_an_unknown_outcome_that_the_retry_resolves(
    service: ScriptedServer,
) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1"), SEEN_BEFORE],
        QueryAsyncJobList=[job_list("J-1")],
        GetAsyncJobResult=[DONE],
    )
    store = Store()
    store.lost_before_write = 2
    with pytest.raises(WorkerLost):
        run_task(task(), store)

    done = run_task(task(), store, try_number=2)

    assert done.pushed["job_id"] == "J-1"
    first, second = service.sent("EraseVideoSubtitles")
    assert first == second


def test_nothing_is_sent_when_the_intent_cannot_be_written(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")])
    store = Store()
    store.lost_before_write = 1

    with pytest.raises(WorkerLost):
        run_task(task(), store)

    assert submissions(service) == 0


@BOTH
def test_a_task_that_is_stopped_before_it_submits_sends_nothing(
    service: ScriptedServer, deferrable: bool
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")])
    ended = task(deferrable=deferrable)
    ended.on_kill()

    with pytest.raises(StopRequested, match="nothing was sent"):
        run_task(ended, Store())

    assert submissions(service) == 0


def test_a_throttled_submission_is_not_retried_once_the_task_is_stopped(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(service, EraseVideoSubtitles=[THROTTLED, accepted("J-1")])
    ended = task()

    def stop_after_the_first(seconds: float) -> None:
        if submissions(service):
            ended.on_kill()

    set_timing(monkeypatch, Timing(sleep=stop_after_the_first))

    with pytest.raises(StopRequested):
        run_task(ended, Store())

    assert submissions(service) == 1


@BOTH
def test_a_job_accepted_while_the_task_is_stopped_is_cancelled(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    monkeypatch.setattr(cancel_decision, "current_state", lambda _: "failed")
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1")],
        GetAsyncJobResult=[state("QUEUING")],
        CancelWaitingAsyncJob=[Answer(body='{"RequestId": "R", "Success": true}')],
    )

    class StoppedOnceAccepted(EraseVideoSubtitlesOperator):
        def accepted(self, job: Job, context: Any) -> None:
            self.on_kill()

    ended = StoppedOnceAccepted(task_id="erase", video_url=VIDEO, deferrable=deferrable)

    with pytest.raises(ServiceError, match="was stopped"):
        run_task(ended, Store())

    assert service.count("CancelWaitingAsyncJob") == 1


@BOTH
def test_at_the_execution_timeout_just_after_its_acceptance_a_job_is_cancelled(
    service: ScriptedServer, deferrable: bool
) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1")],
        GetAsyncJobResult=[state("QUEUING")],
        CancelWaitingAsyncJob=[Answer(body='{"RequestId": "R", "Success": true}')],
    )

    class TimedOutOnceAccepted(EraseVideoSubtitlesOperator):
        def accepted(self, job: Job, context: Any) -> None:
            raise AirflowTaskTimeout

    with pytest.raises(AirflowTaskTimeout):
        run_task(TimedOutOnceAccepted(task_id="erase", video_url=VIDEO, deferrable=deferrable), Store())

    assert service.count("CancelWaitingAsyncJob") == 1


@pytest.mark.parametrize("moment", ["in flight", "while its job is recorded"])
def test_at_the_execution_timeout_while_a_submission_is_recorded_or_sent_the_log_says_what_may_be_billed(
    service: ScriptedServer, moment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1"), SEEN_BEFORE],
        QueryAsyncJobList=[job_list("J-1")],
        GetAsyncJobResult=[DONE],
    )

    class TimedOut(Store):
        def set(self, key: str, value: Any) -> None:
            if moment != "in flight" and value.get("job_id"):
                raise AirflowTaskTimeout
            super().set(key, value)

    def send(self: Any, request: Any, nonce: Any) -> Any:
        sent(self, request, nonce)
        raise AirflowTaskTimeout

    sent = ViapiSubmitBackend.submit
    store = TimedOut()
    with monkeypatch.context() as patched:
        if moment == "in flight":
            patched.setattr(ViapiSubmitBackend, "submit", send)
        with pytest.raises(AirflowTaskTimeout):
            run_task(task(), store)
    assert ("J-1" if moment != "in flight" else "may have been accepted") in capsys.readouterr().out

    found = Store()
    found.kept = store.kept
    assert run_task(task(), found, try_number=2).pushed["job_id"] == "J-1"


def test_at_the_execution_timeout_the_task_times_out_although_its_job_cannot_be_cancelled(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")])

    def cancel(*_: Any) -> None:
        raise ConnectionError("the API server is not available")

    monkeypatch.setattr(ViapiHook, "cancel", cancel)

    class TimedOutOnceAccepted(EraseVideoSubtitlesOperator):
        def accepted(self, job: Job, context: Any) -> None:
            raise AirflowTaskTimeout

    with pytest.raises(AirflowTaskTimeout):
        run_task(TimedOutOnceAccepted(task_id="erase", video_url=VIDEO), Store())


def test_a_stop_after_the_wait_has_ended_changes_nothing(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[state("QUEUING"), DONE])
    waits_here = task(deferrable=False)
    assert run_task(waits_here, Store()).result == RESULT

    waits_here.on_kill()


def test_without_a_durable_store_a_submission_in_doubt_is_not_retried(service: ScriptedServer) -> None:
    """A retry would not know of it, and pay again without a check."""
    says(
        service,
        EraseVideoSubtitles=[HANG_UP, SEEN_BEFORE, accepted("J-9")],
        QueryAsyncJobList=[job_list("J-1", "J-2")],
        GetAsyncJobResult=[DONE],
    )

    with pytest.raises(AirflowFailException, match=r"Look for the job at the service: .* is not retried"):
        run_task(task(), None)


def test_prices_that_cannot_be_read_do_not_keep_a_retry_from_its_job(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    store = Store()
    store.lost_before_write = 3
    with pytest.raises(WorkerLost):
        run_task(task(), store)
    monkeypatch.setenv("AIRFLOW__VIAPI__PRICES", "{broken")

    assert run_task(task(), store, try_number=2).result == RESULT
    assert submissions(service) == 1
