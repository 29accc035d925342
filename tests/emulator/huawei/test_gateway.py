"""Who may call Huawei's services in the emulator, at which paths, how often, and with what."""

from __future__ import annotations

import json
import re
import socket
import time
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import ConfigurationError, CredentialsRejected, Throttled
from airflow_provider_viapi.huawei.account import Account
from airflow_provider_viapi.huawei.client import Client, User, with_token_for
from airflow_provider_viapi.huawei.rest import encode
from airflow_provider_viapi.huawei.services import actions, metastudio, vias
from airflow_provider_viapi.renewable_credentials import Credentials
from emulator.huawei.callers import Caller

LIST = metastudio.assets.LIST_ASSETS


def send(account: Account, moment: datetime, **changed: str) -> httpx.Response:
    """A list of assets asked for at that time, with headers changed after they were signed."""
    assert isinstance(account.auth, Credentials)
    request = encode(LIST, {}, account, account.auth, moment)
    headers = {**request.headers, **changed}
    return httpx.request(request.method, request.url, headers=headers, content=request.body, trust_env=False)


def test_a_call_that_a_key_signed_is_answered(caller: Caller) -> None:
    assert caller(LIST, limit=1)["count"] == 3


def test_the_key_is_the_same_as_in_the_other_cloud(emulator: EmulatorServer) -> None:
    viapi, huawei = (
        json.loads(each) for each in (emulator.connection_json(), emulator.huawei_connection_json())
    )

    assert (viapi["login"], viapi["password"]) == (huawei["login"], huawei["password"])
    assert huawei["extra"]["project_id"] == emulator.huawei_project_id


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_signature_of_another_time_is_refused(account: Account, minutes: int) -> None:
    answer = send(account, datetime.now(timezone.utc) + timedelta(minutes=minutes))

    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")


@pytest.mark.parametrize("minutes", [-14, 14])
def test_clocks_may_differ_by_less_than_15_minutes(account: Account, minutes: int) -> None:
    assert send(account, datetime.now(timezone.utc) + timedelta(minutes=minutes)).status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"x-project-id": "another"},
        {"x-sdk-date": "20200101T000000Z"},
        {"x-sdk-date": "yesterday"},
        {"authorization": "SDK-HMAC-SHA256 Access=nobody"},
        {"authorization": "Basic eDp5"},
        {"x-security-token": "not signed"},
        {"x-sdk-content-sha256": "0" * 64},
        {"x-auth-token": "guessed"},
    ],
)
def test_a_request_that_was_changed_on_its_way_is_refused(account: Account, changed: dict[str, str]) -> None:
    answer = send(account, datetime.now(timezone.utc), **changed)

    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")
    assert answer.headers["x-request-id"].startswith(f"{answer.json()['request_id']}-")


def test_a_call_without_authentication_is_refused(emulator: EmulatorServer) -> None:
    answer = httpx.get(f"{emulator.url}/v1/{emulator.huawei_project_id}/digital-assets", trust_env=False)

    assert (answer.status_code, answer.json()["error_code"]) == (401, "APIGW.0301")


@pytest.mark.parametrize(
    ("key_id", "reason"),
    [
        (None, r"the secret \(SK\) in the connection does not match .*: verify aksk signature fail"),
        ("nobody", r"the access key \(AK\) in the connection does not exist .*: Get secretKey failed"),
    ],
)
def test_a_wrong_key_is_refused_and_not_shown(
    account: Account, emulator: EmulatorServer, key_id: str | None, reason: str
) -> None:
    key = Credentials(key_id or emulator.access_key_id, "guessed")
    with (
        Client(Account(auth=key, endpoint=emulator.url, project_id=account.project_id)) as client,
        pytest.raises(CredentialsRejected, match=reason) as raised,
    ):
        client.call_once(LIST, {})
    assert emulator.access_key_secret not in str(raised.value)


def test_a_temporary_key_calls_until_it_ends(account: Account, emulator: EmulatorServer) -> None:
    def with_key(seconds: float) -> Client:
        key = emulator.sts(seconds)
        auth = Credentials(key["access_key_id"], key["access_key_secret"], key["security_token"])
        return Client(Account(auth=auth, endpoint=emulator.url, project_id=account.project_id))

    with with_key(900) as good, with_key(0) as ended:
        assert good.call_once(LIST, {})["count"] == 3
        with pytest.raises(CredentialsRejected):
            ended.call_once(LIST, {})


