"""The sensor of VIAPI waits for a job that something else submitted, and behaves as Airflow's sensors do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from airflow_provider_viapi.errors import CredentialsRejected, InvalidRequest, JobFailed, JobTimedOut
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.sensors.viapi import ViapiJobSensor
from run_task import TaskInstance, context_of, deferral_of, run_task
from scripted_server import Answer, ScriptedServer, scripted_server
from timing import poll_quickly

RESULT = {"VideoUrl": "http://h/out.mp4"}
BOTH = pytest.mark.parametrize("deferrable", [True, False])


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    poll_quickly(monkeypatch)
    with scripted_server(Answer(body='{"RequestId": "J-1"}')) as server:
        fields = {"conn_type": "viapi", "login": "i", "password": "s", "extra": {"endpoint": server.url}}
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(fields))
        yield server


def state(status: str, **data: Any) -> Answer:
    if status == "PROCESS_SUCCESS":
        data["Result"] = json.dumps(RESULT)
    return Answer(body=json.dumps({"RequestId": "R", "Data": {"Status": status, **data}}))


QUEUING = state("QUEUING")
FAILED = state("TIMEOUT_FAILED", ErrorMessage="too slow")
FORBIDDEN = Answer(403, '{"RequestId": "R", "Code": "NoPermission", "Message": "not allowed"}')
WRONG_SECRET = Answer(400, '{"RequestId": "R", "Code": "SignatureDoesNotMatch", "Message": "wrong"}')


def context() -> Any:
    return {"ti": TaskInstance()}


def sensor(**arguments: Any) -> ViapiJobSensor:
    return ViapiJobSensor(task_id="wait", **{"job_id": "J-1", "poke_interval": 0.01, **arguments})


def test_an_operator_that_does_not_wait_returns_the_jobs_id(service: ScriptedServer) -> None:
    submit = EraseVideoSubtitlesOperator(
        task_id="submit", video_url="http://h/a.mp4", wait_for_completion=False, deferrable=True
    )

    outcome = run_task(submit)

    assert (outcome.result, outcome.pushed["job_id"], outcome.trigger) == ("J-1", "J-1", None)
    assert not submit.multiple_outputs
    assert service.count("GetAsyncJobResult") == 0


@BOTH
def test_the_sensor_returns_the_jobs_result(service: ScriptedServer, deferrable: bool) -> None:
    service.by_name["GetAsyncJobResult"] = [state("QUEUING"), state("PROCESSING"), state("PROCESS_SUCCESS")]

    assert run_task(sensor(deferrable=deferrable)).result == RESULT


def test_a_retry_that_is_started_with_the_event_of_the_attempt_before_waits_again(
    service: ScriptedServer,
) -> None:
    """Airflow 3.0 and 3.1.0 start retries like that."""
    service.by_name["GetAsyncJobResult"] = [QUEUING, state("PROCESS_SUCCESS")]
    method, kwargs = deferral_of(sensor(deferrable=True), context_of(TaskInstance()))
    kwargs["event"] = {"error": JobTimedOut("late", job_id="J-1").as_dict()}

    retry = context_of(TaskInstance(try_number=2))
    assert sensor(deferrable=True).resume_execution(method, kwargs, retry) == RESULT


@BOTH
def test_an_outage_of_the_service_does_not_end_the_wait(service: ScriptedServer, deferrable: bool) -> None:
    down = Answer(503, "the service is down")
    service.by_name["GetAsyncJobResult"] = [down, down, QUEUING, state("PROCESS_SUCCESS")]
    waiting = sensor(deferrable=deferrable)
    # Each poll is retried that long, by default for a minute.
    waiting.hook.client.retry_seconds = 0.0

    assert run_task(waiting).result == RESULT


def test_a_job_that_has_ended_needs_no_triggerer(service: ScriptedServer) -> None:
    service.by_name["GetAsyncJobResult"] = [state("PROCESS_SUCCESS")]

    outcome = run_task(sensor(deferrable=True))

    assert (outcome.result, outcome.trigger) == (RESULT, None)


@BOTH
def test_a_job_that_failed_fails_the_sensor_with_its_reason(
    service: ScriptedServer, deferrable: bool
) -> None:
    service.by_name["GetAsyncJobResult"] = [
        state("QUEUING"),
        state("TIMEOUT_FAILED", ErrorMessage="too slow"),
    ]

    with pytest.raises(JobFailed, match=r"TIMEOUT_FAILED: too slow"):
        run_task(sensor(deferrable=deferrable))


@BOTH
def test_the_sensor_gives_up_at_its_timeout_without_a_retry_and_cancels_nothing(
    service: ScriptedServer, deferrable: bool
) -> None:
    service.by_name["GetAsyncJobResult"] = [state("QUEUING")]

    with pytest.raises(AirflowSensorTimeout):
        run_task(sensor(deferrable=deferrable, timeout=timedelta(seconds=1).total_seconds()))

    assert service.count("CancelWaitingAsyncJob") == 0


@BOTH
@pytest.mark.parametrize(
    ("answer", "timeout", "reason"),
    [
        (QUEUING, 1, "deadline|timed out|soft_fail"),
        (FAILED, 600, "too slow"),
        (FORBIDDEN, 600, "soft_fail"),
    ],
)
def test_a_soft_failing_sensor_is_skipped_instead(
    service: ScriptedServer, deferrable: bool, answer: Answer, timeout: int, reason: str
) -> None:
    service.by_name["GetAsyncJobResult"] = [QUEUING, answer]

    with pytest.raises(AirflowSkipException, match=reason):
        run_task(sensor(deferrable=deferrable, soft_fail=True, timeout=timeout))


@BOTH
def test_a_soft_failing_sensor_that_cannot_poll_is_retried(service: ScriptedServer, deferrable: bool) -> None:
    service.by_name["GetAsyncJobResult"] = [QUEUING, WRONG_SECRET]

    with pytest.raises(CredentialsRejected):
        run_task(sensor(deferrable=deferrable, soft_fail=True))


def test_a_rescheduling_sensor_occupies_no_worker_between_two_polls(service: ScriptedServer) -> None:
    service.by_name["GetAsyncJobResult"] = [QUEUING, state("PROCESS_SUCCESS")]
    waiting = sensor(mode="reschedule", deferrable=False)

    assert not waiting.poke(context()).is_done
    assert waiting.poke(context()).xcom_value == RESULT


@BOTH
def test_the_result_is_linked_once(service: ScriptedServer, deferrable: bool) -> None:
    service.by_name["GetAsyncJobResult"] = [QUEUING, state("PROCESS_SUCCESS")]
    waiting = sensor(deferrable=deferrable)

    assert run_task(waiting).pushed == {"result_link": RESULT["VideoUrl"]}
    assert list(waiting.operator_extra_links) == []


def test_all_jobs_are_polled_at_the_service_viapi_unless_another_is_named(
    service: ScriptedServer,
) -> None:
    service.by_name["GetAsyncJobResult"] = [state("PROCESS_SUCCESS")]

    run_task(sensor())
    run_task(sensor(service="videoenhan"))

    versions = [request.query["Version"] for request in service.sent("GetAsyncJobResult")]
    assert versions == ["2023-01-17", "2020-03-20"]


def test_a_missing_job_id_fails_without_a_retry(service: ScriptedServer) -> None:
    with DAG("dag", schedule=None):
        waiting = sensor(job_id="{{ id }}", deferrable=True)
    waiting.render_template_fields({"id": ""})  # type: ignore[arg-type]

    with pytest.raises(AirflowFailException, match="job_id is '', empty"):
        run_task(waiting)


@pytest.mark.parametrize("job_id", ["", " ", None, ["a"], 5])
def test_a_literal_that_is_no_id_is_refused_when_the_dag_is_parsed(job_id: Any) -> None:
    with pytest.raises(InvalidRequest, match=r"job_id is .*, empty or not a text"):
        sensor(job_id=job_id)


@pytest.mark.parametrize("name", ["videoenhn", "", 5, None])
def test_a_service_that_no_model_has_is_refused_when_the_dag_is_parsed(name: Any) -> None:
    with pytest.raises(InvalidRequest, match=f"service is {name!r}; allowed: viapi, which reports all jobs"):
        sensor(service=name)


def test_a_deferred_sensor_waits_no_longer_than_its_execution_timeout(service: ScriptedServer) -> None:
    service.by_name["GetAsyncJobResult"] = [QUEUING]

    with pytest.raises(
        JobTimedOut, match=r"at the deadline \S+; the sensor gives up after 1 seconds, and the"
    ):
        run_task(sensor(deferrable=True, execution_timeout=timedelta(seconds=1)))
