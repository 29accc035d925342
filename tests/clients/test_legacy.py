"""Alibaba's older clients: the core that they share, with its requests for video production and image search."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest, RpcRequest

from clients.results import download, is_jpeg, is_mp4, is_request_id, job_end, job_result
from clients.running_emulator import ACCESS_KEY_ID, ACCESS_KEY_SECRET, RunningEmulator
from served_folder import ServedFolder

REGION = "cn-shanghai"
CLIP = "http://127.0.0.1:9/clip.mp4"
BOX = {"X": 0.7, "Y": 0.1, "W": 0.2, "H": 0.2}


def connect(emulator: RunningEmulator, **settings: Any) -> AcsClient:
    """A client that calls the emulator, by settings of its own."""
    host, _, port = emulator.host.partition(":")
    key = {} if "credential" in settings else {"ak": ACCESS_KEY_ID, "secret": ACCESS_KEY_SECRET}
    client = AcsClient(region_id=REGION, port=int(port), **{**key, **settings})
    for service in ("videoenhan", "imgsearch"):
        client.add_endpoint(REGION, service, host)
    return client


def asking(service: str, action: str, **parameters: Any) -> RpcRequest:
    """The request of a service's package, filled in through its own setters."""
    name = f"{action}Request"
    request = getattr(import_module(f"aliyunsdk{service}.request.v20200320.{name}"), name)()
    for parameter, value in parameters.items():
        getattr(request, f"set_{parameter}")(value)
    return request


def call(client: AcsClient, service: str, action: str, **parameters: Any) -> dict[str, Any]:
    return dict(json.loads(client.do_action_with_exception(asking(service, action, **parameters))))


def look_at(client: AcsClient, job_id: str) -> Callable[[], Mapping[str, Any]]:
    return lambda: call(client, "videoenhan", "GetAsyncJobResult", JobId=job_id)["Data"]


@pytest.fixture
def client(emulator: RunningEmulator) -> AcsClient:
    return connect(emulator)


def test_a_logo_is_erased_from_a_video(emulator: RunningEmulator, client: AcsClient, clip: str) -> None:
    boxes = [BOX, {"X": 0, "Y": 0.5, "W": 1, "H": 0.5}]
    job_id = call(client, "videoenhan", "EraseVideoLogo", VideoUrl=clip, Boxess=boxes)["RequestId"]
    result = job_result(look_at(client, job_id))

    assert is_mp4(download(result["VideoUrl"]))
    wire = emulator.jobs()[0]["request"]
    assert {name: float(wire[name]) for name in wire if name.startswith("Boxes")} == {
        f"Boxes.{number}.{name}": value for number, box in enumerate(boxes, 1) for name, value in box.items()
    }


def test_a_video_is_generated_from_a_list_of_files(
    emulator: RunningEmulator, client: AcsClient, media: ServedFolder
) -> None:
    files = [
        {"FileName": name, "FileUrl": media.address(name), "Type": kind}
        for name, kind in {"clip.mp4": "video", "coffee.jpg": "image"}.items()
    ]
    parameters = {"FileLists": files, "Width": 160, "Height": 90, "Duration": 5.0, "Mute": True}
    job_id = call(client, "videoenhan", "GenerateVideo", **parameters)["RequestId"]
    result = job_result(look_at(client, job_id))

    assert is_mp4(download(result["VideoUrl"]))
    assert is_jpeg(download(result["VideoCoverUrl"]))
    wire = emulator.jobs()[0]["request"]
    assert [wire[f"FileList.{number}.FileUrl"] for number in (1, 2)] == [file["FileUrl"] for file in files]


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("AbstractEcommerceVideo", {"Duration": 2.0, "Width": 160, "Height": 160}),
        ("AbstractFilmVideo", {"Length": 2}),
    ],
)
def test_retired_actions_still_work(
    client: AcsClient, clip: str, action: str, parameters: dict[str, Any]
) -> None:
    job_id = call(client, "videoenhan", action, VideoUrl=clip, **parameters)["RequestId"]

    assert is_mp4(download(job_result(look_at(client, job_id))["VideoUrl"]))


def test_the_photograph_of_the_same_thing_is_found(client: AcsClient, media: ServedFolder) -> None:
    call(client, "imgsearch", "CreateImageDb", Name="shop")
    for name in ("coffee", "motorcycle_left", "rocket"):
        photograph = {"ImageUrl": media.address(f"{name}.jpg"), "ExtraData": f"{name} € 照片"}
        call(client, "imgsearch", "AddImage", DbName="shop", EntityId=name, **photograph)

    looked_for = {"ImageUrl": media.address("motorcycle_right.jpg"), "Limit": 2}
    found = call(client, "imgsearch", "SearchImage", DbName="shop", **looked_for)["Data"]["MatchList"]

    assert len(found) == 2
    assert (found[0]["EntityId"], found[0]["ExtraData"]) == ("motorcycle_left", "motorcycle_left € 照片")
    assert call(client, "imgsearch", "ListImages", DbName="shop")["Data"]["TotalCount"] == 3


