"""Arguments that are templates or other tasks' outputs: text stays text, and ``None`` is refused."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowFailException,
    BaseOperator,
    ObjectStoragePath,
    task,
)
from PIL import Image

from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest
from airflow_provider_viapi.operators import imagesearch
from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.bulk_image_index import BulkIndexImagesOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import AddImageOperator, ListImagesOperator
from airflow_provider_viapi.operators.metastudio import CreateSpeechOperator, StartLiveOperator
from airflow_provider_viapi.operators.quality import MediaQualityCheckOperator
from airflow_provider_viapi.operators.viapi import ViapiJobOperator
from airflow_provider_viapi.operators.vias import (
    CreateViasTaskOperator,
    DeleteViasTaskOperator,
    StartViasTaskOperator,
)
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator
from airflow_provider_viapi.sensors.huaweicloud import HuaweiCloudJobSensor
from airflow_provider_viapi.sensors.viapi import ViapiJobSensor
from airflow_provider_viapi.sensors.vias_alarms import ViasAlarmSensor
from airflow_provider_viapi.transfers.object_storage_to_viapi import ObjectStorageToViapiOperator
from airflow_provider_viapi.transfers.viapi_to_object_storage import ViapiResultToObjectStorageOperator
from operators.huawei_tasks import WATCH
from run_task import TaskInstance, run_task

VIDEO = "http://h/a.mp4"
NAMES = ["a.png", "b.png"]
NOTHING = " {{ ti.xcom_pull(task_ids='which') }}\n"


@pytest.fixture
def instance(
    viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> EmulatorServer:
    """An instance of ImageSearch with two images of one product."""
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    picture = tmp_path / "a.png"
    Image.new("RGB", (200, 200), (9, 8, 7)).save(picture)
    for name in NAMES:
        run_task(
            imagesearch.AddImageOperator(
                task_id="add",
                instance_name="demo",
                product_id="mug",
                pic_name=name,
                pic_content=picture.as_uri(),
            )
        )
    return viapi_emulator


def rendered(operator: Any, dag: DAG, **variables: Any) -> Any:
    class Instance(TaskInstance):
        def get_relevant_upstream_map_indexes(self, *_: Any, **__: Any) -> None:
            """Return nothing: the other tasks are not mapped."""

    instance = Instance()
    context: Any = {"ti": instance, "task_instance": instance, "expanded_ti_count": None, **variables}
    operator.render_template_fields(context, jinja_env=dag.get_template_env())
    return operator


def has(name: str) -> bool:
    check = imagesearch.CheckImageExistsOperator(
        task_id="check", instance_name="demo", product_id="mug", pic_name=name
    )
    return bool(run_task(check).result["Exists"])


def another_tasks_output() -> Any:
    @task
    def which() -> None:
        return None

    return which()


@pytest.mark.parametrize("kind", ["output", "template"])
def test_an_image_whose_name_is_none_deletes_and_changes_no_image(
    kind: str, instance: EmulatorServer
) -> None:
    with DAG("dag", schedule=None, render_template_as_native_obj=True) as dag:
        name = another_tasks_output() if kind == "output" else "{{ ti.xcom_pull(task_ids='which') }}"
        about: Any = {"instance_name": "demo", "product_id": "mug", "pic_name": name}
        delete = imagesearch.DeleteImageOperator(task_id="d", **about)
        update = imagesearch.UpdateImageOperator(task_id="u", int_attr=5, **about)

    for each in (delete, update):
        with pytest.raises(AirflowFailException, match=r"PicName is None; .*rendered to None.*'pic_name'"):
            run_task(rendered(each, dag))
    assert all(map(has, NAMES))


@pytest.mark.parametrize("argument", ["product_id", "pic_name"])
def test_an_empty_name_is_refused_and_does_not_mean_all_images(argument: str) -> None:
    about: Any = {"instance_name": "demo", "product_id": "mug", argument: ""}

    with pytest.raises(InvalidRequest, match=r" is ''; allowed: 1 to 256 characters"):
        imagesearch.DeleteImageOperator(task_id="d", **about)
    with DAG("dag", schedule=None) as dag:
        delete = imagesearch.DeleteImageOperator(task_id="d", **{**about, argument: "{{ nothing }}"})
    with pytest.raises(AirflowFailException, match=r" is ''; allowed: 1 to 256 characters"):
        run_task(rendered(delete, dag, nothing=""))


def test_without_a_name_all_images_of_the_product_are_deleted(instance: EmulatorServer) -> None:
    run_task(imagesearch.DeleteImageOperator(task_id="d", instance_name="demo", product_id="mug"))

    assert not any(map(has, NAMES))


@pytest.mark.parametrize("argument", ["land_to", "staging", "by", "viapi_conn_id"])
def test_nothing_is_submitted_if_a_given_argument_turns_out_to_be_none(
    argument: str, viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    with DAG("dag", schedule=None) as dag:
        given: Any = {argument: another_tasks_output()}
        erase = EraseVideoSubtitlesOperator(task_id="e", video_url=VIDEO, deferrable=False, **given)

    with pytest.raises(AirflowFailException, match=rf"(?i){argument} is None; .*rendered to None"):
        run_task(rendered(erase, dag))
    assert viapi_emulator.jobs() == []


@pytest.mark.parametrize(
    ("name", "make"),
    [
        (
            "staging",
            lambda none: ObjectStorageToViapiOperator(task_id="t", source="s3://b/a.mp4", staging=none),
        ),
        (
            "staging",
            lambda none: IndexImagesOperator(task_id="t", db_name="d1", images="s3://b/", staging=none),
        ),
        ("land_to", lambda none: batch(items=[{"video_url": VIDEO}], land_to=none)),
        ("staging", lambda none: batch(items=[{"video_url": VIDEO}], staging=none)),
        (r"shared\.by", lambda none: batch(items=[{"video_url": VIDEO}], shared={"by": none})),
        (
            r"items\[1\]\.by",
            lambda none: batch(items=[{"video_url": VIDEO}, {"video_url": VIDEO, "by": none}]),
        ),
        (
            "scores",
            lambda none: MediaQualityCheckOperator(
                task_id="t", source=VIDEO, scores=none, min_scores={"MosScore": 3}
            ),
        ),
        (
            "before",
            lambda none: MediaQualityCheckOperator(task_id="t", source=VIDEO, before=none, min_ssim=0.9),
        ),
        (
            "result",
            lambda none: ViapiResultToObjectStorageOperator(
                task_id="t", result=none, job_id="1", land_to="s3://b/out/"
            ),
        ),
        ("images_to", lambda none: ViasAlarmSensor(task_id="t", folder="s3://b/alarms/", images_to=none)),
        ("job_id", lambda none: ViapiJobSensor(task_id="t", job_id=none)),
        ("viapi_conn_id", lambda none: ViapiJobSensor(task_id="t", job_id="1", viapi_conn_id=none)),
        ("text", lambda none: CreateSpeechOperator(task_id="t", text=none, voice_asset_id="v")),
        (
            r"input\.data\[0\]\.video_source_id",
            lambda none: CreateViasTaskOperator(
                task_id="t",
                **{**WATCH, "input": {"type": "video_source", "data": [{"video_source_id": none}]}},
            ),
        ),
        ("(?i)task_id", lambda none: DeleteViasTaskOperator(task_id="t", vias_task_id=none)),
        (r"output_urls\[0\]", lambda none: StartLiveOperator(task_id="t", room_id="r", output_urls=[none])),
        ("(?i)order", lambda none: ListImagesOperator(task_id="t", db_name="d1", order=none)),
    ],
)
@pytest.mark.parametrize("given", [another_tasks_output, lambda: NOTHING], ids=["output", "template"])
def test_so_do_batches_and_other_operators(name: str, make: Any, given: Any) -> None:
    with DAG("dag", schedule=None) as dag:
        operator = make(given())

    with pytest.raises(AirflowFailException, match=rf"{name} is None; .*rendered to None"):
        run_task(rendered(operator, dag))


@pytest.mark.parametrize(
    "text", ["None", "{{ nothing }} of these", "{% if nothing is none %}None{% endif %}"]
)
def test_the_word_none_is_a_text_unless_it_is_all_that_a_template_renders_to(text: str) -> None:
    with DAG("dag", schedule=None) as dag:
        speak = CreateSpeechOperator(task_id="t", text=text, voice_asset_id="v")

    assert rendered(speak, dag, nothing=None).validated_request()["text"].startswith("None")


@pytest.mark.parametrize(
    "text",
    [
        "{{ nothing }}",
        "{% set v = nothing %}{{ v }}",
        "{%- if nothing is none -%}{{ nothing }}{% endif %}",
        "{{ nothing }}{# note #}",
        "{{ {'a': {'b': nothing}}['a']['b'] }}\n",
    ],
)
@pytest.mark.parametrize("natively", [False, True])
def test_it_is_none_whatever_templates_render_to_it(text: str, natively: bool) -> None:
    with DAG("dag", schedule=None, render_template_as_native_obj=natively) as dag:
        speak = CreateSpeechOperator(task_id="t", text=text, voice_asset_id="v")

    with pytest.raises(AirflowFailException, match=r"text is None; .*rendered to None"):
        run_task(rendered(speak, dag, nothing=None))


def batch(**arguments: Any) -> ViapiBatchOperator:
    return ViapiBatchOperator(task_id="t", operator=EraseVideoSubtitlesOperator, **arguments)


@pytest.mark.parametrize("argument", ["before", "scores"])
def test_a_mapped_check_does_not_pass_because_what_it_compares_with_is_none(argument: str) -> None:
    with DAG("dag", schedule=None):
        mapped = MediaQualityCheckOperator.partial(task_id="t").expand_kwargs(another_tasks_output())
    one = mapped.unmap({"source": VIDEO, argument: None})

    with pytest.raises(AirflowFailException, match=f"{argument} is None"):
        run_task(one)


@pytest.mark.parametrize("argument", ["land_to", "staging"])
def test_a_mapped_task_whose_destination_is_none_submits_nothing(argument: str) -> None:
    with DAG("dag", schedule=None):
        mapped = EraseVideoSubtitlesOperator.partial(task_id="t").expand_kwargs(another_tasks_output())
    one = mapped.unmap({"video_url": VIDEO, argument: None, "by": None})

    with pytest.raises(AirflowFailException, match=f"{argument} is None"):
        run_task(one)


def test_a_mapped_deletion_without_a_name_deletes_nothing(instance: EmulatorServer) -> None:
    with DAG("dag", schedule=None):
        mapped = imagesearch.DeleteImageOperator.partial(task_id="t", instance_name="demo").expand_kwargs(
            another_tasks_output()
        )
    one = mapped.unmap({"product_id": "mug", "pic_name": None})

    with pytest.raises(AirflowFailException, match="pic_name is None"):
        run_task(one)
    assert all(map(has, NAMES))


@pytest.mark.parametrize(
    "text", ["2023_10_23", "0x1F", "+5", "007", "1e5", "1.10", "True", "None", "'quoted'"]
)
def test_native_rendering_leaves_text_as_it_is(text: str) -> None:
    with DAG("dag", schedule=None, render_template_as_native_obj=True) as dag:
        add = imagesearch.AddImageOperator(
            task_id="a", instance_name="demo", product_id="{{ text }}", pic_name="a", pic_content=VIDEO
        )

    assert rendered(add, dag, text=text).validated_request()["ProductId"] == text


@pytest.mark.skipif(
    "render_template_as_native_obj" not in signature(BaseOperator.__init__).parameters,
    reason="this Airflow has native rendering for whole DAGs only",
)
@pytest.mark.parametrize(
    ("of_dag", "text", "expected"), [(False, "2023_10_23", "2023_10_23"), (True, "[1, 2]", "[1, 2]")]
)
def test_native_rendering_of_one_operator_differs_from_that_of_its_dag(
    of_dag: bool, text: str, expected: str
) -> None:
    with DAG("dag", schedule=None, render_template_as_native_obj=of_dag) as dag:
        add: Any = imagesearch.AddImageOperator(
            task_id="a",
            instance_name="demo",
            product_id="mug",
            pic_name="a",
            pic_content=VIDEO,
            custom_content="{{ text }}",
            render_template_as_native_obj=not of_dag,
        )

    assert rendered(add, dag, text=text).request["CustomContent"] == expected


@pytest.mark.parametrize("text", ['{"sku": "A1"}', "{1: 2}", "[{]", "a{b"])
def test_a_literal_text_stays_text_also_if_it_looks_like_json(text: str) -> None:
    with DAG("dag", schedule=None, render_template_as_native_obj=True) as dag:
        add = AddImageOperator(
            task_id="a", db_name="d1", entity_id="1", image_url="http://h/a.jpg", extra_data=text
        )

    assert rendered(add, dag).validated_request()["ExtraData"] == text


def test_a_path_object_of_another_task_is_a_folder_once_it_is_rendered() -> None:
    path = ObjectStoragePath("s3://media/clean/")
    with DAG("dag", schedule=None) as dag:
        erase = EraseVideoSubtitlesOperator(task_id="e", video_url=VIDEO, land_to=another_tasks_output())
        land = ViapiResultToObjectStorageOperator(task_id="l", job_id="1", land_to=another_tasks_output())
    erase.land_to = land.land_to = path

    assert rendered(erase, dag).land_to == rendered(land, dag).land_to == "s3://media/clean/"


def test_native_rendering_keeps_values_and_makes_lists_and_mappings_of_text() -> None:
    boxes = [{"X": 0.1, "Y": 0.1, "W": 0.1, "H": 0.1}]
    with DAG("dag", schedule=None, render_template_as_native_obj=True) as dag:
        items = batch(items="{{ items }}", shared="{{ shared }}")
        number = AddImageOperator(task_id="a", db_name="d1", entity_id="{{ day }}", image_url=VIDEO)

    rendered(items, dag, items=f"\n  {boxes}\n", shared={"by": 0.5})
    assert (items.items, items.shared) == (boxes, {"by": 0.5})
    assert rendered(number, dag, day=20231023).validated_request()["EntityId"] == "20231023"
    assert rendered(batch(items="{{ items }}"), dag, items="[not a list").items == "[not a list"


ERASE = {"task_id": "t", "video_url": VIDEO}
LANDS = {"land_to": "s3://bucket/results/"}
BATCH = {"operator": EraseVideoSubtitlesOperator, "items": [{"video_url": "http://h/a.mp4"}]}


@pytest.mark.parametrize(
    ("name", "make"),
    [
        *(
            (
                name,
                lambda given: EraseVideoSubtitlesOperator(
                    **{"task_id": "t", "video_url": VIDEO, **LANDS, **given}
                ),
            )
            for name in (
                "job_timeout",
                "submit_timeout",
                "reuse_results",
                "allowed_hosts",
                "on_doubt",
                "durable",
            )
        ),
        *(
            (name, lambda given: ViapiBatchOperator(**{"task_id": "t", **BATCH, **LANDS, **given}))
            for name in (
                *("operator", "job_timeout", "submit_timeout", "reuse_results", "allowed_hosts", "on_doubt"),
                *("max_failed", "max_in_flight", "max_cost", "deferrable"),
            )
        ),
        *(
            (
                name,
                lambda given: IndexImagesOperator(
                    task_id="t", instance_name="shop", images="s3://b/x/", **given
                ),
            )
            for name in ("backend", "max_failed", "fit")
        ),
        (
            "max_failed",
            lambda given: BulkIndexImagesOperator(
                task_id="t", instance_name="shop", images="s3://b/x/", staging="oss://bucket/x", **given
            ),
        ),
        ("page_size", lambda given: ListImagesOperator(task_id="t", db_name="products", **given)),
        ("action", lambda given: ViapiJobOperator(task_id="t", request={}, **given)),
        (
            "action",
            lambda given: ViapiResultToObjectStorageOperator(task_id="t", job_id="j", **LANDS, **given),
        ),
        ("service", lambda given: ViapiJobSensor(task_id="t", job_id="j", **given)),
        ("action", lambda given: HuaweiCloudJobSensor(task_id="t", job_id="j", **given)),
        (
            "target_state",
            lambda given: HuaweiCloudJobSensor(task_id="t", action="vias.CreateTask", job_id="j", **given),
        ),
        ("target_state", lambda given: StartViasTaskOperator(task_id="t", vias_task_id="v", **given)),
        ("max_files", lambda given: ViasAlarmSensor(task_id="t", folder="s3://b/a/", **given)),
    ],
)
def test_an_argument_that_is_not_rendered_says_so(name: str, make: Callable[[dict[str, Any]], Any]) -> None:
    with pytest.raises(InvalidRequest, match=rf"\b{name}(:| is| has) .*; it cannot be a template"):
        make({name: "{{ params.x }}"})


@pytest.mark.parametrize("backend", ["", False])
def test_a_backend_that_is_not_none_is_one_of_the_two(backend: Any) -> None:
    with pytest.raises(InvalidRequest, match=f"backend is {backend!r}; allowed: imgsearch, imagesearch"):
        IndexImagesOperator(task_id="t", instance_name="shop", images="s3://b/x/", backend=backend)


def test_a_command_reports_its_own_action() -> None:
    with pytest.raises(InvalidRequest, match="StartStopTask: target_state is 'STOPPED'; allowed: RUNNING"):
        StartViasTaskOperator(task_id="t", vias_task_id="v", target_state="STOPPED")  # type: ignore[arg-type]
