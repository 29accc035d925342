"""Mistakes in a connection to Huawei Cloud, seen through operators; and secrets that stay where they belong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, redact

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import ConfigurationError, CredentialsRejected
from airflow_provider_viapi.get_provider_info import HUAWEI_CONN_FIELDS
from airflow_provider_viapi.hooks.huaweicloud import HuaweiCloudHook
from airflow_provider_viapi.operators.metastudio import CreateSpeechOperator, StartLiveOperator
from airflow_provider_viapi.operators.vias import CreateViasTaskOperator, ListViasTasksOperator
from airflow_provider_viapi.sensors.huaweicloud import ViasTaskSensor
from operators.huawei_tasks import SPEAK, WATCH, Store, in_haste
from run_task import run_task

Connect = Callable[..., None]

OPERATORS: dict[str, Callable[[], Any]] = {
    "job of MetaStudio": lambda: CreateSpeechOperator(task_id="task", **SPEAK),
    "job of VIAS": lambda: CreateViasTaskOperator(task_id="task", **WATCH),
    "call": lambda: ListViasTasksOperator(task_id="task"),
    "sensor": lambda: ViasTaskSensor(task_id="task", vias_task_id="t1"),
}
EACH = pytest.mark.parametrize("make", OPERATORS.values(), ids=OPERATORS)


@pytest.fixture
def connect(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> Connect:
    in_haste(monkeypatch)

    def make(extra: dict[str, Any] | None = None, auth: Any = "aksk", **fields: Any) -> None:
        connection = {**json.loads(viapi_emulator.huawei_connection_json(auth)), **fields}
        merged = {**connection["extra"], **(extra or {}), "poll_qps": 100}
        connection["extra"] = {name: value for name, value in merged.items() if value is not None}
        monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(connection))

    return make


@EACH
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"login": "NOBODY"}, r"access key \(AK\) .* does not exist or is disabled; check the login"),
        (
            {"password": "s3cr3t-value"},
            r"secret \(SK\) .* does not match the access key .*check the password",
        ),
        ({"password": None}, r"'huaweicloud_default' has no password \(SK\)"),
        (
            {"auth": "password", "password": "s3cr3t-value"},
            "does not accept the user; check .* domain in its",
        ),
        (
            {"auth": "password", "extra": {"domain": "other"}},
            "does not accept the user; check .* domain in its",
        ),
        (
            {"auth": "password", "extra": {"project_id": "other"}},
            "does not know the project; check region and project_id",
        ),
        (
            {"extra": {"project_id": "other"}},
            "check the permissions .* and that project_id in the extra is one",
        ),
        ({"extra": {"project_id": "a/b"}}, "has 'a/b' as project_id in its extra; allowed: up to 64 letters"),
        (
            {"extra": {"project_id": None, "region": "cn-east-3"}},
            "no project is named 'cn-east-3'; set project_id in the connection's extra",
        ),
        (
            {"extra": {"endpoint": None, "region": "mars-1"}},
            "region 'mars-1', where neither .* allowed: cn-north-4, .*or any region if the endpoint",
        ),
        ({"conn_type": "aws"}, "has the type 'aws'; allowed: huaweicloud"),
        ({"extra": {"vias_paths": "v3"}}, "has 'v3' as vias_paths in its extra; allowed: v2, v1"),
    ],
)
def test_a_mistake_in_the_connection_says_what_to_do(
    viapi_emulator: EmulatorServer,
    connect: Connect,
    make: Callable[[], Any],
    change: dict[str, Any],
    message: str,
) -> None:
    connect(**change)

    with pytest.raises(Exception, match=r".") as caught:
        run_task(make(), Store())

    assert re.search(message, str(caught.value)), str(caught.value)
    assert "s3cr3t-value" not in str(caught.value)
    assert viapi_emulator.jobs() == []


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"login": "NOBODY"}, CredentialsRejected),
        ({"extra": {"endpoint": None, "region": "ap-southeast-1"}}, ConfigurationError),
    ],
)
def test_a_corrected_connection_needs_only_a_retry(
    viapi_emulator: EmulatorServer, connect: Connect, change: dict[str, Any], error: type[Exception]
) -> None:
    store = Store()
    connect(**change)
    with pytest.raises(error):
        run_task(OPERATORS["job of MetaStudio"](), store)

    connect()

    assert run_task(OPERATORS["job of MetaStudio"](), store, try_number=2).result["state"] == "SUCCEED"
    assert len(viapi_emulator.jobs()) == 1


def test_a_region_of_vias_alone_is_named_before_metastudio_is_looked_for(connect: Connect) -> None:
    connect({"endpoint": None, "region": "ap-southeast-1"})

    with pytest.raises(
        ConfigurationError,
        match=r"metastudio is not known to be offered in .* 'ap-southeast-1'; allowed: cn-north-4, cn-east-3, "
        "or any region if metastudio_endpoint is set",
    ):
        run_task(OPERATORS["job of MetaStudio"](), Store())


def test_the_form_has_the_fields_that_the_documentation_describes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "huawei.md").read_text()
    table = page.partition("| field | meaning |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines()[2:]]
    described = {name for row in rows if "extra" in row for name in re.findall("`([a-z_]+)`", row)}

    assert described == HUAWEI_CONN_FIELDS.keys()
    assert HuaweiCloudHook.get_ui_field_behaviour()["hidden_fields"] == ["schema", "host", "port"]


def test_a_trigger_and_its_xcoms_have_nothing_secret(
    viapi_emulator: EmulatorServer, connect: Connect
) -> None:
    connect()
    secret = "s3cr3t-of-a-receiver"
    webhook = {"url": f"https://h/alarms?token={secret}", "headers": {"X-Key": secret}}
    arguments = {name: value for name, value in WATCH.items() if name != "output"}
    watch = CreateViasTaskOperator(task_id="watch", **arguments, webhook=webhook, deferrable=True)  # type: ignore[arg-type]

    outcome = run_task(watch, Store())

    assert outcome.trigger is not None
    seen = json.dumps([outcome.trigger, outcome.pushed, outcome.result], default=str)
    sk = json.loads(viapi_emulator.huawei_connection_json())["password"]
    assert outcome.trigger[1]["huaweicloud_conn_id"] == "huaweicloud_default"
    assert secret not in seen
    assert sk not in seen


def test_rendered_keys_of_a_stream_are_masked_in_a_mapped_task_and_its_label() -> None:
    with DAG("dag", schedule=None):
        task = StartLiveOperator(
            task_id="live", room_id="{{ room }}", output_urls=["rtmp://h/live?key={{ key }}"]
        )

    task.render_template_fields({"room": "studio", "key": "s3cr3t-of-a-stream"})  # type: ignore[arg-type]

    assert task.request["output_urls"] == ["rtmp://h/live?key=s3cr3t-of-a-stream"]
    assert "s3cr3t" not in str(redact(task.request))
    assert task.map_label == "studio"
