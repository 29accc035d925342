"""An Airflow connection becomes an account, or a clear error; nothing secret shows on the way."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import Connection

from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.services import find, imagesearch, imgsearch, videoenhan
from airflow_provider_viapi.errors import (
    ConfigurationError,
    ConnectionFailed,
    CredentialsRejected,
    InvalidRequest,
)
from airflow_provider_viapi.get_provider_info import get_provider_info
from airflow_provider_viapi.hooks.connection_form import CONN_FIELDS
from airflow_provider_viapi.hooks.viapi import BULK_ACTION, ViapiHook, parse_connection
from airflow_provider_viapi.jobs.model import Job, RequestNonce
from scripted_server import Answer, scripted_server


def connect(monkeypatch: pytest.MonkeyPatch, conn_id: str = "viapi_default", **fields: Any) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": "viapi", **fields}))


def account(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Account:
    connect(monkeypatch, **fields)
    return ViapiHook().account


def test_the_key_is_in_login_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    made = account(monkeypatch, login="the-id", password="the-secret")

    assert made.credentials.current().access_key_id == "the-id"
    assert made.credentials.current().access_key_secret == "the-secret"
    assert made.address(videoenhan.SERVICE) == "https://videoenhan.cn-shanghai.aliyuncs.com"
    assert (made.http.verify, made.http.timeout) == (True, 30.0)


def test_extra_says_where_and_how(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {
        "security_token": "the-token",
        "endpoint": "http://127.0.0.1:8765/",
        "verify": "false",
        "timeout": "12.5",
        "region_id": "cn-shanghai",
    }

    made = account(monkeypatch, login="the-id", password="the-secret", extra=extra)

    assert made.credentials.current().security_token == "the-token"
    assert made.address(imgsearch.SERVICE) == "http://127.0.0.1:8765"
    assert (made.http.verify, made.http.timeout) == (False, 12.5)


def test_the_official_providers_connection_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"access_key_id": "the-id", "access_key_secret": "the-secret"}

    made = account(monkeypatch, conn_type="alibaba_cloud", extra=extra)

    assert made.credentials.current().access_key_id == "the-id"
    assert made.credentials.current().access_key_secret == "the-secret"


def test_the_triggerer_reads_the_same_account(monkeypatch: pytest.MonkeyPatch) -> None:
    synchronously = account(monkeypatch, login="the-id", password="the-secret", extra={"timeout": 7})

    loaded = asyncio.run(ViapiHook().aget_config())

    assert loaded.credentials.current() == synchronously.credentials.current()
    assert replace(loaded, credentials=synchronously.credentials) == synchronously


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"password": "s3cr3t-value"}, "login"),
        ({"login": "the-id"}, "password"),
        ({"login": "the-id", "password": "s3cr3t-value", "extra": {"endpoint": "ftp://h"}}, "endpoint"),
        (
            {"login": "i", "password": "s3cr3t-value", "extra": {"endpoint": "http://u:s3cr3t-value@h"}},
            "endpoint",
        ),
        ({"login": "the-id", "password": "s3cr3t-value", "extra": {"timeout": "soon"}}, "timeout"),
        ({"login": "the-id", "password": "s3cr3t-value", "extra": {"timeout": 0}}, "timeout"),
        ({"login": "the-id", "password": "s3cr3t-value", "extra": {"timeout": "nan"}}, "timeout"),
        ({"login": "the-id", "password": "s3cr3t value"}, "access key secret"),
        ({"login": "i", "password": "p", "extra": {"security_token": "s3cr3t-value\n1"}}, "security token"),
        (
            {"login": "i", "password": "s3cr3t-value", "extra": {"signature": "2.0"}},
            r"signature.* 1\.0, ACS3-HMAC-SHA256",
        ),
        *(
            (
                {"login": "i", "password": "s3cr3t-value", "extra": {name: value}},
                rf"{name}.*from 0\.01 to 1000",
            )
            for name in ("poll_qps", "submit_qps")
            for value in (0, -1, "fast", "nan", "inf", True, 1001, [5])
        ),
        (
            {"login": "i", "password": "s3cr3t-value", "extra": {"list_jobs": "sometimes"}},
            "list_jobs.* auto, always, never",
        ),
        ({"extra": {"credentials": "magic"}}, "ram_role_arn, ecs_ram_role"),
        ({"extra": {"credentials": "ram_role_arn", "role_arn": "r"}}, "login"),
    ],
)
def test_what_is_missing_or_wrong_is_named_but_not_shown(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        account(monkeypatch, **fields)

    assert "viapi_default" in str(caught.value)
    assert "s3cr3t-value" not in str(caught.value)


def test_a_connection_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'nowhere'"):
        _ = ViapiHook("nowhere").account

    with pytest.raises(ConfigurationError, match="'nowhere'"):
        asyncio.run(ViapiHook("nowhere").aget_config())


def test_making_a_hook_looks_nothing_up() -> None:
    assert ViapiHook("nowhere").viapi_conn_id == "nowhere"


def test_a_good_key_passes_the_connection_test(monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())

    passed, message = ViapiHook().test_connection()

    assert passed, message
    assert viapi_emulator.url in message


def test_a_wrong_secret_fails_the_connection_test_and_stays_private(
    monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    extra = {"endpoint": viapi_emulator.url}
    connect(monkeypatch, login=viapi_emulator.access_key_id, password="not-the-secret", extra=extra)

    passed, message = ViapiHook().test_connection()

    assert not passed
    assert message.startswith("GetAsyncJobResult: the access key id is known, its secret is wrong")
    assert "SignatureDoesNotMatch" in message
    assert "not-the-secret" not in message + caplog.text


def test_an_unknown_key_fails_the_connection_test(
    monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any
) -> None:
    connect(monkeypatch, login="nobody", password="x", extra={"endpoint": viapi_emulator.url})

    passed, message = ViapiHook().test_connection()

    assert not passed
    assert "InvalidAccessKeyId" in message


def test_an_emulator_that_is_down_fails_the_connection_test(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, login="i", password="s", extra={"endpoint": "http://127.0.0.1:9"})

    passed, message = ViapiHook().test_connection()

    assert not passed
    assert "http://127.0.0.1:9" in message


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "InvalidAction.NotFound"),
        (404, "InvalidVersion"),
        (400, "UnsupportedOperation"),
        (405, "MethodNotAllowed"),
        (404, "NoSuchBucket"),
    ],
)
def test_another_service_at_the_endpoint_fails_the_connection_test(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str
) -> None:
    with scripted_server(
        Answer(status, json.dumps({"RequestId": "R", "Code": code, "Message": "No."}))
    ) as server:
        connect(monkeypatch, login="nobody", password="x", extra={"endpoint": server.url})

        passed, message = ViapiHook().test_connection()

    assert not passed
    assert f"Another service than videoenhan responds at {server.url}" in message


@pytest.mark.parametrize("action", ["videoenhan.EraseVideoSubtitles", "nonsense", None])
def test_a_job_is_reported_whatever_is_known_about_its_action(
    monkeypatch: pytest.MonkeyPatch, action: Any
) -> None:
    body = '{"RequestId": "R", "Data": {"JobId": "J", "Status": "PROCESSING"}}'
    with scripted_server(Answer(200, body)) as server:
        connect(monkeypatch, login="i", password="s", extra={"endpoint": server.url})

        assert ViapiHook().report(Job("J", action)).state == "PROCESSING"


def test_a_call_takes_an_action_or_its_name_and_checks_both(
    monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    hook = ViapiHook()

    hook.call("imgsearch.CreateImageDb", {"Name": "covers"})

    for action in (imgsearch.LIST_IMAGE_DBS, "imgsearch.ListImageDbs", "ListImageDbs"):
        assert hook.call(action, {})["Data"] == {"DbList": [{"Name": "covers"}]}
    for action in (imgsearch.CREATE_IMAGE_DB, "imgsearch.CreateImageDb"):
        with pytest.raises(InvalidRequest, match="Name"):
            hook.call(action, {"Name": "Covers"})
    with pytest.raises(InvalidRequest, match=r"imgsearch\.NoSuchAction"):
        hook.call("imgsearch.NoSuchAction", {})


@pytest.mark.parametrize("conn_type", ["aws", "generic", "http", "oss", "huaweicloud"])
def test_a_connection_of_another_type_is_refused_and_its_key_sent_nowhere(
    monkeypatch: pytest.MonkeyPatch, conn_type: str
) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"type '{conn_type}'; allowed: viapi, alibaba_cloud"
    ) as caught:
        account(monkeypatch, conn_type=conn_type, login="the-id", password="s3cr3t-value")

    assert "s3cr3t-value" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="allowed: viapi"):
        asyncio.run(ViapiHook().aget_config())


def test_blanks_around_what_was_entered_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {
        "security_token": "the-token\n",
        "endpoint": " http://127.0.0.1:8765/ ",
        "signature": " acs3-hmac-sha256 ",
        "verify": " false ",
        "timeout": " 7 ",
        "poll_qps": "\t3 ",
        "list_jobs": " never",
        "region_id": " ",
        "credentials": " ",
    }

    made = account(monkeypatch, login=" the-id ", password="the-secret\n", extra=extra)

    key = made.credentials.current()
    assert (key.access_key_id, key.access_key_secret, key.security_token) == (
        "the-id",
        "the-secret",
        "the-token",
    )
    assert (made.endpoint, made.signature, made.region_id) == (
        "http://127.0.0.1:8765",
        "ACS3-HMAC-SHA256",
        "cn-shanghai",
    )
    assert (made.http.verify, made.http.timeout, made.poll_qps, made.list_jobs) == (False, 7.0, 3.0, "never")


def test_a_region_without_these_services_is_answered_with_those_that_have_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError, match=r"region_id 'eu-west-9'.*allowed: cn-shanghai"):
        account(monkeypatch, login="i", password="s", extra={"region_id": "eu-west-9"})

    extra = {"region_id": "eu-west-9", "endpoint": "http://127.0.0.1:8765"}
    assert account(monkeypatch, login="i", password="s", extra=extra).region_id == "eu-west-9"


def test_image_search_is_called_in_the_connections_region_and_other_services_are_refused_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = account(monkeypatch, login="i", password="s", extra={"region_id": "ap-southeast-1"})

    assert (
        made.address(find("imagesearch.Detail").service) == "https://imagesearch.ap-southeast-1.aliyuncs.com"
    )
    with pytest.raises(ConfigurationError, match=r"imgsearch is not offered .*'ap-southeast-1'.*cn-shanghai"):
        made.address(find("imgsearch.ListImageDbs").service)
    assert made.address(find("openplatform.AuthorizeFileUpload").service)


@pytest.mark.parametrize("endpoint", ["http://[::1", "http://h:99999", "http://h:0", "http://h/?a=1", "a b"])
def test_an_endpoint_that_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="endpoint in its extra; allowed"):
        account(monkeypatch, login="i", password="s", extra={"endpoint": endpoint})


def test_what_the_form_saves_untouched_is_an_ordinary_account(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {name: field["schema"]["default"] for name, field in CONN_FIELDS.items()}

    saved = account(monkeypatch, login="i", password="s", extra=defaults)

    plain = account(monkeypatch, login="i", password="s")
    assert replace(saved, credentials=plain.credentials) == plain
    for field in CONN_FIELDS.values():
        assert None not in field["schema"].get("enum", [])
        assert field["schema"]["default"] in field["schema"].get("enum", [field["schema"]["default"]])


def test_a_clock_that_is_an_hour_off_is_reported_as_such(
    monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    hook = ViapiHook()
    hour_ahead = RequestNonce.new(datetime.now(timezone.utc) + timedelta(hours=1))

    with pytest.raises(CredentialsRejected, match=r"InvalidTimeStamp\.Expired"):
        hook.client.send_signed(imgsearch.LIST_IMAGE_DBS, {}, hour_ahead, hook.account.credentials.current())


def test_an_endpoint_that_nobody_serves_is_an_error_of_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, login="i", password="s", extra={"endpoint": "http://127.0.0.1:9"})

    with pytest.raises(ConnectionFailed):
        ViapiHook().client.call_once(imgsearch.LIST_IMAGE_DBS, {})


def test_the_form_masks_what_is_secret_and_labels_every_field() -> None:
    connection_type = get_provider_info()["connection-types"][0]

    assert CONN_FIELDS["security_token"]["schema"]["format"] == "password"
    assert all(field["label"] and field["description"] for field in CONN_FIELDS.values())
    assert connection_type["ui-field-behaviour"]["relabeling"] == {
        "login": "Access key id",
        "password": "Access key secret",
    }


def test_an_account_never_shows_its_secret() -> None:
    connection = Connection(conn_id="c", conn_type="viapi", login="the-id", password="the-secret")

    shown = repr(parse_connection(connection, {"security_token": "the-token"}))

    assert "the-secret" not in shown
    assert "the-token" not in shown


@pytest.mark.parametrize(
    ("given", "chosen"),
    [({}, "1.0"), ({"signature": 1.0}, "1.0"), ({"signature": "ACS3-HMAC-SHA256"}, "ACS3-HMAC-SHA256")],
)
def test_a_signature_is_chosen_in_extra(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], chosen: str
) -> None:
    assert account(monkeypatch, login="i", password="s", extra=given).signature == chosen


@pytest.mark.parametrize("signature", ["1.0", "ACS3-HMAC-SHA256"])
def test_the_connection_test_passes_with_either_signature(
    monkeypatch: pytest.MonkeyPatch, viapi_emulator: Any, signature: str
) -> None:
    fields = json.loads(viapi_emulator.connection_json())
    fields["extra"]["signature"] = signature
    connect(monkeypatch, **fields)

    passed, message = ViapiHook().test_connection()

    assert passed, message


def test_the_pace_is_set_in_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"poll_qps": "2.5", "submit_qps": 5, "list_jobs": "never"}

    made = account(monkeypatch, login="i", password="s", extra=extra)

    assert (made.poll_qps, made.submit_qps, made.list_jobs) == (2.5, 5.0, "never")
    assert ViapiHook().rate_limiter_of("imgsearch.AddImage").ceiling == 5.0


def test_without_extra_the_pace_is_that_of_an_ordinary_account(monkeypatch: pytest.MonkeyPatch) -> None:
    made = account(monkeypatch, login="i", password="s")

    assert (made.poll_qps, made.submit_qps, made.list_jobs) == (10.0, 2.0, "auto")


def test_who_waits_keeps_to_the_connections_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, login="i", password="s", extra={"poll_qps": 3, "list_jobs": "never"})

    async def pace() -> tuple[float, bool]:
        hook = ViapiHook()
        await hook.aget_config()
        async with hook.open_poller() as poller:
            return poller.limiter.ceiling, poller.list.is_used

    assert asyncio.run(pace()) == (3.0, False)


def test_bulk_jobs_are_recognized_by_the_name_of_their_action() -> None:
    assert imagesearch.INCREASE_INSTANCE.full_name == BULK_ACTION
    assert ViapiHook().poller_key(Job("shop/1", BULK_ACTION)) != ViapiHook().poller_key(
        Job("1", videoenhan.GENERATE_VIDEO.full_name)
    )
