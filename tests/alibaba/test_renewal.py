"""A key that ends while calls are made: renewed once, for all, and only where that cannot pay for a job twice."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_viapi.alibaba.account import Account, Signature
from airflow_provider_viapi.alibaba.client import Client, open_async_client
from airflow_provider_viapi.alibaba.services import imgsearch, videoenhan
from airflow_provider_viapi.errors import ConfigurationError, CredentialsRejected, TransientError
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.jobs.model import RequestNonce
from airflow_provider_viapi.renewable_credentials import Credentials, CredentialsSource, RenewableCredentials
from scripted_server import Answer, ScriptedServer, scripted_server

ASK, JOB = videoenhan.GET_ASYNC_JOB_RESULT, {"JobId": "J"}
ACCEPTED = Answer(body='{"RequestId": "R"}')
SIGNATURES: tuple[Signature, ...] = ("1.0", "ACS3-HMAC-SHA256")


def refusal(code: str) -> Answer:
    return Answer(400, f'{{"RequestId": "R0", "Code": "{code}", "Message": "No."}}')


EXPIRED = refusal("InvalidSecurityToken.Expired")


class Fetch:
    """Gives the keys in order, the last one again and again."""

    def __init__(self, *keys: Credentials | ConfigurationError) -> None:
        self.keys = list(keys)
        self.count = 0

    def __call__(self) -> Credentials:
        self.count += 1
        key = self.keys.pop(0) if len(self.keys) > 1 else self.keys[0]
        if isinstance(key, ConfigurationError):
            raise key
        return key


def key(n: int) -> Credentials:
    return Credentials(f"key-{n}", f"secret-{n}", f"token-{n}")


def in_worker(account: Account) -> dict[str, Any]:
    with Client(account, retry_seconds=0) as client:
        return client.call_once(ASK, JOB)


def in_loop(account: Account) -> dict[str, Any]:
    async def call() -> dict[str, Any]:
        async with await open_async_client(account) as client:
            return await client.call_once(ASK, JOB)

    return asyncio.run(call())


BOTH = pytest.mark.parametrize("call", [in_worker, in_loop])
Call = Callable[[Account], dict[str, Any]]


def account(server: ScriptedServer, source: CredentialsSource) -> Account:
    return Account(source, endpoint=server.url, http=HttpSettings(timeout=5))


def keys_of(server: ScriptedServer) -> list[str]:
    return [request.query["AccessKeyId"] for request in server.requests]


@BOTH
@pytest.mark.parametrize(
    "code", ["InvalidSecurityToken.Expired", "InvalidAccessKeyId.NotFound", "InvalidAccessKeyId.Inactive"]
)
def test_an_expired_key_is_renewed_and_the_call_repeated(call: Call, code: str) -> None:
    fetch = Fetch(key(1), key(2))
    with scripted_server(refusal(code), ACCEPTED) as server:
        answer = call(account(server, RenewableCredentials(fetch)))

    assert answer["RequestId"] == "R"
    assert keys_of(server) == ["key-1", "key-2"]
    nonces = {request.query["SignatureNonce"] for request in server.requests}
    assert len(nonces) == 2


@BOTH
def test_when_the_new_key_is_rejected_too_the_error_is_raised(call: Call) -> None:
    fetch = Fetch(key(1), key(2), key(3))
    with scripted_server(EXPIRED) as server, pytest.raises(CredentialsRejected, match="Expired"):
        call(account(server, RenewableCredentials(fetch)))

    assert keys_of(server) == ["key-1", "key-2"]


@BOTH
def test_when_there_is_no_other_key_the_error_is_raised(call: Call) -> None:
    for source in (key(1), RenewableCredentials(Fetch(key(1)))):
        with scripted_server(EXPIRED) as server, pytest.raises(CredentialsRejected, match="Expired"):
            call(account(server, source))

        assert keys_of(server) == ["key-1"]


@BOTH
@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidTimeStamp.Expired"])
def test_a_wrong_secret_or_clock_renews_nothing(call: Call, code: str) -> None:
    fetch = Fetch(key(1), key(2))
    with scripted_server(refusal(code)) as server, pytest.raises(CredentialsRejected):
        call(account(server, RenewableCredentials(fetch)))

    assert fetch.count == 1


@BOTH
def test_a_renewal_that_stumbles_counts_as_something_that_passes(call: Call) -> None:
    source = RenewableCredentials(Fetch(key(1), ConfigurationError("STS stumbles")))
    with scripted_server(EXPIRED) as server, pytest.raises(TransientError, match="STS stumbles"):
        call(account(server, source))


def test_a_request_is_never_repeated_with_another_key() -> None:
    fetch = Fetch(key(1), key(2))
    with (
        scripted_server(EXPIRED, ACCEPTED) as server,
        Client(account(server, RenewableCredentials(fetch))) as client,
        pytest.raises(CredentialsRejected),
    ):
        request = {"VideoUrl": "http://h/a.mp4"}
        client.send_signed(videoenhan.ERASE_VIDEO_SUBTITLES, request, RequestNonce.new(), key(1))

    assert keys_of(server) == ["key-1"]


@BOTH
def test_without_a_key_nothing_is_sent(call: Call) -> None:
    with scripted_server(ACCEPTED) as server, pytest.raises(ConfigurationError, match="no role"):
        call(account(server, RenewableCredentials(Fetch(ConfigurationError("no role")))))

    assert server.requests == []


@BOTH
def test_no_key_shows_in_errors_or_logs(call: Call, caplog: pytest.LogCaptureFixture) -> None:
    for name in (None, "httpx", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    source = RenewableCredentials(Fetch(key(1), key(2)))
    with scripted_server(EXPIRED) as server, pytest.raises(CredentialsRejected) as caught:
        call(account(server, source))

    output = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "retrying with a new one" in output
    assert not any(private in output for private in ("secret-1", "secret-2", "token-1", "token-2"))


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_hundred_calls_outlive_their_token_with_one_renewal(
    viapi_emulator: Any, signature: Signature
) -> None:
    fetched = []

    def fetch() -> Credentials:
        # The first one has ended by the time that it is used.
        given = viapi_emulator.sts(seconds=900 if fetched else 0)
        fetched.append(given["access_key_id"])
        return Credentials(given["access_key_id"], given["access_key_secret"], given["security_token"])

    async def calls() -> list[dict[str, Any]]:
        source = RenewableCredentials(fetch)
        theirs = Account(source, endpoint=viapi_emulator.url, signature=signature)
        async with await open_async_client(theirs) as client:
            return await asyncio.gather(*(client.call_once(imgsearch.LIST_IMAGE_DBS, {}) for _ in range(100)))

    answers = asyncio.run(calls())

    assert len(answers) == 100
    assert len(fetched) == 2
    assert viapi_emulator.calls()["ListImageDbs"]["accepted"] == 100


@pytest.mark.parametrize("signature", SIGNATURES)
def test_workers_and_loops_are_let_in_with_either_signature(
    viapi_emulator: Any, signature: Signature
) -> None:
    permanent = Credentials(viapi_emulator.access_key_id, viapi_emulator.access_key_secret)
    theirs = Account(permanent, endpoint=viapi_emulator.url, signature=signature)

    with Client(theirs) as client:
        client.call(imgsearch.CREATE_IMAGE_DB, {"Name": "covers"})
        answer = client.call(imgsearch.LIST_IMAGE_DBS, {})

    assert answer["Data"] == {"DbList": [{"Name": "covers"}]}


def test_a_netrc_leaves_the_signature_alone(
    viapi_emulator: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("default login somebody password something\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    permanent = Credentials(viapi_emulator.access_key_id, viapi_emulator.access_key_secret)

    with Client(Account(permanent, endpoint=viapi_emulator.url, signature="ACS3-HMAC-SHA256")) as client:
        assert client.call_once(imgsearch.LIST_IMAGE_DBS, {})["Data"] == {"DbList": []}
