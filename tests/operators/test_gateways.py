"""Odd responses to a submission: which ones accept nothing, and which ones leave the outcome unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.errors import BatchFailed, ConfigurationError, ServiceError, SubmissionInDoubt
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from operators import test_paid_once
from operators.run_batch import run_batch
from operators.test_paid_once import DONE, SEEN_BEFORE, Store, accepted, job_list, says, submissions, task
from run_task import run_task
from scripted_server import HANG_UP, Answer, ScriptedServer

quick, service = test_paid_once.quick, test_paid_once.service

PAGE = "<html>Bad gateway</html>"


def document(**fields: Any) -> str:
    return json.dumps(fields)


# A response that does not prove a refusal.

UNKNOWN = [
    *[(status, PAGE) for status in (400, 401, 403, 404, 408, 418, 444, 460, 499, 500, 502, 503, 504)],
    *[(status, PAGE) for status in (505, 507, *range(520, 531), 586, 598, 599)],
    *[(status, document(RequestId="R")) for status in (301, 405, 413, 500, 503)],
    *[(status, document(RequestId="R", Code="Timeout", Message="m")) for status in (408, 499, 500, 504, 520)],
    *[(status, document(RequestId="R", Code="InvalidParameter", Message="m")) for status in (500, 502, 529)],
    *[(status, document(RequestId="R", Code="Unheard", Message="m")) for status in (200, 202, 499, 501, 524)],
    (500, document(message="no code")),
    (502, document(Code="InternalError")),
    *[(500, body) for body in ("", "null", "[1]", '{"RequestId": "R"')],
    *[(status, "") for status in (200, 201, 303, 306)],
    (200, document(RequestId="")),
    (200, document(RequestId=7)),
]


@pytest.mark.parametrize(("status", "body"), UNKNOWN)
def test_a_response_that_proves_no_refusal_does_not_cost_another_job(
    service: ScriptedServer, status: int, body: str
) -> None:
    says(
        service,
        EraseVideoSubtitles=[Answer(status, body), SEEN_BEFORE],
        QueryAsyncJobList=[job_list("J-1")],
        GetAsyncJobResult=[DONE],
    )

    done = run_task(task(), Store())

    assert done.pushed["job_id"] == "J-1"
    first, second = service.sent("EraseVideoSubtitles")
    assert first == second


# A request that never reached the service.

NOT_FORWARDED = [300, 301, 302, 307, 308, 405, 407, 411, 413, 414, 415, 421, 426, 431, 511]


@pytest.mark.parametrize("status", NOT_FORWARDED)
@pytest.mark.parametrize("body", [PAGE, "", document(message="no"), document(Code="x")])
def test_what_a_gateway_did_not_forward_fails_at_once(
    service: ScriptedServer, status: int, body: str
) -> None:
    says(service, EraseVideoSubtitles=[Answer(status, body), accepted("J-2")])
    store = Store()

    # What is too large stays too large, so there is no retry either.
    kind = AirflowFailException if status in (413, 414, 431) else ConfigurationError
    with pytest.raises(kind, match=rf"HTTP {status}"):
        run_task(task(), store)

    assert submissions(service) == 1
    assert store.kept == {}


def test_a_gateway_that_limits_the_rate_is_retried(service: ScriptedServer) -> None:
    says(
        service,
        EraseVideoSubtitles=[Answer(429, PAGE), Answer(429), accepted("J-1")],
        GetAsyncJobResult=[DONE],
    )

    assert run_task(task(), Store()).pushed["job_id"] == "J-1"


@pytest.mark.parametrize("status", [301, 405, 407, 413, 421, 511])
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_gateway_that_refuses_polls_does_not_end_the_wait(
    service: ScriptedServer, status: int, deferrable: bool
) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1")],
        GetAsyncJobResult=[*[Answer(status, PAGE)] * 3, DONE],
    )

    assert run_task(task(deferrable=deferrable), Store()).pushed["job_id"] == "J-1"


ENDPOINTS = [
    *("http://a b.test", "http:// h.test", "http://h\tt.test", "http://h\n.test", "http://127.0.0.1:9/pa th"),
    *("http://127.0.0.1:1 /", " http://127.0.0.1:9", "http://127.0.0.1:9 ", "http://127.0.0.1:99999"),
    *("http://[::1", f"http://{'a' * 70}.test"),
]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_endpoint_that_cannot_be_called_leaves_no_unknown_outcome(
    monkeypatch: pytest.MonkeyPatch, endpoint: str
) -> None:
    fields = {"conn_type": "viapi", "login": "i", "password": "s", "extra": {"endpoint": endpoint}}
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
    store = Store()

    with pytest.raises(ServiceError) as caught:
        run_task(task(submit_timeout=5), store)

    assert not isinstance(caught.value, SubmissionInDoubt)
    assert store.kept == {}


# Lists and reports that say less than they seem to.


def listing(**data: Any) -> Answer:
    return Answer(body=json.dumps({"RequestId": "R", "Data": data}))


ENTRY = {"PopApiName": "EraseVideoSubtitles", "GmtCreate": "2026-01-01 00:00:00"}
NO_EVIDENCE = {
    "no content": Answer(body=document(RequestId="R")),
    "null": Answer(body=document(RequestId="R", Data=None)),
    "empty": listing(),
    "another type": Answer(body=document(RequestId="R", Data=[])),
    "no list": listing(TotalPage=1),
    "null list": listing(Result=None, TotalPage=1),
    "text for a list": listing(Result="", TotalPage=1),
    "fewer jobs than it counts": listing(Result=[], TotalPage=1, TotalRecord=3),
    "no pages of many jobs": listing(Result=[], TotalPage=0, TotalRecord=700),
    "unreadable count": listing(Result=[], TotalPage=1, TotalRecord="many"),
    "page two": listing(Result=[], CurrentPage=2, TotalPage=1, TotalRecord=0),
    "failure": Answer(body=document(RequestId="R", Success=False, Data={"Result": [], "TotalRecord": 0})),
    "failure in the data": listing(Result=[], TotalRecord=0, Success="false"),
    "error code in the data": listing(Result=[], TotalRecord=0, ErrorCode="Timeout"),
    "status as the code": Answer(
        body=document(RequestId="R", Code=500, Data={"Result": [], "TotalRecord": 0})
    ),
    "own job under a longer name": listing(
        Result=[{**ENTRY, "JobId": "J", "PopApiName": "videoenhan.EraseVideoSubtitles", "GmtCreate": "2026"}]
    ),
    "full page without a count": listing(
        Result=[{**ENTRY, "JobId": f"J-{number}", "PopApiName": "Other"} for number in range(10)], PageSize=10
    ),
    "job of 1970": listing(Result=[{**ENTRY, "JobId": "J", "GmtCreate": "1970-01-01 00:00:00"}]),
    "job without a time of day": listing(Result=[{**ENTRY, "JobId": "J", "GmtCreate": "2026-01-01"}]),
    "job without id": listing(Result=[ENTRY]),
    "job with an empty id": listing(Result=[{**ENTRY, "JobId": None}]),
    "XML of another form": Answer(
        body="<R><RequestId>R</RequestId><Data><Result><Job><JobId>J</JobId></Job></Result></Data></R>"
    ),
    "empty XML": Answer(body="<R><RequestId>R</RequestId><Data/></R>"),
}


@pytest.mark.parametrize("answer", NO_EVIDENCE.values(), ids=NO_EVIDENCE)
def test_a_list_that_shows_no_jobs_without_saying_so_is_no_evidence(
    service: ScriptedServer, answer: Answer
) -> None:
    says(
        service,
        EraseVideoSubtitles=[HANG_UP, SEEN_BEFORE, accepted("J-2")],
        QueryAsyncJobList=[answer],
    )
    store = Store()

    with pytest.raises(SubmissionInDoubt):
        run_task(task(), store)

    assert len(set(service.sent("EraseVideoSubtitles"))) == 1
    assert store.kept


@pytest.mark.parametrize("data", [{"Result": []}, {"Result": None, "TotalRecord": 0}])
def test_a_list_that_says_that_it_is_empty_is_evidence(service: ScriptedServer, data: Any) -> None:
    says(
        service,
        EraseVideoSubtitles=[HANG_UP, SEEN_BEFORE, accepted("J-2")],
        QueryAsyncJobList=[listing(**data)],
        GetAsyncJobResult=[DONE],
    )

    assert run_task(task(), Store()).pushed["job_id"] == "J-2"


@pytest.mark.parametrize("name", ["eraseVideoSubtitles", "ERASEVIDEOSUBTITLES", None])
def test_a_listed_job_is_recognized_however_its_action_is_written(
    service: ScriptedServer, name: str | None
) -> None:
    jobs = json.loads(job_list("J-1").body)["Data"]["Result"]
    # Twice, as a list may show it if its pages shift.
    says(
        service,
        EraseVideoSubtitles=[HANG_UP, SEEN_BEFORE, accepted("J-2")],
        QueryAsyncJobList=[listing(Result=[{**job, "PopApiName": name} for job in jobs * 2])],
        GetAsyncJobResult=[DONE],
    )

    assert run_task(task(), Store()).pushed["job_id"] == "J-1"


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_report_about_another_job_is_not_taken_for_this_one(
    service: ScriptedServer, deferrable: bool
) -> None:
    other = document(Status="PROCESS_SUCCESS", JobId="J-9", Result=document(VideoUrl="http://h/other.mp4"))
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1")],
        GetAsyncJobResult=[listing(**json.loads(other)), DONE],
    )

    assert run_task(task(deferrable=deferrable), Store()).result["VideoUrl"] == "http://h/out.mp4"


# Codes and ids of a submission's response.


@pytest.mark.parametrize("status", [400, 403, 409])
@pytest.mark.parametrize(
    "code",
    [
        *(
            "RequestTimeout",
            "ServiceTimedOut",
            "Backend.ReadTimeOut",
            "SystemError",
            "UnknownError",
            "ServiceBusy",
        ),
        *(
            "OperationConflict",
            "DuplicateRequest",
            "IdempotentProcessing",
            "RepeatSubmit",
            "Internal.Exception",
        ),
    ],
)
def test_a_code_that_reports_a_failure_or_a_repetition_is_no_refusal(
    service: ScriptedServer, status: int, code: str
) -> None:
    says(
        service,
        EraseVideoSubtitles=[Answer(status, document(RequestId="R", Code=code, Message="m")), SEEN_BEFORE],
        QueryAsyncJobList=[job_list("J-1")],
        GetAsyncJobResult=[DONE],
    )

    assert run_task(task(), Store()).pushed["job_id"] == "J-1"


@pytest.mark.parametrize("request_id", [" ", "a b", "J\n1", "x" * 1000, "页"])
def test_what_cannot_be_a_job_id_is_none(service: ScriptedServer, request_id: str) -> None:
    says(
        service,
        EraseVideoSubtitles=[Answer(body=document(RequestId=request_id)), SEEN_BEFORE],
        QueryAsyncJobList=[job_list("J-1")],
        GetAsyncJobResult=[DONE],
    )

    assert run_task(task(), Store()).pushed["job_id"] == "J-1"


def test_a_page_is_no_response_even_if_it_is_well_formed(service: ScriptedServer) -> None:
    page = "<html><RequestId>J-9</RequestId><body>Please log in</body></html>"
    says(
        service,
        EraseVideoSubtitles=[Answer(body=page), SEEN_BEFORE],
        QueryAsyncJobList=[job_list("J-1")],
        GetAsyncJobResult=[DONE],
    )

    assert run_task(task(), Store()).pushed["job_id"] == "J-1"


# A gateway that repeats one response from its cache: two submissions are given one job.


def test_two_items_of_a_batch_never_return_one_job(service: ScriptedServer) -> None:
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1")],
        QueryAsyncJobList=[Answer(403)],
        GetAsyncJobResult=[DONE],
    )
    store = Store()

    def batch() -> ViapiBatchOperator:
        return ViapiBatchOperator(
            task_id="batch",
            operator=EraseVideoSubtitlesOperator,
            items=[{"video_url": f"https://h/{name}.mp4"} for name in "ab"],
            deferrable=False,
        )

    with pytest.raises(BatchFailed, match="item 1: SubmissionInDoubt: the response names job J-1"):
        run_batch(batch, store)

    # When the gateway passes requests on again, the same signed request becomes the item's own job.
    says(service, EraseVideoSubtitles=[accepted("J-2")], GetAsyncJobResult=[DONE])
    rows = run_batch(batch, store, try_number=2).rows
    assert [row["job_id"] for row in rows] == ["J-1", "J-2"]


def test_two_tasks_never_return_one_job(
    service: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}/state")
    says(
        service,
        EraseVideoSubtitles=[accepted("J-1")],
        QueryAsyncJobList=[Answer(403)],
        GetAsyncJobResult=[DONE],
    )

    assert run_task(task()).pushed["job_id"] == "J-1"
    with pytest.raises(SubmissionInDoubt, match="names job J-1, which belongs to another task"):
        run_task(task(), run_id="another run")

    says(service, EraseVideoSubtitles=[accepted("J-2")], GetAsyncJobResult=[DONE])
    assert run_task(task(), run_id="another run", try_number=2).pushed["job_id"] == "J-2"
