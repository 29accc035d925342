"""References to results and their fields, of mapped tasks too."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowException

from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import AddImageOperator
from airflow_provider_viapi.operators.metastudio import CreateSpeechOperator
from airflow_provider_viapi.operators.result_references import MappedResultRef
from airflow_provider_viapi.operators.videoenhan import ChangeVideoSizeOperator, EraseVideoSubtitlesOperator
from airflow_provider_viapi.sensors.viapi import ViapiJobSensor
from airflow_provider_viapi.transfers.viapi_to_object_storage import ViapiResultToObjectStorageOperator

VIDEOS = ["http://h/1.mp4", "http://h/2.mp4"]
RESULT = {"VideoUrl": "http://h/out.mp4?Expires=1", "landed": {"VideoUrl": "s3://b/out.mp4"}}


def mapped_erase(**arguments: Any) -> Any:
    return EraseVideoSubtitlesOperator.partial(task_id="erase", **arguments).expand(video_url=VIDEOS)


def value_of(reference: Any, result: Any) -> Any:
    (read,) = reference.callables
    return read(result)


@pytest.mark.parametrize(
    ("refer", "expected"),
    [
        (lambda erase: erase.output["VideoUrl"], "http://h/out.mp4?Expires=1"),
        (lambda erase: erase.output["landed"]["VideoUrl"], "s3://b/out.mp4"),
        (lambda erase: erase.landed["VideoUrl"], "s3://b/out.mp4"),
        (lambda erase: erase.output["landed"], {"VideoUrl": "s3://b/out.mp4"}),
        (lambda erase: erase.output["landed"]["VideoCoverUrl"], None),
    ],
    ids=["link", "subscripts", "landed", "all landed", "file that a result may lack"],
)
def test_a_task_maps_over_a_field_of_a_mapped_tasks_results(refer: Any, expected: Any) -> None:
    with DAG("dag", schedule=None):
        erase = mapped_erase(land_to="s3://b/out/")
        reference = refer(erase)
        reframe = ChangeVideoSizeOperator.partial(task_id="reframe", width=480, height=480).expand(
            video_url=reference
        )

    assert reframe.upstream_task_ids == {"erase"}
    assert value_of(reference, RESULT) == expected


def test_a_field_inside_a_field_is_not_taken_from_the_top_of_the_result() -> None:
    with DAG("dag", schedule=None):
        erase = mapped_erase()
        speak = CreateSpeechOperator(task_id="speak", text="Hello", voice_asset_id="v")

    assert value_of(erase.output["Inner"]["VideoUrl"], RESULT | {"Inner": {"VideoUrl": "inner"}}) == "inner"
    assert str(speak.output["config"]["cover_url"]).endswith("key='config')['cover_url'] }}")


def test_templates_render_references_of_mapped_tasks_to_lists() -> None:
    with DAG("dag", schedule=None):
        erase = mapped_erase(land_to="s3://b/out/")

    assert str(erase.output["VideoUrl"]).endswith("key='VideoUrl') }}")
    assert str(erase.landed["VideoUrl"]).endswith("key='landed.VideoUrl') }}")


@pytest.mark.parametrize(
    "task",
    [
        lambda: AddImageOperator.partial(task_id="a", db_name="d1", entity_id="e").expand(image_url=VIDEOS),
        lambda: ViapiJobSensor.partial(task_id="a").expand(job_id=["1", "2"]),
        lambda: ViapiResultToObjectStorageOperator.partial(task_id="a", land_to="s3://b/").expand(
            job_id=["1"]
        ),
        lambda: IndexImagesOperator.partial(task_id="a", images="s3://b/").expand(db_name=["d1"]),
        lambda: CreateSpeechOperator.partial(task_id="a", voice_asset_id="v").expand_kwargs(
            [{"text": "Hello"}]
        ),
    ],
    ids=["synchronous", "sensor", "transfer", "image index", "Huawei Cloud"],
)
def test_every_family_of_operators_can_be_mapped_over_by_a_field(task: Any) -> None:
    with DAG("dag", schedule=None):
        reference = task().output["SomeField"]

    assert isinstance(reference, MappedResultRef)
    assert value_of(reference, {"SomeField": 5}) == 5


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("refer", [lambda erase: erase.landed, lambda erase: erase.output["landed"]])
def test_landed_files_of_a_task_without_land_to_are_an_error_when_the_dag_is_parsed(
    refer: Any, mapped: bool
) -> None:
    with DAG("dag", schedule=None):
        erase = (
            mapped_erase() if mapped else EraseVideoSubtitlesOperator(task_id="erase", video_url=VIDEOS[0])
        )

        with pytest.raises(InvalidRequest, match=r"task 'erase' has no land_to.*set land_to"):
            refer(erase)


def test_a_destination_that_is_mapped_over_counts() -> None:
    with DAG("dag", schedule=None):
        each = EraseVideoSubtitlesOperator.partial(task_id="a", video_url=VIDEOS[0]).expand(
            land_to=["s3://b/"]
        )
        rows = EraseVideoSubtitlesOperator.partial(task_id="b").expand_kwargs(
            [{"video_url": VIDEOS[0], "land_to": "s3://b/"}]
        )

        assert value_of(each.landed["VideoUrl"], RESULT) == value_of(rows.landed["VideoUrl"], RESULT)


@pytest.mark.parametrize("name", ["VideoURL", "video_url", "videourl"])
def test_a_misspelled_field_is_an_error_that_names_the_right_one(name: str) -> None:
    with DAG("dag", schedule=None):
        for erase in (
            mapped_erase(land_to="s3://b/"),
            EraseVideoSubtitlesOperator(task_id="one", video_url=VIDEOS[0], land_to="s3://b/"),
        ):
            for refer in (erase.output, erase.landed, erase.output["landed"]):
                with pytest.raises(InvalidRequest, match=f"has no '{name}'; its field is 'VideoUrl'"):
                    refer[name]


def test_a_reference_is_not_iterable_while_the_dag_is_parsed() -> None:
    with DAG("dag", schedule=None):
        erase = mapped_erase()

    with pytest.raises(TypeError, match="not iterable"):
        list(erase.output["VideoUrl"])


@pytest.mark.parametrize(
    ("map_task", "message"),
    [
        (lambda erase: erase.partial(task_id="a", by=7).expand(video_url=VIDEOS), "BY is 7"),
        (lambda erase: erase.partial(task_id="a", land_to="oss://b").expand(video_url=VIDEOS), "land_to is"),
        (lambda erase: erase.partial(task_id="a", job_timeout=-1).expand(video_url=VIDEOS), "job_timeout is"),
        (lambda erase: erase.partial(task_id="a").expand(video_url=[*VIDEOS, "a b"]), "VideoUrl is 'a b'"),
        (lambda erase: erase.partial(task_id="a").expand_kwargs([{"video_url": "a b"}]), "VideoUrl is 'a b'"),
        (
            lambda erase: erase.partial(task_id="a").expand(by=[0.1, "0.2", 7], video_url=VIDEOS),
            "BY is 7",
        ),
    ],
)
def test_a_wrong_literal_of_a_mapped_task_is_an_error_when_the_dag_is_parsed(
    map_task: Any, message: str
) -> None:
    with DAG("dag", schedule=None) as dag, pytest.raises(InvalidRequest, match=message):
        map_task(EraseVideoSubtitlesOperator)

    assert set(dag.task_ids) <= {"a"}


def test_a_task_process_checks_the_arguments_of_its_own_mapped_task_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What Airflow sets while a task process parses the file.
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "dag")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "a")
    with DAG("dag", schedule=None):
        mapped: Any = EraseVideoSubtitlesOperator.partial(task_id="a").expand(video_url=[*VIDEOS, "a b"])

    assert mapped.unmap({"video_url": VIDEOS[0]}).task_id == "a"
    with pytest.raises(InvalidRequest, match="VideoUrl is 'a b'"):
        mapped.unmap({"video_url": "a b"})


def test_a_missing_argument_of_a_mapped_task_is_an_error_when_the_dag_is_parsed() -> None:
    with DAG("dag", schedule=None), pytest.raises((TypeError, AirflowException), match="video_url"):
        EraseVideoSubtitlesOperator.partial(task_id="a").expand(by=[0.1])


@pytest.mark.parametrize(
    "arguments",
    [
        {"by": "{{ params.by }}"},
        {"land_to": "s3://b/{task_id}/", "land_manifest": True},
        {"land_to": "{{ params.folder }}"},
        {"deferrable": True, "outlets": [], "retries": 2},
    ],
)
def test_what_is_known_only_at_run_time_is_not_checked_when_the_dag_is_parsed(
    arguments: dict[str, Any],
) -> None:
    with DAG("dag", schedule=None) as dag:
        first = EraseVideoSubtitlesOperator(task_id="first", video_url=VIDEOS[0])
        mapped = mapped_erase(**arguments)
        EraseVideoSubtitlesOperator.partial(task_id="a", **arguments).expand(
            video_url=mapped.output["VideoUrl"]
        )
        EraseVideoSubtitlesOperator.partial(task_id="b", **arguments).expand_kwargs(first.output)
        EraseVideoSubtitlesOperator.partial(task_id="c").expand(
            video_url=["{{ params.url }}"], wait_for_completion=first.output
        )

    assert sorted(dag.task_ids) == ["a", "b", "c", "erase", "first"]
    assert first.downstream_task_ids == {"b", "c"}
