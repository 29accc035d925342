"""Jobs that end in an unexpected way: odd results, and actions that the provider does not know."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.model import Action, Service
from airflow_provider_viapi.errors import InvalidRequest, ServiceError
from airflow_provider_viapi.huawei.services import metastudio
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from operators import test_paid_once
from operators.test_paid_once import (
    DONE,
    RESULT,
    SEEN_BEFORE,
    Store,
    accepted,
    job_list,
    says,
    state,
    task,
)
from run_task import run_task
from scripted_server import HANG_UP, Answer, ScriptedServer

quick, service = test_paid_once.quick, test_paid_once.service

BOTH = pytest.mark.parametrize("deferrable", [True, False])
TEXT = json.dumps(RESULT)


# An action that the author has described.


@BOTH
@pytest.mark.parametrize("name", ["imageenhan", "videoenhan", "imgsearch", "ocr", "brandnew"])
def test_the_job_of_an_action_that_the_author_described_is_collected(
    service: ScriptedServer, name: str, deferrable: bool
) -> None:
    action = Action(service=Service(name, "2019-09-30"), name="MakeBetter", summary="", is_job=True)
    listed = Answer(body=job_list("J-1").body.replace("EraseVideoSubtitles", "MakeBetter"))
    says(
        service,
        MakeBetter=[HANG_UP, SEEN_BEFORE],
        QueryAsyncJobList=[listed],
        GetAsyncJobResult=[state("PROCESSING"), DONE],
    )
    operator = ViapiJobOperator(task_id="t", action=action, request={}, deferrable=deferrable)

    assert run_task(operator, Store()).result == RESULT


def test_a_huawei_action_whose_jobs_cannot_be_followed_is_refused() -> None:
    known = metastudio.videos.CREATE_2D_DIGITAL_HUMAN_VIDEO
    request = {"script_id": "s1"}

    class OfAuthor(HuaweiCloudJobOperator):
        action = known.replace(name="CreateSomethingNew")

    HuaweiCloudJobOperator(task_id="t", action=known.replace(summary="mine"), request=request)
    with pytest.raises(InvalidRequest, match="could be submitted but not polled"):
        OfAuthor(task_id="t", request=request)
    with pytest.raises(InvalidRequest, match="could be submitted but not polled"):
        HuaweiCloudJobOperator(
            task_id="t", action=known.replace(job=known.job_kind.replace(id_name="id")), request=request
        )


# A finished job with an unexpected result.


@pytest.mark.parametrize("name", ["videoenhan", "videoseg", "ocr", "brandnew"])
def test_a_structure_is_the_result_whatever_the_service(service: ScriptedServer, name: str) -> None:
    action = Action(service=Service(name, "2020-03-20"), name="MakeBetter", summary="", is_job=True)
    answer = json.dumps({"RequestId": "R", "Data": {"Status": "PROCESS_SUCCESS", "Result": RESULT}})
    says(service, MakeBetter=[accepted("J-1")], GetAsyncJobResult=[Answer(body=answer)])

    assert run_task(ViapiJobOperator(task_id="t", action=action, request={}), Store()).result == RESULT


@BOTH
def test_a_structure_is_the_result(service: ScriptedServer, deferrable: bool) -> None:
    answer = Answer(
        body=json.dumps({"RequestId": "R", "Data": {"Status": "PROCESS_SUCCESS", "Result": RESULT}})
    )
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[answer])

    assert run_task(task(deferrable=deferrable), Store()).result == RESULT


ODD: list[Any] = [
    *([RESULT], [], [1], True, False, 5, 5.5, None),
    *("5", "null", "", "[]", "true", '"text"', json.dumps(TEXT), json.dumps(json.dumps(TEXT))),
    *(f"{TEXT} more", TEXT[:-1], f"\ufeff{TEXT}", "http://h/out.mp4?Signature=s3cr3t"),
    *('{"VideoUrl": NaN}', '{"VideoUrl": -Infinity}'),
    *("{" * 100_000, '{"Frames": ' + "9" * 5000 + "}", "x" * 1_000_000),
]


@BOTH
@pytest.mark.parametrize("result", ['{"VideoUrl": "http://h/a", "Seconds": 1e999}', {"Seconds": math.inf}])
def test_a_number_that_cannot_be_stored_is_null_and_the_rest_of_the_result_is_kept(
    service: ScriptedServer, result: Any, deferrable: bool
) -> None:
    answer = Answer(
        body=json.dumps({"RequestId": "R", "Data": {"Status": "PROCESS_SUCCESS", "Result": result}})
    )
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[answer])

    found = run_task(task(deferrable=deferrable), Store()).result
    assert found["Seconds"] is None
    assert len(found) == len(json.loads(result) if isinstance(result, str) else result)


@BOTH
@pytest.mark.parametrize("number", range(len(ODD)))
def test_any_other_result_ends_the_wait_with_what_was_seen(
    service: ScriptedServer, number: int, deferrable: bool
) -> None:
    data = {"Status": "PROCESS_SUCCESS", "Result": ODD[number]}
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1")],
        GetAsyncJobResult=[Answer(body=json.dumps({"RequestId": "R", "Data": data}))],
    )

    with pytest.raises(
        ServiceError, match="job J-1 has succeeded, but its Result is not a JSON object"
    ) as caught:
        run_task(task(deferrable=deferrable, job_timeout=30), Store())

    assert caught.value.code == "UnreadableResult"
    assert "s3cr3t" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert service.count("GetAsyncJobResult") == 1


@pytest.mark.parametrize(
    "pages", ["Infinity", "-Infinity", "NaN", "-3", "null", '"many"', "[1]", "{}", "1e400", "true"]
)
def test_a_list_with_an_impossible_number_of_pages_does_not_hide_the_job(
    service: ScriptedServer, pages: str
) -> None:
    body = job_list("J-1").body.replace('"Result":', f'"TotalPage": {pages}, "Result":')
    says(
        service,
        EraseVideoSubtitles=[HANG_UP, SEEN_BEFORE],
        QueryAsyncJobList=[Answer(body=body)],
        GetAsyncJobResult=[DONE],
    )

    try:
        job_id = run_task(task(), Store()).pushed["job_id"]
    except ServiceError as error:
        # A list that cannot be read decides nothing.
        assert type(error).__name__ == "SubmissionInDoubt"
    else:
        assert job_id == "J-1"
    assert len(set(service.sent("EraseVideoSubtitles"))) == 1


@BOTH
@pytest.mark.parametrize("character", ["\0", "\ud83d", "\ude00"])
def test_a_result_with_characters_that_databases_cannot_store_is_returned_with_a_replacement(
    service: ScriptedServer, character: str, deferrable: bool
) -> None:
    # Escaped in the result, which is itself a string in the response.
    result = json.dumps({**RESULT, "Title": f"a{character}b\U0001f600"})
    answer = json.dumps({"RequestId": "R", "Data": {"Status": "PROCESS_SUCCESS", "Result": result}})
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[Answer(body=answer)])

    returned = run_task(task(deferrable=deferrable), Store()).result

    assert returned == {**RESULT, "Title": "a\ufffdb\U0001f600"}
