"""The conformance requests against the real service, if a key and a media folder are set.

Needs ``VIAPI_LIVE_ACCESS_KEY_ID``, ``VIAPI_LIVE_ACCESS_KEY_SECRET`` and ``VIAPI_LIVE_MEDIA``: the address of a folder
in a Shanghai OSS bucket that the service can read, with ``subtitled.mp4``, ``picture.jpg`` and ``face.jpg`` in it.
``make test-live`` lists the jobs that it submits and waits ten seconds first; each job is billed.

With ``VIAPI_LIVE_IMAGE_INSTANCE``, the name of an instance of ImageSearch in Shanghai, pictures are added to it,
found and deleted, under an id of these tests. With ``VIAPI_LIVE_STAGING``, ``oss://bucket/prefix`` in a bucket that
ImageSearch may read, also by a bulk job.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_viapi.operators.bulk_image_index import BulkIndexImagesOperator
from airflow_provider_viapi.operators.imagesearch import DeleteImageOperator, IncreaseInstanceOperator
from airflow_provider_viapi.operators.viapi import ViapiOperator
from run_task import run_task
from sample_requests import PICTURE, PRODUCT, answered_at_once, in_an_instance, of_jobs

NEEDED = ("VIAPI_LIVE_ACCESS_KEY_ID", "VIAPI_LIVE_ACCESS_KEY_SECRET", "VIAPI_LIVE_MEDIA")
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        any(not os.environ.get(name) for name in NEEDED), reason=f"needs {', '.join(NEEDED)}: no key, no bill"
    ),
]


def address(name: str) -> str:
    return f"{os.environ['VIAPI_LIVE_MEDIA'].rstrip('/')}/{name}"


JOBS = [job for job in of_jobs(str) if not job.action.retired and job.action.name != "MergeVideoModelFace"]


@pytest.fixture(scope="module", autouse=True)
def announcement() -> Iterator[None]:
    print("\nThese jobs are about to be submitted to the real service, and billed:")
    for operator in JOBS:
        print(f"  {operator.action.full_name}: {of_jobs(address)[operator]}")
    print("Interrupt within ten seconds to stop.", flush=True)
    time.sleep(10)
    yield


@pytest.fixture(autouse=True)
def connection(monkeypatch: pytest.MonkeyPatch) -> None:
    key = {
        "login": os.environ["VIAPI_LIVE_ACCESS_KEY_ID"],
        "password": os.environ["VIAPI_LIVE_ACCESS_KEY_SECRET"],
    }
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps({"conn_type": "viapi", **key}))


@pytest.mark.parametrize("operator", JOBS, ids=lambda operator: operator.action.name)
def test_every_job_returns_the_documented_fields(operator: type[ViapiOperator]) -> None:
    result: dict[str, Any] = run_task(operator(task_id="task", **of_jobs(address)[operator])).result

    assert set(result) & {field.name for field in operator.action.result}


def test_every_synchronous_action_returns_the_documented_fields() -> None:
    for operator, arguments in answered_at_once(address, "")[:-1]:
        result = run_task(operator(task_id=f"task_{operator.action.name}", **arguments)).result or {}

        assert {field.name for field in operator.action.result} - {"Token"} <= set(result), operator.__name__


INSTANCE = os.environ.get("VIAPI_LIVE_IMAGE_INSTANCE", "")
of_an_instance = pytest.mark.skipif(not INSTANCE, reason="needs VIAPI_LIVE_IMAGE_INSTANCE")


@of_an_instance
def test_every_action_of_an_instance_returns_the_documented_fields() -> None:
    for operator, arguments in in_an_instance(address, INSTANCE):
        if operator is IncreaseInstanceOperator:
            # Needs a file in a bucket.
            continue
        result = run_task(operator(task_id=f"task_{operator.action.name}", **arguments)).result or {}

        expected = {field.name for field in operator.action.result if not field.optional}
        assert expected <= set(result), operator.__name__


@of_an_instance
@pytest.mark.skipif(not os.environ.get("VIAPI_LIVE_STAGING"), reason="needs VIAPI_LIVE_STAGING")
def test_a_bulk_task_adds_a_picture_and_rejects_none() -> None:
    index = BulkIndexImagesOperator(
        task_id="index",
        instance_name=INSTANCE,
        images=[{"image_url": address(PICTURE), "entity_id": PRODUCT}],
        staging=os.environ["VIAPI_LIVE_STAGING"],
    )
    summary = run_task(index).result
    delete = DeleteImageOperator(task_id="delete", instance_name=INSTANCE, product_id=PRODUCT)
    deleted = run_task(delete).result

    assert (summary["images"], summary["rejected"]) == (1, 0)
    assert deleted["PicNames"] == [PICTURE]
