"""Destinations of alarms as arguments of the operators of tasks and batch tasks."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.vias import (
    CreateBatchTaskOperator,
    CreateViasTaskOperator,
    UpdateBatchTaskOperator,
    UpdateViasTaskOperator,
)
from operators.huawei_tasks import WATCH, Store, connect, in_haste
from run_task import run_task

TASK = {name: value for name, value in WATCH.items() if name != "output"}
BATCH = {
    "name": "night",
    "service_name": "c-flowcount-edge",
    "batch_input": {"video_source_group": [{"video_source_group_id": "doors"}]},
}
EACH = pytest.mark.parametrize(
    ("operator", "arguments"),
    [
        (CreateViasTaskOperator, TASK),
        (UpdateViasTaskOperator, {"vias_task_id": "t"}),
        (CreateBatchTaskOperator, BATCH),
        (UpdateBatchTaskOperator, {"batch_task_id": "b"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)


@EACH
@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"webhook": "https://h/vias"}, {"webhook": {"url": "https://h/vias"}}),
        (
            {"webhook": {"url": "https://h", "headers": {"X-Key": "{{ var.value.key }}"}}},
            {"webhook": {"url": "https://h", "headers": {"X-Key": "{{ var.value.key }}"}}},
        ),
        ({"dis": "alarms"}, {"dis": {"stream_name": "alarms"}}),
        ({"obs": "obs://media/alarms/night"}, {"obs": {"bucket": "media", "path": "alarms/night"}}),
        ({"obs": "obs://media"}, {"obs": {"bucket": "media"}}),
        (
            {"obs": "obs://{{ var.value.bucket }}/alarms/{{ ds }}"},
            {"obs": {"bucket": "{{ var.value.bucket }}", "path": "alarms/{{ ds }}"}},
        ),
        ({"event_center": True, "dis": "a"}, {"dis": {"stream_name": "a"}, "event_center": True}),
        ({"output": {"event_center": True}}, {"event_center": True}),
    ],
)
def test_each_destination_is_an_argument(
    operator: type[BaseOperator], arguments: dict[str, Any], given: dict[str, Any], sent: dict[str, Any]
) -> None:
    made: Any = operator(task_id="watch", **arguments, **given)

    assert made.request["output"] == sent


@EACH
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"webhook": {"headers": {}}}, "webhook lacks url"),
        ({"dis": {}}, "dis lacks stream_name"),
        ({"obs": "s3://media/alarms"}, "obs is 's3://media/alarms'; allowed: an address such as obs://"),
        ({"obs": "obs:///alarms"}, "obs is 'obs:///alarms'"),
        ({"obs": "obs://My Media/alarms"}, "bucket of obs must be the name of a bucket alone"),
        ({"obs": {"bucket": "media/alarms"}}, "bucket of obs must be the name of a bucket alone"),
        ({"event_center": "maybe"}, "event_center must be true or false"),
        (
            {"output": {}, "dis": "a", "event_center": True},
            "output and dis, event_center are given; allowed: either",
        ),
    ],
)
def test_what_is_no_destination_is_named_when_the_dag_is_parsed(
    operator: type[BaseOperator], arguments: dict[str, Any], given: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        operator(task_id="watch", **arguments, **given)


@EACH
@pytest.mark.parametrize("address", ["obs://user:secret@media/x", "s3://user:secret@media/x"])
def test_a_password_in_a_folder_for_alarms_is_refused_and_not_shown(
    operator: type[BaseOperator], arguments: dict[str, Any], address: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        operator(task_id="watch", **arguments, obs=address)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("operator", "arguments"), [(CreateViasTaskOperator, TASK), (CreateBatchTaskOperator, BATCH)]
)
def test_a_task_without_a_destination_is_refused(
    operator: type[BaseOperator], arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest, match="output is missing; give webhook, dis, obs or event_center"):
        operator(task_id="watch", **arguments)


def test_a_task_is_created_with_its_destinations(
    viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_haste(monkeypatch)
    connect(monkeypatch, viapi_emulator)
    operator = CreateViasTaskOperator(
        task_id="watch", **TASK, webhook="http://127.0.0.1:9", event_center="{{ true }}"
    )
    operator.request["output"]["event_center"] = "True"

    run_task(operator, Store())

    (job,) = viapi_emulator.jobs()
    assert job["request"]["output"] == {"webhook": {"url": "http://127.0.0.1:9"}, "event_center": True}


@EACH
@pytest.mark.parametrize(
    ("argument", "destination"),
    [("webhook", {"url": "https://h", "headers": {"X": "a"}}), ("dis", {"stream_name": "a"})],
)
def test_a_destination_may_be_a_mapping_that_only_the_run_shows(
    operator: type[BaseOperator], arguments: dict[str, Any], argument: str, destination: dict[str, Any]
) -> None:
    made: Any = operator(task_id="watch", **arguments, **{argument: "{{ destination }}"})
    (field,) = made.request["output"][argument]
    made.request["output"][argument][field] = destination

    assert made.validated_request()["output"] == {argument: destination}
