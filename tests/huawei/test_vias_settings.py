"""Settings of algorithms, regions of interest and destinations of alarms: what is sent, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei.services.vias import ALGORITHMS, tasks
from airflow_provider_viapi.huawei.services.vias.settings import SETTINGS, check_config
from airflow_provider_viapi.operators.vias import CreateBatchTaskOperator, CreateViasTaskOperator

TASK: dict[str, Any] = {
    "task_id": "watch",
    "service_name": "c-intrusiondetection-edge",
    "name": "gate",
    "input": {"type": "video_source", "data": [{"video_source_id": "1"}]},
    "output": {"event_center": True},
}
GATE = [[0, 0], [9, 0.5], [9, 9]]


def common(name: str, **settings: Any) -> dict[str, Any]:
    checked: dict[str, Any] = check_config(name, {"common": settings}, "CreateTask")["common"]
    return checked


def test_settings_are_those_of_known_algorithms() -> None:
    assert SETTINGS.keys() <= ALGORITHMS.keys()


def test_known_settings_get_their_types_and_others_are_passed_on() -> None:
    checked = common("c-crowdcount-cloud", density_sw=True, alarm_threshold=0.5, render_roi_sw="0", new=[1])

    assert checked == {"density_sw": 1, "alarm_threshold": "0.5", "render_roi_sw": 0, "new": [1]}


def test_regions_of_interest_become_the_services_text() -> None:
    task = CreateViasTaskOperator(
        **TASK, config={"common": {"target_roi": {"polygons": {"gate": GATE}, "lines": {"door": GATE[:2]}}}}
    )

    sent = json.loads(task.request["config"]["common"]["target_roi"])

    assert sent == {
        "polygons": [{"data": GATE, "name": "gate"}],
        "lines": [{"data": GATE[:2], "name": "door"}],
    }
    own = '{"polygons":[]}'
    assert common("c-flowcount-edge", target_roi=own) == {"target_roi": own}


def test_regions_of_a_batch_tasks_sources_become_text_too() -> None:
    source = {"video_source_id": "1", "target_roi": {"polygons": {"gate": GATE}}}
    given = {name: value for name, value in TASK.items() if name != "input"}
    group = {"video_source_group": [{"video_source_group_id": "g", "video_source_list": [source]}]}

    request = CreateBatchTaskOperator(**given, batch_input=group).request

    (sent,) = request["batch_input"]["video_source_group"][0]["video_source_list"]
    assert json.loads(sent["target_roi"])["polygons"] == [{"data": GATE, "name": "gate"}]


@pytest.mark.parametrize(
    ("name", "settings", "named"),
    [
        (
            "c-flowcount-edge",
            {"image_compression_ratio": 10},
            "image_compression_ratio is 10; .*from 20 to 100",
        ),
        (
            "c-flowcount-edge",
            {"line_detection_sw": "on"},
            "line_detection_sw is 'on'; allowed: true or false",
        ),
        ("c-sharedbicycledetection-cloud", {"alert_detection_interval": 4000}, "from 1 to 3600"),
        ("cali-water-ruler-river-cloud", {}, "calibration_info .*requires it"),
        (
            "c-flowcount-edge",
            {"target_roi": {"polygons": {"gate": GATE[:2]}}},
            "at least three for a polygon",
        ),
        ("c-flowcount-edge", {"target_roi": {"polygon": {}}}, "a mapping with polygons or lines"),
        ("c-flowcount-edge", {"target_roi": {"lines": {"a": [[0, "x"], [1, 1]]}}}, "points"),
    ],
)
def test_settings_that_are_not_allowed_are_named(name: str, settings: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidRequest, match=named):
        CreateViasTaskOperator(**{**TASK, "service_name": name, "config": {"common": settings}})


def test_a_templated_setting_is_checked_when_it_is_rendered() -> None:
    task = CreateViasTaskOperator(
        **TASK, config={"common": {"image_compression_ratio": "{{ params.ratio }}"}}
    )
    task.request = {**task.request, "config": {"common": {"image_compression_ratio": "200"}}}

    with pytest.raises(InvalidRequest, match="from 20 to 100"):
        task.validated_request()


@pytest.mark.parametrize(
    ("output", "named"),
    [
        ({"webhook": {"headers": {}}}, "webhook lacks url"),
        (
            {"webhook": {"url": "https://h", "headers": {str(n): "" for n in range(11)}}},
            "with 1 to 10 entries",
        ),
        ({"dis": {}}, "dis lacks stream_name"),
        ({"obs": {"path": "a"}}, "obs lacks bucket"),
        ({"event_center": "yes"}, "event_center must be true or false"),
    ],
)
def test_a_destination_to_which_no_alarm_could_be_sent_is_refused(output: Any, named: str) -> None:
    with pytest.raises(InvalidRequest, match=named):
        CreateViasTaskOperator(**{**TASK, "output": output})


def test_destinations_that_are_not_known_are_passed_on() -> None:
    output = {
        "obs": {"bucket": "media", "path": "p", "data_category": ["result"]},
        "carrier_pigeon": {"ring": 7},
    }

    parameter = next(each for each in tasks.CREATE_TASK.in_body if each.name == "output")

    assert parameter.check(output) == output
