"""The quota of both clouds' connections: fields, precedence, what is refused, and calls that are counted."""

from __future__ import annotations

import json
import traceback
from typing import Any

import pytest

from airflow_database import AIRFLOW_VERSION
from airflow_provider_viapi.errors import ConfigurationError, ServiceError
from airflow_provider_viapi.hooks.base import CloudHook
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.jobs.model import Job
from airflow_provider_viapi.quota.account_quota import RESULTS
from scripted_server import Answer, scripted_server

HOOKS = pytest.mark.parametrize("hook", [ViapiHook, HuaweiCloudHook])


def connect(monkeypatch: pytest.MonkeyPatch, hook: type[CloudHook], **extra: Any) -> None:
    fields = {"conn_type": hook.conn_type, "login": "the-key", "password": "the-secret", "extra": extra}
    monkeypatch.setenv(f"AIRFLOW_CONN_{hook.conn_type.upper()}_DEFAULT", json.dumps(fields))


@HOOKS
def test_the_connections_quota_precedes_that_of_the_configuration(
    hook: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__QUOTA_URL", "redis://configured:6379/1")
    connect(monkeypatch, hook)
    assert hook().account.quota_url == "redis://configured:6379/1"
    connect(monkeypatch, hook, quota_url="redis://own:6379/2", submit_qps=7)
    account = hook().account

    assert (account.quota_url, account.submit_qps) == ("redis://own:6379/2", 7.0)


@HOOKS
def test_no_quota_is_shared_by_default(hook: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, hook)

    assert hook().account.quota_url is None
    assert hook().quota.job_list("list", 5.0) is None


@HOOKS
def test_a_url_that_is_none_is_refused_with_the_field_and_without_its_value(
    hook: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, hook, quota_url="http://user:hidden-word@h")

    with pytest.raises(ConfigurationError, match="quota_url in the extra of the connection") as refused:
        _ = hook().account
    assert "hidden-word" not in str(refused.value)


@HOOKS
def test_a_url_of_the_configuration_that_is_none_is_refused_before_a_submission_and_ends_no_wait(
    hook: type[Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW__VIAPI__QUOTA_URL", "redis:/hidden-word:6379/1")
    connect(monkeypatch, hook)

    with pytest.raises(ConfigurationError, match=r"quota_url in the section \[viapi\]") as refused:
        hook().check_can_wait()
    assert hook().quota.limiter("results", 5).ceiling == 5

    assert "This process limits its own polls" in caplog.text
    assert "hidden-word" not in str(refused.value) + caplog.text


@pytest.mark.skipif(
    AIRFLOW_VERSION < (3, 2), reason="Airflow calls no command for options of providers before 3.2"
)
@HOOKS
def test_an_option_that_airflow_cannot_read_is_named_with_the_reason_that_is_most_likely(
    hook: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, hook)
    monkeypatch.setenv("AIRFLOW__VIAPI__QUOTA_URL_CMD", "cat /missing/hidden-word")

    with pytest.raises(
        ConfigurationError, match=r"option quota_url in the section \[viapi\] cannot be read"
    ) as refused:
        _ = hook().account
    assert "each % as %%" in str(refused.value)
    assert "hidden-word" not in "".join(traceback.format_exception(refused.value))


@HOOKS
def test_accounts_with_a_shared_quota_show_no_password(
    hook: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, hook, quota_url="redis://user:hidden-word@h:6379/0")

    assert "hidden-word" not in repr(hook().account) + repr(hook().quota)


@HOOKS
@pytest.mark.parametrize("url", ["redis://:hidden%2Fword@h/0", "redis://h/0?db=1&password=hidden%2Fword"])
def test_the_password_of_a_storage_is_masked_in_logs(
    hook: type[Any], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    masked: list[str] = []
    monkeypatch.setattr("airflow_provider_viapi.hooks.connection.mask_secret", masked.append)
    connect(monkeypatch, hook, quota_url=url)

    _ = hook().account

    assert set(masked) >= {"hidden%2Fword", "hidden/word"}


@HOOKS
@pytest.mark.parametrize("value", [0, -1, 1001, "many", True])
def test_a_rate_that_is_none_is_refused(
    hook: type[Any], value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, hook, submit_qps=value)

    with pytest.raises(ConfigurationError, match="submit_qps"):
        _ = hook().account


@pytest.mark.parametrize(
    ("hook", "job", "body"),
    [
        (
            ViapiHook,
            Job("J", "videoenhan.EraseVideoSubtitles"),
            {"RequestId": "R", "Data": {"Status": "PROCESSING"}},
        ),
        (HuaweiCloudHook, Job("t1", "vias.CreateTask"), {"id": "t1", "state": "RUNNING"}),
    ],
)
def test_a_poll_outside_of_a_wait_takes_a_slot_of_the_shared_quota(
    hook: type[Any], job: Job, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_server(Answer(200, body)) as server:
        shared = {"quota_url": "memory://", "poll_qps": 0.01, "endpoint": server.url}
        connect(monkeypatch, hook, **shared, **({} if hook is ViapiHook else {"project_id": "p1"}))
        polls = hook().quota.submit_limiter(RESULTS, 0.01, lambda seconds: None)
        assert polls.seconds_to_slot() == 0

        assert hook().report(job).state in ("PROCESSING", "RUNNING")

        assert polls.seconds_to_slot() > 0


def test_calls_of_huawei_cloud_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[tuple[str, str]] = []

    class Counting:
        def count(self, name: str, action: str) -> None:
            counted.append((name, action))

    monkeypatch.setattr(HuaweiCloudHook, "stats", Counting())
    with scripted_server() as server:
        connect(monkeypatch, HuaweiCloudHook, endpoint=server.url, project_id="p1")
        server.on("GET /v2/p1/services", Answer(404, {"error_code": "X", "error_msg": "no"}))
        with pytest.raises(ServiceError):
            HuaweiCloudHook().client.call_once("vias.ShowTaskInfo", {"task_id": "t1"})

    assert counted == [("viapi.calls", "vias.ShowTaskInfo")]
