"""A refusal arrives at the caller of Alibaba's clients of today as their own exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_imgsearch20200320 import models as imgsearch
from alibabacloud_imgsearch20200320.client import Client as ImageSearchClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException, ClientException, ServerException
from alibabacloud_viapi20230117 import models as viapi
from alibabacloud_viapi20230117.client import Client as JobClient
from alibabacloud_videoenhan20200320 import models
from alibabacloud_videoenhan20200320.client import Client

from clients.results import is_request_id, job_end
from clients.running_emulator import ACCESS_KEY_SECRET, RunningEmulator
from clients.tea_clients import call, config
from served_folder import ServedFolder

Boxes = models.EraseVideoLogoRequestBoxes
File = models.GenerateVideoRequestFileList

CLIP = "http://127.0.0.1:9/clip.mp4"

Refused = Callable[[RunningEmulator, str], Any]
REFUSED: dict[str, tuple[Refused, str, int]] = {
    "a wrong secret": (
        lambda emulator, signature: ImageSearchClient(
            config(emulator, signature, access_key_secret="guessed")
        ).list_image_dbs(),
        "SignatureDoesNotMatch",
        400,
    ),
    "a key that nobody has": (
        lambda emulator, signature: ImageSearchClient(
            config(emulator, signature, access_key_id="LTAInobody")
        ).list_image_dbs(),
        "InvalidAccessKeyId.NotFound",
        404,
    ),
    "a temporary key without its token": (
        lambda emulator, signature: ImageSearchClient(
            config(emulator, signature, **{**emulator.temporary_key(), "security_token": None})
        ).list_image_dbs(),
        "MissingSecurityToken",
        400,
    ),
    "a token that goes with another key": (
        lambda emulator, signature: ImageSearchClient(
            config(emulator, signature, **{**emulator.temporary_key(), "security_token": "another"})
        ).list_image_dbs(),
        "InvalidSecurityToken.MismatchWithAccessKey",
        400,
    ),
    "a temporary key whose time is over": (
        lambda emulator, signature: ImageSearchClient(
            config(emulator, signature, **emulator.temporary_key(seconds=0))
        ).list_image_dbs(),
        "InvalidSecurityToken.Expired",
        400,
    ),
    "an action that there is not": (
        lambda emulator, signature: call(Client(config(emulator, signature)), "EraseAll", "2020-03-20"),
        "InvalidAction.NotFound",
        404,
    ),
    "an action in another service's version": (
        lambda emulator, signature: call(
            JobClient(config(emulator, signature)), "EraseVideoLogo", "2023-01-17", VideoUrl=CLIP
        ),
        "InvalidVersion",
        400,
    ),
    "a parameter that is missing": (
        lambda emulator, signature: Client(config(emulator, signature)).change_video_size(
            models.ChangeVideoSizeRequest(video_url=CLIP, width=320)
        ),
        "MissingParameter",
        400,
    ),
    "a parameter out of range": (
        lambda emulator, signature: Client(config(emulator, signature)).change_video_size(
            models.ChangeVideoSizeRequest(video_url=CLIP, width=31, height=320)
        ),
        "InvalidParameter",
        400,
    ),
    "a field of a list's second item out of range": (
        lambda emulator, signature: Client(config(emulator, signature)).erase_video_logo(
            models.EraseVideoLogoRequest(
                video_url=CLIP, boxes=[Boxes(x=0.5, y=0.5, w=0.5, h=0.5), Boxes(x=0.5, y=0.5, w=1.5, h=0.5)]
            )
        ),
        "InvalidParameter",
        400,
    ),
    "a job that there is not": (
        lambda emulator, signature: Client(config(emulator, signature)).get_async_job_result(
            models.GetAsyncJobResultRequest(job_id="00000000-0000-0000-0000-000000000000")
        ),
        "InvalidParameter.BadRequest",
        400,
    ),
    "a job to be cancelled that there is not": (
        lambda emulator, signature: JobClient(config(emulator, signature)).cancel_waiting_async_job(
            viapi.CancelWaitingAsyncJobRequest(job_id="00000000-0000-0000-0000-000000000000")
        ),
        "InvalidParameter.BadRequest",
        400,
    ),
    "an image database that there is not": (
        lambda emulator, signature: ImageSearchClient(config(emulator, signature)).list_images(
            imgsearch.ListImagesRequest(db_name="nowhere")
        ),
        "InvalidParameter.BadRequest",
        400,
    ),
}


def check(error: AlibabaCloudException, code: str, status: int) -> None:
    assert (error.code, error.status_code) == (code, status)
    assert is_request_id(error.request_id)
    assert error.data["RequestId"] == error.request_id
    assert ACCESS_KEY_SECRET not in str(error)


def check_failed(client: Client, job_id: str, code: str) -> None:
    request = models.GetAsyncJobResultRequest(job_id=job_id)
    ended = job_end(lambda: client.get_async_job_result(request).body.data.to_map())

    assert (ended["Status"], ended["ErrorCode"]) == ("PROCESS_FAILED", code)
    assert ended["ErrorMessage"]
    assert "Result" not in ended


@pytest.mark.parametrize("what", REFUSED)
def test_the_client_raises_its_own_exception_for(
    emulator: RunningEmulator, signature: str, what: str
) -> None:
    refused, code, status = REFUSED[what]
    with pytest.raises(ClientException) as raised:
        refused(emulator, signature)

    check(raised.value, code, status)
    assert not emulator.jobs()


def test_a_call_over_the_quota_is_throttled(throttling_emulator: RunningEmulator, signature: str) -> None:
    client = ImageSearchClient(config(throttling_emulator, signature))
    with pytest.raises(ClientException) as raised:
        for _ in range(50):
            client.list_image_dbs()

    check(raised.value, "Throttling.User", 429)


def test_an_unknown_service_is_an_error(emulator: RunningEmulator, signature: str) -> None:
    emulator.fault(action="ListImageDbs", code="ServiceUnavailable")
    with pytest.raises(ServerException) as raised:
        ImageSearchClient(config(emulator, signature)).list_image_dbs()

    check(raised.value, "ServiceUnavailable", 503)


def test_the_asynchronous_calls_raise_the_same(emulator: RunningEmulator, signature: str) -> None:
    client = Client(config(emulator, signature))
    request = models.GetAsyncJobResultRequest(job_id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(ClientException) as raised:
        asyncio.run(client.get_async_job_result_async(request))

    check(raised.value, "InvalidParameter.BadRequest", 400)


def test_a_job_whose_video_cannot_be_read_says_so(emulator: RunningEmulator, signature: str) -> None:
    client = Client(config(emulator, signature))
    answer = client.erase_video_subtitles(models.EraseVideoSubtitlesRequest(video_url=CLIP))

    check_failed(client, answer.body.request_id, "InvalidFile.Download")


def test_a_job_needs_every_file_of_its_list(
    emulator: RunningEmulator, signature: str, media: ServedFolder
) -> None:
    client = Client(config(emulator, signature))
    there = File(file_name="coffee.jpg", file_url=media.address("coffee.jpg"), type="image")
    missing = File(file_name="tea.jpg", file_url=media.address("tea.jpg"), type="image")
    answer = client.generate_video(models.GenerateVideoRequest(file_list=[there, missing]))

    check_failed(client, answer.body.request_id, "InvalidFile.Download")


def test_a_job_that_could_only_be_faked_fails(
    emulator: RunningEmulator, signature: str, clip: str, media: ServedFolder
) -> None:
    client = Client(config(emulator, signature))
    request = models.MergeVideoFaceRequest(video_url=clip, reference_url=media.address("chelsea.jpg"))
    answer = client.merge_video_face(request)

    check_failed(client, answer.body.request_id, "InvalidApi.ForbiddenInvoke")
