"""Commands to tasks of VIAS when the service fails: unwanted streams are stopped, and streams are paid for once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import (
    JobFailed,
    JobTimedOut,
    ServiceError,
    SubmissionInDoubt,
)
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.jobs.attempt_context import Attempt
from airflow_provider_viapi.operators.huaweicloud_job_commands import CommandLedger, CommandRecord
from airflow_provider_viapi.operators.vias import (
    CreateViasTaskOperator,
    DeleteViasTaskOperator,
    StartViasTaskOperator,
    StopViasTaskOperator,
)
from operators.huawei_tasks import FILE, WATCH, Store, accepted, connect, in_haste
from run_task import run_task

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


def test_a_stop_waits_for_no_other_state_than_stopped() -> None:
    arguments: Any = {"vias_task_id": "1", "target_state": "RUNNING"}
    with pytest.raises(TypeError, match="target_state"):
        StopViasTaskOperator(task_id="stop", **arguments)
