"""Requests of web pages are refused: other hosts, other origins; and bodies are limited."""

from __future__ import annotations

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest

from airflow_provider_viapi.emulator.http_guard import MAX_CALL_BYTES
from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator.signing_caller import Caller


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "10.0.0.1", ""]
)
@pytest.mark.parametrize("path", ["/", "/_emulator/jobs", "/bucket/key", "/v3/projects"])
def test_a_host_that_is_not_the_emulators_own_is_refused(
    emulator: EmulatorServer, host: str, path: str
) -> None:
    answer = httpx.get(f"{emulator.url}{path}", headers={"Host": host})

    assert answer.status_code == 421
    assert f"does not serve the host {host!r}" in answer.json()["message"]
    assert "--public-host" in answer.json()["message"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.2:1", "LOCALHOST:80", "a.localhost", "[::1]:80", "viapi.test"]
)
def test_loopback_names_and_public_hosts_are_served(emulator: EmulatorServer, host: str) -> None:
    assert httpx.get(f"{emulator.url}/_emulator/jobs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/_emulator/reset"), ("GET", "/_emulator/jobs"), ("POST", "/")]
)
def test_a_web_page_of_another_origin_is_refused(
    emulator: EmulatorServer, headers: dict[str, str], method: str, path: str
) -> None:
    emulator.fault(action="*", delay=1)

    answer = httpx.request(method, f"{emulator.url}{path}", headers=headers)

    assert answer.status_code == 403
    assert "another origin" in answer.json()["message"]
    assert len(emulator.faults()) == 1


def test_a_page_of_the_emulator_itself_may_send_requests(emulator: EmulatorServer) -> None:
    answer = httpx.post(f"{emulator.url}/_emulator/reset", headers={"Origin": emulator.url})

    assert answer.status_code == 204


def first_line(url: str, head: bytes, body: bytes) -> str:
    """The status line of the response to a request whose body is not complete yet."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(b"%s\r\nHost: localhost\r\n\r\n" % head)
        connection.sendall(body)
        return connection.recv(1000).decode().partition("\r\n")[0]


def test_the_body_of_a_call_is_limited(emulator: EmulatorServer) -> None:
    announced = first_line(emulator.url, b"POST / HTTP/1.1\r\nContent-Length: %d" % (MAX_CALL_BYTES + 1), b"")
    streamed = httpx.post(emulator.url, content=iter([bytes(MAX_CALL_BYTES), b"1"]))

    assert announced.startswith("HTTP/1.1 413 ")
    assert (streamed.status_code, streamed.json()["Code"]) == (413, "RequestEntityTooLarge")
    assert streamed.json()["HostId"] == emulator.url.removeprefix("http://")


def test_the_body_of_an_administrative_request_is_limited(emulator: EmulatorServer) -> None:
    content = json.dumps({"action": "*", "delay": 1, "message": "x" * (1 << 20)})

    assert httpx.post(f"{emulator.url}/_emulator/faults", content=content).status_code == 400
    assert emulator.faults() == []


def test_an_upload_by_form_is_refused_before_its_file_if_its_policy_is_not_valid(
    emulator: EmulatorServer,
) -> None:
    head = (
        b"POST /bucket HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 999999999"
    )
    fields = b'--b\r\nContent-Disposition: form-data; name="OSSAccessKeyId"\r\n\r\nnobody\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + bytes(2 << 20)

    assert first_line(emulator.url, head, fields + file).startswith("HTTP/1.1 403 ")


def test_an_error_names_the_host_that_responded(caller: Caller, emulator: EmulatorServer) -> None:
    answer = caller.send("GetAsyncJobResult", JobId="nobody's")

    assert answer.json()["HostId"] == emulator.url.removeprefix("http://")
