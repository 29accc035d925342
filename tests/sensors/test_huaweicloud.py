"""Sensors of Huawei Cloud wait for jobs that something else submitted, also while they are reviewed for days."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, JobFailed
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei.services import find
from airflow_provider_viapi.sensors.huaweicloud import (
    HuaweiCloudJobSensor,
    ImageModelSensor,
    LiveTaskSensor,
    ViasTaskSensor,
    VoiceModelSensor,
)
from operators.huawei_tasks import SPEAK, WATCH, connect
from run_task import run_task
from timing import poll_quickly

BOTH = pytest.mark.parametrize("deferrable", [True, False])


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    poll_quickly(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


def sensor(kind: type[HuaweiCloudJobSensor], **arguments: Any) -> HuaweiCloudJobSensor:
    return kind(task_id="wait", poke_interval=0.01, **arguments)


def task() -> str:
    return str(HuaweiCloudHook().call("vias.CreateTask", WATCH)["tasks"][0]["id"])


def voice() -> str:
    hook = HuaweiCloudHook()
    job_id = hook.call("metastudio.CreateTrainingBasicJob", {"voice_name": "Anna"})["job_id"]
    hook.call("metastudio.CommitVoiceTrainingJob", {"job_id": job_id})
    return str(job_id)


@BOTH
def test_a_task_is_waited_for_until_it_runs(emulator: EmulatorServer, deferrable: bool) -> None:
    outcome = run_task(sensor(ViasTaskSensor, vias_task_id=task(), deferrable=deferrable))

    assert outcome.result["state"] == "RUNNING"


def test_a_task_that_becomes_abnormal_fails_the_sensor_with_its_reason(emulator: EmulatorServer) -> None:
    task_id = task()
    emulator.move_huawei_job(task_id, "ABNORMAL", code="VIAS.1", message="no stream")

    with pytest.raises(JobFailed, match="ABNORMAL: no stream"):
        run_task(sensor(ViasTaskSensor, vias_task_id=task_id, target_state="SUCCEEDED"))


@BOTH
def test_a_live_task_is_found_in_its_room(emulator: EmulatorServer, deferrable: bool) -> None:
    hook = HuaweiCloudHook()
    room = {"room_name": "shop", "scene_scripts": []}
    room_id = hook.call("metastudio.CreateSmartLiveRoom", room)["room_id"]
    job_id = hook.call("metastudio.StartSmartLive", {"room_id": room_id})["job_id"]

    on_air = sensor(
        LiveTaskSensor, room_id=room_id, job_id=job_id, target_state="PROCESSING", deferrable=deferrable
    )

    assert run_task(on_air).result["state"] == "PROCESSING"


@BOTH
def test_a_voice_is_waited_for_while_people_review_it(
    emulator: EmulatorServer, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = voice()
    looks: list[str] = []
    report = HuaweiCloudHook.report

    def reviewed_after_the_first_poll(hook: HuaweiCloudHook, job: Any) -> Any:
        seen = report(hook, job)
        if not looks:
            emulator.review_huawei_model(job_id)
        looks.append(seen.state)
        return seen

    monkeypatch.setattr(HuaweiCloudHook, "report", reviewed_after_the_first_poll)
    while (
        HuaweiCloudHook().call("metastudio.ShowVoiceTrainingJob", {"job_id": job_id})["state"] != "AUDITING"
    ):
        pass

    outcome = run_task(sensor(VoiceModelSensor, job_id=job_id, deferrable=deferrable))

    assert looks[0] == "AUDITING"
    assert (outcome.result["state"], outcome.result["voice_name"]) == ("SUCCEED", "Anna")


def test_that_a_job_awaits_a_review_is_logged_once(
    emulator: EmulatorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    made = HuaweiCloudHook().call("metastudio.Create2dModelTrainingJob", {"name": "Anna"})

    waiting = sensor(ImageModelSensor, job_id=made["job_id"])
    for _ in range(3):
        assert not waiting.poke({}).is_done

    assert capsys.readouterr().out.count("WAIT_FILE_UPLOAD: it waits for a user's review or action") == 1


def test_a_model_whose_review_fails_is_not_retried(emulator: EmulatorServer) -> None:
    job_id = voice()
    while (
        HuaweiCloudHook().call("metastudio.ShowVoiceTrainingJob", {"job_id": job_id})["state"] != "AUDITING"
    ):
        pass
    emulator.review_huawei_model(job_id, accept=False)

    with pytest.raises(AirflowFailException, match="AUDIT_FAILED"):
        run_task(sensor(VoiceModelSensor, job_id=job_id))


@BOTH
def test_the_sensor_gives_up_and_leaves_the_job_alone(emulator: EmulatorServer, deferrable: bool) -> None:
    emulator.fault(action="CreateTask", job={"processing": 3600})
    task_id = task()

    with pytest.raises(AirflowSensorTimeout, match="the job continues" if deferrable else None):
        run_task(sensor(ViasTaskSensor, vias_task_id=task_id, deferrable=deferrable, timeout=1))

    assert HuaweiCloudHook().call("vias.ShowTaskInfo", {"task_id": task_id})["state"] == "STARTING"


@BOTH
def test_a_soft_failing_sensor_is_skipped_when_its_job_fails(
    emulator: EmulatorServer, deferrable: bool
) -> None:
    task_id = task()
    emulator.move_huawei_job(task_id, "ABNORMAL", code="VIAS.1", message="no stream")

    with pytest.raises(AirflowSkipException, match="no stream"):
        run_task(sensor(ViasTaskSensor, vias_task_id=task_id, soft_fail=True, deferrable=deferrable))


@BOTH
def test_a_soft_failing_sensor_is_skipped_at_its_timeout(emulator: EmulatorServer, deferrable: bool) -> None:
    emulator.fault(action="CreateTask", job={"processing": 3600})

    with pytest.raises(AirflowSkipException):
        run_task(
            sensor(ViasTaskSensor, vias_task_id=task(), soft_fail=True, deferrable=deferrable, timeout=1)
        )


@BOTH
def test_a_soft_failing_sensor_is_skipped_if_its_job_does_not_exist(
    emulator: EmulatorServer, deferrable: bool
) -> None:
    with pytest.raises(AirflowSkipException):
        run_task(sensor(ViasTaskSensor, vias_task_id="none", soft_fail=True, deferrable=deferrable))


def test_any_job_can_be_waited_for_by_its_action(emulator: EmulatorServer) -> None:
    job_id = HuaweiCloudHook().call("metastudio.CreateAsyncTtsJob", SPEAK)["job_id"]

    outcome = run_task(sensor(HuaweiCloudJobSensor, action="metastudio.CreateAsyncTtsJob", job_id=job_id))

    assert outcome.result["audio_file_url"].startswith(emulator.url)
    with pytest.raises(InvalidRequest, match="allowed: SUCCEED"):
        sensor(
            HuaweiCloudJobSensor, action="metastudio.CreateAsyncTtsJob", job_id=job_id, target_state="RUNNING"
        )


@pytest.mark.parametrize(
    ("kind", "arguments", "named"),
    [
        (ViasTaskSensor, {"vias_task_id": ""}, "vias_task_id is ''"),
        (VoiceModelSensor, {"job_id": None}, "job_id is None"),
        (LiveTaskSensor, {"room_id": None, "job_id": "j", "target_state": "SUCCEED"}, "room_id is None"),
        (HuaweiCloudJobSensor, {"action": "metastudio.StartSmartLive", "job_id": "j"}, "scope is None"),
    ],
)
def test_an_id_that_is_missing_is_named_when_the_dag_is_parsed(
    kind: Any, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"{named}, empty or not a text; allowed: an id"):
        sensor(kind, **arguments)


@pytest.mark.parametrize(
    ("kind", "arguments", "allowed"),
    [
        (ViasTaskSensor, {"vias_task_id": "t1"}, "RUNNING, STOPPED, SUCCEEDED"),
        (LiveTaskSensor, {"room_id": "r1", "job_id": "j1"}, "PROCESSING, SUCCEED"),
    ],
)
def test_none_as_the_state_to_wait_for_does_not_mean_the_end(
    kind: type[HuaweiCloudJobSensor], arguments: Any, allowed: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"target_state is None; allowed: {allowed}") as refused:
        sensor(kind, **arguments, target_state=None)

    assert "wait_for_completion" not in str(refused.value)


def test_an_action_object_is_as_good_as_its_name() -> None:
    sensor = HuaweiCloudJobSensor(task_id="t", action=find("metastudio.CreateAsyncTtsJob"), job_id="j")

    assert sensor.action == sensor.job_action == "metastudio.CreateAsyncTtsJob"


def test_a_scope_is_for_jobs_that_have_one() -> None:
    arguments: dict[str, Any] = {"action": "metastudio.CreateAsyncTtsJob", "job_id": "j"}
    with pytest.raises(InvalidRequest, match="scope is 'room'; allowed: no such argument"):
        HuaweiCloudJobSensor(task_id="t", scope="room", **arguments)

    with DAG("d", schedule=None, default_args={"scope": "room"}):
        without = HuaweiCloudJobSensor(task_id="without", **arguments)
        live = HuaweiCloudJobSensor(task_id="live", action="metastudio.StartSmartLive", job_id="j")

    assert (without.scope, live.scope) == (None, "room")
