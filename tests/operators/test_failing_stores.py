"""A store or an API server that fails for a moment: it loses no paid result, and hides no error that matters more."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.errors import JobTimedOut, ServiceError
from airflow_provider_viapi.operators.vias import CreateViasTaskOperator
from operators.huawei_tasks import WATCH
from operators.test_paid_once import DONE, RESULT, Store, accepted, quick, says, service, submissions, task
from run_task import TaskInstance, context_of, deferral_of
from scripted_server import Answer, ScriptedServer

__all__ = ["quick", "service"]

CANCELLED = Answer(body='{"RequestId": "R", "Success": true}')
REFUSED = Answer(400, '{"RequestId": "R-9", "Code": "InvalidParameter", "Message": "no such video"}')


class ForgetfulInstance(TaskInstance):
    """A task instance whose XComs of some keys cannot be written."""

    refused: tuple[str, ...] = ()

    def xcom_push(self, key: str, value: Any) -> None:
        """Record an XCom, unless it is refused."""
        if key in self.refused:
            raise ConnectionError("the API server is not available")
        super().xcom_push(key, value)


class FailingStore(Store):
    """A store that fails at some calls."""

    fails: tuple[str, ...] = ()

    def get(self, key: str) -> Any:
        """Return the value."""
        if "get" in self.fails:
            raise ConnectionError("the store cannot be read")
        return super().get(key)

    def delete(self, key: str) -> None:
        """Delete the value."""
        if "delete" in self.fails:
            raise ConnectionError("the store cannot be written")
        super().delete(key)


@pytest.mark.parametrize("key", ["job_id", "job_link", "result_link", "viapi_view", "usage"])
def test_an_xcom_that_cannot_be_written_does_not_fail_a_paid_task(service: ScriptedServer, key: str) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], GetAsyncJobResult=[DONE])
    instance = ForgetfulInstance()
    instance.refused = (key,)

    assert task(deferrable=False).execute(context_of(instance)) == RESULT
    assert submissions(service) == 1


def test_a_timeout_is_reported_although_the_record_of_the_job_cannot_be_read(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")], CancelWaitingAsyncJob=[CANCELLED])
    store = FailingStore()
    method, kwargs = deferral_of(task(deferrable=True), context_of(TaskInstance(), store))
    kwargs["event"] = {"error": JobTimedOut("late", job_id="J-1").as_dict()}
    store.fails = ("get",)

    with pytest.raises(
        JobTimedOut, match=r"late.*could not be read \(ConnectionError\): it was not cancelled"
    ):
        task(deferrable=True).resume_execution(method, kwargs, context_of(TaskInstance(), store))


def test_a_failed_job_is_reported_although_its_record_cannot_be_read(service: ScriptedServer) -> None:
    says(service, EraseVideoSubtitles=[accepted("J-1")])
    store = FailingStore()
    method, kwargs = deferral_of(task(deferrable=True), context_of(TaskInstance(), store))
    report = {"job_id": "J-1", "state": "PROCESS_FAILED", "outcome": "failed"}
    kwargs["event"] = {
        "report": {**report, "error_code": "InvalidParameter", "error_message": "no such video"}
    }
    store.fails = ("get",)

    with pytest.raises((ServiceError, AirflowFailException), match="no such video"):
        task(deferrable=True).resume_execution(method, kwargs, context_of(TaskInstance(), store))


def test_a_refusal_is_reported_and_withdrawn_although_the_ledger_cannot_be_cleared(
    service: ScriptedServer,
) -> None:
    says(service, EraseVideoSubtitles=[REFUSED])
    store, instance = FailingStore(), TaskInstance()
    store.fails = ("delete",)

    with pytest.raises(AirflowFailException, match="no such video"):
        task(deferrable=False).execute(context_of(instance, store))

    assert instance.pushed["job_intent"]["closed"]


def test_the_event_that_an_attempt_does_not_use_stops_no_job_that_is_to_continue(
    service: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"conn_type": "huaweicloud", "login": "i", "password": "s", "extra": {"endpoint": service.url}}
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(fields))
    watch = CreateViasTaskOperator(
        **{**WATCH, "task_id": "watch"}, cancel_on_kill=False, durable=False, deferrable=True
    )

    watch.give_up_earlier_event(
        context_of(TaskInstance(try_number=2)), {"error": JobTimedOut("late", job_id="T-1").as_dict()}
    )

    assert not service.requests
