"""Items of a batch are checked like the operator's own arguments, before anything is sent, and add no tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import repeat
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, TaskGroup

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.batch import HuaweiCloudBatchOperator, ViapiBatchOperator
from airflow_provider_viapi.operators.batch.items import build_items, check_literals
from airflow_provider_viapi.operators.imgsearch import AddImageOperator
from airflow_provider_viapi.operators.metastudio import StartLiveOperator, UploadAssetOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.operators.vias import CreateViasTaskOperator
from airflow_provider_viapi.operators.videoenhan import (
    ChangeVideoSizeOperator,
    EraseVideoLogoOperator,
    EraseVideoSubtitlesOperator,
)
from operators.run_batch import Store, run_batch

VIDEO = "http://h/a.mp4"
GOOD = {"video_url": VIDEO}


def test_a_rendered_item_that_is_a_text_is_refused_whatever_it_says() -> None:
    with pytest.raises(InvalidRequest, match="item 1 is a str"):
        build_items(EraseVideoSubtitlesOperator, [GOOD, "{{ not rendered again }}"], {})


def batch(items: Any, **arguments: Any) -> ViapiBatchOperator:
    return ViapiBatchOperator(
        task_id="batch", **{"operator": EraseVideoSubtitlesOperator, "items": items, **arguments}
    )


@pytest.mark.parametrize(
    ("items", "arguments", "named"),
    [
        ([GOOD, {"video_url": VIDEO, "bx": 1.4}], {}, "item 1: BX is 1.4"),
        (["{{ item }}", ["{{ item }}"]], {}, "item 1 is a list"),
        (
            [{"video_url": "{{ url }}", "boxes": [{"X": "{{ x }}", "Y": 2, "W": 0.1, "H": 0.1}]}],
            {"operator": EraseVideoLogoOperator},
            "item 0: Boxes is 1 items; allowed: .* for Y; item 1 has 2",
        ),
        (
            [GOOD, GOOD, {"video_url": VIDEO, "colour": "red"}],
            {},
            r"item 2: colour is not an argument.* video_url, bx",
        ),
        ([{"bx": 0.1}], {}, "item 0: missing 1 required .*video_url"),
        ([{**GOOD, "retries": 3}], {}, "item 0: retries is not an argument"),
        ([GOOD], {"shared": {"bh": -1}}, "item 0: BH is -1"),
        ([GOOD], {"shared": ["bh"]}, "shared is a list"),
        ([GOOD, VIDEO], {}, "item 1 is a str"),
        (VIDEO, {}, "items is a str"),
        (None, {}, "items is None"),
        (GOOD, {}, "items is a dict"),
        ([], {}, "items is empty"),
        ([GOOD] * 10_001, {}, "more than 10000"),
        ([GOOD], {"max_in_flight": 0}, "max_in_flight is 0; allowed: an integer, 1 to 1000"),
        ([GOOD], {"max_in_flight": 1001}, "max_in_flight is 1001"),
        ([GOOD], {"max_failed": -1}, "max_failed is -1"),
        ([GOOD], {"job_timeout": timedelta(0)}, "job_timeout is .*more than 0 and at most 30 days"),
        ([GOOD], {"job_timeout": timedelta.max}, "job_timeout is .*at most 30 days"),
        ([GOOD], {"job_timeout": timedelta(days=31)}, "job_timeout is"),
        ([GOOD], {"job_timeout": float("nan")}, "job_timeout is nan"),
        ([GOOD], {"job_timeout": 10**30}, "job_timeout is"),
        ([GOOD], {"job_timeout": "{{ params.timeout }}"}, "job_timeout is"),
        ([GOOD], {"max_in_flight": "{{ params.jobs }}"}, "max_in_flight is .*cannot be a template"),
        ([GOOD], {"max_in_flight": True}, "max_in_flight is True"),
        ([GOOD], {"max_in_flight": 2.5}, "max_in_flight is 2.5"),
        ([GOOD], {"max_failed": "1"}, "max_failed is '1'"),
        ([GOOD], {"max_failed": None}, "max_failed is None"),
        ([GOOD], {"on_doubt": "hope"}, "on_doubt"),
        ([GOOD], {"max_cost": 10**400}, "max_cost is 1000.*; allowed: a number greater than 0"),
        ([GOOD], {"max_output_minutes": 10**400}, "max_output_minutes is 1000"),
        ([GOOD], {"max_cost": float("inf")}, "max_cost is inf"),
        ([GOOD], {"max_cost": float("nan")}, "max_cost is nan"),
        (
            [GOOD],
            {"operator": "videoenhan.Nothing"},
            "operator: 'videoenhan.Nothing' does not name one action",
        ),
        ([GOOD], {"land_to": "s3://media/one.mp4/{where}/"}, "where"),
    ],
)
def test_invalid_arguments_fail_when_the_dag_is_parsed_and_are_named(
    items: Any, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        batch(items, **arguments)


@pytest.mark.parametrize(
    "input_",
    [
        {"type": "url", "data": [{"url": "rtsp://camera/1", "more": "{{ x }}"}]},
        {"type": "edgecamera", "data": "{{ cameras }}"},
    ],
)
def test_a_camera_is_refused_also_if_something_about_it_is_a_template(input_: Any) -> None:
    item = {"service_name": "c-smoke-and-fire-edge", "name": "{{ name }}", "webhook": "{{ url }}"}
    for source in (
        {"type": "url", "data": [{"url": "{{ url }}"}]},
        {"type": "{{ x }}", "data": []},
    ):
        check_literals(CreateViasTaskOperator, [{**item, "input": source}], {})

    with pytest.raises(InvalidRequest, match=r"item 0: input is of type .*, a camera or a stream"):
        check_literals(CreateViasTaskOperator, [{**item, "input": input_}], {})


def test_an_item_with_several_sources_is_refused() -> None:
    data = [{"url": "http://h/a.mp4"}, "{{ another }}"]
    item = {"service_name": "c-smoke-and-fire-edge", "name": "a", "webhook": "http://h"}

    with pytest.raises(
        InvalidRequest, match="item 0: input is a mapping with 2 sources in data; allowed: one"
    ):
        check_literals(CreateViasTaskOperator, [{**item, "input": {"type": "url", "data": data}}], {})


@pytest.mark.parametrize("operator", [AddImageOperator, ViapiJobOperator, 3, None])
def test_only_job_operators_are_accepted(operator: Any) -> None:
    with pytest.raises(TypeError, match="an operator class for a job"):
        batch([GOOD], operator=operator)


@pytest.mark.parametrize(
    "once",
    [lambda: ({"video_url": each} for each in [VIDEO, VIDEO]), lambda: map(dict, [GOOD, GOOD])],
)
def test_items_that_can_be_read_only_once_are_all_run(once: Callable[[], Iterator[Any]]) -> None:
    assert batch(once()).items == [GOOD, GOOD]


def test_items_without_end_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="items are more than 10000"):
        batch(repeat(GOOD))


def test_items_that_are_all_filtered_out_are_an_empty_literal() -> None:
    with pytest.raises(InvalidRequest, match="items is empty"):
        batch(iter([]))


def test_items_add_no_tasks_to_the_dag() -> None:
    with DAG("dag", schedule=None, default_args={"bx": 0.9}) as dag, TaskGroup("group") as group:
        batch([GOOD, GOOD])

    assert dag.task_ids == ["group.batch"]
    assert list(group.children) == ["group.batch"]


def test_outputs_of_other_tasks_are_checked_at_run_time() -> None:
    with DAG("dag", schedule=None):
        upstream = EraseVideoSubtitlesOperator(task_id="upstream", video_url=VIDEO)
        as_a_whole = batch(upstream.output)
        in_part = ViapiBatchOperator(
            task_id="in_part",
            operator=EraseVideoSubtitlesOperator,
            items=[{"video_url": upstream.output["VideoUrl"], "bx": 0.1}, {"video_url": "{{ params.url }}"}],
        )

        with pytest.raises(InvalidRequest, match="item 0: BX is 3"):
            ViapiBatchOperator(
                task_id="wrong",
                operator=EraseVideoSubtitlesOperator,
                items=[{"video_url": upstream.output["VideoUrl"], "bx": 3}],
            )

    assert as_a_whole.upstream_task_ids == in_part.upstream_task_ids == {"upstream"}


@pytest.mark.parametrize(
    ("items", "named"),
    [
        ([GOOD, {"video_url": "http://h/视频.mp4"}], "item 1: VideoUrl"),
        ("[{'video_url': 'http://h/a.mp4'}]", "items is a str.*render_template_as_native_obj"),
        (None, "items is None"),
    ],
)
def test_an_invalid_item_of_another_task_is_named_before_anything_is_sent(items: Any, named: str) -> None:
    def make() -> ViapiBatchOperator:
        operator = batch([GOOD])
        operator.items = items
        return operator

    with pytest.raises(AirflowFailException, match=named):
        run_batch(make, Store())


def test_a_batch_can_be_mapped() -> None:
    with DAG("dag", schedule=None):
        mapped = ViapiBatchOperator.partial(task_id="batch", operator=EraseVideoSubtitlesOperator).expand(
            items=[[GOOD], [GOOD, GOOD]]
        )

    assert mapped.operator_class is ViapiBatchOperator


def test_an_item_builds_the_request_of_its_operator() -> None:
    arguments = {"video_url": VIDEO, "width": "480", "height": 360, "crop_type": "fill"}

    made = ChangeVideoSizeOperator.build_request(arguments)

    assert made == ChangeVideoSizeOperator(task_id="one", **arguments).request


def test_a_user_defined_operator_is_accepted() -> None:
    class Lower(EraseVideoSubtitlesOperator):
        def __init__(self, *, lower_part: float, **kwargs: Any) -> None:
            super().__init__(by=1 - lower_part, bh=lower_part, **kwargs)

    class Plain(ViapiJobOperator):
        action = EraseVideoSubtitlesOperator.action

    assert Lower.build_request({**GOOD, "lower_part": 0.25}) == {"VideoUrl": VIDEO, "BY": 0.75, "BH": 0.25}
    assert Plain.build_request({"request": {"VideoUrl": VIDEO}}) == {"VideoUrl": VIDEO}


def test_an_item_is_identified_by_its_request_not_by_place_or_signature() -> None:
    items = [{"video_url": f"http://h/{name}.mp4?Expires=1&Signature=x"} for name in "aba"]
    again = [{"video_url": f"http://h/{name}.mp4?Expires=2&Signature=y"} for name in "baa"]

    names = [item.name for item in build_items(EraseVideoSubtitlesOperator, items, {})[0]]
    names_again = [item.name for item in build_items(EraseVideoSubtitlesOperator, again, {})[0]]

    assert len(set(names)) == 3
    assert sorted(names) == sorted(names_again)


def test_a_job_timeout_may_be_given_in_seconds() -> None:
    assert batch([GOOD], job_timeout=60).job_timeout == timedelta(minutes=1)


def test_an_operator_that_uses_more_than_its_request_is_refused() -> None:
    with pytest.raises(TypeError, match="UploadAssetOperator uses more than its request"):
        HuaweiCloudBatchOperator(task_id="batch", operator=UploadAssetOperator, items=[{}])


def test_a_live_task_is_refused() -> None:
    with pytest.raises(TypeError, match="StartLiveOperator starts live tasks"):
        HuaweiCloudBatchOperator(task_id="batch", operator=StartLiveOperator, items=[{}])


def test_an_operator_of_another_cloud_is_refused() -> None:
    with pytest.raises(TypeError, match="derived from HuaweiCloudJobOperator"):
        HuaweiCloudBatchOperator(task_id="batch", operator=EraseVideoSubtitlesOperator, items=[GOOD])
