"""Bulk jobs of ImageSearch: what a submission makes of a refusal, and what lists say of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.client import Client
from airflow_provider_viapi.alibaba.imagesearch_job_backend import (
    ACTION,
    IncrementSubmitBackend,
    job_of,
    read_report,
)
from airflow_provider_viapi.errors import (
    InvalidRequest,
    ResponseLost,
    Throttled,
    TransientError,
    proves_not_accepted,
)
from airflow_provider_viapi.jobs.model import Outcome, RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials
from scripted_server import Answer, ScriptedServer, scripted_server

REQUEST = {"InstanceName": "shop", "BucketName": "team", "Path": "/search/increment-1"}
REFUSED = Answer(409, '{"RequestId": "R", "Code": "InstanceStatusError", "Message": "not now"}')


def listed(*tasks: dict[str, Any]) -> Answer:
    data = {"Increments": {"Instance": list(tasks)}, "TotalCount": len(tasks)}
    return Answer(body=json.dumps({"RequestId": "R", "Data": data}))


def entry(number: int, status: str = "PROCESSING", **more: Any) -> dict[str, Any]:
    return {"Id": number, "Status": status, "Path": REQUEST["Path"], "UtcCreate": "1629095713000", **more}


@pytest.fixture
def service() -> Iterator[ScriptedServer]:
    with scripted_server(Answer(500)) as server:
        yield server


@pytest.fixture
def backend(service: ScriptedServer) -> Iterator[IncrementSubmitBackend]:
    with Client(Account(Credentials("id", "secret"), endpoint=service.url)) as client:
        yield IncrementSubmitBackend(client, "shop", "team", REQUEST["Path"])


def test_a_refusal_while_the_instance_works_on_another_task_is_retried_like_throttling(
    service: ScriptedServer, backend: IncrementSubmitBackend
) -> None:
    service.by_name = {"IncreaseInstance": [REFUSED], "IncreaseList": [listed(entry(7))]}

    with pytest.raises(Throttled, match=r"instance shop runs bulk job 7;.*InstanceStatusError") as busy:
        backend.submit(REQUEST, RequestNonce.new())

    assert busy.value.code == "InstanceBusy"


@pytest.mark.parametrize("number", [500, "500"])
def test_the_id_of_a_task_may_be_a_number_or_a_text_as_the_documents_have_both(
    service: ScriptedServer, backend: IncrementSubmitBackend, number: Any
) -> None:
    data = {"Id": number, "IncrementStatus": "PROCESSING"}
    service.by_name = {
        "IncreaseInstance": [Answer(body=json.dumps({"RequestId": "R", "Success": True, "Data": data}))]
    }

    assert backend.submit(REQUEST, RequestNonce.new()) == job_of("shop", 500)


def test_a_refusal_is_retried_once_if_the_other_task_may_have_ended_meanwhile(
    service: ScriptedServer, backend: IncrementSubmitBackend
) -> None:
    service.by_name = {
        "IncreaseInstance": [REFUSED, REFUSED],
        "IncreaseList": [listed(ended := entry(7, "SUCCESS"), entry(6, "FAIL")), listed(ended)],
    }

    with pytest.raises(
        Throttled, match="instance shop refused a bulk job, maybe because bulk job 7 had not ended yet"
    ):
        backend.submit(REQUEST, RequestNonce.new())
    with pytest.raises(InvalidRequest, match="not now"):
        backend.submit(REQUEST, RequestNonce.new())


def test_a_refusal_whose_reason_cannot_be_read_now_is_retried_within_submit_timeout(
    service: ScriptedServer,
) -> None:
    service.by_name = {"IncreaseInstance": [REFUSED], "IncreaseList": [Answer(503)]}
    account = Account(Credentials("id", "secret"), endpoint=service.url)

    with (
        Client(account, retry_seconds=0) as client,
        pytest.raises(
            TransientError, match=r"refused a bulk job .not now., and its bulk jobs cannot"
        ) as error,
    ):
        IncrementSubmitBackend(client, "shop", "team", REQUEST["Path"]).submit(REQUEST, RequestNonce.new())

    assert proves_not_accepted(error.value)
    # Throttled submissions are retried for as long as the task waits.
    assert not isinstance(error.value, Throttled)


def test_a_refusal_is_the_services_if_a_proxy_does_not_forward_the_list(
    service: ScriptedServer, backend: IncrementSubmitBackend
) -> None:
    service.by_name = {"IncreaseInstance": [REFUSED], "IncreaseList": [Answer(407, "<html>")]}

    with pytest.raises(InvalidRequest, match="not now"):
        backend.submit(REQUEST, RequestNonce.new())


def test_any_other_refusal_is_the_services(service: ScriptedServer, backend: IncrementSubmitBackend) -> None:
    service.by_name = {"IncreaseInstance": [REFUSED], "IncreaseList": [listed()]}

    with pytest.raises(InvalidRequest, match="not now"):
        backend.submit(REQUEST, RequestNonce.new())


def test_a_refusal_with_the_status_of_a_failure_proves_nothing_about_the_task(
    service: ScriptedServer, backend: IncrementSubmitBackend
) -> None:
    failed = Answer(500, '{"RequestId": "R", "Code": "InvalidParameter", "Message": "failed"}')
    service.by_name = {"IncreaseInstance": [failed], "IncreaseList": [listed(entry(7))]}

    with pytest.raises(InvalidRequest) as refused:
        backend.submit(REQUEST, RequestNonce.new())

    assert not proves_not_accepted(refused.value)


@pytest.mark.parametrize("data", [{}, {"Id": None}, {"Id": "soon"}])
def test_a_response_without_the_id_of_a_task_leaves_the_outcome_unknown(
    service: ScriptedServer, backend: IncrementSubmitBackend, data: dict[str, Any]
) -> None:
    service.by_name = {
        "IncreaseInstance": [Answer(body=json.dumps({"RequestId": "R", "Data": data}))],
    }

    with pytest.raises(ResponseLost, match="no id of a bulk job"):
        backend.submit(REQUEST, RequestNonce.new())


@pytest.mark.parametrize(("total", "is_complete"), [(1, True), (11, False), (None, True)])
def test_the_list_is_complete_if_it_shows_as_many_tasks_as_it_counts(
    service: ScriptedServer, backend: IncrementSubmitBackend, total: Any, is_complete: bool
) -> None:
    data = {"Increments": {"Instance": [entry(9)]}, "TotalCount": total}
    service.by_name = {"IncreaseList": [Answer(body=json.dumps({"RequestId": "R", "Data": data}))]}

    assert backend.list_recent(datetime.now(timezone.utc)).is_complete is is_complete


def test_the_list_of_a_submission_has_only_the_tasks_of_its_folder(
    service: ScriptedServer, backend: IncrementSubmitBackend
) -> None:
    tasks = (
        entry(9),
        entry(8, Path="/search/increment-1/increment.meta", UtcCreate="soon"),
        entry(7, Path="/search/increment-12"),
        entry(6, Path="/other"),
    )
    service.by_name = {"IncreaseList": [listed(*tasks)]}

    found = backend.list_recent(datetime.now(timezone.utc))

    assert [each.job_id for each in found.jobs] == ["shop/9", "shop/8"]
    assert found.jobs[0].created_at(timezone.utc) == datetime(2021, 8, 16, 6, 35, 13, tzinfo=timezone.utc)
    assert found.jobs[1].created_at(timezone.utc) is None
    assert found.is_own


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("PROCESSING", Outcome.WAITING),
        ("SUCCESS", Outcome.SUCCEEDED),
        ("FAIL", Outcome.FAILED),
        ("PAUSED", Outcome.WAITING),
    ],
)
def test_the_state_of_a_task_is_read_from_its_entry(status: str, outcome: Outcome) -> None:
    tasks = [entry(8, "FAIL"), entry(9, status, Code="E", Msg="why")]

    report = read_report(job_of("shop", 9), {"Data": {"Increments": {"Instance": tasks}}})

    assert (report.job_id, report.state, report.outcome) == ("shop/9", status, outcome)
    assert report.error_code == ("E" if outcome is Outcome.FAILED else None)
    assert job_of("shop", 9).action == ACTION


def test_a_task_that_the_list_does_not_show_yet_is_not_over() -> None:
    answer = {"Data": {"Increments": {"Instance": [entry(8)]}}}

    with pytest.raises(ResponseLost, match="does not show bulk job shop/9"):
        read_report(job_of("shop", 9), answer)
