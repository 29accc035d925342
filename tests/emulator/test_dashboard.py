"""The dashboard: its content, and that the input of callers is escaped."""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx
import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator.clock import Clock
from emulator.signing_caller import Caller

Source = Callable[[str], str]
NOWHERE = "http://127.0.0.1:9/a.mp4"


class Seen(HTMLParser):
    """The tags and the words of a page."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data + " "

    def all(self, *tags: str, name: str = "src") -> list[str]:
        return [attributes.get(name) or "" for tag, attributes in self.tags if tag in tags]


@pytest.fixture
def look(emulator: EmulatorServer) -> Callable[[], Seen]:
    return lambda: Seen(httpx.get(emulator.url).raise_for_status().text)


def test_the_dashboard_says_that_there_are_no_jobs(look: Callable[[], Seen]) -> None:
    assert "No job has been submitted yet" in look().words


def test_a_job_is_shown_with_its_input_beside_its_output(
    caller: Caller, emulator: EmulatorServer, source: Source, look: Callable[[], Seen]
) -> None:
    address = source("a film")
    job_id = caller.call("ChangeVideoSize", VideoUrl=f"{address}?Signature=private", Width=640, Height=480)[
        "RequestId"
    ]
    caller.result(job_id)

    seen = look()

    assert all(
        word in seen.words for word in ("ChangeVideoSize", "PROCESS_SUCCESS", job_id, "Width", "640", address)
    )
    assert "private" not in seen.words
    assert seen.all("a", name="href") == [f"{address}?Signature=private"]
    before, after, cover = seen.all("video", "img")
    assert [httpx.get(urljoin(emulator.url, link)).text for link in (before, after)] == ["a film", "a film"]
    assert httpx.get(urljoin(emulator.url, cover)).text == "{'Width': 640, 'Height': 480}"


def test_a_job_that_failed_is_shown_with_its_reason(
    caller: Caller, source: Source, look: Callable[[], Seen]
) -> None:
    caller.result(caller.call("EraseVideoSubtitles", VideoUrl=source("refuse"))["RequestId"])

    words = look().words

    assert all(word in words for word in ("PROCESS_FAILED", "InvalidFile.Decode", "this is no video"))


def test_expired_files_are_not_linked(
    caller: Caller, source: Source, clock: Clock, look: Callable[[], Seen]
) -> None:
    caller.result(caller.call("EraseVideoSubtitles", VideoUrl=source("a film"))["RequestId"])
    clock.time += 30 * 60 + 1

    seen = look()

    assert seen.all("video", "img") == []
    assert "file expired" in seen.words


def test_calls_and_waiting_faults_are_shown(
    caller: Caller, emulator: EmulatorServer, look: Callable[[], Seen]
) -> None:
    caller.call("ListImageDbs")
    emulator.fault(action="*", times=5, delay=1)

    words = look().words

    assert "1 fault waiting" in words
    assert "ListImageDbs" in words


def test_it_reloads_more_often_while_a_job_is_active(caller: Caller, emulator: EmulatorServer) -> None:
    idle = httpx.get(emulator.url).headers["refresh"]
    emulator.fault(action="*", job={"queued": 3600})
    caller.call("EraseVideoSubtitles", VideoUrl=NOWHERE)
    busy = httpx.get(emulator.url).headers["refresh"]

    assert (idle, busy) == ("30", "2")


def test_only_the_newest_jobs_are_shown(
    caller: Caller, emulator: EmulatorServer, look: Callable[[], Seen]
) -> None:
    emulator.fault(action="*", times=None, job={"queued": 3600})
    ids = [caller.call("EraseVideoSubtitles", VideoUrl=NOWHERE)["RequestId"] for _ in range(53)]

    words = look().words

    assert "53 jobs" in words
    assert "and 3 older jobs" in words
    assert [job_id in words for job_id in (ids[2], ids[3], ids[52])] == [False, True, True]


EVIL = "\"'><script>alert(1)</script><img/src=x/onerror=alert(1)>&lt;"


@pytest.mark.parametrize("address", [f"{NOWHERE}?{EVIL}", f"http://127.0.0.1:9/{EVIL}.mp4", f"http://{EVIL}"])
def test_the_input_of_callers_is_escaped(
    caller: Caller,
    emulator: EmulatorServer,
    look: Callable[[], Seen],
    address: str,
) -> None:
    emulator.fault(action="*", job={"state": "PROCESS_FAILED", "code": EVIL, "message": EVIL})
    caller.result(caller.call("EraseVideoSubtitles", VideoUrl=address, BX="0", Extra=EVIL)["RequestId"])

    seen = look()

    assert EVIL in seen.words
    assert {tag for tag, _ in seen.tags}.isdisjoint({"script", "img", "iframe", "form", "object"})
    assert not any(name.startswith("on") for _, attributes in seen.tags for name in attributes)


def test_the_policy_allows_only_the_pages_style_and_the_emulators_files(
    emulator: EmulatorServer,
) -> None:
    answer = httpx.get(emulator.url)

    policy = dict(rule.strip().split(" ", 1) for rule in answer.headers["content-security-policy"].split(";"))
    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert policy == {
        "default-src": "'none'",
        "img-src": "'self'",
        "media-src": "'self'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_dashboard_counts_as_no_call(emulator: EmulatorServer) -> None:
    httpx.get(emulator.url)
    httpx.head(emulator.url)

    assert emulator.calls() == {}
