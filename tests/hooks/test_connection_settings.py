"""Connections of both clouds: HTTP settings are validated when they are read, blanks are removed, regions checked."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest

from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.hooks.viapi import ViapiHook

HOOKS = {"viapi": ViapiHook, "huaweicloud": HuaweiCloudHook}


def connect(monkeypatch: pytest.MonkeyPatch, kind: str, extra: dict[str, Any] | str, **fields: Any) -> None:
    fields = {"conn_type": kind, "login": "the-id", "password": "the-secret", "extra": extra, **fields}
    monkeypatch.setenv(f"AIRFLOW_CONN_{kind.upper()}_DEFAULT", json.dumps(fields))


def on_worker(kind: str) -> Any:
    return HOOKS[kind]().account


def on_triggerer(kind: str) -> Any:
    return asyncio.run(HOOKS[kind]().aget_config())


BOTH_CLOUDS = pytest.mark.parametrize("kind", HOOKS)
BOTH_PROCESSES = pytest.mark.parametrize("read", [on_worker, on_triggerer])
Read = Callable[[str], Any]


@BOTH_CLOUDS
@BOTH_PROCESSES
def test_a_missing_ca_bundle_is_found_when_the_connection_is_read(
    kind: str, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, kind, {"verify": "/no/such/bundle.pem"})

    with pytest.raises(
        ConfigurationError, match=rf"verify of the connection '{kind}_default' names '/no/such"
    ):
        read(kind)


@BOTH_CLOUDS
@BOTH_PROCESSES
def test_an_unusable_proxy_is_found_when_the_connection_is_read(
    kind: str, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, kind, {})
    monkeypatch.setenv("https_proxy", "http://user:proxy-secret@proxy:port")

    with pytest.raises(ConfigurationError, match="https_proxy is not the address of a proxy") as caught:
        read(kind)
    assert "proxy-secret" not in str(caught.value)


@BOTH_CLOUDS
@BOTH_PROCESSES
def test_worker_and_triggerer_have_the_same_settings(
    kind: str, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, kind, {"verify": " false ", "timeout": " 12 "})
    monkeypatch.setenv("https_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1,[::1]")

    http = read(kind).http

    assert (http.verify, http.timeout) == (False, 12.0)
    assert http.proxy_for("https://h/") == "http://proxy:3128"
    assert http.proxy_for("https://127.0.0.1:8/") is None


@BOTH_CLOUDS
def test_blanks_around_the_fields_are_removed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    region = {"viapi": "region_id", "huaweicloud": "region"}[kind]
    value = {"viapi": "cn-shanghai", "huaweicloud": "cn-east-3"}[kind]
    extra = {"endpoint": " http://127.0.0.1:8765/ ", region: f"{value}\n", "security_token": " the-token "}
    connect(monkeypatch, kind, extra, login=" the-id ", password="the-secret\n")

    account = on_worker(kind)

    source = account.credentials if kind == "viapi" else account.auth
    key = source.current()
    assert (key.access_key_id, key.access_key_secret, key.security_token) == (
        "the-id",
        "the-secret",
        "the-token",
    )
    assert account.endpoint == "http://127.0.0.1:8765"
    assert (account.region_id if kind == "viapi" else account.region) == value


@pytest.mark.skipif(AIRFLOW_VERSION < (3, 2), reason="Airflow builds the form from widgets before 3.2")
@BOTH_CLOUDS
@BOTH_PROCESSES
def test_a_connection_that_is_saved_as_the_form_shows_it_is_a_permanent_key(
    kind: str, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService

    (form,) = [each for each in HookMetaService.hook_meta_data() if each.connection_type == kind]
    shown = {name: field["value"] for name, field in form.extra_fields.items()}
    connect(monkeypatch, kind, shown)

    account = read(kind)

    source = account.credentials if kind == "viapi" else account.auth
    assert not source.current().security_token


@pytest.mark.parametrize(
    ("kind", "field", "existing"),
    [("viapi", "region_id", "cn-shanghai"), ("huaweicloud", "region", "cn-north-4, cn-east-3, cn-south-1")],
)
def test_an_unknown_region_is_answered_with_the_regions_that_exist(
    kind: str, field: str, existing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, kind, {field: "eu-west-9"})

    with pytest.raises(ConfigurationError, match=rf"{field} 'eu-west-9'.*allowed: {existing}"):
        on_worker(kind)

    connect(monkeypatch, kind, {field: "eu-west-9", "endpoint": "http://127.0.0.1:8765"})
    assert on_worker(kind).endpoint == "http://127.0.0.1:8765"


@BOTH_CLOUDS
@BOTH_PROCESSES
@pytest.mark.parametrize("fields", [{"host": "http://127.0.0.1"}, {"port": 8765}, {"host": "h", "port": 80}])
def test_a_host_or_port_is_refused_with_the_field_that_has_its_meaning(
    kind: str, read: Read, fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, kind, {}, **fields)

    with pytest.raises(ConfigurationError, match=r'host or a port.*extra: {"endpoint": "http://host:port"}'):
        read(kind)


@pytest.mark.parametrize(
    ("kind", "field", "meant"),
    [
        ("viapi", "regionid", "region_id"),
        ("huaweicloud", "region_id", "region"),
        ("viapi", "poll-qps", "poll_qps"),
    ],
)
def test_a_field_that_is_ignored_is_logged_with_the_one_that_may_be_meant(
    kind: str, field: str, meant: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connect(monkeypatch, kind, {field: "x"})

    on_worker(kind)

    assert f"The connection '{kind}_default' has the field '{field}'" in caplog.text
    assert f"did you mean '{meant}'?" in caplog.text


@pytest.mark.parametrize(
    "extra",
    [
        {"credentials": "credentials_uri", "credentials_uri": "http://h/keys"},
        {
            "credentials": "oidc_role_arn",
            "oidc_provider_arn": "p",
            "oidc_token_file_path": "/t",
            "role_arn": "r",
        },
        {"credentials": "ecs_ram_role", "role_name": "r", "disable_imds_v1": True},
        {"access_key_id": "i", "access_key_secret": "s", "region": "cn-hangzhou"},
    ],
)
def test_a_documented_field_is_not_called_ignored(
    extra: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    connect(monkeypatch, "viapi", extra)

    on_worker("viapi")

    assert "ignored" not in caplog.text


@BOTH_CLOUDS
@BOTH_PROCESSES
@pytest.mark.parametrize(
    "value",
    ['{"conn_type": "viapi", "password": "s3cr3t",}', "viapi://id:s3cr/et@/", '{"endpoint": "s3cr3t"}'],
)
def test_a_variable_that_cannot_be_parsed_is_named_and_its_value_shown_nowhere(
    kind: str, read: Read, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{kind.upper()}_DEFAULT", value)

    with pytest.raises(
        ConfigurationError, match=rf"AIRFLOW_CONN_{kind.upper()}_DEFAULT has a value .*cannot parse"
    ) as refused:
        read(kind)
    assert "s3cr" not in "".join(traceback.format_exception(refused.value))


@BOTH_CLOUDS
@pytest.mark.parametrize(
    "endpoint",
    [
        *("http://a b", "http://127.0.0.1:99999", "ftp://h", f"http://{'a' * 70}.test"),
        *("http://a\x00b", "http;//h", "http:/h", "{}", True, 0, 1.5, {}, ["h"]),
    ],
)
def test_an_endpoint_that_cannot_be_called_is_refused(
    kind: str, endpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, kind, {"endpoint": endpoint})

    with pytest.raises(ConfigurationError, match="as endpoint in its extra"):
        on_worker(kind)


@BOTH_CLOUDS
@BOTH_PROCESSES
@pytest.mark.parametrize(
    "extra", ["[", "[]", "[1]", "5", "false", '"text"', f"{'[' * 100_000}{']' * 100_000}"]
)
def test_an_extra_that_is_no_json_object_is_refused(
    kind: str, read: Read, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, kind, extra)

    with pytest.raises(ConfigurationError, match=r"is not a JSON object|cannot be read"):
        read(kind)


@BOTH_CLOUDS
@BOTH_PROCESSES
@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(
            "null",
            marks=pytest.mark.skipif(
                version("apache-airflow").startswith(("3.0.", "3.1.")),
                reason="Airflow 3.0 and 3.1 report a connection with this extra as missing",
            ),
        ),
        "{}",
        "",
    ],
)
def test_an_empty_extra_is_no_extra(
    kind: str, read: Read, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, kind, extra)

    assert read(kind).endpoint is None


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        *(("viapi", field) for field in ("region_id", "verify", "timeout", "signature")),
        *(("huaweicloud", field) for field in ("region", "verify", "timeout", "auth")),
    ],
)
def test_a_secret_in_the_wrong_field_is_not_shown(
    kind: str, field: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = "MySuperSecretAccessKeyValue30ch"
    connect(monkeypatch, kind, {field: secret})

    with pytest.raises(ConfigurationError) as refused:
        on_worker(kind)

    assert secret[:12] not in f"{refused.value}{caplog.text}"


@BOTH_CLOUDS
def test_long_values_are_shortened_in_messages(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for field in ({"viapi": "region_id", "huaweicloud": "region"}[kind], "verify", "endpoint", "timeout"):
        connect(monkeypatch, kind, {field: "x " * 5000})

        with pytest.raises(ConfigurationError, match=field) as caught:
            on_worker(kind)
        assert len(str(caught.value)) < 600
