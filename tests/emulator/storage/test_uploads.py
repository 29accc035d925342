"""A file on its way from a caller's disk to a job: a place is asked for, then the file is posted there."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator.clock import Clock
from emulator.signing_caller import Caller

ASK = {"Product": "videoenhan", "RegionId": "cn-shanghai", "system": {"Version": "2019-12-19"}}


@pytest.fixture
def place(caller: Caller) -> dict[str, Any]:
    return caller.call("AuthorizeFileUpload", **ASK)


@pytest.fixture
def trusting(emulator: EmulatorServer) -> Iterator[httpx.Client]:
    """A client that trusts the emulator's certificate and no other."""
    authority = httpx.get(f"{emulator.url}/_emulator/certificate").text
    with httpx.Client(verify=ssl.create_default_context(cadata=authority), trust_env=False) as client:
        yield client


def host(place: dict[str, Any]) -> str:
    return f"{place['Bucket']}.{place['Endpoint']}"


def form(place: dict[str, Any], **changed: str) -> dict[str, str]:
    return {
        "OSSAccessKeyId": place["AccessKeyId"],
        "Signature": place["Signature"],
        "host": host(place),
        "key": place["ObjectKey"],
        "policy": place["EncodedPolicy"],
        "success_action_status": "201",
        **changed,
    }


def post(place: dict[str, Any], content: bytes = b"a film", **changed: str) -> httpx.Response:
    return httpx.post(
        f"http://{host(place)}/",
        data=form(place, **changed),
        files={"file": (place["ObjectKey"], content, "")},
    )


def code(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, ElementTree.fromstring(answer.content).findtext("Code")


def test_bucket_and_endpoint_lead_to_the_emulator(place: dict[str, Any], emulator: EmulatorServer) -> None:
    assert f"http://{host(place)}" == emulator.url
    assert place["UseAccelerate"] is False


def test_a_file_that_was_posted_is_read_by_a_job_at_the_address_that_clients_make_of_it(
    caller: Caller, place: dict[str, Any]
) -> None:
    posted = post(place)
    address = f"http://{host(place)}/{place['ObjectKey']}"

    job = caller.result(caller.call("EraseVideoSubtitles", VideoUrl=address)["RequestId"])

    document = ElementTree.fromstring(posted.content)
    assert (posted.status_code, document.tag) == (201, "PostResponse")
    assert (document.findtext("Key"), document.findtext("Location")) == (place["ObjectKey"], address)
    assert httpx.get(json.loads(job["Result"])["VideoUrl"]).text == "a film"


def test_a_file_is_posted_over_https_at_the_same_port_as_clients_do(
    place: dict[str, Any], trusting: httpx.Client
) -> None:
    answer = trusting.post(
        f"https://{host(place)}/", data=form(place), files={"file": ("a.mp4", b"a film", "")}
    )

    assert answer.status_code == 201
    assert httpx.get(f"http://{host(place)}/{place['ObjectKey']}").content == b"a film"


def test_the_emulator_speaks_tls_with_a_self_signed_certificate(
    emulator: EmulatorServer, trusting: httpx.Client
) -> None:
    address = emulator.url.replace("http:", "https:")

    assert trusting.get(f"{address}/_emulator/jobs").json() == []
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(f"{address}/_emulator/jobs")


def test_a_caller_with_tls_gets_links_with_tls(
    caller: Caller, emulator: EmulatorServer, trusting: httpx.Client
) -> None:
    caller.http = trusting
    trusting.base_url = httpx.URL(emulator.url.replace("http:", "https:"))

    place = caller.call("AuthorizeFileUpload", **ASK)
    trusting.post("/", data=form(place), files={"file": ("a.mp4", b"a film", "")})
    address = f"http://{host(place)}/{place['ObjectKey']}"
    job = caller.result(caller.call("EraseVideoSubtitles", VideoUrl=address)["RequestId"])

    link = json.loads(job["Result"])["VideoUrl"]
    assert link.startswith("https://")
    assert trusting.get(link).text == "a film"


def test_an_uploaded_file_can_be_read_but_not_listed_without_a_signature(place: dict[str, Any]) -> None:
    post(place)

    assert httpx.get(f"http://{host(place)}/{place['ObjectKey']}").content == b"a film"
    assert code(httpx.get(f"http://{host(place)}/viapi-uploads?list-type=2")) == (403, "AccessDenied")


def test_every_file_has_a_place_of_its_own(caller: Caller) -> None:
    assert len({caller.call("AuthorizeFileUpload", **ASK)["ObjectKey"] for _ in range(3)}) == 3


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"key": "viapi-uploads/somewhere/else"}, (403, "AccessDenied")),
        ({"Signature": "abc="}, (403, "SignatureDoesNotMatch")),
        ({"policy": base64.b64encode(b'{"expiration": "2099"}').decode()}, (403, "SignatureDoesNotMatch")),
        ({"OSSAccessKeyId": "nobody"}, (403, "InvalidAccessKeyId")),
        ({"key": ""}, (400, "InvalidArgument")),
    ],
)
def test_an_unauthorized_upload_is_refused(
    place: dict[str, Any], changed: dict[str, str], refused: tuple[int, str]
) -> None:
    assert code(post(place, **changed)) == refused
    assert httpx.get(f"http://{host(place)}/{place['ObjectKey']}").status_code == 404


def test_an_authorization_is_valid_for_an_hour(place: dict[str, Any], clock: Clock) -> None:
    clock.time += 3601

    assert code(post(place)) == (403, "AccessDenied")


def test_a_form_without_a_file_is_refused(place: dict[str, Any]) -> None:
    answer = httpx.post(
        f"http://{host(place)}/", files={name: (None, text) for name, text in form(place).items()}
    )

    assert code(answer) == (400, "InvalidArgument")


@pytest.mark.parametrize(("wanted", "status"), [("200", 200), ("204", 204), ("", 204), ("302", 204)])
def test_the_success_status_is_the_requested_one(place: dict[str, Any], wanted: str, status: int) -> None:
    assert post(place, success_action_status=wanted).status_code == status


def test_an_address_that_cannot_be_split_is_an_error(caller: Caller) -> None:
    caller.http.headers["Host"] = "[::1]:8765"

    answer = caller.send("AuthorizeFileUpload", **ASK)

    assert (answer.status_code, answer.json()["Code"]) == (500, "InternalError")
    assert "[::1]:8765 cannot be split that way" in answer.json()["Message"]


def test_localhost_becomes_an_address_that_can_be_split(caller: Caller) -> None:
    caller.http.headers["Host"] = "localhost:8765"

    place = caller.call("AuthorizeFileUpload", **ASK)

    assert (place["Bucket"], place["Endpoint"]) == ("127", "0.0.1:8765")
