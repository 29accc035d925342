"""The two clients against a real socket: tokens, projects, and what is sent again."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_viapi.emulator.huawei.identity import read_authorization
from airflow_provider_viapi.errors import (
    ConfigurationError,
    ConnectionFailed,
    CredentialsRejected,
    InvalidRequest,
    PermissionDenied,
    ResponseLost,
    ServiceError,
)
from airflow_provider_viapi.http_settings import HttpSettings
from airflow_provider_viapi.huawei import signing
from airflow_provider_viapi.huawei.account import Account, Token
from airflow_provider_viapi.huawei.client import Client, User, open_async_client, project_of, with_token_for
from airflow_provider_viapi.huawei.model import Action
from airflow_provider_viapi.huawei.services import metastudio, vias
from airflow_provider_viapi.renewable_credentials import Credentials, Renewable, RenewableCredentials
from scripted_server import HANG_UP, Answer, ScriptedServer, scripted_server

KEY = Credentials("the-ak", "the-sk", "the-sts-token")
USER = User("reader", "the-password", "the-domain")
SHOW, SPEAK = vias.tasks.SHOW_TASK, metastudio.speech.CREATE_ASYNC_TTS_JOB
TASK, TEXT = {"task_id": "t1"}, {"text": "Hi", "voice_asset_id": "v"}
SHOW_AT, SPEAK_AT = "GET /v2/p1/tasks/t1", "POST /v1/p1/ttsc/async-jobs"
PROJECTS_AT, TOKENS_AT = "GET /v3/projects", "POST /v3/auth/tokens"
RUNS = Answer(200, {"id": "t1", "state": "RUNNING"})
REJECTED = Answer(401, {"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information."})
THROTTLED = Answer(429, {"error_code": "APIGW.0308", "error_msg": "Too fast."})
STUMBLED = Answer(500, {"error_code": "MSS.00000001", "error_msg": "Internal error."})
PROXY_PAGE = Answer(502, "<html>Bad Gateway</html>")
PROXYS_404 = Answer(404, "<html>Not Found</html>")
WRONG_PASSWORD = Answer(401, {"error": {"code": 401, "message": "The username or password is wrong."}})


def token(value: str, lasts: timedelta = timedelta(days=1)) -> Answer:
    ends = (datetime.now(timezone.utc) + lasts).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return Answer(201, {"token": {"expires_at": ends, "methods": ["password"]}}, {"X-Subject-Token": value})


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with scripted_server() as served:
        served.on(SHOW_AT, RUNS)
        served.on(SPEAK_AT, Answer(200, {"job_id": "j1"}))
        yield served


def account(server: ScriptedServer, **changes: Any) -> Account:
    return replace(
        Account(KEY, project_id="p1", endpoint=server.url, http=HttpSettings(timeout=2)), **changes
    )


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
def test_what_arrives_is_signed_as_it_was_sent(call: Call, server: ScriptedServer) -> None:
    assert call(account(server), SHOW, TASK) == {"id": "t1", "state": "RUNNING"}

    (request,) = server.requests
    claim = read_authorization(request.headers["authorization"])
    expected = signing.expected_signature(
        request.method, request.path, "", request.headers, request.body, claim.signed_headers, "the-sk"
    )
    assert claim.signature == expected


@BOTH
def test_a_netrc_file_does_not_replace_the_signature_by_a_password(
    call: Call, server: ScriptedServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    call(account(server), SHOW, TASK)

    assert server.requests[0].headers["authorization"].startswith("SDK-HMAC-SHA256 ")


@BOTH
def test_a_project_is_looked_up_once_and_everything_goes_there(call: Call, server: ScriptedServer) -> None:
    server.on(PROJECTS_AT, Answer(200, {"projects": [{"id": "p1", "name": "cn-north-4"}]}))

    call(account(server, project_id=None), SHOW, TASK)

    looked, asked = server.requests
    assert looked.target == "/v3/projects?name=cn-north-4"
    assert "x-project-id" not in looked.headers
    assert asked.headers["x-project-id"] == "p1"


def test_a_client_looks_its_project_up_once_for_all_calls_at_once(server: ScriptedServer) -> None:
    server.on(PROJECTS_AT, Answer(200, {"projects": [{"id": "p1", "name": "cn-north-4"}]}))

    async def call() -> None:
        async with await open_async_client(account(server, project_id=None)) as client:
            await asyncio.gather(*(client.call_once(SHOW, TASK) for _ in range(5)))

    asyncio.run(call())

    assert (len(server.sent(PROJECTS_AT)), len(server.sent(SHOW_AT))) == (1, 5)


@BOTH
@pytest.mark.parametrize(
    ("projects", "named"),
    [
        ([], r"no project is named 'cn-north-4'; set project_id"),
        ([{"id": "p1"}, {"id": "p2"}], r"2 projects are named 'cn-north-4' \(p1, p2\); set project_id"),
    ],
)
def test_no_project_or_two_of_one_name_is_a_clear_error(
    call: Call, server: ScriptedServer, projects: list[Any], named: str
) -> None:
    server.on(PROJECTS_AT, Answer(200, {"projects": projects}))

    with pytest.raises(ConfigurationError, match=named):
        call(account(server, project_id=None), SHOW, TASK)

    assert server.sent(SHOW_AT) == []


def test_an_answer_without_projects_is_no_answer() -> None:
    with pytest.raises(ResponseLost):
        project_of({}, "cn-north-4")


@BOTH
def test_a_password_becomes_a_token_that_is_kept(call: Call, server: ScriptedServer) -> None:
    server.on(TOKENS_AT, token("token-1"))
    proven = with_token_for(USER, account(server))

    for _ in range(3):
        call(proven, SHOW, TASK)

    (asked,) = server.sent(TOKENS_AT)
    assert asked.json["auth"] == {
        "identity": {
            "methods": ["password"],
            "password": {
                "user": {"name": "reader", "password": "the-password", "domain": {"name": "the-domain"}}
            },
        },
        "scope": {"project": {"id": "p1"}},
    }
    assert {each.headers["x-auth-token"] for each in server.sent(SHOW_AT)} == {"token-1"}
    assert not any("authorization" in each.headers for each in server.requests)


def test_without_a_project_a_token_is_asked_for_the_regions(server: ScriptedServer) -> None:
    server.on(TOKENS_AT, token("token-1"))
    server.on(PROJECTS_AT, Answer(200, {"projects": [{"id": "p1"}]}))

    call_in_worker(with_token_for(USER, account(server, project_id=None)), SHOW, TASK)

    assert server.sent(TOKENS_AT)[0].json["auth"]["scope"] == {"project": {"name": "cn-north-4"}}


@BOTH
def test_a_token_near_its_end_is_renewed_before_it_is_used(call: Call, server: ScriptedServer) -> None:
    server.on(TOKENS_AT, token("token-1", timedelta(seconds=-1)), token("token-2"))
    proven = with_token_for(USER, account(server))

    call(proven, SHOW, TASK)
    call(proven, SHOW, TASK)

    assert [each.headers["x-auth-token"] for each in server.sent(SHOW_AT)][-1] == "token-2"
    assert len(server.sent(TOKENS_AT)) == 2


@BOTH
def test_a_token_that_ends_in_the_middle_is_renewed_once(call: Call, server: ScriptedServer) -> None:
    server.on(TOKENS_AT, token("token-1"), token("token-2"))
    server.on(SHOW_AT, REJECTED, RUNS)

    assert call(with_token_for(USER, account(server)), SHOW, TASK)["state"] == "RUNNING"

    assert [each.headers["x-auth-token"] for each in server.sent(SHOW_AT)] == ["token-1", "token-2"]


@BOTH
def test_a_token_that_is_never_accepted_is_not_renewed_for_ever(call: Call, server: ScriptedServer) -> None:
    server.on(TOKENS_AT, token("token-1"), token("token-2"), token("token-3"))
    server.on(SHOW_AT, REJECTED)

    with pytest.raises(CredentialsRejected, match=r"APIGW\.0301"):
        call(with_token_for(USER, account(server)), SHOW, TASK)

    assert (len(server.sent(TOKENS_AT)), len(server.sent(SHOW_AT))) == (2, 2)


@BOTH
def test_a_wrong_password_is_reported_without_it(call: Call, server: ScriptedServer) -> None:
    server.on(TOKENS_AT, WRONG_PASSWORD)

    with pytest.raises(CredentialsRejected, match="username or password is wrong") as caught:
        call(with_token_for(USER, account(server)), SHOW, TASK)

    assert "the-password" not in "".join(traceback.format_exception(caught.value))
    assert len(server.sent(TOKENS_AT)) == 1


class Today:
    """The user with the password of each day, in order."""

    def __init__(self, *passwords: str) -> None:
        self.passwords = list(passwords)

    def read(self) -> User:
        return User(USER.name, self.passwords.pop(0), USER.domain)

    async def read_in_loop(self) -> User:
        return self.read()


@BOTH
def test_each_token_is_fetched_with_the_password_of_the_day(call: Call, server: ScriptedServer) -> None:
    server.on(TOKENS_AT, token("token-1"), token("token-2"))
    server.on(SHOW_AT, REJECTED, RUNS)
    today = Today("the-password", "the-next-password")

    call(with_token_for(USER, account(server), today.read, today.read_in_loop), SHOW, TASK)

    sent = [each.json["auth"]["identity"]["password"]["user"] for each in server.sent(TOKENS_AT)]
    assert [each["password"] for each in sent] == ["the-password", "the-next-password"]
    assert server.sent(SHOW_AT)[-1].headers["x-auth-token"] == "token-2"


@BOTH
@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (WRONG_PASSWORD, CredentialsRejected),
        (Answer(403, {"error": {"code": 403, "message": "The user is locked."}}), PermissionDenied),
    ],
)
def test_a_password_that_is_refused_when_a_token_has_ended_is_not_waited_out(
    call: Call, server: ScriptedServer, refusal: Answer, kind: type[ServiceError]
) -> None:
    server.on(TOKENS_AT, token("token-1"), refusal)
    server.on(SHOW_AT, REJECTED)

    with pytest.raises(kind):
        call(with_token_for(USER, account(server)), SHOW, TASK)

    assert len(server.sent(TOKENS_AT)) == 2


def test_a_token_is_used_to_its_end_though_the_password_is_refused() -> None:
    now, answers = [0.0], [Token("token-1", 1000), CredentialsRejected("The username or password is wrong.")]

    def fetch() -> Token:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, CredentialsRejected):
            raise answer
        return answer

    source = Renewable(fetch, now=lambda: now[0])
    source.current()
    now[0] = 990

    assert source.current().value == "token-1"
    now[0] = 1000
    with pytest.raises(CredentialsRejected):
        source.current()


@pytest.mark.parametrize(
    "body", [{}, {"token": {}}, {"token": {"expires_at": "soon"}}, "<html>", {"token": 5}]
)
def test_an_answer_without_a_token_is_no_token(server: ScriptedServer, body: Any) -> None:
    server.on(TOKENS_AT, Answer(201, body, {"X-Subject-Token": "token-0"}), token("token-1"))

    call_in_worker(with_token_for(USER, account(server)), SHOW, TASK)

    assert server.sent(SHOW_AT)[0].headers["x-auth-token"] == "token-1"


@BOTH
def test_a_key_that_was_replaced_is_read_again_once(call: Call, server: ScriptedServer) -> None:
    server.on(SPEAK_AT, REJECTED, Answer(200, {"job_id": "j1"}))
    source = RenewableCredentials(lambda: Credentials("the-next-ak", "the-next-sk"), initial=KEY)

    assert call(account(server, auth=source), SPEAK, TEXT) == {"job_id": "j1"}

    keys = [read_authorization(each.headers["authorization"]).access_key_id for each in server.requests]
    assert keys == ["the-ak", "the-next-ak"]


@BOTH
def test_a_key_that_stays_the_same_is_not_tried_again(call: Call, server: ScriptedServer) -> None:
    server.on(SHOW_AT, REJECTED)

    with pytest.raises(CredentialsRejected):
        call(account(server), SHOW, TASK)

    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [HANG_UP, PROXY_PAGE, PROXYS_404, STUMBLED])
def test_a_create_whose_answer_was_lost_is_never_made_again(server: ScriptedServer, fault: Answer) -> None:
    server.on(SPEAK_AT, fault, Answer(200, {"job_id": "j1"}))

    with pytest.raises(ResponseLost):
        call_in_worker(account(server), SPEAK, TEXT)

    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [HANG_UP, PROXY_PAGE, PROXYS_404, STUMBLED, THROTTLED])
def test_a_question_whose_answer_was_lost_is_asked_again(server: ScriptedServer, fault: Answer) -> None:
    server.on(SHOW_AT, fault, RUNS)

    assert call_in_worker(account(server), SHOW, TASK)["state"] == "RUNNING"


def test_a_create_that_was_throttled_is_made_again(server: ScriptedServer) -> None:
    server.on(SPEAK_AT, THROTTLED, Answer(200, {"job_id": "j1"}))

    assert call_in_worker(account(server), SPEAK, TEXT) == {"job_id": "j1"}


@BOTH
def test_a_bad_request_is_refused_before_anything_is_sent(call: Call, server: ScriptedServer) -> None:
    with pytest.raises(InvalidRequest):
        call(account(server, project_id=None), SPEAK, {"text": ""})

    assert server.requests == []


@BOTH
def test_nobody_there_means_that_nothing_was_accepted(call: Call) -> None:
    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:9"):
        call(Account(KEY, project_id="p1", endpoint="http://127.0.0.1:9"), SPEAK, TEXT)


@BOTH
def test_neither_errors_nor_logs_hold_anything_secret(
    call: Call, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    for name in (None, "httpx", "httpcore", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    server.on(TOKENS_AT, token("the-iam-token"))
    server.on(SHOW_AT, REJECTED)
    output = ""
    for proven in (account(server), with_token_for(USER, account(server))):
        with pytest.raises(ServiceError) as caught:
            call(proven, SHOW, TASK)
        output += "".join(traceback.format_exception(caught.value))

    for secret in ("the-sk", "the-sts-token", "the-password", "the-iam-token", "Signature="):
        assert secret not in output + caplog.text


def test_the_rate_limits_headers_are_logged(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="airflow_provider_viapi.huawei")
    server.on(SHOW_AT, Answer(200, {}, {"X-ratelimit": "100", "X-ratelimit-used": "97"}))

    call_in_worker(account(server), SHOW, TASK)

    assert "ShowTaskInfo: x-ratelimit 100, x-ratelimit-used 97" in caplog.text
