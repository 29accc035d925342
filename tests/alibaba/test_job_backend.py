"""Reading of VIAPI's responses about jobs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.client import Client
from airflow_provider_viapi.alibaba.job_backend import ViapiSubmitBackend
from airflow_provider_viapi.alibaba.job_reports import STATES, read_report, result_action
from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.errors import ResponseLost, ServiceError, TransientError
from airflow_provider_viapi.jobs.model import Job, JobReport, Outcome, RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials
from scripted_server import Answer, scripted_server

JOB = Job("J-1", "videoenhan.EraseVideoSubtitles")


def answer(**data: Any) -> dict[str, Any]:
    return {"RequestId": "R", "Data": data}


def test_the_request_id_of_a_submission_is_the_jobs_id() -> None:
    with scripted_server(Answer(body='{"RequestId": "J-1", "Data": {}}')) as server:
        account = Account(Credentials("id", "secret"), endpoint=server.url)
        backend = ViapiSubmitBackend(Client(account), videoenhan.ERASE_VIDEO_SUBTITLES)
        job = backend.submit({"VideoUrl": "http://h/a.mp4"}, RequestNonce.new())

    assert job == JOB


def test_a_job_is_polled_at_the_service_that_accepted_it() -> None:
    assert result_action(JOB) is videoenhan.GET_ASYNC_JOB_RESULT


def test_the_result_of_a_finished_job_is_taken_out_of_its_string() -> None:
    result = {"VideoUrl": "http://h/out.mp4?Expires=1&Signature=a%2Bb"}

    report = read_report(JOB, answer(Status="PROCESS_SUCCESS", Result=json.dumps(result)))

    assert report == JobReport("J-1", "PROCESS_SUCCESS", Outcome.SUCCEEDED, result)


def test_a_failed_job_has_its_reason() -> None:
    report = read_report(
        JOB, answer(Status="PROCESS_FAILED", ErrorCode="InvalidFile.Decode", ErrorMessage="no video")
    )

    assert (report.outcome, report.is_final) == (Outcome.FAILED, True)
    assert report.error_code == "InvalidFile.Decode"


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("InvalidFile.Decode", "; check the file against the limits of the action, convert it if necessary"),
        ("InvalidFile.Download", "; check that the URL can be fetched from the internet without a login"),
        ("InternalServerError.Algo", ""),
        (None, ""),
    ],
)
def test_a_job_that_failed_because_of_its_file_says_what_to_do(code: str | None, advice: str) -> None:
    report = read_report(JOB, answer(Status="PROCESS_FAILED", ErrorCode=code, ErrorMessage="no video"))

    assert str(report.error_message).startswith(f"no video{advice}")
    assert bool(advice) or report.error_message == "no video"


@pytest.mark.parametrize("state", STATES)
def test_every_documented_state_is_read(state: str) -> None:
    report = read_report(JOB, answer(Status=state, Result="{}"))

    assert (report.state, report.outcome) == (state, STATES[state])


def test_a_state_that_is_not_documented_is_not_an_end() -> None:
    assert not read_report(JOB, answer(Status="RESTING")).is_final


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"Status": ""},
    ],
)
def test_a_response_without_state_is_a_lost_response(data: dict[str, Any]) -> None:
    with pytest.raises(ResponseLost):
        read_report(JOB, answer(**data))


def test_a_result_that_is_an_object_already_is_the_result() -> None:
    assert read_report(JOB, answer(Status="PROCESS_SUCCESS", Result={"VideoUrl": "http://h/a"})).result == {
        "VideoUrl": "http://h/a"
    }


@pytest.mark.parametrize("result", [None, "{", "[]", "http://h/a.mp4?Signature=s", '{"Score": NaN}', "1e400"])
def test_an_unreadable_result_of_a_finished_job_ends_the_wait_with_what_was_received(result: Any) -> None:
    with pytest.raises(
        ServiceError, match="J-1 has succeeded, but its Result is not a JSON object"
    ) as caught:
        read_report(JOB, answer(Status="PROCESS_SUCCESS", Result=result))

    assert not isinstance(caught.value, TransientError)
    assert "Signature=s" not in str(caught.value)


def test_a_report_survives_a_trigger_event() -> None:
    report = JobReport("J-1", "PROCESS_SUCCESS", Outcome.SUCCEEDED, {"VideoUrl": "http://h/out.mp4"})

    assert JobReport.from_dict(json.loads(json.dumps(report.as_dict()))) == report
    assert JobReport.from_dict({**report.as_dict(), "field_of_a_later_version": 1}) == report


def test_a_reason_that_quotes_a_staged_link_has_no_signature() -> None:
    quoted = (
        "cannot fetch https://b.oss-cn-shanghai.aliyuncs.com/a.mp4?x-oss-expires=9&x-oss-signature=5EC2E7"
    )
    data = {"Status": "PROCESS_FAILED", "ErrorCode": "InvalidFile.Download", "ErrorMessage": quoted}

    report = read_report(Job("J-1", "videoenhan.EraseVideoSubtitles"), {"Data": data})

    assert "5EC2E7" not in json.dumps(report.as_dict())
    assert "cannot fetch" in str(report.error_message)
