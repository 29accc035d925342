"""Literals beside templates are checked when a DAG is parsed, and nothing else is refused then."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from airflow_provider_viapi.alibaba import services as alibaba
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.huawei import services as huawei
from airflow_provider_viapi.operators.arguments.checks import is_templated
from conformance.any_request import request_for
from huawei.any_request import value_of

Path = tuple[str | int, ...]

VIAS = {
    "service_name": "c-crowdcount-edge",
    "input": {
        "type": "url",
        "data": [{"url": "rtsp://h/1", "more": [1, {"a": None}]}, {"url": "rtsp://h/2"}],
    },
    "output": {
        "webhook": {"url": "http://h/", "headers": {"token": "a"}, "data_category": ["alarm", "all"]},
        "dis": {"stream_name": "alarms"},
        "obs": {"bucket": "media", "path": "alarms"},
        "event_center": True,
    },
    "schedule": {
        "type": "weekly",
        "timezone": "+08:00",
        "days_of_week": [1, 7],
        "periods": [[{"begin_at": "08:00:00", "end_at": "09:00:00"}], []],
    },
    "config": {
        "common": {
            "image_compression_ratio": 90,
            "density_sw": True,
            "alarm_threshold": 5,
            "target_roi": {
                "polygons": {"gate": [[0, 0], [1, 0.5], [1, 1]]},
                "lines": {"door": [[0, 0], [1, 1]]},
            },
        }
    },
    "batch_input": {
        "video_source_group": [
            {
                "video_source_group_id": "group",
                "video_source_list": [
                    {"video_source_id": "a", "target_roi": {"lines": {"door": [[0, 0], [1, 1]]}}},
                    {"video_source_id": "b"},
                ],
            }
        ]
    },
}
"""Values of VIAS with all that is checked inside them; others are made from the model alone."""


def requests() -> Iterator[Any]:
    for action in alibaba.actions().values():
        request = request_for(
            action, lambda name: "http://h/a.jpg" if name == "FileUrl" else "http://h/a.mp4"
        )
        for item in request.get("FileList", ()):
            item |= {"FileName": "a.jpg", "Type": "image"}
        if request:
            yield pytest.param(action, request, id=action.full_name)
    for each in huawei.actions().values():
        is_vias = each.service.name == "vias"
        known = VIAS if is_vias else {}
        request = {one.name: known.get(one.name) or value_of(one) for one in each.parameters}
        if request:
            yield pytest.param(each, request, id=each.full_name)


class Output:
    """Another task's output, as Airflow recognizes it."""

    def iter_references(self) -> Iterator[Any]:
        return iter(())

    def __repr__(self) -> str:
        return "output"


class NoJson:
    """A value that no parameter takes."""

    def __repr__(self) -> str:
        return "no JSON"


TEMPLATES: list[Any] = ["{{ x }}", "a {% if x %}b{% endif %}", Output()]
WRONG = [NoJson(), "a\0b", {1, 2}]


