"""VIAS's tasks, live tasks and models: automatic state changes, commands and faults."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_viapi.emulator.huawei.state_machines import (
    FILE_TASK,
    IMAGE_MODEL,
    LIVE,
    STREAM_TASK,
    VOICE_MODEL,
    StateMachine,
)
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.huawei.model import Action, States
from airflow_provider_viapi.huawei.services import vias
from airflow_provider_viapi.huawei.services.metastudio import assets, avatars, live, rooms, voices
from emulator.huawei.callers import Caller

CREATE, SHOW, START_STOP = vias.tasks.CREATE_TASK, vias.tasks.SHOW_TASK, vias.tasks.START_STOP_TASK
STREAM = {"type": "url", "data": [{"url": "rtsp://camera/1"}]}
FILE = {"type": "obs", "data": [{"bucket": "films", "path": "a.mp4"}]}


def task(**changed: Any) -> dict[str, Any]:
    return {
        "service_name": "c-smoke-and-fire-edge",
        "name": "gate",
        "input": STREAM,
        "output": {"webhook": {"url": "http://127.0.0.1:9"}},
        "service_version": "1.2",
        **changed,
    }


def made(caller: Caller, **changed: Any) -> str:
    return str(caller(CREATE, **task(**changed))["tasks"][0]["id"])


@pytest.mark.parametrize(
    ("machine", "states"),
    [
        (STREAM_TASK, vias.service.TASK_STATES),
        (FILE_TASK, vias.service.TASK_STATES),
        (LIVE, live.LIVE_STATES),
        (VOICE_MODEL, voices.VOICE_STATES),
        (IMAGE_MODEL, avatars.IMAGE_STATES),
    ],
)
def test_a_state_machine_has_only_states_of_its_service_and_ends(
    machine: StateMachine, states: States
) -> None:
    commanded = [state for each in machine.commands.values() for state in (*each, *each.values())]
    named = {machine.initial, *machine.automatic, *machine.automatic.values(), *commanded}
    special = {machine.queued, machine.processing, machine.replaceable, machine.started, machine.failed}

    assert named | special <= set(states.all)
    for state in named:
        seen = [state]
        while seen[-1] in machine.automatic:
            seen.append(machine.automatic[seen[-1]])
            assert len(seen) == len(set(seen))


def test_a_task_on_a_stream_runs_until_it_is_stopped_and_runs_again(caller: Caller) -> None:
    task_id = made(caller)

    caller.in_state("RUNNING", SHOW, task_id=task_id)
    caller(START_STOP, task_id=task_id, command="stop")
    caller.in_state("STOPPED", SHOW, task_id=task_id)
    caller(START_STOP, task_id=task_id, command="start")
    caller.in_state("RUNNING", SHOW, task_id=task_id)


def test_a_task_on_a_file_succeeds(caller: Caller) -> None:
    seen = caller.in_state("SUCCEEDED", SHOW, task_id=made(caller, input=FILE))

    assert (seen["name"], seen["service_id"], seen["type"]) == ("gate", "c-smoke-and-fire-edge", 1)


def test_a_command_that_is_not_possible_in_a_tasks_state_is_refused(caller: Caller) -> None:
    task_id = made(caller)
    caller.in_state("RUNNING", SHOW, task_id=task_id)

    assert caller.refused(START_STOP, task_id=task_id, command="start") == (400, "VIAS.00010001")


def test_a_missing_task_is_an_error(caller: Caller) -> None:
    assert caller.refused(SHOW, task_id="none") == (400, "VIAS.00010002")


def test_a_task_is_held_where_a_fault_says(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=CREATE.name, job={"queued": 3600})
    emulator.fault(action=CREATE.name, job={"processing": 3600})
    first, second = made(caller), made(caller)

    assert caller(SHOW, task_id=first)["state"] == "PENDING"
    caller.in_state("STARTING", SHOW, task_id=second)
    emulator.clear_faults()
    for task_id in (first, second):
        caller.in_state("RUNNING", SHOW, task_id=task_id)


def test_a_task_that_waits_can_be_stopped(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=CREATE.name, job={"queued": 3600})
    task_id = made(caller)

    caller(START_STOP, task_id=task_id, command="stop")

    caller.in_state("STOPPED", SHOW, task_id=task_id)
    emulator.clear_faults()
    assert caller(SHOW, task_id=task_id)["state"] == "STOPPED"


@pytest.mark.parametrize("state", ["ABNORMAL", "FROZEN", "START_FAILED", "LACK_OF_RESOURCES"])
def test_a_task_enters_the_state_of_its_fault_with_a_reason(
    caller: Caller, emulator: EmulatorServer, state: str
) -> None:
    emulator.fault(action=CREATE.name, job={"state": state, "code": "VIAS.1", "message": "no stream"})

    seen = caller.in_state(state, SHOW, task_id=made(caller))

    assert seen["error"] == {"code": "VIAS.1", "message": "no stream"}


def test_a_task_that_runs_becomes_abnormal_and_is_started_again(
    caller: Caller, emulator: EmulatorServer
) -> None:
    task_id = made(caller)
    caller.in_state("RUNNING", SHOW, task_id=task_id)

    emulator.move_huawei_job(task_id, "ABNORMAL", code="VIAS.1", message="the camera is gone")
    seen = caller(SHOW, task_id=task_id)
    caller(START_STOP, task_id=task_id, command="start")

    assert (seen["state"], seen["error"]["message"]) == ("ABNORMAL", "the camera is gone")
    assert "error_info" not in caller.in_state("RUNNING", SHOW, task_id=task_id)


def test_a_task_of_several_sources_is_several_tasks(caller: Caller) -> None:
    data = [{"url": f"rtsp://camera/{number}"} for number in range(3)]
    answer = caller(CREATE, **task(input={"type": "url", "data": data}))

    ids = [each["id"] for each in answer["tasks"]]
    assert len(set(ids)) == 3
    assert [caller(SHOW, task_id=task_id)["input"]["data"] for task_id in ids] == [[each] for each in data]


def test_a_task_is_shown_with_its_settings_and_listed_without(caller: Caller) -> None:
    settings = {"config": {"common": {"fire_detection_sw": True}}, "description": "Smoke on the roof"}
    task_id = made(caller, **settings)
    caller(vias.tasks.UPDATE_TASK, task_id=task_id, description="Fire on the roof")

    shown = caller(SHOW, task_id=task_id)
    (listed,) = caller(vias.tasks.LIST_TASKS)["tasks"]

    assert (shown["input"], shown["output"]) == (STREAM, task()["output"])
    assert (shown["config"], shown["description"]) == (settings["config"], "Fire on the roof")
    assert not {"input", "output", "config"} & set(listed)


def test_a_video_source_has_to_be_there(caller: Caller) -> None:
    source = caller(
        vias.sources.CREATE_VIDEO_SOURCE,
        video_source_name="gate",
        access_type="cloud",
        type="rtsp",
        type_config="<config/>",
    )
    there = {"type": "video_source", "data": [source]}
    elsewhere = {"type": "video_source", "data": [{"video_source_id": "none"}]}

    caller.in_state("RUNNING", SHOW, task_id=made(caller, input=there))
    assert caller.refused(CREATE, **task(input=elsewhere)) == (400, "VIAS.00010002")


def test_tasks_are_listed_by_name_and_state_and_deleted(caller: Caller) -> None:
    ids = {name: made(caller, name=name) for name in ("gate", "gate house", "yard")}
    for task_id in ids.values():
        caller.in_state("RUNNING", SHOW, task_id=task_id)

    listed = caller(vias.tasks.LIST_TASKS, task_name="gate", task_state="RUNNING", page_size=5)
    caller(vias.tasks.DELETE_TASK, task_id=ids["yard"])

    assert [each["name"] for each in listed["tasks"]] == ["gate house", "gate"]
    assert (listed["count"], listed["page"], listed["page_size"]) == (2, 1, 5)
    assert caller(vias.tasks.LIST_TASKS)["count"] == 2
    assert caller.refused(SHOW, task_id=ids["yard"]) == (400, "VIAS.00010002")


@pytest.fixture
def room_id(caller: Caller) -> str:
    return str(caller(rooms.CREATE_SMART_LIVE_ROOM, room_name="sales")["room_id"])


def test_a_live_task_is_on_air_until_it_is_stopped(caller: Caller, room_id: str) -> None:
    job_id = caller(live.START_SMART_LIVE, room_id=room_id)["job_id"]
    here = {"room_id": room_id, "job_id": job_id}

    on_air = caller.in_state("PROCESSING", live.SHOW_SMART_LIVE, **here)
    command = caller(live.EXECUTE_SMART_LIVE_COMMAND, **here, command="GET_CURRENT_PLAYING_SCRIPTS")
    caller(live.STOP_SMART_LIVE, **here)
    off_air = caller(live.SHOW_SMART_LIVE, **here)

    assert (on_air["room_name"], "end_time" in on_air, command["command_id"] != "") == ("sales", False, True)
    assert (off_air["state"], "end_time" in off_air) == ("SUCCEED", True)
    assert caller.refused(live.STOP_SMART_LIVE, **here) == (400, "MSS.00000003")
    assert caller(live.LIST_SMART_LIVE, room_id=room_id)["count"] == 1
    assert caller(live.LIST_SMART_LIVE_JOBS, state="PROCESSING")["count"] == 0


def test_a_live_task_that_is_banned_says_why(caller: Caller, emulator: EmulatorServer, room_id: str) -> None:
    job_id = caller(live.START_SMART_LIVE, room_id=room_id)["job_id"]
    here = {"room_id": room_id, "job_id": job_id}
    caller.in_state("PROCESSING", live.SHOW_SMART_LIVE, **here)

    emulator.move_huawei_job(job_id, "BLOCKED", code="MSS.1", message="not allowed on air")

    seen = caller(live.SHOW_SMART_LIVE, **here)
    assert (seen["state"], seen["block_reason"]) == ("BLOCKED", "not allowed on air")


def test_a_live_task_needs_a_room_and_is_found_only_there(caller: Caller, room_id: str) -> None:
    job_id = caller(live.START_SMART_LIVE, room_id=room_id)["job_id"]

    assert caller.refused(live.START_SMART_LIVE, room_id="none") == (400, "MSS.20010045")
    assert caller.refused(live.SHOW_SMART_LIVE, room_id="none", job_id=job_id) == (400, "MSS.00000003")


@pytest.mark.parametrize(
    ("create", "edition"),
    [
        (voices.CREATE_TRAINING_BASIC_JOB, "BASIC"),
        (voices.CREATE_TRAINING_MIDDLE_JOB, "MIDDLE"),
        (voices.CREATE_TRAINING_ADVANCE_JOB, "ADVANCE"),
    ],
)
def test_a_voice_waits_for_its_recordings_and_for_a_review(
    caller: Caller, emulator: EmulatorServer, create: Action, edition: str
) -> None:
    job_id = caller(create, voice_name="Ada")["job_id"]
    show = voices.SHOW_VOICE_TRAINING_JOB

    begun = caller(show, job_id=job_id)
    caller(voices.COMMIT_VOICE_TRAINING_JOB, job_id=job_id)
    caller.in_state("AUDITING", show, job_id=job_id)
    emulator.review_huawei_model(job_id, accept=True)
    done = caller.in_state("SUCCEED", show, job_id=job_id)

    assert (begun["state"], begun["job_type"], "asset_id" in begun) == ("CREATING", edition, False)
    assert isinstance(done["create_time"], int)
    asset = caller(assets.SHOW_ASSET, asset_id=done["asset_id"])
    assert (asset["asset_name"], asset["asset_type"], asset["asset_state"]) == (
        "Ada",
        "VOICE_MODEL",
        "ACTIVED",
    )


def test_the_asset_of_a_model_does_not_come_back_after_it_was_deleted(
    caller: Caller, emulator: EmulatorServer
) -> None:
    job_id = caller(voices.CREATE_TRAINING_BASIC_JOB, voice_name="Ada")["job_id"]
    caller(voices.COMMIT_VOICE_TRAINING_JOB, job_id=job_id)
    caller.in_state("AUDITING", voices.SHOW_VOICE_TRAINING_JOB, job_id=job_id)
    emulator.review_huawei_model(job_id, accept=True)
    asset_id = caller.in_state("SUCCEED", voices.SHOW_VOICE_TRAINING_JOB, job_id=job_id)["asset_id"]

    caller(assets.DELETE_ASSET, asset_id=asset_id, mode="FORCE")

    assert caller(voices.SHOW_VOICE_TRAINING_JOB, job_id=job_id)["asset_id"] == asset_id
    assert caller.refused(assets.SHOW_ASSET, asset_id=asset_id)[1] == "MSS.10001001"


def test_a_voice_is_refused_by_the_person(caller: Caller, emulator: EmulatorServer) -> None:
    job_id = caller(voices.CREATE_TRAINING_BASIC_JOB, voice_name="Ada")["job_id"]
    with pytest.raises(ValueError, match="nothing to review"):
        emulator.review_huawei_model(job_id)
    caller(voices.COMMIT_VOICE_TRAINING_JOB, job_id=job_id)
    caller.in_state("AUDITING", voices.SHOW_VOICE_TRAINING_JOB, job_id=job_id)

    emulator.review_huawei_model(job_id, accept=False)

    assert caller(voices.SHOW_VOICE_TRAINING_JOB, job_id=job_id)["state"] == "AUDIT_FAILED"
    assert caller.refused(voices.COMMIT_VOICE_TRAINING_JOB, job_id=job_id) == (400, "MSS.00000003")


def test_an_avatar_waits_for_files_for_a_review_and_for_the_customer(
    caller: Caller, emulator: EmulatorServer
) -> None:
    answer = caller(avatars.CREATE_2D_MODEL_TRAINING_JOB, name="Ada")
    job_id, show = answer["job_id"], avatars.SHOW_2D_MODEL_TRAINING_JOB
    command = avatars.EXECUTE_2D_MODEL_TRAINING_COMMAND_BY_USER

    again = caller(avatars.UPDATE_2D_MODEL_TRAINING_JOB, job_id=job_id, name="Ada L.")
    assert answer["training_video_upload_url"][0].startswith(emulator.url)
    (target,) = again["training_video_upload_url"]
    assert httpx.put(target, content=b"film", trust_env=False).status_code == 200
    assert caller(show, job_id=job_id)["name"] == "Ada L."
    assert caller(show, job_id=job_id)["state"] == "WAIT_FILE_UPLOAD"
    caller(command, job_id=job_id, command="SUBMITVERIFYING")
    caller.in_state("MANUAL_VERIFYING", show, job_id=job_id)
    emulator.review_huawei_model(job_id)
    caller.in_state("WAIT_USER_CONFIRM", show, job_id=job_id)
    caller(command, job_id=job_id, command="CONFIRM_ACCEPT")
    assert caller(show, job_id=job_id)["state"] == "JOB_SUCCESS"


def test_models_are_listed_and_deleted(caller: Caller) -> None:
    voice = caller(voices.CREATE_TRAINING_BASIC_JOB, voice_name="Ada")["job_id"]
    caller(avatars.CREATE_2D_MODEL_TRAINING_JOB, name="Ada")

    listed = caller(voices.LIST_VOICE_TRAINING_JOB, voice_name="Ada", state="CREATING")
    caller(voices.DELETE_VOICE_TRAINING_JOB, job_id=voice)

    assert [each["job_id"] for each in listed["jobs"]] == [voice]
    assert caller(avatars.LIST_2D_MODEL_TRAINING_JOB)["count"] == 1
    assert caller.refused(voices.SHOW_VOICE_TRAINING_JOB, job_id=voice) == (404, "MSS.41000003")


def test_moving_a_missing_job_is_an_error(emulator: EmulatorServer) -> None:
    with pytest.raises(ValueError, match="no task, live task or model"):
        emulator.move_huawei_job("none", "RUNNING")


def test_sentences_of_a_voice_are_recorded_reviewed_and_logged(
    caller: Caller, emulator: EmulatorServer
) -> None:
    job_id = caller(voices.CREATE_TRAINING_BASIC_JOB, voice_name="Ada")["job_id"]
    for index in (2, 1, 2):
        assert caller(voices.CONFIRM_TRAINING_SEGMENT, job_id=job_id, index=index)["confirm_result"] is True
    caller(voices.COMMIT_VOICE_TRAINING_JOB, job_id=job_id)
    caller.in_state("AUDITING", voices.SHOW_VOICE_TRAINING_JOB, job_id=job_id)
    emulator.review_huawei_model(job_id, accept=False)

    assert caller(voices.SHOW_TRAINING_SEGMENT_INFO, job_id=job_id)["confirmed_index"] == [1, 2]
    assert "admin_audit_result" in caller(voices.SHOW_JOB_AUDIT_RESULT, job_id=job_id)
    log = caller(voices.LIST_JOB_OPERATION_LOG, job_id=job_id)
    assert {each["action"] for each in log["operations"]} == {"CREATING", "AUDIT_FAILED"}
    assert caller.refused(voices.SHOW_TRAINING_SEGMENT_INFO, job_id="none") == (404, "MSS.41000003")
