"""Labels of mapped tasks, and arguments that templates read as attributes of the operator."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath

from airflow_provider_viapi.operators.batch import ViapiBatchOperator
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import AddImageOperator, CreateImageDbOperator
from airflow_provider_viapi.operators.metastudio import CreateSpeechOperator, UploadAssetOperator
from airflow_provider_viapi.operators.provider_task import label_of
from airflow_provider_viapi.operators.vias import StopViasTaskOperator
from airflow_provider_viapi.operators.videoenhan import EraseVideoSubtitlesOperator, GenerateVideoOperator
from airflow_provider_viapi.transfers.object_storage_to_viapi import ObjectStorageToViapiOperator

VIDEO = ObjectStoragePath("s3://conn@films/one.mp4")
FILE = {"FileUrl": VIDEO, "Type": "video", "FileName": "a"}


@pytest.mark.parametrize(
    ("make", "label"),
    [
        (lambda: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO), "one.mp4"),
        (
            lambda: EraseVideoSubtitlesOperator(task_id="t", video_url="https://h/two.mp4?Signature=secret"),
            "two.mp4",
        ),
        (lambda: GenerateVideoOperator(task_id="t", file_list=[FILE, FILE]), "one.mp4 and 1 more"),
        (
            lambda: AddImageOperator(task_id="t", db_name="d1", entity_id="e", image_url="s3://b/i.jpg"),
            "i.jpg",
        ),
        (lambda: CreateImageDbOperator(task_id="t", name="covers"), "covers"),
        (lambda: CreateSpeechOperator(task_id="t", text="Hello", voice_asset_id="v"), "Hello"),
        (
            lambda: UploadAssetOperator(task_id="t", source=VIDEO, asset_name="Spring", asset_type="VIDEO"),
            "Spring",
        ),
        (lambda: StopViasTaskOperator(task_id="t", vias_task_id="abc"), "abc"),
        (
            lambda: ViapiBatchOperator(
                task_id="t", operator=EraseVideoSubtitlesOperator, items=[{"video_url": VIDEO}] * 3
            ),
            "one.mp4 and 2 more",
        ),
        (lambda: IndexImagesOperator(task_id="t", db_name="d1", images="s3://b/cats/"), "cats"),
        (lambda: ObjectStorageToViapiOperator(task_id="t", source=VIDEO), "one.mp4"),
    ],
)
def test_each_family_labels_its_mapped_tasks(make: Any, label: str) -> None:
    with DAG("dag", schedule=None):
        task = make()
    context: Any = {"ti": SimpleNamespace(map_index=4), "task": task}

    task.render_template_fields(context)

    assert task.map_label == label
    assert context["map_index_template"] == "{{ ti.map_index }}: {{ task.map_label }}"


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("rtsp://admin:Pa55word@10.0.0.5:554", ""),
        ("rtsp://admin:Pa55word@10.0.0.5:554/", ""),
        ("rtsp://admin:Pa/55word@10.0.0.5:554/live/1", "1"),
        ("rtsp://admin:Pa?55word@10.0.0.5:554/live", "live"),
        ("https://host/a@2x.png?Signature=secret#part", "a@2x.png"),
        ("s3://conn@bucket", ""),
        ("s3://conn@bucket/in/", "in"),
    ],
)
def test_a_label_is_the_name_of_a_file_and_holds_no_password(address: str, label: str) -> None:
    assert label_of([{"data": [{"url": address}]}]) == label


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (
            lambda: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO),
            "video_url",
            "s3://conn@films/one.mp4",
        ),
        (lambda: EraseVideoSubtitlesOperator(task_id="t", video_url=VIDEO), "by", None),
        (lambda: StopViasTaskOperator(task_id="t", vias_task_id="abc"), "vias_task_id", "abc"),
        (lambda: CreateSpeechOperator(task_id="t", text="Hello", voice_asset_id="v"), "text", "Hello"),
    ],
)
def test_arguments_are_attributes_also_if_they_were_not_given(make: Any, name: str, value: Any) -> None:
    with DAG("dag", schedule=None):
        assert getattr(make(), name) == value
