"""Huawei's client for MetaStudio, unchanged, with keys that sign."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkmetastudio.v1 import MetaStudioClient, model

from clients.results import download, is_jpeg, is_mp4
from clients.running_emulator import ACCESS_KEY_ID, ACCESS_KEY_SECRET, RunningEmulator
from served_folder import ServedFolder

PROJECT_ID = "0e5c1a7d4b8f4c6e9a2d3f5b7c9e1a3d"
NOWHERE = "f" * 32
_PATIENCE = 60.0


def client_of(emulator: RunningEmulator, **changed: str) -> MetaStudioClient:
    key = {"ak": ACCESS_KEY_ID, "sk": ACCESS_KEY_SECRET, "project_id": PROJECT_ID, **changed}
    token = key.pop("security_token", None)
    credentials = BasicCredentials(**key)
    if token is not None:
        credentials.with_security_token(token)
    return MetaStudioClient.new_builder().with_credentials(credentials).with_endpoint(emulator.url).build()


@pytest.fixture
def client(emulator: RunningEmulator) -> MetaStudioClient:
    return client_of(emulator)


def ended(look: Callable[[], Any], going: tuple[str, ...] = ("WAITING", "PROCESSING")) -> Any:
    deadline = time.monotonic() + _PATIENCE
    while (seen := look()).state in going:
        assert time.monotonic() < deadline, f"no end in sight: {seen}"
        time.sleep(0.1)
    return seen


def scene(text: str) -> model.ShootScriptItem:
    config = model.TextConfig(text=text)
    return model.ShootScriptItem(
        sequence_no=1, shoot_script=model.ShootScript(script_type="TEXT", text_config=config)
    )


def video_request(text: str, name: str = "evening") -> model.Create2DDigitalHumanVideoRequest:
    return model.Create2DDigitalHumanVideoRequest(
        body=model.Create2DDigitalHumanVideoReq(
            model_asset_id="emulator-avatar",
            voice_config=model.VoiceConfig(voice_asset_id="emulator-voice", speed=200),
            video_config=model.VideoConfig(codec="H264", bitrate=3000, width=320, height=180),
            shoot_scripts=[scene(text)],
            output_asset_config=model.OutputAssetConfig(asset_name=name),
        )
    )


def show_video(client: MetaStudioClient, job_id: str) -> Any:
    return client.show2_d_digital_human_video(model.Show2DDigitalHumanVideoRequest(job_id=job_id))


def test_an_avatar_video_is_made_and_fetched(client: MetaStudioClient) -> None:
    job_id = client.create2_d_digital_human_video(video_request("Good evening.")).job_id

    seen = ended(lambda: show_video(client, job_id))

    assert (seen.state, seen.output_asset_config.asset_name) == ("SUCCEED", "evening")
    assert seen.output_asset_config.preview_video_url is None
    assert is_jpeg(download(seen.output_asset_config.cover_url))


def test_a_video_is_found_in_the_list_and_as_an_asset(client: MetaStudioClient) -> None:
    job_ids = [client.create2_d_digital_human_video(video_request("One.", name)).job_id for name in "ab"]
    seen = [ended(lambda job_id=job_id: show_video(client, job_id)) for job_id in job_ids]

    listed = client.list_digital_human_video(model.ListDigitalHumanVideoRequest(limit=1, asset_name="a"))
    asset_id = seen[0].output_asset_config.asset_id
    asset = client.show_asset(model.ShowAssetRequest(asset_id=asset_id))

    assert (listed.count, [job.job_id for job in listed.jobs]) == (1, job_ids[:1])
    assert (asset.asset_state, asset.files[0].asset_file_category) == ("ACTIVED", "MAIN")
    assert is_mp4(download(asset.files[0].download_url))


def test_a_video_that_waits_is_cancelled(client: MetaStudioClient, emulator: RunningEmulator) -> None:
    emulator.fault(action="Create2DDigitalHumanVideo", job={"queued": 600})
    job_id = client.create2_d_digital_human_video(video_request("Never said.")).job_id

    client.cancel2_d_digital_human_video(model.Cancel2DDigitalHumanVideoRequest(job_id=job_id))

    assert show_video(client, job_id).state == "CANCELED"


def test_a_video_that_is_banned_says_why(client: MetaStudioClient, emulator: RunningEmulator) -> None:
    emulator.fault(
        action="Create2DDigitalHumanVideo", job={"state": "BLOCK", "code": "MSS.1", "message": "not fit"}
    )
    seen = ended(
        lambda job_id=client.create2_d_digital_human_video(video_request("…")).job_id: show_video(
            client, job_id
        )
    )

    assert (seen.state, seen.error_info.error_code, seen.error_info.error_msg) == (
        "BLOCK",
        "MSS.1",
        "not fit",
    )


def test_a_text_is_spoken(client: MetaStudioClient) -> None:
    body = model.CreateAsyncTtsJobRequestBody(
        text="你好世界。", voice_asset_id="emulator-voice", audio_format="WAV", gen_srt=True
    )
    job_id = client.create_async_tts_job(model.CreateAsyncTtsJobRequest(body=body)).job_id

    seen = ended(lambda: client.show_async_tts_job(model.ShowAsyncTtsJobRequest(job_id=job_id)))

    assert seen.state == "SUCCEED"
    assert download(seen.audio_file_url)[:4] == b"RIFF"
    assert "你好" in download(seen.audio_srt_file_url).decode()
    listed = client.show_tts_job(model.ShowTtsJobRequest(job_type="ASYNC_JOB"))
    assert [(job.job_id, job.asset_id) for job in listed.data] == [(job_id, "emulator-voice")]


def test_an_asset_is_usable_once_its_file_was_uploaded(client: MetaStudioClient, media: ServedFolder) -> None:
    content = (media.path / "coffee.jpg").read_bytes()
    made = model.CreateDigitalAssetRequestBody(asset_name="coffee", asset_type="IMAGE")
    asset_id = client.create_digital_asset(model.CreateDigitalAssetRequest(body=made)).asset_id
    before = client.show_asset(model.ShowAssetRequest(asset_id=asset_id)).asset_state
    announced = model.FilesCreateReq(
        file_name="coffee.jpg",
        file_md5=base64.b64encode(hashlib.md5(content).digest()).decode(),
        file_size=len(content),
        file_type="jpg",
        asset_id=asset_id,
        asset_file_category="MAIN",
    )

    file = client.create_file(model.CreateFileRequest(body=announced))
    put = urllib.request.Request(file.upload_url, content, {"content-type": "image/jpeg"}, method="PUT")
    with urllib.request.urlopen(put) as answer:
        assert answer.status == 200
    complete = model.ConfirmFileUploadRequestBody(state="CREATED")
    client.confirm_file_upload(model.ConfirmFileUploadRequest(file_id=file.file_id, body=complete))

    asset = client.show_asset(model.ShowAssetRequest(asset_id=asset_id))
    assert (before, asset.asset_state) == ("CREATING", "ACTIVED")
    assert download(asset.files[0].download_url) == content
    found = client.list_assets(model.ListAssetsRequest(name="cof", asset_state="ACTIVED"))
    assert [each.asset_id for each in found.assets] == [asset_id]


def test_a_live_task_is_started_and_stopped(client: MetaStudioClient) -> None:
    room = model.CreateSmartLiveRoomReq(room_name="sales")
    room_id = client.create_smart_live_room(model.CreateSmartLiveRoomRequest(body=room)).room_id
    start = model.StartSmartLiveRequest(room_id=room_id, body=model.StartSmartLiveReq())
    job_id = client.start_smart_live(start).job_id
    show = model.ShowSmartLiveRequest(room_id=room_id, job_id=job_id)

    assert ended(lambda: client.show_smart_live(show), ("WAITING",)).state == "PROCESSING"
    client.stop_smart_live(model.StopSmartLiveRequest(room_id=room_id, job_id=job_id))
    assert client.show_smart_live(show).state == "SUCCEED"


def test_a_temporary_key_may_call(emulator: RunningEmulator) -> None:
    key = emulator.temporary_key()
    client = client_of(
        emulator,
        ak=key["access_key_id"],
        sk=key["access_key_secret"],
        security_token=key["security_token"],
    )

    assert client.list_assets(model.ListAssetsRequest()).count == 3


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"sk": "guessed"}, "verify aksk signature fail"), ({"ak": "nobody"}, "Get secretKey failed")],
)
def test_a_wrong_key_is_refused(emulator: RunningEmulator, changed: dict[str, str], words: str) -> None:
    with pytest.raises(ClientRequestException) as raised:
        client_of(emulator, **changed).list_assets(model.ListAssetsRequest())

    check(raised.value, 401, "APIGW.0301")
    assert words in raised.value.error_msg


def test_another_project_is_refused(emulator: RunningEmulator) -> None:
    with pytest.raises(ClientRequestException) as raised:
        client_of(emulator, project_id=NOWHERE).list_assets(model.ListAssetsRequest())

    check(raised.value, 403, "APIGW.0302")


def test_the_client_raises_the_services_errors(client: MetaStudioClient, emulator: RunningEmulator) -> None:
    with pytest.raises(ClientRequestException) as missing:
        client.show_asset(model.ShowAssetRequest(asset_id=NOWHERE))
    check(missing.value, 400, "MSS.10001001")

    body = model.CreateAsyncTtsJobRequestBody(text="x", voice_asset_id="v", channels=3)
    with pytest.raises(ClientRequestException) as wrong:
        client.create_async_tts_job(model.CreateAsyncTtsJobRequest(body=body))
    check(wrong.value, 400, "MSS.00000003")

    emulator.fault(action="ListAssets", code="MSS.00000004", message="Internal Error")
    with pytest.raises(ServerResponseException) as failed:
        client.list_assets(model.ListAssetsRequest())
    check(failed.value, 500, "MSS.00000004")


def test_a_call_over_the_quota_is_throttled(throttling_emulator: RunningEmulator) -> None:
    client = client_of(throttling_emulator)
    with pytest.raises(ClientRequestException) as raised:
        for _ in range(50):
            client.list_assets(model.ListAssetsRequest())

    # The client retries, and its exception has only the status.
    assert raised.value.status_code == 429


def check(error: ClientRequestException | ServerResponseException, status: int, code: str) -> None:
    assert (error.status_code, error.error_code) == (status, code)
    assert re.fullmatch(r"[0-9a-f]{32}-[0-9]{13}-viapi-emulator", error.request_id)
    assert ACCESS_KEY_SECRET not in str(error)
