"""Tasks of VIAS against the emulator, from arguments to their end: paid once, started, stopped, refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, TaskDeferred

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import (
    CredentialsRejected,
    InvalidRequest,
    JobFailed,
    JobTimedOut,
    ResponseLost,
    SubmissionInDoubt,
)
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.jobs.model import Job
from airflow_provider_viapi.operators.vias import (
    CreateViasTaskOperator,
    CreateVideoGroupOperator,
    CreateVideoSourceOperator,
    DeleteViasTaskOperator,
    DeleteVideoGroupOperator,
    DeleteVideoSourceOperator,
    ListViasTasksOperator,
    QueryViasTaskOperator,
    StartViasTaskOperator,
    StopViasTaskOperator,
)
from airflow_provider_viapi.task_instance import cancel_decision
from operators.huawei_tasks import FILE, WATCH, Store, accepted, connect, in_haste
from run_task import TaskInstance, run_task

BOTH = pytest.mark.parametrize("deferrable", [True, False])


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


def watch(
    operator: type[CreateViasTaskOperator] = CreateViasTaskOperator, **arguments: Any
) -> CreateViasTaskOperator:
    return operator(**{"task_id": "watch", **WATCH, **arguments})


def running_task() -> str:
    return str(run_task(watch(), Store()).pushed["job_id"])


def state_of(task_id: str) -> str:
    return str(HuaweiCloudHook().call("vias.ShowTaskInfo", {"task_id": task_id})["state"])


@BOTH
def test_a_task_on_a_stream_runs_is_stopped_started_again_and_deleted(
    emulator: EmulatorServer, deferrable: bool
) -> None:
    made = run_task(watch(deferrable=deferrable), Store())
    task_id = made.pushed["job_id"]

    stopped = run_task(StopViasTaskOperator(task_id="stop", vias_task_id=task_id, deferrable=deferrable))
    started = run_task(StartViasTaskOperator(task_id="start", vias_task_id=task_id, deferrable=deferrable))
    run_task(StopViasTaskOperator(task_id="again", vias_task_id=task_id, deferrable=deferrable))
    run_task(DeleteViasTaskOperator(task_id="delete", vias_task_id=task_id))

    assert (made.result["id"], made.result["state"]) == (task_id, "RUNNING")
    assert made.pushed["job_link"] == emulator.url
    assert (stopped.result["state"], started.result["state"]) == ("STOPPED", "RUNNING")
    assert run_task(ListViasTasksOperator(task_id="list")).result["tasks"] == []


def test_a_task_on_a_file_is_waited_for_to_its_end(emulator: EmulatorServer) -> None:
    done = run_task(watch(input=FILE, target_state="SUCCEEDED", deferrable=True), Store())

    assert done.result["state"] == "SUCCEEDED"
    assert done.trigger is not None
    assert done.trigger[1]["target_state"] == "SUCCEEDED"


def test_a_task_need_not_be_waited_for(emulator: EmulatorServer) -> None:
    done = run_task(watch(wait_for_completion=False), Store())

    response = run_task(QueryViasTaskOperator(task_id="query", vias_task_id=done.result)).result
    assert response["name"] == "gate"


def test_a_task_is_returned_with_its_input_and_output_but_without_the_token_of_its_webhook(
    emulator: EmulatorServer,
) -> None:
    webhook = {"url": "http://127.0.0.1:9/alarms", "headers": {"X-Auth-Token": "s3cr3t-value"}}
    done = run_task(watch(output={"webhook": webhook}, wait_for_completion=False), Store())

    shown = run_task(QueryViasTaskOperator(task_id="query", vias_task_id=done.result)).result

    assert shown["input"]["type"] == "url"
    assert shown["output"]["webhook"]["url"] == webhook["url"]
    assert "s3cr3t-value" not in str(shown)


def test_a_retry_resumes_the_task_of_the_attempt_before(emulator: EmulatorServer) -> None:
    store = Store()
    first = run_task(watch(), store)

    again = run_task(watch(), store, try_number=2)

    assert again.pushed["job_id"] == first.pushed["job_id"]
    assert accepted(emulator, "CreateTask") == 1


def test_a_create_whose_answer_was_lost_is_found_in_the_list_and_not_repeated(
    emulator: EmulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}")
    emulator.fault(action="CreateTask", drop="after")

    done = run_task(watch(), Store())

    assert done.result["state"] == "RUNNING"
    tasks = run_task(ListViasTasksOperator(task_id="list")).result["tasks"]
    assert [each["id"] for each in tasks] == [done.pushed["job_id"]]


def test_a_listed_task_is_not_adopted_where_other_dag_runs_cannot_be_seen(emulator: EmulatorServer) -> None:
    emulator.fault(action="CreateTask", drop="after")

    with pytest.raises(SubmissionInDoubt, match=r"another DAG run: without \[viapi\] state_path"):
        run_task(watch(), Store())


def test_an_unknown_outcome_that_the_list_does_not_resolve_fails_and_names_the_candidates(
    emulator: EmulatorServer,
) -> None:
    store = Store()
    running_task()
    emulator.fault(action="CreateTask", drop="after")

    with pytest.raises(SubmissionInDoubt, match="several listed jobs"):
        run_task(watch(), store)

    # A retry has no more evidence, and sends nothing either.
    with pytest.raises(SubmissionInDoubt):
        run_task(watch(), store, try_number=2)
    assert len(run_task(ListViasTasksOperator(task_id="list")).result["tasks"]) == 2


@pytest.mark.parametrize("state", ["ABNORMAL", "FROZEN", "START_FAILED"])
@BOTH
def test_a_bad_end_fails_the_task_with_the_services_reason(
    emulator: EmulatorServer, state: str, deferrable: bool
) -> None:
    emulator.fault(action="CreateTask", job={"state": state, "code": "VIAS.1", "message": "no stream"})

    with pytest.raises(JobFailed, match=f"{state}: no stream") as raised:
        run_task(watch(deferrable=deferrable), Store())

    assert (raised.value.code, raised.value.state) == ("VIAS.1", state)


def test_an_unknown_state_is_logged_once_and_polling_continues(
    emulator: EmulatorServer, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.fault(action="CreateTask", job={"state": "PONDERING", "message": "hm"})

    with pytest.raises(JobTimedOut):
        run_task(watch(job_timeout=timedelta(seconds=6), cancel_on_kill=False), Store())

    assert caplog.text.count("state 'PONDERING' is not documented") == 1


def test_at_its_deadline_a_task_is_stopped_unless_it_is_to_go_on(emulator: EmulatorServer) -> None:
    seen = {}
    for name, cancel_on_kill in (("stopped", True), ("left", False)):
        emulator.fault(action="CreateTask", job={"processing": 3600})
        with pytest.raises(JobTimedOut) as raised:
            run_task(
                watch(name=name, job_timeout=timedelta(seconds=6), cancel_on_kill=cancel_on_kill), Store()
            )
        seen[name] = state_of(raised.value.job_id)

    assert seen["stopped"] in ("STOPPING", "STOPPED")
    assert seen["left"] == "STARTING"


@pytest.fixture
def stops_in_any_state(emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop jobs as the service does, also in states in which the emulator does not."""

    async def stop(hook: HuaweiCloudHook, job: Job, log: Any) -> bool:
        emulator.move_huawei_job(job.id, "STOPPED")
        return True

    monkeypatch.setattr(HuaweiCloudHook, "cancel", stop)


