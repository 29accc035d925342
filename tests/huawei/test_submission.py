"""A Huawei Cloud job is paid for once, although the service has no idempotency key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_viapi.errors import InvalidRequest, ServiceError, SubmissionInDoubt, TransientError
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.huawei.account import Account
from airflow_provider_viapi.jobs.ledger import Ledger
from airflow_provider_viapi.jobs.model import Job, RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials
from airflow_provider_viapi.state.stores import MemoryStore
from huawei.scripted_submission import (
    GATEWAY,
    LIVE,
    LIVE_AT,
    LIVES_AT,
    SPEECH_AT,
    SPEECHES_AT,
    STUMBLED,
    SUBTITLES,
    TASK,
    TASK_AT,
    TASKS_AT,
    VIDEO,
    VIDEO_AT,
    VIDEOS_AT,
    now,
    submission,
    submit,
)
from scripted_server import HANG_UP, Answer, ScriptedServer, scripted_server


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as served:
        served.on(SPEECH_AT, Answer(200, {"job_id": "j1"}))
        yield served


def test_the_intent_is_written_before_and_the_job_after(server: ScriptedServer) -> None:
    ledger = Ledger(MemoryStore())

    job = submit(server, ledger=ledger)

    entry = ledger.read()
    assert job == Job("j1", "metastudio.CreateAsyncTtsJob")
    assert entry is not None
    assert (entry.digest, entry.job_id) == ("1:d", "j1")
    assert len(server.requests) == 1


def test_a_live_task_knows_its_room(server: ScriptedServer) -> None:
    server.on(LIVE_AT, Answer(200, {"job_id": "j1"}))

    assert submit(server, LIVE).scope == "room-1"


@pytest.mark.parametrize(
    "refusal", [Answer(429, {}), Answer(400, {"error_code": "APIGW.0308", "error_msg": "Throttled."})]
)
def test_a_refusal_that_passes_is_ridden_out(server: ScriptedServer, refusal: Answer) -> None:
    server.on(SPEECH_AT, refusal, Answer(200, {"job_id": "j1"}))

    assert submit(server).id == "j1"


def test_a_refusal_that_does_not_pass_leaves_the_ledger_clear(server: ScriptedServer) -> None:
    server.on(SPEECH_AT, Answer(400, {"error_code": "TTSC.1", "error_msg": "The text is too long."}))
    ledger = Ledger(MemoryStore())

    with pytest.raises(InvalidRequest):
        submit(server, ledger=ledger)

    assert ledger.read() is None


LOST = pytest.mark.parametrize("fault", [HANG_UP, STUMBLED, GATEWAY, Answer(200, "<html>"), Answer(200, {})])


@LOST
def test_a_lost_answer_is_settled_by_the_list_and_never_by_another_create(
    server: ScriptedServer, fault: Answer
) -> None:
    server.on(SPEECH_AT, fault)
    ours = {"job_id": "j7", "asset_id": "v1", "create_time": now()}
    of_another_voice = {"job_id": "j8", "asset_id": "v2", "create_time": now()}
    earlier = {"job_id": "j6", "asset_id": "v1", "create_time": now(timedelta(hours=8))}
    server.on(SPEECHES_AT, Answer(200, {"data": [ours, of_another_voice, earlier]}))
    ledger = Ledger(MemoryStore())

    assert submit(server, ledger=ledger).id == "j7"

    entry = ledger.read()
    assert entry is not None
    assert entry.job_id == "j7"
    assert len(server.sent(SPEECH_AT)) == 1


def test_nothing_in_two_list_requests_means_that_nothing_was_accepted(server: ScriptedServer) -> None:
    server.on(SPEECH_AT, HANG_UP, Answer(200, {"job_id": "j1"}))
    server.on(SPEECHES_AT, Answer(200, {"data": []}))

    assert submit(server).id == "j1"
    assert len(server.sent(SPEECH_AT)) == 2


def test_a_job_that_others_made_long_after_is_not_ours(server: ScriptedServer) -> None:
    server.on(SPEECHES_AT, Answer(200, {"data": [{"job_id": "j8", "asset_id": "v1", "create_time": now()}]}))
    server.on(SPEECH_AT, Answer(200, {"job_id": "j1"}))
    again = submission(server)
    two_hours_ago = RequestNonce.new().at - timedelta(hours=2)
    again.ledger.record_intent("1:d", RequestNonce("n", two_hours_ago), again.backend.identity(), 1)

    assert again.resume_or_submit()[0].id == "j1"


def test_a_file_that_cannot_be_read_any_more_does_not_matter_to_a_job_that_is_there(
    server: ScriptedServer,
) -> None:
    def gone() -> dict[str, Any]:
        raise InvalidRequest("the picture is gone")

    ledger = Ledger(MemoryStore())
    first = submit(server, ledger=ledger)
    server.on(SPEECH_AT.replace("POST", "GET") + "/j1", Answer(200, {"state": "PROCESSING"}))

    assert submit(server, ledger=ledger, prepare=gone) == first


def test_a_live_task_is_ended_in_the_room_where_it_was_begun(server: ScriptedServer) -> None:
    server.on(LIVE_AT, Answer(200, {"job_id": "j1"}))
    ledger = Ledger(MemoryStore())
    submit(server, LIVE, ledger=ledger)
    server.on(LIVE_AT.replace("room-1", "room-2"), Answer(200, {"job_id": "j2"}))
    stop = "POST /v1/p1/smart-live-rooms/room-1/smart-live-jobs/j1/stop"
    server.on(stop, Answer(200, {}))

    job = submit(server, (LIVE[0], {"room_id": "room-2"}), ledger=ledger, digest="1:another")

    assert len(server.sent(stop)) == 1
    assert job == Job("j2", LIVE[0], "room-2")


def test_jobs_of_other_tasks_are_not_adopted(server: ScriptedServer) -> None:
    server.on(SPEECH_AT, HANG_UP, Answer(200, {"job_id": "j1"}))
    server.on(SPEECHES_AT, Answer(200, {"data": [{"job_id": "j7", "asset_id": "v1", "create_time": now()}]}))

    assert submit(server, claimed={"j7"}).id == "j1"


@pytest.mark.parametrize(
    ("what", "create", "listed", "items"),
    [
        (
            VIDEO,
            VIDEO_AT,
            VIDEOS_AT,
            {
                "jobs": [
                    {"job_id": name, "output_asset_config": {"asset_name": "Spring"}, "create_time": "NOW"}
                    for name in ("j7", "j8")
                ]
            },
        ),
        (
            LIVE,
            LIVE_AT,
            LIVES_AT,
            {
                "smart_live_jobs": [
                    {"job_id": "j7", "create_time": "NOW"},
                    {"job_id": "j8", "create_time": "NOW"},
                ]
            },
        ),
        (
            TASK,
            TASK_AT,
            TASKS_AT,
            {
                "tasks": [
                    {"id": "j7", "name": "gate", "created_at": "NOW"},
                    {"id": "j8", "name": "gate", "created_at": "NOW"},
                ]
            },
        ),
    ],
)
def test_several_candidates_fail_loudly_and_are_named(
    server: ScriptedServer, what: Any, create: str, listed: str, items: dict[str, Any]
) -> None:
    server.on(create, HANG_UP)
    # Filled in here: between collecting tests and running them minutes may pass.
    server.on(listed, Answer(200, json.dumps(items).replace("NOW", now())))
    ledger = Ledger(MemoryStore())

    with pytest.raises(SubmissionInDoubt, match=r"j7.*j8"):
        submit(server, what, ledger=ledger)

    assert ledger.read() is not None
    assert len(server.sent(create)) == 1


def test_without_a_list_of_such_jobs_an_unknown_outcome_fails_the_task(server: ScriptedServer) -> None:
    server.on("POST /v1/p1/subtitle-files", HANG_UP)
    ledger = Ledger(MemoryStore())

    with pytest.raises(SubmissionInDoubt, match="the service has no list of such jobs"):
        submit(server, SUBTITLES, ledger=ledger)

    assert ledger.read() is not None
    assert len(server.requests) == 1


def test_the_author_may_choose_to_pay_twice(server: ScriptedServer) -> None:
    server.on("POST /v1/p1/subtitle-files", HANG_UP, Answer(200, {"job_id": "j2"}))

    assert submit(server, SUBTITLES, on_doubt="resubmit").id == "j2"


def test_that_choice_holds_once_per_attempt(server: ScriptedServer) -> None:
    server.on("POST /v1/p1/subtitle-files", HANG_UP)
    ledger = Ledger(MemoryStore())

    with pytest.raises(SubmissionInDoubt):
        submit(server, SUBTITLES, ledger=ledger, on_doubt="resubmit")

    assert len(server.requests) == 2
    assert ledger.read() is not None


def test_a_list_that_cannot_be_read_settles_nothing(server: ScriptedServer) -> None:
    server.on(SPEECH_AT, HANG_UP)
    server.on(SPEECHES_AT, Answer(403, {"error_code": "APIGW.0302", "error_msg": "Not authorised."}))

    with pytest.raises(SubmissionInDoubt, match="could not be read"):
        submit(server)

    assert len(server.sent(SPEECH_AT)) == 1


def test_a_file_that_cannot_be_read_now_is_left_to_a_retry(server: ScriptedServer) -> None:
    def unreadable() -> dict[str, Any]:
        raise TransientError("the store is away")

    with pytest.raises(TransientError, match="the store is away"):
        submit(server, prepare=unreadable)

    assert server.requests == []


def test_a_retry_resolves_an_unknown_outcome(server: ScriptedServer) -> None:
    server.on(SPEECH_AT, HANG_UP)
    server.on(SPEECHES_AT, Answer(403, {"error_code": "APIGW.0302", "error_msg": "Not authorised."}))
    ledger = Ledger(MemoryStore())
    with pytest.raises(SubmissionInDoubt):
        submit(server, ledger=ledger)
    server.on(SPEECHES_AT, Answer(200, {"data": [{"job_id": "j7", "asset_id": "v1", "create_time": now()}]}))

    job = submit(server, ledger=ledger)

    assert job == Job("j7", "metastudio.CreateAsyncTtsJob")
    assert len(server.sent(SPEECH_AT)) == 1


@pytest.mark.parametrize("listed_as", [("gate-1", "gate-2"), ("gate", "gate-2"), ("gate", "gate")])
def test_several_tasks_of_one_create_fail_and_are_never_created_again(
    server: ScriptedServer, listed_as: tuple[str, str]
) -> None:
    server.on(TASK_AT, Answer(200, {"tasks": [{"id": "t1"}, {"id": "t2"}]}))
    server.on("GET /v2/p1/tasks/t1", Answer(200, {"id": "t1", "state": "RUNNING"}))
    listed = [{"id": f"t{n}", "name": name, "created_at": now()} for n, name in enumerate(listed_as, 1)]
    server.on(TASKS_AT, Answer(200, {"tasks": listed}))
    ledger = Ledger(MemoryStore())

    with pytest.raises(ServiceError, match="t1, t2"):
        submit(server, TASK, ledger=ledger, on_doubt="resubmit")

    assert submit(server, TASK, ledger=ledger, on_doubt="resubmit").id == "t1"
    assert len(server.sent(TASK_AT)) == 1


def test_while_a_project_is_looked_up_nothing_is_in_doubt(server: ScriptedServer) -> None:
    server.on("GET /v3/projects", HANG_UP)
    ledger = Ledger(MemoryStore())
    no_project = Account(Credentials("ak", "sk"), endpoint=server.url, http=HttpSettings(timeout=2))

    with pytest.raises(TransientError):
        submit(server, ledger=ledger, config=no_project, patience=timedelta(seconds=1))

    assert ledger.read() is None
    assert server.sent(SPEECH_AT) == []


@pytest.mark.parametrize(
    ("state", "job_id", "creates"),
    [("PROCESSING", "j1", 1), ("SUCCEED", "j1", 1), ("FAILED", "j2", 2)],
)
def test_a_retry_resumes_the_same_job_unless_that_has_failed(
    server: ScriptedServer, state: str, job_id: str, creates: int
) -> None:
    server.on(SPEECH_AT, Answer(200, {"job_id": "j1"}), Answer(200, {"job_id": "j2"}))
    server.on(f"{SPEECHES_AT.removesuffix('tts-jobs')}async-jobs/j1", Answer(200, {"state": state}))
    ledger = Ledger(MemoryStore())
    submit(server, ledger=ledger)

    job = submit(server, ledger=ledger)

    assert job.id == job_id
    assert len(server.sent(SPEECH_AT)) == creates


@pytest.mark.parametrize(
    "fault",
    [
        *[Answer(status, "<html>Please log in</html>") for status in (400, 403, 404)],
        Answer(400, {"error_code": "MSS.BackendTimeout", "error_msg": "m"}),
        Answer(409, {"code": "REQUEST_TIMED_OUT", "message": "m"}),
        Answer(403, {"code": "ServiceBusy", "message": "m"}),
    ],
)
def test_what_does_not_prove_a_refusal_is_settled_by_the_list(server: ScriptedServer, fault: Answer) -> None:
    server.on(SPEECH_AT, fault, Answer(200, {"job_id": "j9"}))
    server.on(SPEECHES_AT, Answer(200, {"data": [{"job_id": "j7", "asset_id": "v1", "create_time": now()}]}))

    assert submit(server).id == "j7"
    assert len(server.sent(SPEECH_AT)) == 1
