"""Keys that a connection does not hold itself, and keys that end while jobs are waited for."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.providers.common.compat import connection as compat_connection

from airflow_provider_viapi.alibaba.services import imgsearch
from airflow_provider_viapi.errors import CredentialsRejected
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.model import Job, Outcome
from airflow_provider_viapi.jobs.polling.intervals import Backoff
from alibaba.credential_server import CredentialServer, credential_server
from scripted_server import Answer, scripted_server


def connect(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> ViapiHook:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps({"conn_type": "viapi", **fields}))
    return ViapiHook()


@pytest.fixture
def keys() -> Iterator[CredentialServer]:
    pytest.importorskip("alibabacloud_credentials")
    with credential_server() as server:
        yield server


def test_a_key_comes_from_where_the_connection_says(
    monkeypatch: pytest.MonkeyPatch, keys: CredentialServer
) -> None:
    from_uri = {"credentials": "credentials_uri", "credentials_uri": keys.url}
    from_role = {"credentials": "ram_role_arn", "role_arn": "r", "sts_endpoint": keys.url}

    of_uri = connect(monkeypatch, extra=from_uri).account
    of_role = connect(monkeypatch, login="own-id", password="own-secret", extra=from_role).account

    assert keys.asked == []
    assert of_uri.credentials.current().access_key_id == "key-1"
    assert of_role.credentials.current().access_key_id == "key-2"
    assert keys.asked[1][1]["AccessKeyId"] == "own-id"


def test_a_server_of_keys_that_is_down_fails_the_connection_test(
    monkeypatch: pytest.MonkeyPatch, keys: CredentialServer
) -> None:
    keys.says = (403, '{"Code": "NoPermission", "Message": "You are not allowed."}')
    hook = connect(monkeypatch, extra={"credentials": "credentials_uri", "credentials_uri": keys.url})

    passed, message = hook.test_connection()

    assert not passed
    assert "NoPermission" in message
    assert "'viapi_default'" in message


EXPIRED = Answer(400, '{"RequestId": "R", "Code": "InvalidSecurityToken.Expired", "Message": "Too old."}')
WAITING = Answer(body='{"RequestId": "R", "Data": {"JobId": "J", "Status": "PROCESSING"}}')
DONE = Answer(body='{"RequestId": "R", "Data": {"JobId": "J", "Status": "PROCESS_SUCCESS", "Result": "{}"}}')


def wait_for_a_job() -> Outcome:
    until = datetime.now(timezone.utc) + timedelta(seconds=30)
    job = Job("J", "videoenhan.EraseVideoSubtitles")
    log = logging.getLogger("test")
    return asyncio.run(ViapiHook().wait_for(job, until=until, log=log)).outcome


def test_a_job_that_outlives_its_token_continues_under_the_next_one(
    monkeypatch: pytest.MonkeyPatch, keys: CredentialServer
) -> None:
    monkeypatch.setattr(ViapiHook, "poll_backoff", Backoff(first=0.01, longest=0.01))
    with scripted_server(WAITING, EXPIRED, WAITING, DONE) as server:
        from_uri = {"credentials": "credentials_uri", "credentials_uri": keys.url, "endpoint": server.url}
        connect(monkeypatch, extra=from_uri)
        outcome = wait_for_a_job()

    assert outcome is Outcome.SUCCEEDED
    assert len(keys.asked) == 2
    used = [path.partition("AccessKeyId=")[2][:5] for path, _ in server.requests]
    assert used == ["key-1", "key-1", "key-2", "key-2"]


def test_a_job_continues_under_a_token_that_a_user_put_into_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ViapiHook, "poll_backoff", Backoff(first=0.01, longest=0.01))
    reads = []
    read = compat_connection.get_async_connection

    async def rotated(conn_id: str) -> Any:
        reads.append(conn_id)
        extra = {"security_token": f"token-{len(reads)}", "endpoint": server.url}
        connect(monkeypatch, login="i", password="s", extra=extra)
        return await read(conn_id)

    monkeypatch.setattr(compat_connection, "get_async_connection", rotated)
    with scripted_server(WAITING, EXPIRED, WAITING, DONE) as server:
        outcome = wait_for_a_job()

    assert outcome is Outcome.SUCCEEDED
    assert len(reads) == 2
    used = [path.partition("SecurityToken=")[2][:7] for path, _ in server.requests]
    assert used == ["token-1", "token-1", "token-2", "token-2"]


def test_a_worker_continues_under_it_too(monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any) -> None:
    def give(seconds: float) -> None:
        key = viapi_emulator.sts(seconds=seconds)
        extra = {"security_token": key["security_token"], "endpoint": viapi_emulator.url}
        connect(monkeypatch, login=key["access_key_id"], password=key["access_key_secret"], extra=extra)

    give(seconds=0)
    hook = ViapiHook()
    with pytest.raises(CredentialsRejected, match=r"InvalidSecurityToken\.Expired"):
        hook.call(imgsearch.LIST_IMAGE_DBS, {})

    give(seconds=900)
    assert hook.call(imgsearch.LIST_IMAGE_DBS, {})["Data"] == {"DbList": []}
