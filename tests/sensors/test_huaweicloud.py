"""Waiting for jobs of Huawei Cloud's that somebody else submitted, and for people who review them."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, JobFailed, JobTimedOut
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.sensors.huaweicloud import HuaweiCloudJobSensor
from airflow_provider_viapi.sensors.metastudio import ImageModelSensor, LiveTaskSensor, VoiceModelSensor
from airflow_provider_viapi.sensors.vias import TaskStateSensor
from operators.huawei_tasks import SPEAK, WATCH, connect, in_haste
from run_task import live

BOTH = pytest.mark.parametrize("deferrable", [True, False])


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
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
    life = live(sensor(TaskStateSensor, vias_task_id=task(), deferrable=deferrable))

    assert life.result["state"] == "RUNNING"


def test_a_task_that_becomes_abnormal_fails_the_sensor_with_its_reason(emulator: EmulatorServer) -> None:
    task_id = task()
    emulator.move_huawei_job(task_id, "ABNORMAL", code="VIAS.1", message="no stream")

    with pytest.raises(JobFailed, match="ABNORMAL: no stream"):
        live(sensor(TaskStateSensor, vias_task_id=task_id, wait_for="SUCCEEDED"))


@BOTH
def test_a_live_task_is_found_in_its_room(emulator: EmulatorServer, deferrable: bool) -> None:
    hook = HuaweiCloudHook()
    room = {"room_name": "shop", "scene_scripts": []}
    room_id = hook.call("metastudio.CreateSmartLiveRoom", room)["room_id"]
    job_id = hook.call("metastudio.StartSmartLive", {"room_id": room_id})["job_id"]

    on_air = sensor(
        LiveTaskSensor, room_id=room_id, job_id=job_id, wait_for="PROCESSING", deferrable=deferrable
    )

    assert live(on_air).result["state"] == "PROCESSING"


@BOTH
def test_a_voice_is_waited_for_while_people_review_it(
    emulator: EmulatorServer, deferrable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = voice()
    looks: list[str] = []
    report = HuaweiCloudHook.report

    def reviewed_after_the_first_look(hook: HuaweiCloudHook, job: Any) -> Any:
        seen = report(hook, job)
        if not looks:
            emulator.review_huawei_model(job_id)
        looks.append(seen.state)
        return seen

    monkeypatch.setattr(HuaweiCloudHook, "report", reviewed_after_the_first_look)
    while (
        HuaweiCloudHook().call("metastudio.ShowVoiceTrainingJob", {"job_id": job_id})["state"] != "AUDITING"
    ):
        pass

    life = live(sensor(VoiceModelSensor, job_id=job_id, deferrable=deferrable))

    assert looks[0] == "AUDITING"
    assert (life.result["state"], life.result["voice_name"]) == ("SUCCEED", "Anna")


def test_that_people_have_to_see_to_it_is_told_once(
    emulator: EmulatorServer, capsys: pytest.CaptureFixture[str]
) -> None:
    made = HuaweiCloudHook().call("metastudio.Create2dModelTrainingJob", {"name": "Anna"})

    waiting = sensor(ImageModelSensor, job_id=made["job_id"])
    for _ in range(3):
        assert not waiting.poke({}).is_done

    assert capsys.readouterr().out.count("WAIT_FILE_UPLOAD: people have to see to it") == 1


def test_a_model_that_people_reject_fails_for_good(emulator: EmulatorServer) -> None:
    job_id = voice()
    while (
        HuaweiCloudHook().call("metastudio.ShowVoiceTrainingJob", {"job_id": job_id})["state"] != "AUDITING"
    ):
        pass
    emulator.review_huawei_model(job_id, accept=False)

    with pytest.raises(AirflowFailException, match="AUDIT_FAILED"):
        live(sensor(VoiceModelSensor, job_id=job_id))


def test_the_sensor_gives_up_and_leaves_the_job_alone(emulator: EmulatorServer) -> None:
    emulator.fault(action="CreateTask", job={"processing": 3600})
    task_id = task()

    with pytest.raises(JobTimedOut):
        live(sensor(TaskStateSensor, vias_task_id=task_id, deferrable=True, timeout=1))

    assert HuaweiCloudHook().call("vias.ShowTaskInfo", {"task_id": task_id})["state"] == "STARTING"


def test_any_job_can_be_waited_for_by_its_action(emulator: EmulatorServer) -> None:
    job_id = HuaweiCloudHook().call("metastudio.CreateAsyncTtsJob", SPEAK)["job_id"]

    life = live(sensor(HuaweiCloudJobSensor, action="metastudio.CreateAsyncTtsJob", job_id=job_id))

    assert life.result["audio_file_url"].startswith(emulator.url)
    with pytest.raises(InvalidRequest, match="allowed: SUCCEED"):
        sensor(HuaweiCloudJobSensor, action="metastudio.CreateAsyncTtsJob", job_id=job_id, goal="RUNNING")


def test_an_empty_id_is_refused(emulator: EmulatorServer) -> None:
    with pytest.raises(AirflowFailException, match="job_id is empty"):
        live(sensor(TaskStateSensor, vias_task_id=""))
