"""Inputs and outputs as OpenLineage names them."""

from __future__ import annotations

import base64
from typing import Any

import attr
import pytest

from airflow_provider_viapi.alibaba.model import Action
from airflow_provider_viapi.alibaba.services import imagesearch, videoenhan
from airflow_provider_viapi.jobs.usage_and_cost import Clip, Prices, Usage
from airflow_provider_viapi.media.outputs.lineage import lineage_of, name_of
from airflow_provider_viapi.operators.viapi import ViapiJobOperator, ViapiOperator


def test_inputs_are_the_media_and_outputs_what_has_landed() -> None:
    pytest.importorskip("airflow.providers.openlineage")

    lineage = lineage_of(
        ["https://media.test/a.mp4?Signature=secret", "s3://aws@raw/b.mp4"], ["s3://aws@media/c.mp4"]
    )

    assert [(each.namespace, each.name) for each in lineage.inputs] == [
        ("https://media.test", "a.mp4"),
        ("s3://raw", "b.mp4"),
    ]
    assert [(each.namespace, each.name) for each in lineage.outputs] == [("s3://media", "c.mp4")]


def test_the_usage_of_a_job_is_a_facet_of_its_run() -> None:
    pytest.importorskip("airflow.providers.openlineage")
    usage = Usage.of_job("videoenhan.ChangeVideoSize", Clip(60, 1280, 720, 25), Prices())

    facet = lineage_of([], [], usage).run_facets["viapi_usage"]

    assert (facet.output_seconds, facet.resolution_class, facet.cost) == (60, "720p", None)
    assert {"_producer", "_schemaURL"} <= set(attr.asdict(facet))


def test_media_inside_lists_count_too_and_other_parameters_do_not() -> None:
    def read(action: Action, request: dict[str, Any]) -> list[str]:
        kind = ViapiJobOperator if action.is_job else ViapiOperator
        operator = kind(task_id="call", action=action, request=request)
        return list(operator.media_addresses())

    request = {
        "FileList": [{"Type": "image", "FileName": "1.png", "FileUrl": "s3://raw/1.png"}],
        "Scene": "general",
    }
    assert read(videoenhan.GENERATE_VIDEO, request) == ["s3://raw/1.png"]
    assert read(videoenhan.ERASE_VIDEO_SUBTITLES, {"VideoUrl": "oss://b/a.mp4"}) == ["oss://b/a.mp4"]
    content = base64.b64encode(bytes(300)).decode()
    image = {"InstanceName": "shop", "ProductId": "1", "PicName": "a.png", "PicContent": content}
    assert read(imagesearch.ADD_IMAGE, image) == []


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("s3a://conn@bucket/a/b.mp4", ("s3://bucket", "a/b.mp4")),
        ("gcs://bucket/a b#1?.mp4", ("gs://bucket", "a b#1?.mp4")),
        ("file:///media/a.mp4", ("file", "/media/a.mp4")),
        ("oss://bucket/中.mp4", ("oss://bucket", "中.mp4")),
        ("http://u:p@host.test:8080/a.mp4?x=1#y", ("http://host.test:8080", "a.mp4")),
    ],
)
def test_names_hold_neither_users_nor_signatures(address: str, named: tuple[str, str]) -> None:
    assert name_of(address) == named
