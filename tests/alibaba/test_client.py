"""The two transports against a real socket: what is sent again, and that errors hold no secret."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.client import Client, open_async_client
from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.services import videoenhan
from airflow_provider_viapi.errors import (
    ConnectionFailed,
    InvalidRequest,
    ResponseLost,
    Throttled,
    TransientError,
    proves_not_accepted,
)
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.renewable_credentials import Credentials
from scripted_server import HANG_UP, Answer, scripted_server

ERASE, ASK = videoenhan.ERASE_VIDEO_SUBTITLES, videoenhan.GET_ASYNC_JOB_RESULT
VIDEO, JOB = {"VideoUrl": "http://h/a.mp4"}, {"JobId": "J"}
ACCEPTED = Answer(body='{"RequestId": "R"}')
THROTTLED = Answer(400, '{"RequestId": "R0", "Code": "Throttling.User", "Message": "Too fast."}')
BUSY = Answer(503, '{"RequestId": "R0", "Code": "ServiceUnavailable", "Message": "Later."}')
INTERNAL_TIMEOUT = Answer(504, '{"RequestId": "R0", "Code": "InternalError.Timeout", "Message": "Slow."}')
PROXY_PAGE = Answer(502, "<html>Bad Gateway</html>")


def account(url: str) -> Account:
    credentials = Credentials("the-key-id", "the-key-secret", "the-sts-token")
    return Account(credentials, endpoint=url, http=HttpSettings(timeout=2))


def call_in_worker(account: Account, action: Action, request: dict[str, Any]) -> dict[str, Any]:
    with Client(account, retry_seconds=2) as client:
        return client.call(action, request)


def call_in_loop(account: Account, action: Action, request: dict[str, Any]) -> dict[str, Any]:
    async def call() -> dict[str, Any]:
        async with await open_async_client(account) as client:
            return await client.call_once(action, request)

    return asyncio.run(call())


BOTH = pytest.mark.parametrize("call", [call_in_worker, call_in_loop])
Call = Callable[[Account, Action, dict[str, Any]], dict[str, Any]]


@BOTH
def test_a_call_returns_the_decoded_answer(call: Call) -> None:
    with scripted_server(ACCEPTED) as server:
        answer = call(account(server.url), ERASE, VIDEO)

    assert answer["RequestId"] == "R"
    assert server.requests[0].name == "EraseVideoSubtitles"
    assert server.requests[0].body == b"VideoUrl=http%3A%2F%2Fh%2Fa.mp4"


@BOTH
def test_a_bad_request_is_refused_before_anything_is_sent(call: Call) -> None:
    with scripted_server(ACCEPTED) as server, pytest.raises(InvalidRequest):
        call(account(server.url), ERASE, {"VideoUrl": "http://h/a.mp4", "BX": 2})

    assert server.requests == []


def test_a_refused_submission_is_made_again_with_a_new_nonce() -> None:
    with scripted_server(THROTTLED, ACCEPTED) as server:
        answer = call_in_worker(account(server.url), ERASE, VIDEO)

    assert answer["RequestId"] == "R"
    first, second = server.requests
    assert first.query["SignatureNonce"] != second.query["SignatureNonce"]


@pytest.mark.parametrize("fault", [PROXY_PAGE, HANG_UP])
def test_a_submission_whose_answer_was_lost_is_never_made_again(fault: Answer) -> None:
    with scripted_server(fault, ACCEPTED) as server, pytest.raises(ResponseLost):
        call_in_worker(account(server.url), ERASE, VIDEO)

    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [BUSY, INTERNAL_TIMEOUT])
def test_a_submission_that_failed_with_a_server_error_is_never_made_again(fault: Answer) -> None:
    with scripted_server(fault, ACCEPTED) as server, pytest.raises(TransientError) as caught:
        call_in_worker(account(server.url), ERASE, VIDEO)

    assert not proves_not_accepted(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [PROXY_PAGE, HANG_UP, BUSY, INTERNAL_TIMEOUT])
def test_a_question_whose_answer_was_lost_is_asked_again(fault: Answer) -> None:
    with scripted_server(fault, ACCEPTED) as server:
        call_in_worker(account(server.url), ASK, JOB)

    assert len(server.requests) == 2


def test_the_clock_skew_is_read_from_a_response() -> None:
    with scripted_server(ACCEPTED) as server, Client(account(server.url)) as client:
        server.clock = -600.0
        client.call(ASK, JOB)
        ahead = client.clock_skew

    assert timedelta(minutes=9, seconds=50) < ahead < timedelta(minutes=10, seconds=30)


def test_patience_ends() -> None:
    with (
        scripted_server(THROTTLED) as server,
        Client(account(server.url), retry_seconds=1) as client,
        pytest.raises(Throttled),
    ):
        client.call(ERASE, VIDEO)

    assert len(server.requests) >= 2


def unused_address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("call", [call_in_loop])
def test_nobody_there_means_that_nothing_was_accepted(call: Call) -> None:
    address = unused_address()

    with pytest.raises(ConnectionFailed, match=address):
        call(account(address), ERASE, VIDEO)


def test_a_worker_that_finds_nobody_there_says_so_once_its_patience_ends() -> None:
    address = unused_address()

    with Client(account(address), retry_seconds=1) as client, pytest.raises(ConnectionFailed, match=address):
        client.call(ERASE, VIDEO)


@BOTH
@pytest.mark.parametrize("fault", [HANG_UP, PROXY_PAGE, BUSY])
def test_neither_errors_nor_logs_hold_anything_secret(
    call: Call, fault: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (None, "httpx", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    with scripted_server(fault) as server, pytest.raises(Exception) as caught:
        call(account(server.url), ERASE, VIDEO)

    output = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "the-key-secret" not in output
    assert "the-sts-token" not in output
    assert "SecurityToken=the" not in output
    # urllib3 logs each address; aiohttp logs none.
    assert call is call_in_loop or fault is HANG_UP or "Signature=***" in caplog.text