def test_a_temporary_key_may_call(emulator: RunningEmulator, clip: str) -> None:
    key = emulator.temporary_key()
    credential = StsTokenCredential(key["access_key_id"], key["access_key_secret"], key["security_token"])
    client = connect(emulator, credential=credential)
    job_id = call(client, "videoenhan", "EraseVideoSubtitles", VideoUrl=clip)["RequestId"]

    assert job_end(look_at(client, job_id))["Status"] == "PROCESS_SUCCESS"


def test_https_works_when_the_certificate_is_trusted(emulator: RunningEmulator, certificate: Path) -> None:
    request = asking("imgsearch", "ListImageDbs")
    request.set_protocol_type("https")
    answer = connect(emulator, verify=str(certificate)).do_action_with_exception(request)

    assert json.loads(answer)["Data"] == {"DbList": []}


def test_responses_are_xml_if_requested(client: AcsClient) -> None:
    call(client, "imgsearch", "CreateImageDb", Name="shop")
    request = asking("imgsearch", "ListImageDbs")
    request.set_accept_format("XML")
    with pytest.warns(DeprecationWarning):
        document = ElementTree.fromstring(client.do_action(request))

    assert document.tag == "ListImageDbsResponse"
    assert [name.text for name in document.findall("Data/DbList/Name")] == ["shop"]


def common(emulator: RunningEmulator, action: str, version: str) -> dict[str, Any]:
    """Call any action, also one that the service does not have."""
    request = CommonRequest(domain=emulator.host, version=version, action_name=action)
    request.set_method("POST")
    return dict(
        json.loads(AcsClient(ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION).do_action_with_exception(request))
    )


REFUSED: Mapping[str, tuple[Callable[[RunningEmulator], Any], str, int]] = {
    # The core takes the service's message apart and gives a wrong secret this name of its own.
    "a wrong secret": (
        lambda emulator: call(connect(emulator, secret="guessed"), "imgsearch", "ListImageDbs"),
        "InvalidAccessKeySecret",
        400,
    ),
    "a key that nobody has": (
        lambda emulator: call(connect(emulator, ak="LTAInobody"), "imgsearch", "ListImageDbs"),
        "InvalidAccessKeyId.NotFound",
        404,
    ),
    "an action that there is not": (
        lambda emulator: common(emulator, "EraseAll", "2020-03-20"),
        "InvalidAction.NotFound",
        404,
    ),
    "an action in another service's version": (
        lambda emulator: common(emulator, "EraseVideoLogo", "2023-01-17"),
        "InvalidVersion",
        400,
    ),
    "a parameter that is missing": (
        lambda emulator: call(connect(emulator), "videoenhan", "ChangeVideoSize", VideoUrl=CLIP, Width=320),
        "MissingParameter",
        400,
    ),
    "a parameter out of range": (
        lambda emulator: call(connect(emulator), "videoenhan", "SuperResolveVideo", VideoUrl=CLIP, BitRate=0),
        "InvalidParameter",
        400,
    ),
    "a field of a list's second item out of range": (
        lambda emulator: call(
            connect(emulator), "videoenhan", "EraseVideoLogo", VideoUrl=CLIP, Boxess=[BOX, {**BOX, "W": 1.5}]
        ),
        "InvalidParameter",
        400,
    ),
    "a job that there is not": (
        lambda emulator: call(connect(emulator), "videoenhan", "GetAsyncJobResult", JobId="none"),
        "InvalidParameter.BadRequest",
        400,
    ),
    "an image database that there is not": (
        lambda emulator: call(connect(emulator), "imgsearch", "ListImages", DbName="nowhere"),
        "InvalidParameter.BadRequest",
        400,
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_client_raises_its_own_exception_for(emulator: RunningEmulator, what: str) -> None:
    refused, code, status = REFUSED[what]
    with pytest.raises(ServerException) as raised:
        refused(emulator)

    check(raised.value, code, status)
    assert not emulator.jobs()


def test_a_call_over_the_quota_is_throttled(throttling_emulator: RunningEmulator) -> None:
    client = connect(throttling_emulator)
    with pytest.raises(ServerException) as raised:
        for _ in range(50):
            call(client, "imgsearch", "ListImageDbs")

    check(raised.value, "Throttling.User", 429)


def check(error: ServerException, code: str, status: int) -> None:
    assert (error.get_error_code(), error.get_http_status()) == (code, status)
    assert is_request_id(error.get_request_id())
    assert ACCESS_KEY_SECRET not in str(error)