def parts(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths of everything inside a value, outer ones first."""
    items = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in items:
        yield (*path, key)
        yield from parts(item, (*path, key))


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def with_parts(value: Any, changed: Mapping[Path, Any], path: Path = ()) -> Any:
    """A copy with other parts; what is inside a part that is changed does not count."""
    if path in changed:
        return changed[path]
    if isinstance(value, Mapping):
        return {key: with_parts(item, changed, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [with_parts(item, changed, (*path, key)) for key, item in enumerate(value)]
    return value


def some_templates(request: Mapping[str, Any], data: st.DataObject) -> dict[Path, Any]:
    chosen = data.draw(st.sets(st.sampled_from(list(parts(request)))))
    return {path: data.draw(st.sampled_from(TEMPLATES)) for path in chosen}


def refusal(action: Any, request: Mapping[str, Any]) -> str:
    with pytest.raises(InvalidRequest) as caught:
        action.check(request, is_unresolved=is_templated)
    return str(caught.value)


@pytest.mark.parametrize(("action", "request_"), requests())
@settings(max_examples=10)
@given(data=st.data())
def test_templates_anywhere_in_an_allowed_request_are_accepted_and_left_as_they_are(
    action: Any, request_: Mapping[str, Any], data: st.DataObject
) -> None:
    request = with_parts(request_, some_templates(request_, data))

    checked = action.check(request, is_unresolved=is_templated)

    assert checked.keys() == request.keys()
    for name in filter(lambda name: is_templated(request[name]), request):
        assert checked[name] is request[name]


@pytest.mark.parametrize(("action", "request_"), requests())
@settings(max_examples=10)
@given(data=st.data())
def test_a_wrong_literal_beside_templates_is_refused_as_it_is_without_them(
    action: Any, request_: Mapping[str, Any], data: st.DataObject
) -> None:
    leaves = [path for path in parts(request_) if not isinstance(at(request_, path), Mapping | list)]
    if not leaves:
        return
    place = data.draw(st.sampled_from(leaves))
    wrong = {place: data.draw(st.sampled_from(WRONG))}
    beside = {
        path: template
        for path, template in some_templates(request_, data).items()
        if path != place[: len(path)]
    }

    expected = refusal(action, with_parts(request_, wrong))

    assert refusal(action, with_parts(request_, {**beside, **wrong})) == expected


X = "{{ x }}"
FILES = {"Width": 320, "Height": 240}


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("metastudio.StartSmartLive", {"output_urls": [X, "no address"]}),
        ("metastudio.CreateSmartLiveRoom", {"backup_model_asset_ids": [X] * 6}),
        ("vias.CreateTask", {"input": {"type": X, "data": [X, "rtsp://h"]}}),
        ("vias.CreateTask", {"input": {"type": "url", "data": [{"url": X}, {"url": "C:\\a.mp4"}]}}),
        ("vias.CreateTask", {"input": {"type": "video-source", "data": X}}),
        ("vias.CreateTask", {"input": {"type": "url", "data": [X, {"more": X}]}}),
        ("vias.CreateTask", {"output": {"webhook": {"url": "ftp://h", "headers": X}}}),
        ("vias.CreateTask", {"output": {"webhook": {"url": X, "headers": {str(i): X for i in range(11)}}}}),
        ("vias.CreateTask", {"output": {"webhook": {"url": X, "data_category": [X, " "]}, "dis": X}}),
        ("vias.CreateTask", {"output": {"webook": X}}),
        ("vias.CreateTask", {"output": {"dis": {"stream_name": X}, "event_center": "perhaps"}}),
        ("vias.CreateTask", {"schedule": {"type": "daily", "timezone": X}}),
        ("vias.CreateTask", {"schedule": {"type": X, "timezone": "Asia/Shanghai", "periods": X}}),
        ("vias.CreateTask", {"schedule": {"type": X, "days_of_week": [X, 8]}}),
        ("vias.CreateTask", {"schedule": {"type": X, "periods": [X, [X, {"begin_at": X, "end_at": "8"}]]}}),
        ("vias.CreateTask", {"config": {"common": {"image_compression_ratio": 5, "more": X}}}),
        ("vias.CreateTask", {"config": {"common": {"target_roi": {"lines": {"a": [[X, 0]]}}}}}),
        ("vias.CreateTask", {"config": {"common": {"target_roi": {"lines": {"a": [X, [X, "1"]]}}}}}),
        ("vias.CreateTask", {"config": {"common": {"target_roi": {"lines": X, "circles": X}}}}),
        ("vias.CreateBatchTask", {"batch_input": {"video_source_group": [X, {"video_source_list": []}]}}),
        (
            "vias.CreateBatchTask",
            {
                "batch_input": {
                    "video_source_group": [
                        {
                            "video_source_list": [
                                X,
                                {"video_source_id": "a", "more": X},
                                {"video_source_id": "a"},
                            ]
                        }
                    ]
                }
            },
        ),
    ],
)
def test_each_check_inside_a_value_sees_the_literals(name: str, request_: Mapping[str, Any]) -> None:
    action = huawei.find(name)
    given = {one.name: VIAS.get(one.name) or value_of(one) for one in action.parameters if one.required}

    assert re.match(f"{action.name}: ({'|'.join(request_)})", refusal(action, {**given, **request_}))


@pytest.mark.parametrize(
    ("action", "request_"),
    [
        ("videoenhan.EraseVideoLogo", {"Boxes": [{"X": X, "Y": 2.0, "W": 0.1, "H": 0.1}]}),
        ("videoenhan.EraseVideoLogo", {"Boxes": [X, {"X": X, "Z": 0.1}]}),
        ("videoenhan.EraseVideoLogo", {"Boxes": [X, {"X": X, "W": 0.1, "H": 0.1, "Y": math.nan}]}),
        ("videoenhan.EraseVideoLogo", {"Boxes": [X] * 101}),
        ("videoenhan.EraseVideoLogo", {"Boxes": [X, [X]]}),
        ("videoenhan.EraseVideoLogo", {"VideoUrl": [X]}),
        (
            "videoenhan.GenerateVideo",
            {"FileList": [{"FileName": X, "FileUrl": "http://h/a.mp3", "Type": "video"}]},
        ),
        (
            "videoenhan.GenerateVideo",
            {"FileList": [X, *[{"FileName": X, "FileUrl": X, "Type": "audio"}] * 2]},
        ),
    ],
)
def test_so_does_each_check_of_a_list(action: str, request_: Mapping[str, Any]) -> None:
    known = alibaba.find(action)
    given = {"VideoUrl": X} if action.endswith("Logo") else FILES

    assert refusal(known, {**given, **request_}).startswith(f"{known.name}: {next(iter(request_))} is ")


def test_a_number_of_another_library_is_allowed_beside_templates_as_it_is_without_them() -> None:
    action = huawei.find("vias.CreateTask")
    given = {one.name: VIAS.get(one.name) or value_of(one) for one in action.parameters if one.required}
    config = {"common": {"density_sw": Decimal(1), "more": X}}

    assert action.check({**given, "config": config}, is_unresolved=is_templated)["config"] is config
