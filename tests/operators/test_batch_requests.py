"""The items of a batch are checked as the operator checks, before anything is sent, and leave no trace in the DAG."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, TaskGroup

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.jobs.batch_report import MOST_BYTES, bounded
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.batch_requests import build_items, request_of
from airflow_provider_viapi.operators.imgsearch import AddImageOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator
from operators.run_batch import Store, live

VIDEO = "http://h/a.mp4"
GOOD = {"video_url": VIDEO}


def batch(items: Any, **arguments: Any) -> ViapiBatchOperator:
    return ViapiBatchOperator(
        task_id="batch", **{"operator": EraseVideoSubtitlesOperator, "items": items, **arguments}
    )


@pytest.mark.parametrize(
    ("items", "arguments", "named"),
    [
        ([GOOD, {"video_url": VIDEO, "bx": 1.4}], {}, "item 1: BX is 1.4"),
        (
            [GOOD, GOOD, {"video_url": VIDEO, "colour": "red"}],
            {},
            r"item 2: colour is no argument.* video_url, bx",
        ),
        ([{"bx": 0.1}], {}, "item 0: missing 1 required .*video_url"),
        ([{**GOOD, "retries": 3}], {}, "item 0: retries is no argument"),
        ([GOOD], {"shared": {"bh": -1}}, "item 0: BH is -1"),
        ([GOOD], {"shared": ["bh"]}, "shared is a list"),
        ([GOOD, VIDEO], {}, "item 1 is a str"),
        (VIDEO, {}, "items is a str"),
        (None, {}, "items is None"),
        (GOOD, {}, "items is a dict"),
        ([], {}, "items is empty"),
        ([GOOD] * 10_001, {}, "more than 10000"),
        ([GOOD], {"max_in_flight": 0}, "max_in_flight is 0; allowed: 1 to 1000"),
        ([GOOD], {"max_in_flight": 1001}, "max_in_flight is 1001"),
        ([GOOD], {"max_failed": -1}, "max_failed is -1"),
        ([GOOD], {"job_timeout": timedelta(0)}, "job_timeout"),
        ([GOOD], {"on_doubt": "hope"}, "on_doubt"),
        ([GOOD], {"land_to": "s3://media/one.mp4/{where}/"}, "where"),
    ],
)
def test_what_cannot_be_fails_when_the_dag_is_parsed_and_is_named(
    items: Any, arguments: dict[str, Any], named: str
) -> None:
    with pytest.raises(InvalidRequest, match=named):
        batch(items, **arguments)


@pytest.mark.parametrize("operator", [AddImageOperator, ViapiJobOperator, "EraseVideoSubtitles", None])
def test_only_the_operator_of_a_job_will_do(operator: Any) -> None:
    with pytest.raises(TypeError, match="the operator of a job"):
        batch([GOOD], operator=operator)


def test_items_leave_no_trace_in_the_dag() -> None:
    with DAG("dag", schedule=None, default_args={"bx": 0.9}) as dag, TaskGroup("group") as group:
        batch([GOOD, GOOD])

    assert dag.task_ids == ["group.batch"]
    assert list(group.children) == ["group.batch"]


def test_what_another_task_gives_is_checked_when_it_is_there() -> None:
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
        ("[{'video_url': 'http://h/a.mp4'}]", "items is a str"),
        (None, "items is None"),
    ],
)
def test_an_impossible_item_of_another_task_is_named_before_anything_is_sent(items: Any, named: str) -> None:
    def make() -> ViapiBatchOperator:
        operator = batch([GOOD])
        operator.items = items
        return operator

    with pytest.raises(AirflowFailException, match=named):
        live(make, Store())


def test_a_batch_can_be_mapped_over_lists() -> None:
    with DAG("dag", schedule=None):
        mapped = ViapiBatchOperator.partial(task_id="batch", operator=EraseVideoSubtitlesOperator).expand(
            items=[[GOOD], [GOOD, GOOD]]
        )

    assert mapped.operator_class is ViapiBatchOperator


def test_a_request_is_what_the_operator_itself_would_send() -> None:
    arguments = {"video_url": VIDEO, "width": "480", "height": 360, "crop_type": "fill"}

    made = request_of(ChangeVideoSizeOperator, arguments)

    assert made == ChangeVideoSizeOperator(task_id="one", **arguments).request


def test_an_operator_of_the_authors_own_will_do() -> None:
    class Lower(EraseVideoSubtitlesOperator):
        def __init__(self, *, lower_part: float, **kwargs: Any) -> None:
            super().__init__(by=1 - lower_part, bh=lower_part, **kwargs)

    class Plain(ViapiJobOperator):
        action = EraseVideoSubtitlesOperator.action

    assert request_of(Lower, {**GOOD, "lower_part": 0.25}) == {"VideoUrl": VIDEO, "BY": 0.75, "BH": 0.25}
    assert request_of(Plain, {"request": {"VideoUrl": VIDEO}}) == {"VideoUrl": VIDEO}


def test_an_item_is_known_by_what_it_asks_for_and_not_by_its_place_or_signature() -> None:
    items = [{"video_url": f"http://h/{name}.mp4?Expires=1&Signature=x"} for name in "aba"]
    again = [{"video_url": f"http://h/{name}.mp4?Expires=2&Signature=y"} for name in "baa"]

    names = [item.name for item in build_items(EraseVideoSubtitlesOperator, items, {})]
    names_again = [item.name for item in build_items(EraseVideoSubtitlesOperator, again, {})]

    assert len(set(names)) == 3
    assert sorted(names) == sorted(names_again)


def test_rows_stay_under_five_megabytes() -> None:
    def row(index: int, length: int) -> dict[str, Any]:
        return {
            "index": index,
            "job_id": "J",
            "state": "S",
            "result": {"VideoUrl": "x" * length},
            "error": None,
        }

    kept, shortened = bounded([row(index, 5000 if index % 10 else 300) for index in range(10_000)])
    whole, none = bounded([row(index, 300) for index in range(10_000)])

    assert shortened == 9000
    assert kept[0]["result"] == {"VideoUrl": "x" * 300}
    assert kept[1]["result"] is None
    assert len(str(kept)) < MOST_BYTES
    assert (len(whole), none) == (10_000, 0)
