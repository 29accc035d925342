"""Commands to tasks of VIAS when the service fails: unwanted streams are stopped, and streams are paid for once."""

from __future__ import annotations

import asyncio
import sys
import threading
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import (
    ConfigurationError,
    JobFailed,
    JobTimedOut,
    ServiceError,
    StopRequested,
    SubmissionInDoubt,
)
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.jobs.attempt_context import Attempt
from airflow_provider_viapi.operators.huaweicloud_command_ledger import CommandLedger, CommandRecord
from airflow_provider_viapi.operators.vias import (
    CreateViasTaskOperator,
    DeleteViasTaskOperator,
    StartViasTaskOperator,
    StopViasTaskOperator,
)
from operators import run_batch
from operators.huawei_tasks import FILE, WATCH, Store, accepted, connect, in_haste
from run_task import TaskInstance, context_of, deferral_of, run_task

BOTH = pytest.mark.parametrize("deferrable", [True, False])


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


def watch(**arguments: Any) -> CreateViasTaskOperator:
    return CreateViasTaskOperator(**{"task_id": "watch", **WATCH, **arguments})


def running_task() -> str:
    return str(run_task(watch(), Store()).pushed["job_id"])


def states(emulator: EmulatorServer) -> list[str]:
    """States of all tasks, the oldest first."""
    return [str(job["status"]) for job in emulator.jobs()]


def state_of(task_id: str) -> str:
    return str(HuaweiCloudHook().call("vias.ShowTaskInfo", {"task_id": task_id})["state"])


class TestLostStream:
    """A task that has failed as ABNORMAL may run again, such as when its camera is back."""

    @pytest.fixture
    def lost(self, emulator: EmulatorServer) -> None:
        emulator.fault(
            action="CreateTask", job={"state": "ABNORMAL", "code": "VIAS.1", "message": "no camera"}
        )

    @BOTH
    def test_it_is_stopped_so_that_a_retry_does_not_pay_for_two(
        self, emulator: EmulatorServer, lost: None, deferrable: bool
    ) -> None:
        store = Store()
        with pytest.raises(JobFailed, match="ABNORMAL"):
            run_task(watch(deferrable=deferrable), store)
        assert states(emulator)[0] in ("STOPPING", "STOPPED")

        run_task(watch(deferrable=deferrable), store, try_number=2)

        assert sorted(states(emulator)) == ["RUNNING", "STOPPED"]

    def test_one_that_could_not_be_stopped_is_stopped_by_the_retry_before_it_is_replaced(
        self, emulator: EmulatorServer, lost: None
    ) -> None:
        store = Store()
        emulator.fault(action="StartStopTask", code="APIGW.0302", status=403)
        with pytest.raises(JobFailed):
            run_task(watch(), store)
        assert states(emulator) == ["ABNORMAL"]

        run_task(watch(), store, try_number=2)

        assert sorted(states(emulator)) == ["RUNNING", "STOPPED"]

    def test_one_that_is_to_continue_is_resumed_by_the_retry_if_its_camera_is_back(
        self, emulator: EmulatorServer, lost: None
    ) -> None:
        store = Store()
        with pytest.raises(JobFailed) as raised:
            run_task(watch(cancel_on_kill=False), store)
        assert states(emulator) == ["ABNORMAL"]
        emulator.move_huawei_job(raised.value.job_id, "RUNNING")

        again = run_task(watch(cancel_on_kill=False), store, try_number=2)

        assert again.pushed["job_id"] == raised.value.job_id
        assert accepted(emulator, "CreateTask") == 1


@pytest.mark.parametrize("fault", [{"drop": "before"}, {"drop": "after"}, {"code": "VIAS.1", "status": 503}])
class TestOneFailedCall:
    """One failed call does not keep a stream running."""

    def test_a_task_that_is_late_is_stopped(self, emulator: EmulatorServer, fault: dict[str, Any]) -> None:
        emulator.fault(action="CreateTask", job={"processing": 3600})
        emulator.fault(action="StartStopTask", **fault)

        with pytest.raises(JobTimedOut):
            run_task(watch(job_timeout=timedelta(seconds=1)), Store())

        assert states(emulator)[0] in ("STOPPING", "STOPPED")

    def test_stop_is_sent_again(self, emulator: EmulatorServer, fault: dict[str, Any]) -> None:
        task_id = running_task()
        emulator.fault(action="StartStopTask", **fault)

        stopped = run_task(StopViasTaskOperator(task_id="stop", vias_task_id=task_id))

        assert stopped.result["state"] == "STOPPED"

    def test_delete_is_sent_again(self, emulator: EmulatorServer, fault: dict[str, Any]) -> None:
        task_id = running_task()
        emulator.fault(action="DeleteTask", **fault)

        run_task(DeleteViasTaskOperator(task_id="delete", vias_task_id=task_id))

        assert states(emulator) == []


