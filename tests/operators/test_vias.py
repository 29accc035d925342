"""Tasks of VIAS, from arguments to their end, against the emulator: paid once, started, stopped, and told why not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import CredentialsRejected, JobFailed, JobTimedOut, SubmissionInDoubt
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.operators import job as operators_job
from airflow_provider_viapi.operators.vias import (
    CreateTaskOperator,
    CreateVideoGroupOperator,
    CreateVideoSourceOperator,
    DeleteTaskOperator,
    DeleteVideoGroupOperator,
    DeleteVideoSourceOperator,
    ListTasksOperator,
    QueryTaskOperator,
    StartTaskOperator,
    StopTaskOperator,
)
from operators.huawei_tasks import FILE, WATCH, Store, accepted, connect, in_haste
from task_life import live

BOTH = pytest.mark.parametrize("deferrable", [True, False])


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


def watch(**arguments: Any) -> CreateTaskOperator:
    return CreateTaskOperator(task_id="watch", **{**WATCH, **arguments})


def running_task() -> str:
    return str(live(watch(), Store()).pushed["job_id"])


def state_of(task_id: str) -> str:
    return str(HuaweiCloudHook().vias.tasks.show(task_id)["state"])


@BOTH
def test_a_task_on_a_stream_runs_is_stopped_started_again_and_deleted(
    emulator: EmulatorServer, deferrable: bool
) -> None:
    made = live(watch(deferrable=deferrable), Store())
    task_id = made.pushed["job_id"]

    stopped = live(StopTaskOperator(task_id="stop", vias_task_id=task_id, deferrable=deferrable))
    started = live(StartTaskOperator(task_id="start", vias_task_id=task_id, deferrable=deferrable))
    live(StopTaskOperator(task_id="again", vias_task_id=task_id, deferrable=deferrable))
    live(DeleteTaskOperator(task_id="delete", vias_task_id=task_id))

    assert (made.result["id"], made.result["state"]) == (task_id, "RUNNING")
    assert made.pushed["job_link"] == emulator.url
    assert (stopped.result["state"], started.result["state"]) == ("STOPPED", "RUNNING")
    assert live(ListTasksOperator(task_id="list")).result["tasks"] == []


def test_a_task_on_a_file_is_waited_for_to_its_end(emulator: EmulatorServer) -> None:
    life = live(watch(input=FILE, wait_for="SUCCEEDED", deferrable=True), Store())

    assert life.result["state"] == "SUCCEEDED"
    assert life.trigger is not None
    assert life.trigger[1]["goal"] == "SUCCEEDED"


def test_a_task_need_not_be_waited_for(emulator: EmulatorServer) -> None:
    life = live(watch(wait_for=None), Store())

    told = live(QueryTaskOperator(task_id="query", vias_task_id=life.result)).result
    assert told["name"] == "gate"


def test_a_retry_goes_on_with_the_task_of_the_try_before(emulator: EmulatorServer) -> None:
    store = Store()
    first = live(watch(), store)

    again = live(watch(), store, try_number=2)

    assert again.pushed["job_id"] == first.pushed["job_id"]
    assert accepted(emulator, "CreateTask") == 1


def test_a_create_whose_answer_was_lost_is_found_in_the_list_and_not_repeated(
    emulator: EmulatorServer,
) -> None:
    emulator.fault(action="CreateTask", drop="after")

    life = live(watch(), Store())

    assert life.result["state"] == "RUNNING"
    tasks = live(ListTasksOperator(task_id="list")).result["tasks"]
    assert [each["id"] for each in tasks] == [life.pushed["job_id"]]


def test_a_doubt_that_the_list_does_not_settle_fails_loudly_and_names_what_may_be_ours(
    emulator: EmulatorServer,
) -> None:
    store = Store()
    running_task()
    emulator.fault(action="CreateTask", drop="after")

    with pytest.raises(SubmissionInDoubt, match="several jobs"):
        live(watch(), store)

    # The next try decides no better, and sends nothing either.
    with pytest.raises(SubmissionInDoubt):
        live(watch(), store, try_number=2)
    assert len(live(ListTasksOperator(task_id="list")).result["tasks"]) == 2


@pytest.mark.parametrize("state", ["ABNORMAL", "FROZEN", "START_FAILED"])
@BOTH
def test_a_bad_end_fails_the_task_with_the_services_reason(
    emulator: EmulatorServer, state: str, deferrable: bool
) -> None:
    emulator.fault(action="CreateTask", job={"state": state, "code": "VIAS.1", "message": "no stream"})

    with pytest.raises(JobFailed, match=f"{state}: no stream") as raised:
        live(watch(deferrable=deferrable), Store())

    assert (raised.value.code, raised.value.state) == ("VIAS.1", state)


def test_an_unknown_state_is_waited_out_and_told_once(
    emulator: EmulatorServer, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.fault(action="CreateTask", job={"state": "PONDERING", "message": "hm"})

    with pytest.raises(JobTimedOut):
        live(watch(job_timeout=timedelta(seconds=2), cancel_on_kill=False), Store())

    assert caplog.text.count("'PONDERING' of a job is not a documented one") == 1


def test_at_its_deadline_a_task_is_stopped_unless_it_is_to_go_on(emulator: EmulatorServer) -> None:
    seen = {}
    for name, cancel_on_kill in (("stopped", True), ("left", False)):
        emulator.fault(action="CreateTask", job={"processing": 3600})
        with pytest.raises(JobTimedOut) as raised:
            live(watch(name=name, job_timeout=timedelta(seconds=1), cancel_on_kill=cancel_on_kill), Store())
        seen[name] = state_of(raised.value.job_id)

    assert seen["stopped"] in ("STOPPING", "STOPPED")
    assert seen["left"] == "STARTING"


@pytest.mark.parametrize(("marked", "stops"), [("failed", True), ("success", False)])
def test_who_fails_a_waiting_task_stops_the_job_and_who_calls_it_done_does_not(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, marked: str, stops: bool
) -> None:
    emulator.fault(action="CreateTask", job={"processing": 3600})
    task = watch(deferrable=False)
    monkeypatch.setattr(operators_job, "is_over", lambda instance, states: marked in states)
    task._told_to_stop = True

    with pytest.raises(Exception, match="told to stop"):
        live(task, Store())

    (told,) = live(ListTasksOperator(task_id="list")).result["tasks"]
    assert (told["state"] in ("STOPPING", "STOPPED")) is stops


def test_what_has_been_stopped_or_started_is_not_told_again(emulator: EmulatorServer) -> None:
    task_id = running_task()

    live(StartTaskOperator(task_id="start", vias_task_id=task_id))
    live(StopTaskOperator(task_id="stop", vias_task_id=task_id))
    live(StopTaskOperator(task_id="again", vias_task_id=task_id))

    assert accepted(emulator, "StartStopTask") == 1


def test_a_task_that_has_become_abnormal_starts_again(emulator: EmulatorServer) -> None:
    task_id = running_task()
    emulator.move_huawei_job(task_id, "ABNORMAL", code="VIAS.1", message="no stream")

    life = live(StartTaskOperator(task_id="start", vias_task_id=task_id))

    assert life.result["state"] == "RUNNING"


def test_a_task_that_is_not_there_cannot_be_stopped_by_trying_again(emulator: EmulatorServer) -> None:
    with pytest.raises(AirflowFailException, match="nobodys"):
        live(StopTaskOperator(task_id="stop", vias_task_id="nobodys"))


def test_a_token_that_ends_while_a_task_is_waited_for_is_fetched_anew(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, emulator, "password")
    task = watch()
    wait_for = HuaweiCloudHook.wait_for

    async def expired_meanwhile(hook: HuaweiCloudHook, *args: Any, **kwargs: Any) -> Any:
        emulator.expire_huawei_tokens()
        return await wait_for(hook, *args, **kwargs)

    monkeypatch.setattr(HuaweiCloudHook, "wait_for", expired_meanwhile)

    assert live(task, Store()).result["state"] == "RUNNING"


def test_a_wrong_key_is_said_to_be_one_and_nothing_of_it_is_shown(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, emulator, password="not-the-secret")

    with pytest.raises(CredentialsRejected) as raised:
        live(watch(), Store())

    assert raised.value.http_status == 401
    assert "not-the-secret" not in str(raised.value)


def test_sources_and_groups_of_them_are_made_watched_and_deleted(emulator: EmulatorServer) -> None:
    source = live(
        CreateVideoSourceOperator(
            task_id="source",
            video_source_name="roof",
            access_type="edge",
            type="rtsp",
            type_config="<rtsp><url>rtsp://camera/1</url></rtsp>",
        )
    ).result["video_source_id"]
    group = live(
        CreateVideoGroupOperator(
            task_id="group", video_group_name="house", access_type="edge", video_source_ids=[source]
        )
    ).result["video_group_id"]

    watched = {"type": "video_source", "data": [{"video_source_id": source}]}
    assert live(watch(input=watched), Store()).result["state"] == "RUNNING"
    live(DeleteVideoGroupOperator(task_id="no_group", video_group_id=group))
    live(DeleteVideoSourceOperator(task_id="no_source", video_source_id=source))
    assert HuaweiCloudHook().vias.sources.list()["video_source_list"] == []
