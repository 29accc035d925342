"""Keys that a connection does not hold itself, and keys that end while jobs are waited for."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat import connection as compat_connection

from airflow_provider_viapi.alibaba.job_backend import ViapiSubmitBackend
from airflow_provider_viapi.alibaba.services import imgsearch, videoenhan
from airflow_provider_viapi.errors import ConfigurationError, CredentialsRejected
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.model import Job, Outcome
from alibaba.credential_server import CredentialServer, credential_server
from scripted_server import Answer, scripted_server
from timing import poll_quickly


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


def key_that_polls() -> tuple[object, ...]:
    """State of waits that share a poller, and so the key of its calls."""

    async def read() -> tuple[object, ...]:
        hook = ViapiHook()
        await hook.aget_config()
        return hook.connection_key

    return asyncio.run(read())


SOURCES: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
    ({"credentials": "ram_role_arn", "role_arn": "a"}, {"credentials": "ram_role_arn", "role_arn": "b"}),
    (
        {"credentials": "credentials_uri", "credentials_uri": "http://h/?role=a"},
        {"credentials": "credentials_uri", "credentials_uri": "http://h/?role=b"},
    ),
    ({"credentials": "ecs_ram_role", "role_name": "a"}, {"credentials": "default"}),
)


@pytest.mark.parametrize(("before", "after"), SOURCES)
def test_jobs_are_not_polled_with_the_keys_of_a_source_that_was_replaced(
    monkeypatch: pytest.MonkeyPatch, before: dict[str, str], after: dict[str, str]
) -> None:
    keys = []
    for extra in (before, before, after):
        connect(monkeypatch, login="i", password="s", extra=extra)
        keys.append(key_that_polls())

    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize(("before", "after"), SOURCES)
def test_sources_of_different_accounts_do_not_share_a_quota(
    monkeypatch: pytest.MonkeyPatch, before: dict[str, str], after: dict[str, str]
) -> None:
    owners = [
        connect(monkeypatch, login="i", password="s", extra=extra).quota.owner
        for extra in (before, before, after)
    ]

    assert owners[0] == owners[1] != owners[2]


ROLE = {"ALIBABA_CLOUD_ROLE_ARN": "acs:ram::1:role/r"}
RRSA = ROLE | {"ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "p", "ALIBABA_CLOUD_OIDC_TOKEN_FILE": "/token"}


@pytest.mark.parametrize(
    ("extra", "environment"),
    [
        ({"credentials": "ram_role_arn"}, ROLE),
        ({"credentials": "credentials_uri"}, {}),
        ({"credentials": "oidc_role_arn"}, RRSA),
    ],
)
def test_another_attempt_with_a_new_temporary_key_is_known_to_be_of_the_same_account(
    monkeypatch: pytest.MonkeyPatch,
    keys: CredentialServer,
    tmp_path: Path,
    extra: dict[str, str],
    environment: dict[str, str],
) -> None:
    from alibabacloud_credentials.utils import auth_util

    (tmp_path / "token").write_text("the-token")
    names = {"ALIBABA_CLOUD_OIDC_TOKEN_FILE": "environment_oidc_token_file"}
    names |= {"ALIBABA_CLOUD_ROLE_ARN": "environment_role_arn"}
    names |= {"ALIBABA_CLOUD_OIDC_PROVIDER_ARN": "environment_oidc_provider_arn"}
    for name, value in environment.items():
        value = str(tmp_path / "token") if value == "/token" else value
        monkeypatch.setenv(name, value)
        # The package reads its environment once, when it is imported.
        monkeypatch.setattr(auth_util, names[name], value)
    given = {"sts_endpoint": keys.url} if environment else {"credentials_uri": f"{keys.url}/?token=s3cr3t"}

    first, second = (
        ViapiSubmitBackend(
            connect(monkeypatch, login="i", password="s", extra={**extra, **given}).client,
            videoenhan.ERASE_VIDEO_SUBTITLES,
        ).identity()
        for _ in range(2)
    )

    assert first.key_id != second.key_id
    assert first.account == second.account
    assert "s3cr3t" not in first.account


def test_a_connection_that_cannot_be_read_for_a_moment_ends_no_wait(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read, reads = compat_connection.get_async_connection, []

    async def fails_first(conn_id: str) -> Any:
        reads.append(conn_id)
        if len(reads) == 1:
            raise ConnectionError("the secrets backend is down")
        return await read(conn_id)

    monkeypatch.setattr(compat_connection, "get_async_connection", fails_first)
    with scripted_server(DONE) as server:
        connect(monkeypatch, login="i", password="s", extra={"endpoint": server.url})
        assert wait_for_a_job() is Outcome.SUCCEEDED

    assert len(reads) == 2
    assert "'viapi_default' cannot be read (ConnectionError)" in caplog.text


def test_a_connection_that_cannot_be_read_until_the_deadline_is_named() -> None:
    async def wait() -> None:
        deadline = datetime.now(timezone.utc)
        await ViapiHook("nowhere").wait_for(
            Job("J", "videoenhan.EraseVideoSubtitles"), deadline=deadline, log=logging.getLogger("test")
        )

    with pytest.raises(ConfigurationError, match="'nowhere' cannot be read"):
        asyncio.run(wait())


EXPIRED = Answer(400, '{"RequestId": "R", "Code": "InvalidSecurityToken.Expired", "Message": "Too old."}')
WAITING = Answer(body='{"RequestId": "R", "Data": {"JobId": "J", "Status": "PROCESSING"}}')
DONE = Answer(body='{"RequestId": "R", "Data": {"JobId": "J", "Status": "PROCESS_SUCCESS", "Result": "{}"}}')


def wait_for_a_job() -> Outcome:
    deadline = datetime.now(timezone.utc) + timedelta(seconds=30)
    job = Job("J", "videoenhan.EraseVideoSubtitles")
    log = logging.getLogger("test")
    return asyncio.run(ViapiHook().wait_for(job, deadline=deadline, log=log)).outcome


def test_a_job_that_outlives_its_token_continues_under_the_next_one(
    monkeypatch: pytest.MonkeyPatch, keys: CredentialServer
) -> None:
    poll_quickly(monkeypatch)
    with scripted_server(WAITING, EXPIRED, WAITING, DONE) as server:
        from_uri = {"credentials": "credentials_uri", "credentials_uri": keys.url, "endpoint": server.url}
        connect(monkeypatch, extra=from_uri)
        outcome = wait_for_a_job()

    assert outcome is Outcome.SUCCEEDED
    assert len(keys.asked) == 2
    used = [request.query["AccessKeyId"] for request in server.requests]
    assert used == ["key-1", "key-1", "key-2", "key-2"]


def test_a_job_continues_under_a_token_that_a_user_put_into_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poll_quickly(monkeypatch)
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
    used = [request.query["SecurityToken"] for request in server.requests]
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