def test_a_retry_of_delete_succeeds_if_the_earlier_attempt_has_deleted(emulator: EmulatorServer) -> None:
    delete = DeleteViasTaskOperator(task_id="delete", vias_task_id=running_task())
    run_task(delete)

    run_task(delete, try_number=2)


def test_the_first_attempt_to_delete_what_does_not_exist_fails(emulator: EmulatorServer) -> None:
    with pytest.raises(AirflowFailException, match="nobodys"):
        run_task(DeleteViasTaskOperator(task_id="delete", vias_task_id="nobodys"))


@pytest.mark.parametrize(
    "fault", [{"code": "VIAS.1", "status": 503}, {"code": "OperationFailed", "status": 400}]
)
def test_a_start_that_may_have_been_accepted_despite_the_error_is_not_sent_again(
    emulator: EmulatorServer, fault: dict[str, Any]
) -> None:
    emulator.fault(action="CreateTask", job={"processing": 0.5})
    task_id = run_task(watch(input=FILE, target_state="SUCCEEDED"), Store()).pushed["job_id"]
    start, store = (
        StartViasTaskOperator(task_id="start", vias_task_id=task_id, target_state="SUCCEEDED"),
        Store(),
    )
    emulator.fault(action="StartStopTask", performed=True, **fault)
    with pytest.raises(ServiceError):
        run_task(start, store)
    emulator.move_huawei_job(task_id, "SUCCEEDED")

    with pytest.raises(SubmissionInDoubt):
        run_task(start, store, try_number=2)

    assert state_of(task_id) == "SUCCEEDED"


def stopped_task() -> str:
    task_id = running_task()
    run_task(StopViasTaskOperator(task_id="stop", vias_task_id=task_id))
    return task_id


