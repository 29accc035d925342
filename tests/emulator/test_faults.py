"""Faults on demand: calls that are held, delayed, dropped or answered with an error, and jobs that fail."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from emulator.clock import Clock
from emulator.signing_caller import Caller

Source = Callable[[str], str]
ERASE = "EraseVideoSubtitles"
NOWHERE = "http://127.0.0.1:9/a.mp4"


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_delayed_response_follows_the_work(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=ERASE, delay=0.3)

    start = time.monotonic()
    job_id = caller.call(ERASE, VideoUrl=NOWHERE)["RequestId"]

    assert time.monotonic() - start >= 0.3
    assert [job["job_id"] for job in emulator.jobs()] == [job_id]


def test_a_job_exists_while_its_response_is_delayed(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=ERASE, delay=3600)
    caller.http.timeout = httpx.Timeout(0.3)

    with pytest.raises(httpx.ReadTimeout):
        caller.call(ERASE, VideoUrl=NOWHERE)

    assert len(emulator.jobs()) == 1


@pytest.mark.parametrize(("when", "jobs", "counted"), [("before", 0, "rejected"), ("after", 1, "accepted")])
def test_a_connection_is_dropped_without_an_answer(
    caller: Caller, emulator: EmulatorServer, when: str, jobs: int, counted: str
) -> None:
    emulator.fault(action=ERASE, drop=when)

    with pytest.raises(httpx.RemoteProtocolError, match="disconnected"):
        caller.send(ERASE, VideoUrl=NOWHERE)

    assert len(emulator.jobs()) == jobs
    assert emulator.calls() == {ERASE: {"accepted": 0, "rejected": 0, counted: 1}}
    assert caller.call(ERASE, VideoUrl=NOWHERE)


def test_a_dropped_connection_is_closed_and_not_a_byte_was_sent(emulator: EmulatorServer) -> None:
    emulator.fault(action="*", drop="before")
    address = urlsplit(emulator.url)

    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(b"GET /?Action=ListImageDbs HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = connection.recv(1000)

    assert received == b""


def test_the_same_request_can_be_sent_again_only_if_the_first_was_dropped_before_it_was_performed(
    caller: Caller, emulator: EmulatorServer
) -> None:
    for when in ("before", "after"):
        emulator.fault(action=ERASE, drop=when)
        with pytest.raises(httpx.RemoteProtocolError):
            caller.send(ERASE, VideoUrl=NOWHERE, system={"SignatureNonce": when})

    assert caller.call(ERASE, VideoUrl=NOWHERE, system={"SignatureNonce": "before"})
    assert caller.refused(ERASE, VideoUrl=NOWHERE, system={"SignatureNonce": "after"}) == (
        400,
        "SignatureNonceUsed",
    )


def test_the_page_of_a_proxy_replaces_the_response(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=ERASE, status=502)

    answer = caller.send(ERASE, VideoUrl=NOWHERE)

    assert answer.status_code == 502
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>502 Bad Gateway</h1>" in answer.text
    assert emulator.jobs() == []
    assert emulator.calls() == {ERASE: {"accepted": 0, "rejected": 1}}


def test_a_response_can_be_malformed_after_the_job_was_accepted(
    caller: Caller, emulator: EmulatorServer
) -> None:
    emulator.fault(action=ERASE, status=200, body='{"RequestId": "half of', performed=True)

    answer = caller.send(ERASE, VideoUrl=NOWHERE)

    assert (answer.status_code, answer.text) == (200, '{"RequestId": "half of')
    assert len(emulator.jobs()) == 1
    assert emulator.calls() == {ERASE: {"accepted": 1, "rejected": 0}}


@pytest.mark.parametrize(
    ("action", "code", "status"),
    [
        (ERASE, "Throttling", 429),
        (ERASE, "Throttling.User", 429),
        (ERASE, "Throttling.Api", 429),
        (ERASE, "ServiceUnavailable", 503),
        (ERASE, "InternalError", 500),
        (ERASE, "InternalError.Algo", 500),
        (ERASE, "InternalError.Busy", 500),
        (ERASE, "InternalError.Model", 500),
        (ERASE, "InternalError.Timeout", 500),
        ("AddImage", "InternalError.Algo", 586),
        (ERASE, "Timeout", 408),
        (ERASE, "SignatureDoesNotMatch", 400),
        (ERASE, "InvalidAccessKeyId.NotFound", 404),
        (ERASE, "Forbidden.RAM", 403),
        (ERASE, "AuthFailed", 403),
        (ERASE, "InvalidApi.NotPurchase", 400),
        (ERASE, "InvalidApi.OutOfService", 400),
        (ERASE, "InvalidFile.Region", 400),
        (ERASE, "InvalidParameter.BadRequest", 400),
    ],
)
def test_an_error_of_the_service_has_its_status(
    caller: Caller, emulator: EmulatorServer, action: str, code: str, status: int
) -> None:
    emulator.fault(action=action, code=code, message="as requested")

    answer = caller.send(action, VideoUrl=NOWHERE)

    assert (answer.status_code, answer.json()["Code"], answer.json()["Message"]) == (
        status,
        code,
        "as requested",
    )
    assert answer.json()["RequestId"] == answer.headers["x-acs-request-id"]
    assert emulator.jobs() == []


def test_an_error_can_have_another_status(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=ERASE, code="Throttling.User", status=400)

    assert caller.refused(ERASE) == (400, "Throttling.User")


@pytest.mark.parametrize(
    ("code", "status"), [("InternalError.Timeout", 504), ("InternalError", 500), ("ServiceUnavailable", 503)]
)
def test_an_error_can_be_returned_although_the_job_was_accepted(
    caller: Caller, emulator: EmulatorServer, code: str, status: int
) -> None:
    emulator.fault(action=ERASE, code=code, status=status, performed=True)

    assert caller.refused(ERASE, VideoUrl=NOWHERE) == (status, code)
    assert len(emulator.jobs()) == 1
    assert emulator.calls() == {ERASE: {"accepted": 1, "rejected": 0}}


def test_a_job_can_be_accepted_long_after_its_nonce_was_recorded(
    caller: Caller, emulator: EmulatorServer
) -> None:
    emulator.fault(action=ERASE, accept_after=3600)
    caller.http.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        caller.send(ERASE, VideoUrl=NOWHERE, system={"SignatureNonce": "once"})

    replay = caller.refused(ERASE, VideoUrl=NOWHERE, system={"SignatureNonce": "once"})
    before = emulator.jobs()
    emulator.clear_faults()

    assert replay == (400, "SignatureNonceUsed")
    assert before == []
    wait_for(lambda: len(emulator.jobs()) == 1)


def test_a_request_can_be_held_before_it_is_processed_although_the_client_is_gone(
    caller: Caller, emulator: EmulatorServer
) -> None:
    emulator.fault(action=ERASE, hold=3600)
    caller.http.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        caller.send(ERASE, VideoUrl=NOWHERE, system={"SignatureNonce": "once"})
    caller.http.timeout = httpx.Timeout(30)

    assert caller.call(ERASE, VideoUrl=NOWHERE, system={"SignatureNonce": "once"})
    emulator.fault(action=ERASE, hold=3600)
    caller.http.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        caller.send(ERASE, VideoUrl=NOWHERE)
    before = len(emulator.jobs())
    emulator.clear_faults()

    assert before == 1
    wait_for(lambda: len(emulator.jobs()) == 2)


@pytest.mark.parametrize("field", ["hold", "accept_after"])
def test_a_held_call_has_no_effect_after_a_reset(
    caller: Caller, emulator: EmulatorServer, field: str
) -> None:
    emulator.fault(action=ERASE, **{field: 3600})
    caller.http.timeout = httpx.Timeout(0.3)
    with pytest.raises(httpx.ReadTimeout):
        caller.send(ERASE, VideoUrl=NOWHERE)

    emulator.reset()
    time.sleep(0.3)

    assert emulator.jobs() == []


def test_lists_can_show_a_job_late(caller: Caller, emulator: EmulatorServer, clock: Clock) -> None:
    emulator.fault(action=ERASE, job={"listed_after": 60, "queued": 3600})
    job_id = caller.call(ERASE, VideoUrl=NOWHERE)["RequestId"]

    early = caller.call("QueryAsyncJobList")["Data"]["Result"]
    known = caller.call("GetAsyncJobResult", JobId=job_id)["Data"]["Status"]
    clock.time += 60
    late = caller.call("QueryAsyncJobList")["Data"]["Result"]

    assert (early, known) == ([], "QUEUING")
    assert [job["JobId"] for job in late] == [job_id]


def test_an_error_is_xml_if_the_caller_requests_xml(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=ERASE, code="Throttling")

    assert "<Code>Throttling</Code>" in caller.send(ERASE, system={"Format": "XML"}).text


def test_a_fault_applies_times_times_and_only_to_its_action(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action="ListImageDbs", times=2, code="Throttling")

    assert caller.send("QueryAsyncJobList").status_code == 200
    assert [caller.send("ListImageDbs").status_code for _ in range(3)] == [429, 429, 200]


def test_a_fault_of_every_action_happens_until_it_is_cleared(
    caller: Caller, emulator: EmulatorServer
) -> None:
    emulator.fault(action="*", times=None, code="ServiceUnavailable")

    before = [caller.send(action).status_code for action in ("ListImageDbs", "GetAsyncJobResult")]
    emulator.clear_faults()

    assert before == [503, 503]
    assert caller.send("ListImageDbs").status_code == 200


def test_faults_of_one_action_happen_in_their_order(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action="ListImageDbs", code="Throttling")
    emulator.fault(action="*", code="ServiceUnavailable")

    assert [caller.send("ListImageDbs").status_code for _ in range(3)] == [429, 503, 200]


def test_waiting_faults_are_listed(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action="ListImageDbs", times=3, code="Throttling")
    emulator.fault(action="*", times=None, job={"queued": 5})
    caller.send("ListImageDbs")

    assert httpx.get(f"{emulator.url}/_emulator/faults").json() == [
        {"action": "ListImageDbs", "times": 2, "code": "Throttling"},
        {"action": "*", "times": None, "job": {"queued": 5}},
    ]


def test_a_reset_clears_faults(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action="*", code="Throttling")

    emulator.reset()

    assert emulator.faults() == []
    assert caller.send("ListImageDbs").status_code == 200


def test_jobs_held_in_the_queue_hold_no_worker(
    caller: Caller, emulator: EmulatorServer, source: Source
) -> None:
    emulator.fault(action=ERASE, times=5, job={"queued": 3600})
    held = [caller.call(ERASE, VideoUrl=source("a film"))["RequestId"] for _ in range(5)]

    other = caller.call(ERASE, VideoUrl=source("a film"))["RequestId"]

    assert caller.result(other)["Status"] == "PROCESS_SUCCESS"
    assert {caller.result(job_id, until=("QUEUING",))["Status"] for job_id in held} == {"QUEUING"}


def test_a_job_stays_in_its_states_as_long_as_the_fault_demands(
    caller: Caller, emulator: EmulatorServer, source: Source
) -> None:
    emulator.fault(action=ERASE, job={"queued": 0.3, "processing": 0.5})

    start = time.monotonic()
    job_id = caller.call(ERASE, VideoUrl=source("a film"))["RequestId"]
    caller.result(job_id, until=("PROCESSING",))
    started = time.monotonic() - start
    caller.result(job_id)
    ended = time.monotonic() - start

    assert 0.3 <= started < 0.7
    assert ended >= 0.8


def test_a_job_that_is_held_while_it_is_processed_holds_no_worker(
    caller: Caller, emulator: EmulatorServer, source: Source
) -> None:
    emulator.fault(action=ERASE, times=3, job={"processing": 3600})
    held = [caller.call(ERASE, VideoUrl=source("a film"))["RequestId"] for _ in range(3)]

    other = caller.call(ERASE, VideoUrl=source("a film"))["RequestId"]

    assert caller.result(other)["Status"] == "PROCESS_SUCCESS"
    assert {caller.result(job_id, until=("PROCESSING",))["Status"] for job_id in held} == {"PROCESSING"}


@pytest.mark.parametrize("state", ["queued", "processing"])
def test_jobs_that_are_held_go_on_when_faults_are_cleared(
    caller: Caller, emulator: EmulatorServer, source: Source, state: str
) -> None:
    emulator.fault(action=ERASE, job={state: 3600})
    job_id = caller.call(ERASE, VideoUrl=source("a film"))["RequestId"]
    caller.result(job_id, until=("QUEUING" if state == "queued" else "PROCESSING",))

    emulator.clear_faults()

    assert caller.result(job_id)["Status"] == "PROCESS_SUCCESS"


@pytest.mark.parametrize("state", ["PROCESS_FAILED", "TIMEOUT_FAILED", "LIMIT_RETRY_FAILED"])
def test_a_job_ends_in_the_state_of_its_fault(
    caller: Caller, emulator: EmulatorServer, source: Source, state: str
) -> None:
    emulator.fault(action=ERASE, job={"state": state, "code": "InternalError.Busy", "message": "try later"})

    failed = caller.result(caller.call(ERASE, VideoUrl=source("a film"))["RequestId"])
    next_one = caller.result(caller.call(ERASE, VideoUrl=source("a film"))["RequestId"])

    assert (failed["Status"], failed["ErrorCode"], failed["ErrorMessage"]) == (
        state,
        "InternalError.Busy",
        "try later",
    )
    assert next_one["Status"] == "PROCESS_SUCCESS"


def test_a_fault_of_jobs_waits_for_a_job_that_is_accepted(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=ERASE, job={"state": "TIMEOUT_FAILED"})
    caller.refused(ERASE, VideoUrl="ftp://host/a.mp4")

    job_id = caller.call(ERASE, VideoUrl=NOWHERE)["RequestId"]

    assert caller.result(job_id)["Status"] == "TIMEOUT_FAILED"


def test_a_call_and_its_job_can_both_go_wrong(caller: Caller, emulator: EmulatorServer) -> None:
    emulator.fault(action=ERASE, drop="after", job={"queued": 3600})

    with pytest.raises(httpx.RemoteProtocolError):
        caller.send(ERASE, VideoUrl=NOWHERE)

    (job,) = emulator.jobs()
    assert job["status"] == "QUEUING"


def test_links_expire_when_the_fault_demands(
    caller: Caller, emulator: EmulatorServer, source: Source, clock: Clock
) -> None:
    emulator.fault(action=ERASE, result_expires=10)
    job_id = caller.call(ERASE, VideoUrl=source("a film"))["RequestId"]
    link = json.loads(caller.result(job_id)["Result"])["VideoUrl"]

    clock.time += 10
    in_time = httpx.get(link)
    clock.time += 1
    too_late = httpx.get(link)

    assert (in_time.status_code, in_time.text) == (200, "a film")
    assert (too_late.status_code, "Request has expired" in too_late.text) == (403, True)


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ("rubbish", "a fault must be an object"),
        ([], "a fault must be an object"),
        ({}, "action is None"),
        ({"action": "ErasePlanets", "delay": 1}, "action is 'ErasePlanets'"),
        ({"action": "*"}, "has no effect"),
        ({"action": "*", "dealy": 1}, "no field dealy"),
        ({"action": "*", "delay": 1, "times": 0}, "times is 0"),
        ({"action": "*", "delay": 1, "times": True}, "times is True"),
        ({"action": "*", "delay": -1}, "delay is -1"),
        ({"action": "*", "delay": "1"}, "delay is '1'"),
        ({"action": "*", "drop": "now"}, "drop is 'now'"),
        ({"action": "*", "drop": "before", "status": 502}, "drop sends no response"),
        ({"action": "*", "status": 99}, "status is 99"),
        ({"action": "*", "status": 204}, "status is 204"),
        ({"action": "*", "body": "<html>"}, "only valid with status"),
        ({"action": "*", "code": "Throttling", "body": "<html>"}, "without code"),
        ({"action": "*", "code": ""}, "code is ''"),
        ({"action": "*", "message": "why"}, "message is only valid with code"),
        ({"action": "*", "status": 502, "performed": "yes"}, "performed is 'yes'"),
        ({"action": "*", "performed": True}, "performed is only valid with status or code"),
        ({"action": "*", "hold": -1}, "hold is -1"),
        ({"action": "*", "code": "InternalError", "accept_after": 1}, "needs a call that is performed"),
        ({"action": "*", "job": {"listed_after": "soon"}}, "job.listed_after is 'soon'"),
        ({"action": "*", "job": 5}, "job must be an object"),
        ({"action": ["AddImage"], "delay": 1}, "action is ['AddImage']"),
        ({"action": "AddImage", "job": {"queued": 1}}, "AddImage submits no job"),
        ({"action": "*", "code": "Bad\ud800"}, "can be encoded"),
        ({"action": "*", "job": {"status": "FAILED"}}, "job has no field status"),
        ({"action": "*", "job": {"state": "PROCESS_SUCCESS"}}, "job.state is 'PROCESS_SUCCESS'"),
        ({"action": "*", "job": {"code": "InternalError"}}, "only valid with job.state"),
        ({"action": "*", "job": {"queued": 1e9}}, "job.queued is"),
        ({"action": "*", "result_expires": None}, "result_expires is None"),
    ],
)
def test_an_invalid_fault_is_refused_with_a_reason(
    emulator: EmulatorServer, described: Any, words: str
) -> None:
    answer = httpx.post(
        f"{emulator.url}/_emulator/faults",
        content="{" if described == "rubbish" else json.dumps(described),
    )

    assert answer.status_code == 400
    assert words in answer.json()["message"]
    assert emulator.faults() == []


def test_an_invalid_fault_raises_an_error_in_a_program(emulator: EmulatorServer) -> None:
    with pytest.raises(ValueError, match="drop is 'never'"):
        emulator.fault(action="*", drop="never")


def test_a_fault_that_is_no_json_raises_an_error_in_a_program(emulator: EmulatorServer) -> None:
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        emulator.fault(action="*", delay=timedelta(seconds=1))