@pytest.mark.usefixtures("stops_in_any_state")
def test_at_the_deadline_of_a_retry_a_job_whose_result_was_returned_is_neither_stopped_nor_replaced(
    emulator: EmulatorServer,
) -> None:
    store = Store()
    job_id = str(run_task(watch(), store).pushed["job_id"])
    # Airflow has not received the result, and the stream is interrupted meanwhile.
    emulator.move_huawei_job(job_id, "RECOVERING")

    with pytest.raises(JobTimedOut, match="resumes this job"):
        run_task(watch(job_timeout=timedelta(seconds=1)), store, try_number=2)

    assert state_of(job_id) == "RECOVERING"
    emulator.move_huawei_job(job_id, "RUNNING")
    assert run_task(watch(), store, try_number=3).pushed["job_id"] == job_id
    assert accepted(emulator, "CreateTask") == 1


@pytest.mark.parametrize(("marked", "stops"), [("failed", True), ("success", False)])
def test_who_fails_a_waiting_task_stops_the_job_and_who_calls_it_done_does_not(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, marked: str, stops: bool
) -> None:
    emulator.fault(action="CreateTask", job={"processing": 3600})

    class StoppedOnceAccepted(CreateViasTaskOperator):
        def accepted(self, job: Job, context: Any) -> None:
            self.on_kill()

    task = watch(StoppedOnceAccepted, deferrable=False)
    monkeypatch.setattr(cancel_decision, "current_state", lambda _: marked)

    with pytest.raises(Exception, match="was stopped"):
        run_task(task, Store())

    (response,) = run_task(ListViasTasksOperator(task_id="list")).result["tasks"]
    assert (response["state"] in ("STOPPING", "STOPPED")) is stops


