"""Links to results over HTTP: what they serve, and until when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import httpx
import pytest
from PIL import Image

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.client import Client
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.renewable_credentials import Credentials
from emulator.clock import Clock
from emulator.signing_caller import Caller
from served_folder import ServedFolder

Source = Callable[[str], str]
FILM = "a film " * 1000


@pytest.fixture
def link(caller: Caller, source: Source) -> str:
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source(FILM))["RequestId"]
    return str(json.loads(caller.result(job_id)["Result"])["VideoUrl"])


def error(answer: httpx.Response) -> tuple[int, str | None]:
    return answer.status_code, ElementTree.fromstring(answer.content).findtext("Code")


def test_a_link_serves_the_file_with_its_length_and_type(link: str) -> None:
    answer = httpx.get(link)

    assert answer.text == FILM
    assert answer.headers["content-length"] == str(len(FILM))
    assert answer.headers["content-type"] == "video/mp4"


def test_a_link_serves_a_part_of_the_file(link: str) -> None:
    answer = httpx.get(link, headers={"Range": "bytes=7-12"})

    assert (answer.status_code, answer.text) == (206, "a film")
    assert answer.headers["content-range"] == f"bytes 7-12/{len(FILM)}"


def test_a_link_is_signed_for_reading_and_nothing_else(link: str) -> None:
    answers = [httpx.request(method, link) for method in ("HEAD", "PUT", "DELETE")]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert httpx.get(link).text == FILM


def test_a_browser_may_play_a_result_but_run_no_script(link: str) -> None:
    headers = httpx.get(link).headers

    policy = headers["content-security-policy"]
    assert (headers["content-type"], headers["x-content-type-options"]) == ("video/mp4", "nosniff")
    # Chromium does not play a video in a sandbox.
    assert "sandbox" not in policy
    assert policy.startswith("default-src 'none'")
    assert "media-src 'self'" in policy
    assert "script-src" not in policy


def test_a_link_has_the_address_under_which_its_caller_came(
    caller: Caller, source: Source, emulator: EmulatorServer
) -> None:
    job_id = caller.call("EraseVideoSubtitles", VideoUrl=source("a film"))["RequestId"]
    caller.result(job_id)
    caller.http.headers["Host"] = "viapi.test:8765"

    result = caller.call("GetAsyncJobResult", JobId=job_id)["Data"]["Result"]

    assert json.loads(result)["VideoUrl"].startswith(
        f"http://viapi.test:8765/viapi-results/{job_id}/results/video.mp4?Expires="
    )


def test_a_link_is_valid_for_30_minutes_after_the_end_of_the_job(link: str, clock: Clock) -> None:
    clock.time += 30 * 60
    just_in_time = httpx.get(link)
    clock.time += 1
    too_late = httpx.get(link)

    assert just_in_time.status_code == 200
    assert error(too_late) == (403, "AccessDenied")
    assert "Request has expired." in too_late.text


def test_querying_the_job_again_does_not_extend_its_link(caller: Caller, link: str, clock: Clock) -> None:
    (job_id,) = {part for part in link.split("/") if part.count("-") == 4}
    clock.time += 600

    assert json.loads(caller.result(job_id)["Result"])["VideoUrl"] == link


@pytest.mark.parametrize(
    ("said", "forged"),
    [
        ("Signature=", "Signature=x"),
        ("Expires=1", "Expires=2"),
        ("results/video.mp4", "sources/1.mp4"),
        ("?", "?x="),
    ],
)
def test_a_link_that_was_changed_is_refused(link: str, said: str, forged: str) -> None:
    assert error(httpx.get(link.replace(said, forged))) == (403, "SignatureDoesNotMatch")


def test_a_link_without_its_signature_is_refused(link: str) -> None:
    assert error(httpx.get(link.partition("?")[0])) == (403, "AccessDenied")


def test_files_are_deleted_once_their_links_have_expired(
    caller: Caller, link: str, source: Source, clock: Clock
) -> None:
    clock.time += 30 * 60 + 1
    caller.result(caller.call("EraseVideoSubtitles", VideoUrl=source("another"))["RequestId"])
    clock.time -= 30 * 60 + 1

    assert error(httpx.get(link)) == (404, "NoSuchKey")


def test_a_link_of_an_action_that_responds_at_once_is_valid_as_long_as_a_fault_says(
    viapi_emulator: EmulatorServer, served: ServedFolder
) -> None:
    with Image.new("RGB", (200, 160), "red") as image:
        image.save(served.path / "a.png")
    viapi_emulator.fault(action="*", job={"queued": 3600})
    viapi_emulator.fault(action="MakeSuperResolutionImage", result_expires=3600)
    key = Credentials(viapi_emulator.access_key_id, viapi_emulator.access_key_secret)
    with Client(Account(key, endpoint=viapi_emulator.url)) as client:
        answer = client.call("imageenhan.MakeSuperResolutionImage", {"Url": served.address("a.png")})
    (expires,) = parse_qs(urlsplit(answer["Data"]["Url"]).query)["Expires"]

    assert 1800 < int(expires) - time.time() <= 3600
    assert [each["action"] for each in viapi_emulator.faults()] == ["*"]