def test_a_password_gives_a_token_that_calls(token_client: Client, emulator: EmulatorServer) -> None:
    assert token_client.call_once(LIST, {})["count"] == 3
    assert token_client.account.project_id == emulator.huawei_project_id


def test_a_token_that_ends_in_the_middle_is_renewed_by_the_client(
    token_client: Client, emulator: EmulatorServer
) -> None:
    token_client.call_once(LIST, {})
    emulator.expire_huawei_tokens()

    assert token_client.call_once(LIST, {})["count"] == 3
    calls = emulator.calls()
    assert calls["KeystoneCreateUserTokenByPassword"]["accepted"] == 2
    assert calls["ListAssets"] == {"accepted": 2, "rejected": 1}


@pytest.mark.parametrize(
    "user",
    [
        User("viapi-emulator", "guessed", "viapi-emulator-domain"),
        User("nobody", "viapi-emulator-password", "viapi-emulator-domain"),
        User("viapi-emulator", "viapi-emulator-password", "elsewhere"),
    ],
)
def test_whoever_does_not_know_the_password_gets_no_token(emulator: EmulatorServer, user: User) -> None:
    with (
        Client(with_token_for(user, Account(endpoint=emulator.url))) as client,
        pytest.raises(CredentialsRejected, match="username or password is wrong"),
    ):
        client.call_once(LIST, {})


def test_iam_writes_errors_in_its_own_way(emulator: EmulatorServer) -> None:
    answer = httpx.post(f"{emulator.url}/v3/auth/tokens", json={"auth": {}}, trust_env=False)
    wrong = httpx.post(
        f"{emulator.url}/v3/auth/tokens",
        json={"auth": {"identity": {"methods": ["password"]}, "scope": {}}},
        trust_env=False,
    )

    assert answer.json()["error"]["title"] == "Bad Request"
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, 401)


def test_a_region_without_a_project_is_an_error(emulator: EmulatorServer, account: Account) -> None:
    with (
        Client(Account(auth=account.auth, endpoint=emulator.url, region="mars-1")) as client,
        pytest.raises(ConfigurationError, match="no project is named 'mars-1'"),
    ):
        client.call_once(LIST, {})


def test_another_project_is_refused(emulator: EmulatorServer, account: Account) -> None:
    with Client(account.in_project("f" * 32)) as client:
        assert Caller(client).refused(LIST) == (403, "APIGW.0302")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/{project}/no-such-thing"),
        ("PATCH", "/v1/{project}/digital-assets"),
        ("GET", "/v2/{project}/digital-assets"),
        ("GET", "/v3/auth"),
        ("POST", "/v1/"),
    ],
)
def test_a_path_of_no_action_is_answered_by_the_gateway(
    emulator: EmulatorServer, method: str, path: str
) -> None:
    address = f"{emulator.url}{path.format(project=emulator.huawei_project_id)}"
    answer = httpx.request(method, address, trust_env=False)

    assert (answer.status_code, answer.json()["error_code"]) == (404, "APIGW.0101")
    assert emulator.calls() == {"unknown": {"accepted": 0, "rejected": 1}}


def test_every_action_is_found_at_its_paths(emulator: EmulatorServer) -> None:
    with httpx.Client(base_url=emulator.url, trust_env=False) as http:
        for action in actions().values():
            for path in {action.path, action.path_v1 or action.path}:
                names = {each.name: "x" for each in action.in_path}
                address = path.format(project_id=emulator.huawei_project_id, **names)
                # Without a proof the path is found, and then nobody is let in.
                assert http.request(action.method, address).status_code == 401, path
    assert "unknown" not in emulator.calls()


@pytest.mark.parametrize("family", ["v1", "v2"])
def test_vias_answers_in_both_families_of_paths(account: Account, family: Any, caller: Caller) -> None:
    made = caller(
        vias.tasks.CREATE_TASK,
        service_name="c-flowcount-cloud",
        name="door",
        input={"type": "url", "data": [{"url": "rtsp://camera"}]},
        output={"webhook": {"url": "http://127.0.0.1:9"}},
        service_version="1.2",
    )
    task_id = made["tasks"][0]["id"]
    account = Account(
        auth=account.auth, endpoint=account.endpoint, project_id=account.project_id, vias_paths=family
    )
    with Client(account) as client:
        assert client.call_once(vias.tasks.SHOW_TASK, {"task_id": task_id})["id"] == task_id


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("v1/{}/ttsc/async-jobs", b"{", "MSS.00000003"),
        ("v1/{}/ttsc/async-jobs", b"[]", "MSS.00000003"),
        ("v1/{}/ttsc/async-jobs", b'{"text": "x"}', "MSS.00000003"),
        ("v1/{}/ttsc/async-jobs", b'{"text": "x", "voice_asset_id": "v", "channels": 3}', "MSS.00000003"),
        ("v2/{}/source", b'{"video_source_name": "x"}', "VIAS.00010001"),
    ],
)
def test_parameters_are_checked_as_the_service_would(
    emulator: EmulatorServer, token: str, path: str, body: bytes, code: str
) -> None:
    address = f"{emulator.url}/{path.format(emulator.huawei_project_id)}"
    answer = httpx.post(address, content=body, headers={"x-auth-token": token}, trust_env=False)

    assert (answer.status_code, answer.json()["error_code"]) == (400, code)