@pytest.mark.usefixtures("stops_in_any_state")
def test_a_task_whose_result_was_returned_is_not_stopped_by_the_trigger_of_its_retry(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    job_id = run_task(watch(), store).pushed["job_id"]
    # Airflow has not received the result, and the stream is interrupted meanwhile.
    emulator.move_huawei_job(job_id, "RECOVERING")
    instance = TaskInstance(try_number=2)
    context: Any = {"ti": instance, "dag": SimpleNamespace(tasks=[]), "task_state_store": store}
    with pytest.raises(TaskDeferred) as waits:
        watch(deferrable=True).execute(context)

    monkeypatch.setattr(cancel_decision, "current_state", lambda _: "failed")
    asyncio.run(waits.value.trigger.on_kill())

    assert state_of(job_id) == "RECOVERING"


def test_a_task_that_is_stopped_or_started_gets_no_second_command(emulator: EmulatorServer) -> None:
    task_id = running_task()

    run_task(StartViasTaskOperator(task_id="start", vias_task_id=task_id))
    run_task(StopViasTaskOperator(task_id="stop", vias_task_id=task_id))
    run_task(StopViasTaskOperator(task_id="again", vias_task_id=task_id))

    assert accepted(emulator, "StartStopTask") == 1


def test_a_task_that_has_become_abnormal_starts_again(emulator: EmulatorServer) -> None:
    task_id = running_task()
    emulator.move_huawei_job(task_id, "ABNORMAL", code="VIAS.1", message="no stream")

    done = run_task(StartViasTaskOperator(task_id="start", vias_task_id=task_id))

    assert done.result["state"] == "RUNNING"


@pytest.mark.parametrize("state", ["CREATE_FAILED", "START_FAILED", "FAILED"])
@BOTH
def test_a_task_that_has_failed_need_not_be_stopped(
    emulator: EmulatorServer, state: str, deferrable: bool
) -> None:
    task_id = running_task()
    emulator.move_huawei_job(task_id, state, code="VIAS.1", message="no stream")

    stopped = run_task(
        StopViasTaskOperator(task_id="stop", vias_task_id=task_id, deferrable=deferrable)
    ).result

    assert (stopped["id"], stopped["state"], stopped["name"]) == (task_id, state, "gate")
    assert accepted(emulator, "StartStopTask") == 0


def test_a_task_that_fails_while_it_stops_does_not_run_either(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, call = running_task(), HuaweiCloudHook.call

    def failing(hook: HuaweiCloudHook, action: Any, request: Any) -> dict[str, Any]:
        answer = call(hook, action, request)
        if action.name == "StartStopTask":
            emulator.move_huawei_job(task_id, "FAILED", message="no stream")
        return answer

    monkeypatch.setattr(HuaweiCloudHook, "call", failing)

    assert run_task(StopViasTaskOperator(task_id="stop", vias_task_id=task_id)).result["state"] == "FAILED"


def test_a_task_that_has_become_abnormal_is_stopped(emulator: EmulatorServer) -> None:
    task_id = running_task()
    emulator.move_huawei_job(task_id, "ABNORMAL", code="VIAS.1", message="no stream")

    assert run_task(StopViasTaskOperator(task_id="stop", vias_task_id=task_id)).result["state"] == "STOPPED"


@pytest.mark.parametrize("operator", [StartViasTaskOperator, StopViasTaskOperator])
def test_a_command_can_return_without_waiting(
    emulator: EmulatorServer, operator: type[StartViasTaskOperator | StopViasTaskOperator]
) -> None:
    task_id = running_task()

    command = operator(task_id="command", vias_task_id=task_id, wait_for_completion=False)

    assert run_task(command).result == task_id
    # Airflow refuses a result of several outputs that has no fields.
    assert not command.multiple_outputs
    assert operator(task_id="waits", vias_task_id=task_id).multiple_outputs
    assert not operator(task_id="one", vias_task_id=task_id, multiple_outputs=False).multiple_outputs


class StartOnAPromptService(StartViasTaskOperator):
    state_lag = 0.5


class TestStartingATaskOnAFile:
    """A task that runs to its end is started once, also when it has ended before somebody looks again."""

    @pytest.fixture
    def ended(self, emulator: EmulatorServer) -> str:
        emulator.fault(action="CreateTask", job={"processing": 0.5})
        return str(run_task(watch(input=FILE, target_state="SUCCEEDED"), Store()).pushed["job_id"])

    @pytest.fixture
    def stopped(self, emulator: EmulatorServer, ended: str) -> str:
        emulator.move_huawei_job(ended, "STOPPED")
        return ended

    @pytest.fixture(params=["SUCCEEDED", "STOPPED"])
    def found(self, request: pytest.FixtureRequest, emulator: EmulatorServer, ended: str) -> str:
        emulator.move_huawei_job(ended, request.param)
        return ended

    def start(self, task_id: str, **arguments: Any) -> StartViasTaskOperator:
        return StartOnAPromptService(
            task_id="start", vias_task_id=task_id, **{"target_state": "SUCCEEDED", **arguments}
        )

    def running(self, emulator: EmulatorServer) -> str:
        """A task that does not end on its own."""
        emulator.fault(action="CreateTask", job={"processing": 3600})
        return str(run_task(watch(input=FILE), Store()).pushed["job_id"])

    @BOTH
    def test_a_retry_whose_worker_was_lost_after_the_end_does_not_start_it_again(
        self, emulator: EmulatorServer, found: str, deferrable: bool
    ) -> None:
        store = Store()
        run_task(self.start(found, deferrable=deferrable), store)

        again = run_task(self.start(found, deferrable=deferrable), store, try_number=2)

        assert (again.result["state"], again.trigger) == ("SUCCEEDED", None)
        assert accepted(emulator, "StartStopTask") == 1

    @pytest.mark.parametrize("found", ["SUCCEEDED", "STOPPED"])
    def test_a_retry_whose_worker_was_lost_while_it_waited_does_not_start_it_again(
        self, emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, found: str
    ) -> None:
        task_id, store = self.running(emulator), Store()
        emulator.move_huawei_job(task_id, found)

        async def lost(*_: Any, **__: Any) -> Any:
            raise SystemExit

        monkeypatch.setattr(HuaweiCloudHook, "wait_for", lost)
        with pytest.raises(SystemExit):
            run_task(self.start(task_id), store)
        emulator.move_huawei_job(task_id, "SUCCEEDED")

        # Also when a user runs the task again, since nobody has got the result yet.
        assert run_task(self.start(task_id), store, try_number=2, max_tries=5).result["state"] == "SUCCEEDED"
        assert accepted(emulator, "StartStopTask") == 1

    @pytest.mark.parametrize("arguments", [{"target_state": "RUNNING"}, {"wait_for_completion": False}])
    def test_a_retry_does_not_start_it_again_either_if_its_end_is_not_waited_for(
        self, emulator: EmulatorServer, found: str, arguments: dict[str, Any]
    ) -> None:
        store = Store()
        run_task(self.start(found, **arguments), store)
        emulator.move_huawei_job(found, "SUCCEEDED")

        run_task(self.start(found, **arguments), store, try_number=2)

        assert accepted(emulator, "StartStopTask") == 1

    def test_one_that_runs_already_is_not_started_by_a_retry_after_its_end(
        self, emulator: EmulatorServer
    ) -> None:
        task_id, store = self.running(emulator), Store()
        run_task(self.start(task_id, target_state="RUNNING"), store)
        emulator.move_huawei_job(task_id, "SUCCEEDED")

        run_task(self.start(task_id, target_state="RUNNING"), store, try_number=2)

        assert accepted(emulator, "StartStopTask") == 0

    def test_a_user_who_clears_the_task_after_its_success_has_it_started_again(
        self, emulator: EmulatorServer, found: str
    ) -> None:
        store = Store()
        run_task(self.start(found), store)

        run_task(self.start(found), store, try_number=2, max_tries=4)

        assert accepted(emulator, "StartStopTask") == 2

    def test_another_task_of_vias_is_started_whatever_was_recorded_before(
        self, emulator: EmulatorServer, ended: str
    ) -> None:
        store = Store()
        run_task(self.start(ended), store)
        emulator.fault(action="CreateTask", job={"processing": 0.5})
        other = run_task(watch(input=FILE, target_state="SUCCEEDED"), Store()).pushed["job_id"]

        run_task(self.start(other), store, try_number=2)

        assert accepted(emulator, "StartStopTask") == 2

    @pytest.mark.parametrize("drop", ["before", "after"])
    def test_a_start_whose_response_was_lost_is_sent_again_only_if_it_had_no_effect(
        self, emulator: EmulatorServer, stopped: str, drop: Any
    ) -> None:
        emulator.fault(action="StartStopTask", drop=drop)
        store = Store()
        with pytest.raises(ResponseLost):
            run_task(self.start(stopped), store)
        run_task(self.start(stopped), store, try_number=2)

        again = run_task(self.start(stopped), store, try_number=3)

        assert again.result["state"] == "SUCCEEDED"
        assert accepted(emulator, "StartStopTask") == 1

    @pytest.mark.parametrize("drop", ["before", "after"])
    def test_whether_a_task_has_succeeded_a_second_time_is_for_a_user_to_find_out(
        self, emulator: EmulatorServer, ended: str, drop: Any, counted: Counter[Any]
    ) -> None:
        emulator.fault(action="StartStopTask", drop=drop)
        store = Store()
        with pytest.raises(ResponseLost):
            run_task(self.start(ended), store)
        emulator.move_huawei_job(ended, "SUCCEEDED")
        response = accepted(emulator, "StartStopTask")

        for try_number in (2, 3):
            with pytest.raises(SubmissionInDoubt, match="SUCCEEDED as before"):
                run_task(self.start(ended), store, try_number=try_number)
        assert accepted(emulator, "StartStopTask") == response
        assert counted["viapi.submissions_in_doubt", "vias.StartStopTask"] == 2

        assert run_task(self.start(ended), store, try_number=4, max_tries=7).result["state"] == "SUCCEEDED"
        assert accepted(emulator, "StartStopTask") == response + 1

    def test_a_start_that_was_refused_is_sent_again_by_a_retry(
        self, emulator: EmulatorServer, ended: str
    ) -> None:
        emulator.fault(action="StartStopTask", code="VIAS.1", status=400)
        store = Store()
        with pytest.raises(AirflowFailException):
            run_task(self.start(ended), store)

        assert run_task(self.start(ended), store, try_number=2).result["state"] == "SUCCEEDED"
        assert accepted(emulator, "StartStopTask") == 1

    def test_one_that_has_not_left_its_earlier_end_yet_is_waited_for_by_a_retry(
        self, emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        task_id, store, report = self.running(emulator), Store(), HuaweiCloudHook.report
        emulator.move_huawei_job(task_id, "SUCCEEDED")
        run_task(self.start(task_id, wait_for_completion=False), store)
        emulator.move_huawei_job(task_id, "SUCCEEDED")
        looks = []

        def looked(hook: HuaweiCloudHook, job: Any) -> Any:
            looks.append(seen := report(hook, job))
            emulator.move_huawei_job(task_id, "RUNNING")
            return seen

        monkeypatch.setattr(HuaweiCloudHook, "report", looked)
        again = run_task(self.start(task_id, target_state="RUNNING"), store, try_number=2)

        assert [look.state for look in looks] == ["SUCCEEDED", "RUNNING"]
        assert again.result["state"] == "RUNNING"
        assert accepted(emulator, "StartStopTask") == 1

    def test_an_airflow_without_a_store_of_task_state_says_that_a_retry_starts_it_again(
        self,
        emulator: EmulatorServer,
        stopped: str,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        capsys.readouterr()

        run_task(self.start(stopped))

        response = caplog.text or capsys.readouterr().out
        assert response.count("Task state is not durable here") == 1


class TestSources:
    """A create with several sources makes several tasks, and all of them run and are billed."""

    TWO = ({"url": "rtsp://camera/1"}, {"url": "rtsp://camera/2"})

    @pytest.mark.parametrize("data", [[*TWO], TWO, [{"url": "{{ params.a }}"}, {"url": "{{ params.b }}"}]])
    def test_more_than_one_fails_when_the_dag_is_parsed(self, data: Any) -> None:
        with pytest.raises(InvalidRequest, match="input is a mapping with 2 sources in data; allowed: one"):
            watch(input={"type": "url", "data": data})

    @pytest.mark.parametrize(
        "watched", [{"type": "url", "data": "{{ sources }}"}, "{{ {'type': 'url', 'data': sources} }}"]
    )
    def test_more_than_one_that_a_template_brings_are_refused_before_anything_is_sent(
        self, emulator: EmulatorServer, watched: Any
    ) -> None:
        arguments = {"input": watched, "service_version": "v1.0"}
        with DAG("dag", schedule=None, render_template_as_native_obj=True):
            one, two = watch(**arguments), watch(**arguments, task_id="two")
        one.render_template_fields({"sources": [self.TWO[0]]})  # type: ignore[typeddict-unknown-key]
        two.render_template_fields({"sources": [*self.TWO]})  # type: ignore[typeddict-unknown-key]
        store = Store()

        with pytest.raises(AirflowFailException, match="2 sources in data; allowed: one"):
            run_task(two, store)

        assert (emulator.calls(), store.kept) == ({}, {})
        assert run_task(one, store).result["state"] == "RUNNING"


def test_a_task_that_is_not_there_cannot_be_stopped_by_trying_again(emulator: EmulatorServer) -> None:
    with pytest.raises(AirflowFailException, match="nobodys"):
        run_task(StopViasTaskOperator(task_id="stop", vias_task_id="nobodys"))


def test_a_token_that_expires_while_a_task_is_waited_for_is_renewed(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, emulator, "password")
    task = watch()
    wait_for = HuaweiCloudHook.wait_for

    async def expired_meanwhile(hook: HuaweiCloudHook, *args: Any, **kwargs: Any) -> Any:
        emulator.expire_huawei_tokens()
        return await wait_for(hook, *args, **kwargs)

    monkeypatch.setattr(HuaweiCloudHook, "wait_for", expired_meanwhile)

    assert run_task(task, Store()).result["state"] == "RUNNING"


def test_a_wrong_key_is_said_to_be_one_and_nothing_of_it_is_shown(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, emulator, password="not-the-secret")

    with pytest.raises(CredentialsRejected) as raised:
        run_task(watch(), Store())

    assert raised.value.http_status == 401
    assert "not-the-secret" not in str(raised.value)


def test_sources_and_groups_of_them_are_made_watched_and_deleted(emulator: EmulatorServer) -> None:
    source = run_task(
        CreateVideoSourceOperator(
            task_id="source",
            video_source_name="roof",
            access_type="edge",
            type="rtsp",
            type_config="<rtsp><url>rtsp://camera/1</url></rtsp>",
        )
    ).result["video_source_id"]
    group = run_task(
        CreateVideoGroupOperator(
            task_id="group", video_group_name="house", access_type="edge", video_source_ids=[source]
        )
    ).result["video_group_id"]

    watched = {"type": "video_source", "data": [{"video_source_id": source}]}
    assert run_task(watch(input=watched), Store()).result["state"] == "RUNNING"
    run_task(DeleteVideoGroupOperator(task_id="no_group", video_group_id=group))
    run_task(DeleteVideoSourceOperator(task_id="no_source", video_source_id=source))
    assert HuaweiCloudHook().call("vias.ListVideoSources", {})["video_source_list"] == []
