"""Reading of responses about Huawei Cloud's jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_viapi.errors import InvalidRequest, JobFailed, ResponseLost
from airflow_provider_viapi.huawei.job_reports import (
    asset_without_link,
    kind_of,
    outcome_of,
    parse_submission,
    read_report,
    request_about,
    with_asset_link,
)
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import actions, find, metastudio, vias
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome

VIDEO = Job("j1", "metastudio.Create2DDigitalHumanVideo")
CARD = Job("j1", "metastudio.CreateDigitalHumanBusinessCard")
LIVE = Job("j1", "metastudio.StartSmartLive", scope="room-1")
SPEECH = Job("j1", "metastudio.CreateAsyncTtsJob")
VOICE = Job("j1", "metastudio.CreateTrainingBasicJob")
IMAGE = Job("j1", "metastudio.Create2dModelTrainingJob")
ASSET = Job("a1", "metastudio.CreateDigitalAsset")
TASK = Job("t1", "vias.CreateTask")
MADE = {"output_asset_config": {"asset_id": "a1", "preview_video_url": "https://h/v.mp4"}}
JOB_ACTIONS = [action for action in actions().values() if action.job is not None]


@pytest.mark.parametrize("action", JOB_ACTIONS, ids=lambda action: action.full_name)
def test_every_state_that_is_known_is_read(action: Action) -> None:
    kind = action.job
    assert kind is not None
    for state in kind.states.all:
        answer: dict[str, Any] = {kind.state_in[-1]: state}
        for name in reversed(kind.state_in[:-1]):
            answer = {name: answer}

        report = read_report(Job("j1", action.full_name), answer)

        assert (report.state, report.is_final) == (state, state not in kind.states.pending)


@pytest.mark.parametrize(
    ("job", "answer", "outcome"),
    [
        (VIDEO, {"state": "PROCESSING"}, Outcome.WAITING),
        (VIDEO, {"state": "SUCCEED", **MADE}, Outcome.SUCCEEDED),
        (VIDEO, {"state": "CANCELED"}, Outcome.CANCELLED),
        (CARD, {"job_info": {"state": "SUCCEED", **MADE}}, Outcome.SUCCEEDED),
        (IMAGE, {"state": "TRAIN_FAILED"}, Outcome.WAITING),
        (IMAGE, {"state": "WAIT_USER_CONFIRM"}, Outcome.WAITING),
        (IMAGE, {"state": "JOB_FINISH"}, Outcome.SUCCEEDED),
        (VOICE, {"state": "RESULT_REVIEW"}, Outcome.WAITING),
        (ASSET, {"asset_state": "UNACTIVED"}, Outcome.SUCCEEDED),
        (TASK, {"state": "RUNNING"}, Outcome.WAITING),
        (TASK, {"state": "STOPPED"}, Outcome.CANCELLED),
    ],
)
def test_a_state_decides_whether_a_job_is_waited_for(
    job: Job, answer: dict[str, Any], outcome: Outcome
) -> None:
    report = read_report(job, answer)

    assert report.outcome is outcome
    assert report.result == (answer if outcome is Outcome.SUCCEEDED else None)


@pytest.mark.parametrize(
    ("job", "answer", "code", "message"),
    [
        (
            VIDEO,
            {"state": "BLOCK", "error_info": {"error_code": "MSS.50030004", "error_msg": "not allowed"}},
            "MSS.50030004",
            "not allowed",
        ),
        (
            CARD,
            {"job_info": {"state": "FAILED", "error_info": {"error_code": "MSS.1", "error_msg": "no face"}}},
            "MSS.1",
            "no face",
        ),
        (LIVE, {"state": "BLOCKED", "block_reason": "banned words"}, "BLOCKED", "banned words"),
        (SPEECH, {"state": "FAILED", "code": "TTSC.1", "message": "too long"}, "TTSC.1", "too long"),
        (
            VOICE,
            {"state": "AUDIT_FAILED", "job_failed_code": "V.1", "job_failed_reason": "noise"},
            "V.1",
            "noise",
        ),
        (
            ASSET,
            {"asset_state": "BLOCK", "block_reason_code": "B.1", "reason": "not yours"},
            "B.1",
            "not yours",
        ),
        (TASK, {"state": "FROZEN", "error_code": "VIAS.1", "error_msg": "unpaid"}, "VIAS.1", "unpaid"),
        (
            TASK,
            {
                "state": "START_FAILED",
                "config": {"code": "not the reason", "message": "not the reason"},
                "error": {"code": "VIAS.00020012", "message": "The stream cannot be pulled."},
            },
            "VIAS.00020012",
            "The stream cannot be pulled.",
        ),
        (TASK, {"state": "FAILED", "error": {"code": "VIAS.2", "message": ""}}, "VIAS.2", None),
        (TASK, {"state": "FAILED", "error": {"message": "no licence"}}, None, "no licence"),
        (TASK, {"state": "ABNORMAL"}, None, None),
    ],
)
def test_a_failure_is_reported_with_its_reason(
    job: Job, answer: dict[str, Any], code: str | None, message: str | None
) -> None:
    report = read_report(job, answer)

    assert report.outcome is Outcome.FAILED
    assert (report.error_code, report.error_message) == (code, message)
    with pytest.raises(JobFailed, match=f"ended as {report.state}: {message or 'no reason given'}"):
        report.result_or_raise()


def test_a_state_that_is_not_known_is_no_end() -> None:
    assert not read_report(VIDEO, {"state": "POLISHING"}).is_final


@pytest.mark.parametrize(
    "answer", [{}, {"state": ""}, {"state": None}, {"state": 5}, {"job_info": {"state": "X"}}]
)
def test_a_response_without_a_state_is_a_lost_response(answer: dict[str, Any]) -> None:
    with pytest.raises(ResponseLost):
        read_report(VIDEO, answer)


@pytest.mark.parametrize(
    ("job", "target_state", "state", "outcome"),
    [
        (TASK, "RUNNING", "STARTING", Outcome.WAITING),
        (TASK, "RUNNING", "RUNNING", Outcome.SUCCEEDED),
        (TASK, "RUNNING", "SUCCEEDED", Outcome.SUCCEEDED),
        (TASK, "RUNNING", "START_FAILED", Outcome.FAILED),
        (TASK, "RUNNING", "STOPPED", Outcome.CANCELLED),
        (TASK, "SUCCEEDED", "RUNNING", Outcome.WAITING),
        (TASK, "STOPPED", "STOPPING", Outcome.WAITING),
        (TASK, "STOPPED", "STOPPED", Outcome.SUCCEEDED),
        (LIVE, "PROCESSING", "WAITING", Outcome.WAITING),
        (LIVE, "PROCESSING", "PROCESSING", Outcome.SUCCEEDED),
    ],
)
def test_a_goal_short_of_the_end_may_be_waited_for(
    job: Job, target_state: str, state: str, outcome: Outcome
) -> None:
    find(job.action).check_target_state(target_state)

    assert outcome_of(kind_of(job.action).states, state, target_state) is outcome


def test_a_job_on_air_has_not_ended() -> None:
    assert outcome_of(kind_of(LIVE.action).states, "PROCESSING") is Outcome.WAITING


@pytest.mark.parametrize(
    ("job", "target_state"), [(TASK, "FAILED"), (VIDEO, "PROCESSING"), (LIVE, "WAITING"), (LIVE, None)]
)
def test_a_target_state_that_jobs_of_a_kind_do_not_have_is_refused(
    job: Job, target_state: str | None
) -> None:
    with pytest.raises(InvalidRequest, match=f"{target_state!r}; allowed: .*SUCCEED"):
        find(job.action).check_target_state(target_state)


@pytest.mark.parametrize(
    ("action", "request_", "answer", "job"),
    [
        (metastudio.speech.CREATE_ASYNC_TTS_JOB, {}, {"job_id": "j1"}, SPEECH),
        (metastudio.assets.CREATE_DIGITAL_ASSET, {}, {"asset_id": "a1"}, ASSET),
        (metastudio.live.START_SMART_LIVE, {"room_id": "room-1"}, {"job_id": "j1"}, LIVE),
        (vias.tasks.CREATE_TASK, {}, {"tasks": [{"id": "t1"}]}, TASK),
    ],
)
def test_a_submissions_answer_names_the_job(
    action: Action, request_: dict[str, Any], answer: dict[str, Any], job: Job
) -> None:
    assert parse_submission(action, request_, answer) == job


@pytest.mark.parametrize("answer", [{}, {"tasks": []}, {"tasks": [{}]}, {"tasks": "t1"}, {"value": True}])
def test_an_answer_that_names_no_job_leaves_it_open(answer: dict[str, Any]) -> None:
    with pytest.raises(ResponseLost):
        parse_submission(vias.tasks.CREATE_TASK, {}, answer)


def test_several_tasks_of_one_submission_are_named() -> None:
    job = parse_submission(vias.tasks.CREATE_TASK, {}, {"tasks": [{"id": "t1"}, {"id": "t2"}]})

    assert (job.id, job.siblings) == ("t1", ("t2",))


def test_a_job_is_polled_in_its_scope() -> None:
    assert request_about(VIDEO) == {"job_id": "j1"}
    assert request_about(LIVE) == {"job_id": "j1", "room_id": "room-1"}
    assert request_about(TASK) == {"task_id": "t1"}
    with pytest.raises(InvalidRequest, match="room_id"):
        request_about(Job("j1", LIVE.action))


def test_what_makes_no_job_is_not_followed() -> None:
    with pytest.raises(InvalidRequest, match="does not create a job"):
        kind_of("metastudio.ListProducts")


def test_a_report_survives_a_trigger_event() -> None:
    report = read_report(VIDEO, {"state": "SUCCEED", **MADE})

    assert JobReport.from_dict(json.loads(json.dumps(report.as_dict()))) == report


@pytest.mark.parametrize("made", [VIDEO, CARD], ids=["video", "card"])
def test_the_link_of_a_video_without_preview_is_that_of_its_asset(made: Job) -> None:
    asset = {"output_asset_config": {"asset_id": "a1", "cover_url": "https://h/c.png"}}
    answer = {"state": "SUCCEED", **asset}
    report = read_report(made, {"job_info": answer} if made is CARD else answer)
    kind = kind_of(made.action)
    cover = {"asset_file_category": "COVER", "download_url": "https://h/c.png"}
    main = {"asset_file_category": "MAIN", "download_url": "https://h/v.mp4"}

    assert asset_without_link(report, kind) == "a1"
    complete = with_asset_link(report, kind, {"files": [cover, main]})

    result = complete.result or {}
    assert (result.get("job_info") or result)["output_asset_config"]["preview_video_url"] == "https://h/v.mp4"
    assert asset_without_link(complete, kind) is None
    assert with_asset_link(report, kind, {"files": [cover]}) == report


def test_a_waiting_video_and_one_with_a_preview_need_no_asset() -> None:
    for answer in ({"state": "PROCESSING"}, {"state": "SUCCEED", **MADE}):
        assert asset_without_link(read_report(VIDEO, answer), kind_of(VIDEO.action)) is None
