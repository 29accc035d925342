"""MetaStudio's jobs, from arguments to files that have landed, against the emulator."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator

import media_samples
from airflow_provider_viapi.emulator.huawei.assets import SYSTEM_CARD
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import (
    JobFailed,
    JobTimedOut,
    SubmissionInDoubt,
    TransientError,
)
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.http import HttpResponse, SyncTransport
from airflow_provider_viapi.huawei import services
from airflow_provider_viapi.media.inputs import huawei_asset_upload
from airflow_provider_viapi.operators.huaweicloud import HuaweiCloudJobOperator
from airflow_provider_viapi.operators.metastudio import (
    CreateAvatarVideoOperator,
    CreateBusinessCardOperator,
    CreatePhotoVideoOperator,
    CreateSpeechOperator,
    CreateSubtitlesOperator,
    StartLiveOperator,
    StopLiveOperator,
    UploadAssetOperator,
)
from airflow_provider_viapi.sensors.huaweicloud import (
    HuaweiCloudJobSensor,
    ImageModelSensor,
    VoiceModelSensor,
)
from operators.huawei_tasks import FILM, SPEAK, Store, accepted, connect, in_haste
from run_task import run_task

BOTH = pytest.mark.parametrize("deferrable", [True, False])


@pytest.fixture
def emulator(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    return viapi_emulator


@pytest.fixture
def room(emulator: EmulatorServer) -> str:
    made = HuaweiCloudHook().call(
        "metastudio.CreateSmartLiveRoom", {"room_name": "shop", "scene_scripts": []}
    )
    return str(made["room_id"])


@pytest.fixture
def photo(tmp_path: Path) -> Iterator[str]:
    (path,) = media_samples.write_photographs(tmp_path / "photographs", 1)
    yield f"file://{path}"


def speak(**arguments: Any) -> CreateSpeechOperator:
    return CreateSpeechOperator(task_id="speak", **{**SPEAK, **arguments})


def landed(outcome: Any) -> dict[str, bytes]:
    return {
        key: Path(address.removeprefix("file://")).read_bytes()
        for key, address in outcome.result["landed"].items()
    }


@BOTH
def test_speech_lands_with_its_subtitles(emulator: EmulatorServer, tmp_path: Path, deferrable: bool) -> None:
    outcome = run_task(speak(gen_srt=True, land_to=f"file://{tmp_path}/", deferrable=deferrable), Store())

    files = landed(outcome)
    assert files["audio_file_url"][:4] == b"RIFF"
    assert b"lamp" in files["audio_srt_file_url"]
    assert outcome.pushed["landed.audio_file_url"] == outcome.result["landed"]["audio_file_url"]
    assert outcome.pushed["job_link"] == emulator.url


def test_an_avatar_video_lands_with_its_cover(emulator: EmulatorServer, tmp_path: Path) -> None:
    outcome = run_task(
        CreateAvatarVideoOperator(task_id="film", **FILM, land_to=f"file://{tmp_path}/", deferrable=True),
        Store(),
    )

    files = landed(outcome)
    assert files["output_asset_config.preview_video_url"][4:8] == b"ftyp"
    assert set(files) == {"output_asset_config.preview_video_url", "output_asset_config.cover_url"}
    assert all(outcome.pushed["job_id"] in path.name for path in tmp_path.iterdir())


@BOTH
@pytest.mark.parametrize("lands", [True, False])
@pytest.mark.parametrize(
    "fault", [{"drop": "before"}, {"code": "APIGW.0308", "status": 429}, {"code": "MSS.1", "status": 503}]
)
def test_one_failed_call_does_not_cost_the_link_of_an_avatar_video(
    emulator: EmulatorServer, tmp_path: Path, deferrable: bool, lands: bool, fault: dict[str, Any]
) -> None:
    emulator.fault(action="ShowAsset", **fault)
    land_to = f"file://{tmp_path}/" if lands else None

    outcome = run_task(
        CreateAvatarVideoOperator(task_id="film", **FILM, land_to=land_to, deferrable=deferrable), Store()
    )

    assert outcome.result["output_asset_config"]["preview_video_url"]
    assert not lands or outcome.result["landed"]["output_asset_config.preview_video_url"]


def test_an_avatar_video_whose_asset_may_not_be_read_succeeds_without_its_link(
    emulator: EmulatorServer,
) -> None:
    emulator.fault(action="ShowAsset", code="APIGW.0302", status=403, times=None)

    outcome = run_task(CreateAvatarVideoOperator(task_id="film", **FILM, deferrable=True), Store())

    assert outcome.result["state"] == "SUCCEED"
    assert "preview_video_url" not in outcome.result["output_asset_config"]


def test_the_seconds_and_the_price_of_a_video_are_the_usage_that_the_ui_adds_up(
    emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = {"currency": "CNY", "actions": {"metastudio.Create2DDigitalHumanVideo": {"per_minute": 6}}}
    monkeypatch.setenv("AIRFLOW__VIAPI__PRICES", json.dumps(prices))

    outcome = run_task(CreateAvatarVideoOperator(task_id="film", **FILM), Store())

    usage = outcome.pushed["usage"]
    assert usage["output_seconds"] == pytest.approx(outcome.result["duration"], abs=0.3)
    assert (usage["jobs"], usage["resolution"], usage["currency"]) == (1, "320x180", "CNY")
    assert usage["cost"] == pytest.approx(usage["output_seconds"] / 10, abs=1e-4)


def test_a_photo_of_the_teams_speaks(emulator: EmulatorServer, tmp_path: Path, photo: str) -> None:
    operator = CreatePhotoVideoOperator(
        task_id="greet",
        human_image=photo,
        shoot_scripts=[{"shoot_script": {"text_config": {"text": "Hello."}}}],
        output_asset_config={"asset_name": "hello"},
        land_to=f"file://{tmp_path}/",
    )

    files = landed(run_task(operator, Store()))

    assert files["output_asset_config.preview_video_url"][4:8] == b"ftyp"
    assert operator.request["human_image"] == photo


def test_a_business_card_shows_its_owner(emulator: EmulatorServer, tmp_path: Path, photo: str) -> None:
    operator = CreateBusinessCardOperator(
        task_id="card",
        card_templet_asset_id=SYSTEM_CARD,
        card_text_config={"name": "Anna"},
        card_image_config={"human_image": photo},
        introduction_type="TEXT",
        introduction_text="I am Anna.",
        land_to=f"file://{tmp_path}/",
    )

    files = landed(run_task(operator, Store()))

    assert files["job_info.output_asset_config.preview_video_url"][4:8] == b"ftyp"


def subtitles(**arguments: Any) -> CreateSubtitlesOperator:
    script = HuaweiCloudHook().call(
        "metastudio.CreateVideoScripts", {"script_name": "lamp", "shoot_scripts": FILM["shoot_scripts"] * 2}
    )
    return CreateSubtitlesOperator(task_id="subtitles", script_id=script["script_id"], **arguments)


def test_subtitles_of_each_scene_land(emulator: EmulatorServer, tmp_path: Path) -> None:
    files = landed(run_task(subtitles(land_to=f"file://{tmp_path}/"), Store()))

    assert list(files) == [f"subtitle_file_info.{scene}.subtitle_file_download_url" for scene in (0, 1)]
    assert all(b"lamp" in content for content in files.values())


def test_a_scene_without_subtitles_fails_the_task_with_its_reason(emulator: EmulatorServer) -> None:
    emulator.fault(
        action="CreateSubtitleFile", job={"state": "FAILED", "code": "MSS.9", "message": "too long"}
    )

    with pytest.raises(JobFailed, match=r"subtitles of scene 1.*too long"):
        run_task(subtitles(), Store())


@BOTH
def test_a_live_task_is_on_air_until_it_is_stopped(
    emulator: EmulatorServer, room: str, deferrable: bool
) -> None:
    started = run_task(StartLiveOperator(task_id="start", room_id=room, deferrable=deferrable), Store())
    job_id = started.pushed["job_id"]
    stop = StopLiveOperator(task_id="stop", room_id=room, job_id=job_id, deferrable=deferrable)

    stopped = run_task(stop)
    again = run_task(stop)

    assert (started.result["state"], stopped.result["state"], again.result["state"]) == (
        "PROCESSING",
        "SUCCEED",
        "SUCCEED",
    )
    assert accepted(emulator, "StopSmartLive") == 1


@pytest.mark.parametrize("state", ["BLOCKED", "FAILED"])
def test_a_live_task_that_has_ended_badly_is_left_as_it_is(
    emulator: EmulatorServer, room: str, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    job_id = run_task(StartLiveOperator(task_id="start", room_id=room), Store()).pushed["job_id"]
    emulator.move_huawei_job(job_id, state, code="MSS.1", message="against the rules")

    stopped = run_task(StopLiveOperator(task_id="stop", room_id=room, job_id=job_id)).result

    assert (stopped["job_id"], stopped["state"]) == (job_id, state)
    assert f"has ended as {state}: " in capsys.readouterr().out
    assert accepted(emulator, "StopSmartLive") == 0


def test_another_end_of_a_stop_is_refused_when_the_dag_is_parsed() -> None:
    arguments: Any = {"room_id": "r", "job_id": "j", "target_state": "PROCESSING"}
    with pytest.raises(TypeError, match="has no argument 'target_state'"):
        StopLiveOperator(task_id="stop", **arguments)


def test_a_live_task_need_not_be_waited_for(emulator: EmulatorServer, room: str) -> None:
    start = StartLiveOperator(task_id="start", room_id=room, wait_for_completion=False)
    job_id = run_task(start, Store()).result
    stop = StopLiveOperator(task_id="stop", room_id=room, job_id=job_id, wait_for_completion=False)

    assert run_task(stop).result == job_id
    # Airflow refuses a result of several outputs that has no fields.
    assert not start.multiple_outputs
    assert not stop.multiple_outputs


def test_at_its_deadline_a_live_task_that_is_not_on_air_is_ended(emulator: EmulatorServer, room: str) -> None:
    emulator.fault(action="StartSmartLive", job={"processing": 3600})
    start = StartLiveOperator(
        task_id="start", room_id=room, deferrable=True, job_timeout=timedelta(seconds=1)
    )

    with pytest.raises(JobTimedOut) as raised:
        run_task(start, Store())

    response = HuaweiCloudHook().call(
        "metastudio.ShowSmartLive", {"room_id": room, "job_id": raised.value.job_id}
    )
    assert response["state"] == "SUCCEED"


def test_at_its_deadline_a_live_task_is_ended_in_its_own_room_although_another_is_rendered(
    emulator: EmulatorServer, room: str
) -> None:
    emulator.fault(action="StartSmartLive", job={"processing": 3600})
    other = HuaweiCloudHook().call(
        "metastudio.CreateSmartLiveRoom", {"room_name": "other", "scene_scripts": []}
    )["room_id"]
    before, after = (
        StartLiveOperator(task_id="start", room_id=each, deferrable=True, job_timeout=timedelta(seconds=1))
        for each in (room, other)
    )

    with pytest.raises(JobTimedOut) as raised:
        run_task(before, Store(), resumed=after)

    response = HuaweiCloudHook().call(
        "metastudio.ShowSmartLive", {"room_id": room, "job_id": raised.value.job_id}
    )
    assert response["state"] == "SUCCEED"


def test_a_retry_resumes_the_live_task_of_the_attempt_before(emulator: EmulatorServer, room: str) -> None:
    store = Store()

    first = run_task(StartLiveOperator(task_id="start", room_id=room), store)
    again = run_task(StartLiveOperator(task_id="start", room_id=room), store, try_number=2)

    assert again.pushed["job_id"] == first.pushed["job_id"]
    assert accepted(emulator, "StartSmartLive") == 1


def test_what_proves_who_one_is_stays_out_of_the_result(
    emulator: EmulatorServer, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = HuaweiCloudHook.call

    def with_report_address(hook: HuaweiCloudHook, action: Any, request: Any) -> dict[str, Any]:
        return {**call(hook, action, request), "live_event_report_url": "https://h/?auth_key=proof"}

    job_id = run_task(StartLiveOperator(task_id="start", room_id=room), Store()).pushed["job_id"]
    monkeypatch.setattr(HuaweiCloudHook, "call", with_report_address)

    stopped = run_task(StopLiveOperator(task_id="stop", room_id=room, job_id=job_id))

    assert "proof" not in str(stopped)


@pytest.mark.parametrize(
    ("sensor", "state", "kept"),
    [
        (ImageModelSensor(task_id="wait", job_id="j"), "JOB_FINISH", {"cover_download_url"}),
        (VoiceModelSensor(task_id="wait", job_id="j"), "SUCCEED", set()),
    ],
)
def test_addresses_of_papers_and_recordings_stay_out_of_what_is_known_of_a_model(
    monkeypatch: pytest.MonkeyPatch, sensor: HuaweiCloudJobSensor, state: str, kept: set[str]
) -> None:
    fields = services.find(sensor.action).job_kind.status_action.response_fields
    signed = {name for name in fields if name.endswith("_url") or name in ("comment_logs", "samples")}
    response = {name: "https://h/?Signature=proof" if name in signed else "said" for name in fields}
    answer = {**response, "state": state, "job_id": "j"}
    connection = {
        "conn_type": "huaweicloud",
        "login": "AK",
        "password": "SK",
        "extra": {"project_id": "p", "endpoint": "http://127.0.0.1:9"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(connection))
    monkeypatch.setattr(SyncTransport, "send", lambda *_: HttpResponse(200, json.dumps(answer).encode(), {}))

    event = json.dumps(sensor.hook.report(sensor.job).as_dict())
    result = run_task(sensor).result

    assert result.keys() == {*fields} - signed | kept
    assert event.count("proof") == len(kept)


@pytest.mark.parametrize(
    ("operator", "state"),
    [
        (CreateAvatarVideoOperator(task_id="film", **FILM, deferrable=True), "BLOCK"),
        (CreateAvatarVideoOperator(task_id="film", **FILM), "BLOCK"),
    ],
)
def test_refused_content_fails_without_retry_and_with_the_reason(
    emulator: EmulatorServer, operator: BaseOperator, state: str
) -> None:
    emulator.fault(
        action="Create2DDigitalHumanVideo", job={"state": state, "code": "MSS.7", "message": "not allowed"}
    )

    with pytest.raises(AirflowFailException, match=f"ended as {state}: not allowed"):
        run_task(operator, Store())


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_job_is_shown_with_the_id_of_its_request_also_by_a_retry(
    emulator: EmulatorServer, deferrable: bool
) -> None:
    store = Store()
    first = run_task(speak(deferrable=deferrable), store).pushed["viapi_view"]
    again = run_task(speak(deferrable=deferrable), store, try_number=2).pushed["viapi_view"]

    assert re.fullmatch("[0-9a-f]{32}-[0-9]+-viapi-emulator", first["request_id"])
    assert (again["request_id"], again["resumed_from"]) == (first["request_id"], 1)


def test_speech_that_failed_is_generated_again_by_a_retry(emulator: EmulatorServer) -> None:
    emulator.fault(action="CreateAsyncTtsJob", job={"state": "FAILED", "message": "engine down"})
    store = Store()
    with pytest.raises(JobFailed, match="engine down"):
        run_task(speak(), store)

    assert run_task(speak(), store, try_number=2).result["state"] == "SUCCEED"


def test_speech_whose_answer_was_lost_is_found_in_the_list_and_paid_once(
    emulator: EmulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__STATE_PATH", f"file://{tmp_path}")
    emulator.fault(action="CreateAsyncTtsJob", drop="after")

    assert run_task(speak(), Store()).result["audio_file_url"]
    assert HuaweiCloudHook().call("metastudio.ShowTtsJob", {})["count"] == 1


def test_subtitles_whose_answer_was_lost_stay_in_doubt_since_no_list_shows_them(
    emulator: EmulatorServer,
) -> None:
    emulator.fault(action="CreateSubtitleFile", drop="after")
    store, task = Store(), subtitles()

    for try_number in (1, 2):
        with pytest.raises(SubmissionInDoubt, match="the service has no list of such jobs"):
            run_task(task, store, try_number=try_number)

    task.on_doubt = "resubmit"
    assert run_task(task, store, try_number=3).result["job_state"] == "GENERATED"


def test_a_body_that_is_too_long_is_refused_before_it_is_sent(emulator: EmulatorServer) -> None:
    operator = HuaweiCloudJobOperator(
        task_id="check",
        action="metastudio.CreatePhotoDetection",
        request={"human_image": "/9j/" + "A" * (12 * 2**20)},
    )

    store = Store()
    with pytest.raises(AirflowFailException, match=r"body has 12582\d+ bytes; allowed: 12582912"):
        run_task(operator, store)

    assert emulator.calls() == {}
    assert store.kept == {}


def test_a_photo_that_is_too_large_or_not_there_is_refused_before_it_is_read(
    emulator: EmulatorServer, tmp_path: Path
) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(10 * 2**20)
    arguments = {"shoot_scripts": [{}], "output_asset_config": {"asset_name": "a"}}

    for name, says in (("large.jpg", "10,485,760 bytes"), ("none.jpg", "does not exist")):
        image = f"file://{tmp_path}/{name}"
        operator = CreatePhotoVideoOperator(task_id="greet", human_image=image, **arguments)
        with pytest.raises(AirflowFailException, match=says):
            run_task(operator, Store())
    assert emulator.calls() == {}


class TestUploading:
    @pytest.fixture
    def sound(self, tmp_path: Path) -> Path:
        path = tmp_path / "sound.wav"
        path.write_bytes(bytes(range(256)) * 12_000)
        return path

    def upload(self, sound: Path, **arguments: Any) -> UploadAssetOperator:
        return UploadAssetOperator(
            task_id="keep", source=f"file://{sound}", asset_name="sound", asset_type="AUDIO", **arguments
        )

    def test_a_file_becomes_an_asset_that_can_be_used(self, emulator: EmulatorServer, sound: Path) -> None:
        result = run_task(self.upload(sound), Store()).result

        (file,) = result["files"]
        assert (result["asset_state"], result["asset_name"]) == ("ACTIVED", "sound")
        assert (file["file_name"], file["file_size"]) == ("sound.wav", sound.stat().st_size)

    def test_a_retry_uploads_the_file_to_the_asset_of_the_attempt_before(
        self, emulator: EmulatorServer, sound: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        store, send = Store(), huawei_asset_upload.put

        def broken(*_: Any) -> None:
            raise TransientError("gone", code="UploadInterrupted")

        monkeypatch.setattr(huawei_asset_upload, "put", broken)
        with pytest.raises(TransientError):
            run_task(self.upload(sound), store)
        monkeypatch.setattr(huawei_asset_upload, "put", send)
        result = run_task(self.upload(sound), store, try_number=2).result

        assert accepted(emulator, "CreateDigitalAsset") == 1
        assert [file["state"] for file in result["files"]] == ["CREATED"]

    def test_an_asset_whose_file_is_there_is_not_sent_it_again(
        self, emulator: EmulatorServer, sound: Path
    ) -> None:
        asset_id = run_task(self.upload(sound), Store()).result["asset_id"]

        hook = HuaweiCloudHook()
        huawei_asset_upload.upload(f"file://{sound}", asset_id=asset_id, hook=hook, log=hook.log)

        assert accepted(emulator, "CreateFile") == 1

    @pytest.mark.parametrize("content", [b"", None])
    def test_a_file_that_is_empty_or_not_there_makes_no_asset(
        self, emulator: EmulatorServer, tmp_path: Path, content: bytes | None
    ) -> None:
        path = tmp_path / "sound.wav"
        if content is not None:
            path.write_bytes(content)

        with pytest.raises(AirflowFailException, match=r"0 bytes|does not exist"):
            run_task(self.upload(path), Store())

        assert emulator.calls() == {}
