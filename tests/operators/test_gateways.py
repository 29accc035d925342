"""Odd responses to a submission: which ones accept nothing, and which ones leave the outcome unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.errors import ConfigurationError, ServiceError, SubmissionInDoubt
from operators import test_paid_once
from operators.test_paid_once import DONE, SEEN_BEFORE, Store, accepted, job_list, says, submissions, task
from run_task import run_task
from scripted_server import Answer, ScriptedServer

quick, service = test_paid_once.quick, test_paid_once.service

PAGE = "<html>Bad gateway</html>"


def document(**fields: Any) -> str:
    return json.dumps(fields)


# Item 4: a response that does not prove a refusal.

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


# Item 5: a request that never reached the service.

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
