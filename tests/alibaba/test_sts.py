"""Keys from roles, OIDC, a credentials URI and the default chain, over real HTTP; no secret is in a log or error."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

pytest.importorskip("alibabacloud_credentials")

from airflow_provider_viapi.alibaba import sts
from airflow_provider_viapi.alibaba.sts import SETTINGS, renewable
from airflow_provider_viapi.errors import (
    ConfigurationError,
    ConnectionFailed,
    ServiceError,
    TransientError,
)
from airflow_provider_viapi.renewable_credentials import Credentials, RenewableCredentials
from alibaba.credential_server import CredentialServer, credential_server

OWN_KEY = Credentials("own-id", "own-secret", "own-token")
FIRST = Credentials("key-1", "secret-1", "token-1")


@pytest.fixture
def server() -> Iterator[CredentialServer]:
    with credential_server() as server:
        yield server


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "oidc-token"
    path.write_text("eyJ.the-oidc-token.sig")
    return path


def from_uri(server: CredentialServer) -> RenewableCredentials:
    return renewable("credentials_uri", {"credentials_uri": f"{server.url}/keys"}, of="the test")


def from_role(server: CredentialServer, **settings: Any) -> RenewableCredentials:
    given = {"role_arn": "acs:ram::1:role/r", "sts_endpoint": server.url, **settings}
    return renewable("ram_role_arn", given, OWN_KEY, of="the test")


def test_a_credentials_uri_gives_a_key(server: CredentialServer) -> None:
    key = from_uri(server).current()

    assert key == FIRST
    assert server.asked == [("/keys", {})]


def test_a_ram_role_is_assumed_with_the_connections_own_key(server: CredentialServer) -> None:
    source = from_role(
        server, role_session_name="airflow", role_session_expiration="1800", external_id="e", policy={"a": 1}
    )

    assert source.current() == FIRST
    ((_, asked),) = server.asked
    assert (asked["Action"], asked["RoleArn"]) == ("AssumeRole", "acs:ram::1:role/r")
    assert (asked["AccessKeyId"], asked["SecurityToken"]) == ("own-id", "own-token")
    assert (asked["RoleSessionName"], asked["DurationSeconds"]) == ("airflow", "1800")
    assert (asked["ExternalId"], asked["Policy"]) == ("e", '{"a": 1}')


def test_a_role_is_assumed_with_an_oidc_token_that_is_read_each_time(
    server: CredentialServer, token_file: Path
) -> None:
    settings = {
        "role_arn": "acs:ram::1:role/r",
        "oidc_provider_arn": "acs:ram::1:oidc-provider/p",
        "oidc_token_file_path": str(token_file),
        "sts_endpoint": server.url,
    }
    source = renewable("oidc_role_arn", settings, of="the test")

    first = source.current()
    token_file.write_text("another-token")
    second = source.current(rejected=first)

    assert (first.access_key_id, second.access_key_id) == ("key-1", "key-2")
    assert [asked["OIDCToken"] for _, asked in server.asked] == ["eyJ.the-oidc-token.sig", "another-token"]
    assert server.asked[0][1]["OIDCProviderArn"] == "acs:ram::1:oidc-provider/p"


@pytest.mark.parametrize("settings", [{}, {"role_name": "the-role", "disable_imds_v1": "true"}])
def test_an_ecs_instance_gives_the_key_of_its_role(
    server: CredentialServer, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    # The address of the metadata service is fixed; the server is reached as a proxy.
    monkeypatch.setenv("HTTP_PROXY", server.url)

    assert renewable("ecs_ram_role", settings, of="the test").current() == FIRST
    assert server.asked == [("/latest/meta-data/ram/security-credentials/the-role", {})]


def test_the_default_chain_gives_the_key_of_the_environment() -> None:
    program = (
        "from airflow_provider_viapi.alibaba.sts import renewable\n"
        "source = renewable('default', {}, of='the test')\n"
        "key = source.current()\n"
        "print(key.access_key_id, key.security_token, source.current() is key)"
    )
    environment = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "env-id",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "env-secret",
        "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true",
    }

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)

    assert run.stdout.split() == ["env-id", "None", "True"], run.stderr


def test_a_key_is_kept_until_shortly_before_it_ends(server: CredentialServer) -> None:
    source = from_uri(server)

    assert {source.current().access_key_id for _ in range(5)} == {"key-1"}
    assert source.current().expires == pytest.approx(time.time() + 3600, abs=5)
    assert len(server.asked) == 1


@pytest.mark.parametrize("make", [from_uri, from_role])
def test_a_key_that_is_rejected_long_before_its_end_is_replaced(server: CredentialServer, make: Any) -> None:
    source = make(server)

    assert source.current(rejected=source.current()).access_key_id == "key-2"


def test_a_hundred_coroutines_ask_once_and_leave_the_loop_to_others(server: CredentialServer) -> None:
    source = from_uri(server)
    server.open.clear()
    happened = []

    async def ask() -> None:
        happened.append((await source.acurrent()).access_key_id)

    async def others() -> None:
        while not server.asked:
            await asyncio.sleep(0)
        for _ in range(1000):
            await asyncio.sleep(0)
        happened.append("a thousand turns")
        server.open.set()

    async def together() -> None:
        await asyncio.gather(*(ask() for _ in range(100)), others())

    asyncio.run(together())

    assert happened == ["a thousand turns"] + ["key-1"] * 100
    assert len(server.asked) == 1


def refused(source: RenewableCredentials) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        source.current()
    return caught.value


def test_without_the_extra_the_error_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, server: CredentialServer
) -> None:
    monkeypatch.setitem(sys.modules, "alibabacloud_credentials", None)

    error = refused(from_uri(server))

    assert isinstance(error, ConfigurationError)
    assert "pip install 'airflow-provider-viapi[credentials]'" in error.message


@pytest.mark.parametrize(
    ("kind", "settings", "named"),
    [
        ("ram_role_arn", {}, "role_arn"),
        ("oidc_role_arn", {"role_arn": "r"}, "oidc_provider_arn"),
        ("oidc_role_arn", {"role_arn": "r", "oidc_provider_arn": "p"}, "oidc_token_file_path"),
        ("credentials_uri", {}, "uri"),
        (
            "oidc_role_arn",
            {"role_arn": "r", "oidc_provider_arn": "p", "oidc_token_file_path": "/nowhere"},
            "/nowhere",
        ),
    ],
)
def test_a_setting_that_is_missing_is_named(kind: str, settings: dict[str, str], named: str) -> None:
    error = refused(
        renewable(kind, settings, OWN_KEY if kind == "ram_role_arn" else None, of="connection 'c'")
    )

    assert isinstance(error, ConfigurationError)
    assert named in error.message
    assert f"credentials ({kind}) of connection 'c'" in error.message


@pytest.mark.parametrize("seconds", ["soon", 0, 899, 43201, 1800.5, True])
def test_a_session_that_is_too_short_or_too_long_is_refused_at_once(seconds: Any) -> None:
    with pytest.raises(ConfigurationError, match="role_session_expiration of the test must be 900 to 43200"):
        renewable("ram_role_arn", {"role_session_expiration": seconds}, OWN_KEY, of="the test")


def test_a_session_of_thousands_of_digits_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="role_session_expiration of the test must be 900 to 43200"):
        renewable("ram_role_arn", {"role_session_expiration": "9" * 5000}, OWN_KEY, of="the test")


@pytest.mark.parametrize("value", ["true", "yes", "1", 1, "on", True])
def test_only_the_hardened_metadata_service_is_used_however_yes_is_written(
    server: CredentialServer, monkeypatch: pytest.MonkeyPatch, value: Any
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    server.metadata_token = False
    settings = {"role_name": "the-role", "disable_imds_v1": value}

    with pytest.raises(ServiceError):
        renewable("ecs_ram_role", settings, of="the test").current()
    assert server.asked == []


@pytest.mark.parametrize("value", ["flase", " ", 2, "no one", [], {}])
def test_a_switch_that_is_neither_on_nor_off_is_refused(value: Any) -> None:
    settings = {"disable_imds_v1": value}

    with pytest.raises(ConfigurationError, match="disable_imds_v1 of the test must be true or false"):
        renewable("ecs_ram_role", settings, of="the test")


@pytest.mark.parametrize(
    "uri", ["keys.local/path", "127.0.0.1:9/keys", "ftp://h/x", "http://", "http://h:x/", 5]
)
def test_a_credentials_uri_that_is_no_address_is_refused_at_once(uri: Any) -> None:
    with pytest.raises(ConfigurationError, match="credentials_uri of the test must be the address"):
        renewable("credentials_uri", {"credentials_uri": uri}, of="the test")


def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigurationError) as caught:
        renewable("magic", {}, of="the test")

    assert all(kind in str(caught.value) for kind in SETTINGS)


NO_ROLE = '{"RequestId": "R", "Code": "EntityNotExist.Role", "Message": "The role not exists."}'
BUSY = '{"RequestId": "R", "Code": "Throttling.User", "Message": "Too fast."}'
HALF = (
    '{"Code": "Success", "AccessKeyId": "key-1", "AccessKeySecret": "secret-1", "SecurityToken": "token-1"}'
)


@pytest.mark.parametrize(
    ("says", "kind", "code"),
    [
        ((404, NO_ROLE), ConfigurationError, "EntityNotExist.Role"),
        ((400, BUSY), TransientError, "Throttling.User"),
        ((503, "<html>busy</html>"), TransientError, None),
        ((200, "<html>a login page</html>"), ConfigurationError, None),
        ((200, HALF), ConfigurationError, None),
        ((200, "null"), ConfigurationError, None),
    ],
)
def test_a_refusal_is_permanent_and_other_errors_are_transient(
    server: CredentialServer, says: tuple[int, str], kind: type[ServiceError], code: str | None
) -> None:
    server.says = says

    for source in (from_uri(server), from_role(server)):
        error = refused(source)
        assert isinstance(error, kind)
        assert error.code == code


def test_a_server_that_is_not_there_counts_as_something_that_passes(server: CredentialServer) -> None:
    gone = "http://127.0.0.1:9"

    for source in (
        renewable("credentials_uri", {"credentials_uri": gone}, of="the test"),
        from_role(server, sts_endpoint=gone),
    ):
        assert isinstance(refused(source), ConnectionFailed)


@pytest.mark.parametrize("kind", ["ram_role_arn", "credentials_uri"])
def test_an_untrusted_certificate_of_a_server_of_keys_is_permanent_and_names_the_setting_that_helps(
    kind: str, viapi_emulator: Any
) -> None:
    address = viapi_emulator.url.replace("http://", "https://")
    settings = {"role_arn": "r", "sts_endpoint": address, "credentials_uri": address}

    error = refused(renewable(kind, settings, OWN_KEY if kind == "ram_role_arn" else None, of="the test"))

    assert type(error) is ConfigurationError
    assert error.code == "CertificateNotTrusted"
    assert "SSL_CERT_FILE" in error.message


@pytest.mark.parametrize("says", [None, (200, HALF), (500, HALF), (404, HALF), "gone"])
def test_neither_errors_nor_logs_hold_anything_secret(
    server: CredentialServer,
    token_file: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    says: Any,
) -> None:
    for name in (None, "urllib3", "credentials", "alibabacloud-tea"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.says = None if says == "gone" else says
    endpoint = "http://127.0.0.1:9" if says == "gone" else server.url
    oidc = {
        "role_arn": "r",
        "oidc_provider_arn": "p",
        "oidc_token_file_path": str(token_file),
        "sts_endpoint": endpoint,
    }
    output = ""
    for source in (
        from_role(server, sts_endpoint=endpoint),
        renewable("oidc_role_arn", oidc, of="the test"),
        renewable("credentials_uri", {"credentials_uri": f"{endpoint}/keys"}, of="the test"),
    ):
        try:
            output += repr(source.current())
        except ServiceError as error:
            output += "".join(traceback.format_exception(error)) + repr(error.as_dict())

    captured = capfd.readouterr()
    output = unquote(output + caplog.text + captured.out + captured.err)
    for private in ("own-secret", "own-token", "secret-", "token-1", "the-oidc-token"):
        assert private not in output


def test_no_thread_is_left_behind_by_a_key_that_is_fetched_often(
    server: CredentialServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    source = renewable("ecs_ram_role", {"role_name": "the-role"}, of="the test")
    key = source.current()
    before = threads_but_the_servers()

    for _ in range(5):
        key = source.current(rejected=key)

    assert key.access_key_id == "key-6"
    assert threads_but_the_servers() <= before


def threads_but_the_servers() -> set[threading.Thread]:
    """The server answers each call in a thread of its own, which ends a moment after the answer."""
    return {each for each in threading.enumerate() if "process_request" not in each.name}


def test_nothing_is_imported_before_a_key_is_asked_for() -> None:
    program = (
        f"import sys, {sts.__name__} as m\n"
        "m.renewable('credentials_uri', {'credentials_uri': 'http://h'}, of='the test')\n"
        "print({'alibabacloud_credentials', 'Tea', 'aiohttp', 'requests'} & set(sys.modules))"
    )

    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "set()"
