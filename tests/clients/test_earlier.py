"""Alibaba's client before its service lost the actions of the Abstract family, with both signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from alibabacloud_tea_util.models import RuntimeOptions
from alibabacloud_videoenhan20200320 import models
from alibabacloud_videoenhan20200320.client import Client
from Tea.exceptions import TeaException

from clients.results import download, is_jpeg, is_mp4, is_request_id, job_result
from clients.running_emulator import ACCESS_KEY_SECRET, RunningEmulator
from clients.tea_clients import config, with_upload_endpoint
from served_folder import ServedFolder


@pytest.fixture
def client(emulator: RunningEmulator, signature: str) -> Client:
    return Client(config(emulator, signature))


def result_of(client: Client, answer: Any) -> dict[str, Any]:
    request = models.GetAsyncJobResultRequest(job_id=answer.body.request_id)
    return job_result(lambda: client.get_async_job_result(request).body.data.to_map())


def test_a_short_version_for_a_shop_is_made_with_its_cover(client: Client, clip: str) -> None:
    request = models.AbstractEcommerceVideoRequest(video_url=clip, duration=2.0, width=160, height=160)
    result = result_of(client, client.abstract_ecommerce_video(request))

    assert is_mp4(download(result["VideoUrl"]))
    assert is_jpeg(download(result["VideoCoverUrl"]))


def test_a_short_version_of_a_film_is_made(client: Client, clip: str) -> None:
    request = models.AbstractFilmVideoRequest(video_url=clip, length=2)
    result = result_of(client, client.abstract_film_video(request))

    assert is_mp4(download(result["VideoUrl"]))


def test_a_temporary_key_gets_a_short_version(emulator: RunningEmulator, signature: str, clip: str) -> None:
    client = Client(config(emulator, signature, **emulator.temporary_key()))
    request = models.AbstractFilmVideoRequest(video_url=clip, length=2)
    result = result_of(client, client.abstract_film_video(request))

    assert is_mp4(download(result["VideoUrl"]))


def test_a_file_goes_up_and_is_shortened(
    emulator: RunningEmulator, signature: str, media: ServedFolder
) -> None:
    settings = config(emulator, signature, open_platform_endpoint=emulator.host)
    client = with_upload_endpoint(Client(settings), settings)
    with (media.path / "clip.mp4").open("rb") as file:
        request = models.AbstractFilmVideoAdvanceRequest(video_url_object=file, length=2)
        answer = client.abstract_film_video_advance(request, RuntimeOptions())

    assert is_mp4(download(result_of(client, answer)["VideoUrl"]))
    (job,) = emulator.jobs()
    assert download(job["request"]["VideoUrl"]) == (media.path / "clip.mp4").read_bytes()


REFUSED: Mapping[str, tuple[Callable[[Client], Any], str]] = {
    "a length that is missing": (
        lambda client: client.abstract_film_video(
            models.AbstractFilmVideoRequest(video_url="http://127.0.0.1:9/clip.mp4")
        ),
        "MissingParameter",
    ),
    "a length out of range": (
        lambda client: client.abstract_film_video(
            models.AbstractFilmVideoRequest(video_url="http://127.0.0.1:9/clip.mp4", length=1)
        ),
        "InvalidParameter",
    ),
    "a job that there is not": (
        lambda client: client.get_async_job_result(models.GetAsyncJobResultRequest(job_id="none")),
        "InvalidParameter.BadRequest",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_client_raises_its_own_exception_for(client: Client, what: str) -> None:
    refused, code = REFUSED[what]
    with pytest.raises(TeaException) as raised:
        refused(client)

    check(raised.value, code, 400)


def test_a_wrong_secret_is_reported(emulator: RunningEmulator, signature: str) -> None:
    client = Client(config(emulator, signature, access_key_secret="guessed"))
    with pytest.raises(TeaException) as raised:
        client.get_async_job_result(models.GetAsyncJobResultRequest(job_id="none"))

    check(raised.value, "SignatureDoesNotMatch", 400)


def test_a_call_over_the_quota_is_throttled(throttling_emulator: RunningEmulator, signature: str) -> None:
    client = Client(config(throttling_emulator, signature))
    with pytest.raises(TeaException, match="Throttling") as raised:
        for _ in range(50):
            client.query_face_video_template(models.QueryFaceVideoTemplateRequest())

    check(raised.value, "Throttling.User", 429)


def check(error: TeaException, code: str, status: int) -> None:
    assert (error.code, error.statusCode) == (code, status)
    assert is_request_id(error.data["RequestId"])
    assert ACCESS_KEY_SECRET not in str(error)