def test_a_task_is_not_started_where_it_could_not_be_waited_for(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = StartViasTaskOperator(task_id="start", vias_task_id=stopped_task(), deferrable=False)

    async def in_a_notebook() -> None:
        run_task(start, Store())

    with pytest.raises(ConfigurationError, match="polls in an event loop of its own"):
        asyncio.run(in_a_notebook())
    with monkeypatch.context() as without, pytest.raises(ConfigurationError, match="pip install aiohttp"):
        without.setitem(sys.modules, "aiohttp", None)
        run_task(start, Store())

    assert states(emulator) == ["STOPPED"]


@BOTH
def test_a_task_is_not_started_if_a_setting_of_the_wait_cannot_be_used(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, deferrable: bool
) -> None:
    task_id = stopped_task()
    monkeypatch.setenv("AIRFLOW__VIAPI__JOB_MESSAGES_URL", "nowhere")

    with pytest.raises(ConfigurationError, match="job_messages_url"):
        run_task(StartViasTaskOperator(task_id="start", vias_task_id=task_id, deferrable=deferrable), Store())

    assert states(emulator) == ["STOPPED"]


def test_a_task_is_stopped_even_where_its_end_could_not_be_waited_for(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = StopViasTaskOperator(task_id="stop", vias_task_id=running_task(), deferrable=False)
    monkeypatch.setenv("AIRFLOW__VIAPI__JOB_MESSAGES_URL", "nowhere")

    run_task(stop, Store())

    assert states(emulator) == ["STOPPED"]


def test_a_kill_ends_the_wait_for_a_started_task_which_continues(emulator: EmulatorServer) -> None:
    start = StartViasTaskOperator(
        task_id="start", vias_task_id=stopped_task(), target_state="SUCCEEDED", deferrable=False
    )
    kill = threading.Timer(1.0, start.on_kill)
    kill.start()

    with pytest.raises(StopRequested, match="was not SUCCEEDED yet"):
        run_task(start, Store())

    assert states(emulator) == ["RUNNING"]


@BOTH
@pytest.mark.parametrize("lost_after", [True, False], ids=["after the end", "before the end"])
def test_a_retry_does_not_start_a_task_that_somebody_has_stopped_since_it_was_started(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, deferrable: bool, lost_after: bool
) -> None:
    monkeypatch.setattr(StartViasTaskOperator, "state_lag", 0.1)
    task_id, store = stopped_task(), run_batch.Store()
    # The writes are the command, that it was acknowledged, and that the task has ended.
    store.lost_at_write, store.lost_after = 3, lost_after
    start = StartViasTaskOperator(task_id="start", vias_task_id=task_id, deferrable=deferrable)
    with pytest.raises(run_batch.WorkerLost):
        run_task(start, store)
    run_task(StopViasTaskOperator(task_id="stop", vias_task_id=task_id))

    with pytest.raises((JobFailed, AirflowFailException), match="STOPPED"):
        run_task(start, store, try_number=2)
    assert states(emulator) == ["STOPPED"]

    # A user clears the task.
    run_task(start, store, try_number=3, max_tries=9)
    assert states(emulator) == ["RUNNING"]


@pytest.mark.parametrize(
    ("attempt", "is_found"),
    [
        (Attempt(2, 2, retries=2), True),  # a worker lost after the task had ended
        (Attempt(2, 2, retries=2, clear_number=1), True),  # another task of the run was cleared meanwhile
        (Attempt(2, 3, retries=2, clear_number=1), False),  # cleared
        (Attempt(2, 2, retries=1, clear_number=1), False),  # cleared after retries was lowered
        (Attempt(1, 2, retries=2), False),  # the DAG run was deleted and created again
    ],
)
def test_the_command_of_a_task_that_has_ended_is_sent_again_only_for_a_user(
    attempt: Attempt, is_found: bool
) -> None:
    store = Store()
    first = CommandLedger(store, Attempt(1, 2, retries=2))
    first.write(CommandRecord("digest", "STOPPED", acknowledged=True))
    first.finish()

    found = CommandLedger(store, attempt).read()

    assert (found is not None) is is_found


@pytest.mark.parametrize("state", ["STOPPED", "SUCCEEDED"])
def test_a_clear_after_a_timeout_starts_the_task_again_unless_it_has_succeeded(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr(StartViasTaskOperator, "state_lag", 0.1)
    task_id, store = stopped_task(), Store()
    start = StartViasTaskOperator(
        task_id="start",
        vias_task_id=task_id,
        target_state="SUCCEEDED",
        deferrable=False,
        job_timeout=timedelta(seconds=1),
    )
    with pytest.raises(JobTimedOut):
        run_task(start, store)
    emulator.move_huawei_job(task_id, state)
    before = accepted(emulator, "StartStopTask")

    if state == "SUCCEEDED":
        assert run_task(start, store, try_number=2, max_tries=9).result["state"] == "SUCCEEDED"
    else:
        with pytest.raises(JobTimedOut):
            run_task(start, store, try_number=2, max_tries=9)

    assert accepted(emulator, "StartStopTask") - before == (state == "STOPPED")


def test_a_stop_waits_for_no_other_state_than_stopped() -> None:
    arguments: Any = {"vias_task_id": "1", "target_state": "RUNNING"}
    with pytest.raises(TypeError, match="has no argument 'target_state'"):
        StopViasTaskOperator(task_id="stop", **arguments)


def test_a_retry_that_is_started_with_the_event_of_the_attempt_before_waits_again(
    emulator: EmulatorServer,
) -> None:
    """Airflow 3.0 and 3.1.0 start retries like that."""
    task_id, store = running_task(), Store()
    emulator.move_huawei_job(task_id, "RECOVERING")
    start = StartViasTaskOperator(task_id="start", vias_task_id=task_id, deferrable=True)
    method, kwargs = deferral_of(start, context_of(TaskInstance(), store))
    kwargs["event"] = {"error": JobTimedOut("late", job_id=task_id).as_dict()}
    emulator.move_huawei_job(task_id, "RUNNING")

    result = start.resume_execution(method, kwargs, context_of(TaskInstance(try_number=2), store))

    assert result["state"] == "RUNNING"
