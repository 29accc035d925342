"""An Airflow connection becomes an account of Huawei Cloud, or a clear error; nothing secret shows on the way."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_viapi.errors import ConfigurationError, CredentialsRejected, InvalidRequest, JobTimedOut
from airflow_provider_viapi.get_provider_info import get_provider_info
from airflow_provider_viapi.hooks.connection_form import HUAWEI_CONN_FIELDS
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.huawei.account import Account
from airflow_provider_viapi.huawei.services import iam, metastudio, vias
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.renewable_credentials import Credentials
from scripted_server import Answer, ScriptedServer, scripted_server
from timing import poll_quickly

log = logging.getLogger(__name__)
PROJECTS_AT, TOKENS_AT = "GET /v3/projects", "POST /v3/auth/tokens"
ONE_PROJECT = Answer(200, {"projects": [{"id": "p1", "name": "cn-north-4"}]})
REJECTED = Answer(401, {"error_code": "APIGW.0301", "error_msg": "Incorrect IAM authentication information."})
STARTING = Answer(200, {"id": "t1", "state": "STARTING"})
RUNNING = Answer(200, {"id": "t1", "state": "RUNNING"})
TASK, LIVE = Job("t1", "vias.CreateTask"), Job("j1", "metastudio.StartSmartLive")
KEY = {"login": "the-ak", "password": "the-sk"}
USER = {"login": "reader", "password": "the-password"}


def connect(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps({"conn_type": "huaweicloud", **fields}))


def account(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Account:
    connect(monkeypatch, **fields)
    return HuaweiCloudHook().account


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    with scripted_server() as served:
        served.on(PROJECTS_AT, ONE_PROJECT)
        connect(monkeypatch, **KEY, extra={"endpoint": served.url, "project_id": "p1"})
        yield served


def test_the_key_is_in_login_and_password(monkeypatch: pytest.MonkeyPatch) -> None:
    made = account(monkeypatch, **KEY)

    assert made.auth.current() == Credentials("the-ak", "the-sk")
    assert made.address(vias.SERVICE) == "https://vias.cn-north-4.myhuaweicloud.com"
    assert made.address(iam.SERVICE) == "https://iam.cn-north-4.myhuaweicloud.com"
    assert (made.project_id, made.vias_paths, made.http.verify, made.http.timeout) == (None, "v2", True, 30.0)


def test_extra_says_where_and_how(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {
        "region": "cn-east-3",
        "project_id": "p1",
        "security_token": "the-token",
        "vias_endpoint": "https://vias.ap-southeast-3.example/",
        "vias_paths": "v1",
        "app_user_id": "user-1",
        "verify": "false",
        "timeout": "12.5",
        "poll_qps": 3,
    }

    made = account(monkeypatch, **KEY, extra=extra)

    assert made.auth.current() == Credentials("the-ak", "the-sk", "the-token")
    assert made.address(vias.SERVICE) == "https://vias.ap-southeast-3.example"
    assert made.address(metastudio.SERVICE) == "https://metastudio.cn-east-3.myhuaweicloud.com"
    assert (made.project_id, made.vias_paths, made.app_user_id) == ("p1", "v1", "user-1")
    assert (made.http.verify, made.http.timeout, made.poll_qps) == (False, 12.5, 3.0)


def test_a_connection_of_the_earlier_huawei_provider_is_used_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The fields that apache-airflow-providers-huawei 1.7.0 reads.
    extra = {
        "region": "ap-southeast-3",
        "project_id": "p1",
        "obs_bucket": "team",
        "enterprise_project_id": "e1",
    }

    made = account(monkeypatch, **KEY, extra=extra)

    assert made.auth.current() == Credentials("the-ak", "the-sk")
    assert (made.project_id, made.address(vias.SERVICE)) == (
        "p1",
        "https://vias.ap-southeast-3.myhuaweicloud.com",
    )


def test_the_triggerer_reads_the_same_account(monkeypatch: pytest.MonkeyPatch) -> None:
    synchronously = account(monkeypatch, **KEY, extra={"timeout": 7})

    loaded = asyncio.run(HuaweiCloudHook().aget_config())

    assert loaded.auth.current() == synchronously.auth.current()
    assert replace(loaded, auth=synchronously.auth) == synchronously


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"password": "s3cr3t-value"}, r"login \(AK\)"),
        ({"login": "ak"}, r"password \(SK\)"),
        ({"login": "ak", "password": "s3cr3t value"}, "access key secret"),
        ({"login": "ak", "password": "s", "extra": {"security_token": "s3cr3t-value\n1"}}, "security token"),
        ({"login": "ak", "password": "s3cr3t-value", "extra": {"auth": "magic"}}, "aksk, password"),
        ({"login": "u", "password": "s3cr3t-value", "extra": {"auth": "password"}}, "domain"),
        ({"login": "u", "extra": {"auth": "password", "domain": "d"}}, "password"),
        ({"login": "ak", "password": "s3cr3t-value", "extra": {"vias_paths": "v3"}}, "v2, v1"),
        ({"login": "ak", "password": "s3cr3t-value", "extra": {"endpoint": "ftp://h"}}, "endpoint"),
        (
            {"login": "a", "password": "p", "extra": {"iam_endpoint": "https://u:s3cr3t-value@h"}},
            "iam_endpoint",
        ),
        ({"login": "ak", "password": "s3cr3t-value", "extra": {"app_user_id": "üser"}}, "app_user_id"),
        ({"login": "ak", "password": "s3cr3t-value", "extra": {"project_id": "a/b"}}, "project_id"),
        ({"login": "ak", "password": "s3cr3t-value", "extra": {"timeout": "soon"}}, "timeout"),
    ],
)
def test_what_is_missing_or_wrong_is_named_but_not_shown(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(ConfigurationError, match=named) as caught:
        account(monkeypatch, **fields)

    assert "huaweicloud_default" in str(caught.value)
    assert "s3cr3t-value" not in str(caught.value)


def test_a_connection_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"'nowhere'.* type 'huaweicloud'"):
        _ = HuaweiCloudHook("nowhere").account
    with pytest.raises(ConfigurationError, match="'nowhere'"):
        asyncio.run(HuaweiCloudHook("nowhere").aget_config())


def test_a_connection_of_another_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="type 'viapi'; allowed: huaweicloud"):
        account(monkeypatch, conn_type="viapi", **KEY)


def test_a_region_without_these_services_is_answered_with_those_that_have_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigurationError, match=r"region 'eu-west-0'.*allowed: cn-north-4, cn-east-3"):
        account(monkeypatch, **KEY, extra={"region": "eu-west-0"})


def test_what_the_form_saves_untouched_is_an_ordinary_account(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = {name: field["schema"]["default"] for name, field in HUAWEI_CONN_FIELDS.items()}

    saved = account(monkeypatch, **KEY, extra=defaults)

    plain = account(monkeypatch, **KEY)
    assert replace(saved, auth=plain.auth) == plain


def test_a_call_takes_the_name_of_an_action_and_checks_it(server: ScriptedServer) -> None:
    server.on("GET /v2/p1/tasks/t1", RUNNING)

    assert HuaweiCloudHook().call("vias.ShowTaskInfo", {"task_id": "t1"})["state"] == "RUNNING"
    with pytest.raises(InvalidRequest, match="task_id"):
        HuaweiCloudHook().call("vias.ShowTaskInfo", {})
    with pytest.raises(InvalidRequest, match=r"vias\.NoSuchAction"):
        HuaweiCloudHook().call("vias.NoSuchAction", {})


def test_an_account_never_shows_what_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(account(monkeypatch, **KEY, extra={"security_token": "the-token"}))
    shown += repr(account(monkeypatch, **USER, extra={"auth": "password", "domain": "d"}))

    for secret in ("the-sk", "the-token", "the-password"):
        assert secret not in shown


def test_a_call_goes_out_with_the_connections_key(server: ScriptedServer) -> None:
    server.on("GET /v1/p1/products", Answer(200, {"count": 0, "products": []}))

    assert HuaweiCloudHook().call("metastudio.ListProducts", {"limit": 5}) == {"count": 0, "products": []}
    assert "Access=the-ak," in server.requests[0].headers["authorization"]
    with pytest.raises(InvalidRequest, match="limit is -1"):
        HuaweiCloudHook().call("metastudio.ListProducts", {"limit": -1})


def test_a_user_has_a_token_fetched(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> None:
    extra = {"endpoint": server.url, "auth": "password", "domain": "the-domain"}
    connect(monkeypatch, **USER, extra=extra)
    server.on(TOKENS_AT, token("the-iam-token"))
    server.on("PUT /v2/p1/tasks/t1/action/stop", Answer(200, {}))

    HuaweiCloudHook().call("vias.StartStopTask", {"task_id": "t1", "command": "stop"})

    assert [each.path for each in server.requests] == [
        "/v3/auth/tokens",
        "/v3/projects",
        "/v2/p1/tasks/t1/action/stop",
    ]
    assert server.requests[-1].headers["x-auth-token"] == "the-iam-token"


def test_a_key_that_somebody_put_into_the_connection_is_used_from_then_on(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer
) -> None:
    server.on("GET /v2/p1/tasks/t1", REJECTED, Answer(200, {"id": "t1", "state": "RUNNING"}))
    hook = HuaweiCloudHook()
    assert hook.account.auth.current() == Credentials("the-ak", "the-sk")
    extra = {"endpoint": server.url, "project_id": "p1"}
    connect(monkeypatch, login="the-next-ak", password="the-next-sk", extra=extra)

    assert hook.report(TASK).state == "RUNNING"
    assert "Access=the-next-ak," in server.requests[-1].headers["authorization"]


def token(value: str) -> Answer:
    ends = (datetime.now(timezone.utc) + timedelta(days=1)).isoformat()
    return Answer(201, {"token": {"expires_at": ends}}, {"X-Subject-Token": value})


WRONG_PASSWORD = Answer(401, {"error": {"code": 401, "message": "The username or password is wrong."}})


def passwords_sent(server: ScriptedServer) -> list[str]:
    """With which password each token was asked for."""
    users = [each.json["auth"]["identity"]["password"]["user"] for each in server.sent(TOKENS_AT)]
    return [user["password"] for user in users]


@pytest.fixture
def has_password(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer) -> Callable[[str], None]:
    """Return what puts a password into the connection."""
    extra = {"endpoint": server.url, "project_id": "p1", "auth": "password", "domain": "the-domain"}

    def put(password: str) -> None:
        connect(monkeypatch, login="reader", password=password, extra=extra)

    put("the-password")
    return put


def test_a_password_that_somebody_put_into_the_connection_is_used_for_the_next_token(
    server: ScriptedServer, has_password: Callable[[str], None]
) -> None:
    server.on(TOKENS_AT, token("token-1"), token("token-2"))
    server.on("GET /v2/p1/tasks/t1", RUNNING, REJECTED, RUNNING)
    hook = HuaweiCloudHook()
    hook.report(TASK)
    has_password("the-next-password")

    assert hook.report(TASK).state == "RUNNING"
    assert passwords_sent(server) == ["the-password", "the-next-password"]


@pytest.mark.parametrize("is_put_in", [True, False])
def test_a_job_outlives_the_password_that_its_waiting_began_with_if_the_new_one_is_put_in(
    server: ScriptedServer,
    has_password: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    is_put_in: bool,
) -> None:
    poll_quickly(monkeypatch)
    server.on(TOKENS_AT, token("token-1"), token("token-2") if is_put_in else WRONG_PASSWORD)
    server.on("GET /v2/p1/tasks/t1", STARTING)

    async def wait() -> JobReport:
        deadline = datetime.now(timezone.utc) + timedelta(seconds=20)
        hook = HuaweiCloudHook(target_state="RUNNING")
        waiting = asyncio.ensure_future(hook.wait_for(TASK, deadline=deadline, log=log))
        while not server.sent("GET /v2/p1/tasks/t1"):
            await asyncio.sleep(0.01)
        if is_put_in:
            has_password("the-next-password")
        server.on("GET /v2/p1/tasks/t1", REJECTED, RUNNING)
        return await waiting

    if is_put_in:
        assert asyncio.run(wait()).state == "RUNNING"
        assert passwords_sent(server) == ["the-password", "the-next-password"]
    else:
        with pytest.raises(CredentialsRejected, match="username or password is wrong"):
            asyncio.run(wait())
        assert passwords_sent(server) == ["the-password", "the-password"]


def test_a_job_is_reported_at_its_goal_and_in_its_scope(server: ScriptedServer) -> None:
    server.on(
        "GET /v1/p1/smart-live-rooms/room-1/smart-live-jobs/j1",
        Answer(200, {"job_id": "j1", "state": "PROCESSING"}),
    )

    assert not HuaweiCloudHook(scope="room-1").report(LIVE).is_final
    assert HuaweiCloudHook(scope="room-1", target_state="PROCESSING").report(LIVE).is_final
    with pytest.raises(InvalidRequest, match="room_id"):
        HuaweiCloudHook().report(LIVE)


def test_jobs_are_waited_for_together_by_goal(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll_quickly(monkeypatch)
    server.on(
        "GET /v2/p1/tasks/t1",
        Answer(200, {"id": "t1", "state": "STARTING"}),
        Answer(200, {"id": "t1", "state": "RUNNING"}),
    )
    deadline = datetime.now(timezone.utc) + timedelta(seconds=20)

    async def wait() -> list[Any]:
        running, ending = HuaweiCloudHook(target_state="RUNNING"), HuaweiCloudHook()
        return await asyncio.gather(
            running.wait_for(TASK, deadline=deadline, log=log),
            running.wait_for(TASK, deadline=deadline, log=log),
            ending.wait_for(TASK, deadline=datetime.now(timezone.utc) + timedelta(seconds=1), log=log),
            return_exceptions=True,
        )

    first, second, third = asyncio.run(wait())

    assert (first.state, second.state) == ("RUNNING", "RUNNING")
    assert isinstance(third, JobTimedOut)


def test_all_who_wait_with_a_connection_keep_to_its_poll_qps_together(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll_quickly(monkeypatch)
    connect(monkeypatch, **KEY, extra={"endpoint": server.url, "project_id": "p1", "poll_qps": 5})
    server.on("GET /v2/p1/tasks/t1", STARTING)
    server.on("GET /v1/p1/ttsc/async-jobs/j1", Answer(200, {"job_id": "j1", "state": "WAITING"}))
    speech = Job("j1", "metastudio.CreateAsyncTtsJob")
    deadline = datetime.now(timezone.utc) + timedelta(seconds=2)

    async def wait() -> list[Any]:
        by_target_state = (
            HuaweiCloudHook(target_state=target_state)
            for target_state in ("RUNNING", "STOPPED", "SUCCEEDED", None)
        )
        waiting = [hook.wait_for(TASK, deadline=deadline, log=log) for hook in by_target_state]
        waiting.append(HuaweiCloudHook().wait_for(speech, deadline=deadline, log=log))
        return await asyncio.gather(*waiting, return_exceptions=True)

    ends = asyncio.run(wait())

    assert {type(end) for end in ends} == {JobTimedOut}
    # Two seconds, and a last question for each after the deadline.
    assert len(server.requests) <= 5 * 2 + 1 + 5


def test_cancelling_logs_the_outcome(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    server.on("PUT /v2/p1/tasks/t1/action/stop", Answer(200, {}))
    speech = Job("j1", "metastudio.CreateAsyncTtsJob")

    assert asyncio.run(HuaweiCloudHook().cancel(TASK, log)) is True
    assert asyncio.run(HuaweiCloudHook().cancel(speech, log)) is False

    assert "Cancelled job t1" in caplog.text
    assert "Job j1 cannot be cancelled in its current state" in caplog.text


def test_cancelling_many_jobs_logs_how_many_continue(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.on("PUT /v2/p1/tasks/t1/action/stop", Answer(200, {}))
    speech = [Job(f"j{number}", "metastudio.CreateAsyncTtsJob") for number in range(2)]

    assert asyncio.run(HuaweiCloudHook().cancel_jobs([TASK, *speech], log)) == {"t1"}

    assert "Cancelled 1 jobs" in caplog.text
    left = (
        "2 jobs could not be cancelled (such as those that run already): they continue and are billed: j0, j1"
    )
    assert left in caplog.text


def test_a_good_key_passes_the_connection_test(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer
) -> None:
    connect(monkeypatch, **KEY, extra={"endpoint": server.url})

    passed, message = HuaweiCloudHook().test_connection()

    assert passed, message
    assert message == f"Accepted at {server.url}; project p1"
    assert [each.path for each in server.requests] == ["/v3/projects"]


def test_a_wrong_key_fails_the_connection_test_and_stays_private(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.on(PROJECTS_AT, REJECTED)

    passed, message = HuaweiCloudHook().test_connection()

    assert not passed
    assert "APIGW.0301" in message
    assert "the-sk" not in message + caplog.text


@pytest.mark.parametrize(("extra", "passes"), [({"project_id": "p1"}, True), ({}, False)])
def test_a_key_that_may_not_list_projects_is_good_where_the_project_is_known(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, extra: dict[str, Any], passes: bool
) -> None:
    connect(monkeypatch, **KEY, extra={"endpoint": server.url, **extra})
    server.on(PROJECTS_AT, Answer(403, {"error": {"code": 403, "message": "not allowed"}}))

    passed, message = HuaweiCloudHook().test_connection()

    assert passed is passes
    assert "project" in message


@pytest.mark.parametrize(
    ("listed", "passes"), [(["p1"], True), (["p9"], False), (["p9", "within-p9"], True), ([], True)]
)
def test_a_project_that_is_not_one_of_the_keys_fails_the_connection_test(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, listed: list[str], passes: bool
) -> None:
    own = "within-p9" if len(listed) == 2 else "p1"
    connect(monkeypatch, **KEY, extra={"endpoint": server.url, "project_id": own})
    every = [{"id": each} for each in listed]
    # The first answer is about the name of the region alone.
    server.on(PROJECTS_AT, Answer(200, {"projects": every[:1]}), Answer(200, {"projects": every}))

    passed, message = HuaweiCloudHook().test_connection()

    assert passed is passes
    assert passed or "project_id in the extra is p1, which is not a project of this key; region" in message


def test_two_projects_of_one_name_fail_the_connection_test(
    monkeypatch: pytest.MonkeyPatch, server: ScriptedServer
) -> None:
    connect(monkeypatch, **KEY, extra={"endpoint": server.url})
    server.on(PROJECTS_AT, Answer(200, {"projects": [{"id": "p1"}, {"id": "p2"}]}))

    passed, message = HuaweiCloudHook().test_connection()

    assert not passed
    assert "p1, p2" in message


def test_nobody_there_fails_the_connection_test(monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, **KEY, extra={"endpoint": "http://127.0.0.1:9"})

    passed, message = HuaweiCloudHook().test_connection()

    assert not passed
    assert "http://127.0.0.1:9" in message


def test_the_form_masks_what_is_secret_and_labels_every_field() -> None:
    (connection_type,) = [
        each
        for each in get_provider_info()["connection-types"]
        if each["connection-type"] == HuaweiCloudHook.conn_type
    ]

    assert connection_type["conn-fields"] is HUAWEI_CONN_FIELDS
    assert HUAWEI_CONN_FIELDS["security_token"]["schema"]["format"] == "password"
    assert all(field["label"] and field["description"] for field in HUAWEI_CONN_FIELDS.values())
    assert HuaweiCloudHook.get_ui_field_behaviour()["relabeling"].keys() == {"login", "password"}
    for name in HUAWEI_CONN_FIELDS:
        assert f"``{name}``" in (HuaweiCloudHook.__doc__ or "")


def test_making_a_hook_looks_nothing_up() -> None:
    assert HuaweiCloudHook("nowhere").huaweicloud_conn_id == "nowhere"