def test_a_body_over_12_mb_is_too_large_for_a_key_and_not_for_a_token(
    emulator: EmulatorServer, token: str
) -> None:
    address = f"{emulator.url}/v1/{emulator.huawei_project_id}/ttsc/async-jobs"
    body = b" " * (12 * 1024 * 1024) + b'{"text": "x"}'
    with_key = httpx.post(address, content=body, trust_env=False)
    with_token = httpx.post(address, content=body, headers={"x-auth-token": token}, trust_env=False)

    assert (with_key.status_code, with_key.json()["error_code"]) == (413, "APIGW.0201")
    assert (with_token.status_code, with_token.json()["error_code"]) == (400, "MSS.00000003")


def test_a_call_over_the_quota_is_throttled() -> None:
    started = time.time()
    with EmulatorServer(calls_per_second={"ListAssets": 2}, now=lambda: started) as server:
        key = Credentials(server.access_key_id, server.access_key_secret)
        account = Account(auth=key, endpoint=server.url, project_id=server.huawei_project_id)
        with Client(account) as client:
            caller = Caller(client)
            for _ in range(2):
                caller(LIST)
            with pytest.raises(Throttled) as raised:
                caller(LIST)
            others = caller(metastudio.products.LIST_PRODUCTS)

    assert (raised.value.http_status, raised.value.code) == (429, "APIGW.0308")
    assert others["count"] == 0


@pytest.fixture
def token(emulator: EmulatorServer) -> str:
    who = {"name": emulator.huawei_user, "password": emulator.huawei_password}
    identity = {
        "methods": ["password"],
        "password": {"user": {**who, "domain": {"name": emulator.huawei_domain}}},
    }
    scope = {"project": {"name": emulator.huawei_region}}
    body = {"auth": {"identity": identity, "scope": scope}}
    answer = httpx.post(f"{emulator.url}/v3/auth/tokens", json=body, trust_env=False)
    assert answer.status_code == 201
    return answer.headers["x-subject-token"]


def test_a_response_has_the_documented_request_id_and_rate_limit_headers(
    caller: Caller, account: Account
) -> None:
    first, second = (send(account, datetime.now(timezone.utc)).headers for _ in range(2))

    assert re.fullmatch(r"[0-9a-f]{32}-[0-9]{13}-viapi-emulator", first["x-request-id"])
    assert first["x-ratelimit-window"] == "minute"
    # The documents describe X-ratelimit-used as the number of remaining requests.
    assert int(first["x-ratelimit"]) > int(first["x-ratelimit-used"]) == int(second["x-ratelimit-used"]) + 1


def test_the_rate_limit_headers_follow_the_quota() -> None:
    with EmulatorServer(calls_per_second=2) as emulator:
        key = Credentials(emulator.access_key_id, emulator.access_key_secret)
        account = Account(auth=key, endpoint=emulator.url, project_id=emulator.huawei_project_id)
        headers = [send(account, datetime.now(timezone.utc)).headers for _ in range(3)]

    assert {each["x-ratelimit"] for each in headers} == {"120"}
    assert headers[0]["x-ratelimit-used"] == "119"


@pytest.mark.parametrize("token", [None, "guessed"])
def test_a_large_body_without_a_valid_token_is_not_read(
    emulator: EmulatorServer, account: Account, token: str | None
) -> None:
    address = urlsplit(emulator.url)
    header = "" if token is None else f"X-Auth-Token: {token}\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(
            f"POST /v1/x/digital-assets HTTP/1.1\r\nHost: localhost\r\n{header}"
            "Content-Length: 20000000\r\n\r\n".encode()
        )
        received = connection.recv(2000).decode()
        while "}" not in received:
            received += connection.recv(2000).decode()

    assert received.startswith("HTTP/1.1 413 ")
    assert "APIGW.0201" in received
