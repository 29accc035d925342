"""A report stays small and shows no signature."""

from __future__ import annotations

import json

import pytest

from airflow_provider_viapi.errors import InvalidMedia, InvalidRequest, TransientError
from airflow_provider_viapi.image_index.images import Backend, ImageEntry
from airflow_provider_viapi.image_index.report import ImageFailure, IndexingReport


def test_a_report_of_50000_failures_is_small_and_counts_them_all() -> None:
    report = IndexingReport("covers", "imgsearch", images=60_000, found=5_000, added=2_000)
    failures = []
    for index in range(100):
        address = f"http://h/{'a' * 100}/{index}.png?Signature=secret"
        image = ImageEntry(index, address, "e" * 64, "x" * 512)
        failures.append(ImageFailure.of(image, InvalidMedia("no " * 500 + address, code="InvalidImage.Size")))
    for failure in failures * 500:
        report.fail(failure)

    summary = report.as_dict()

    assert (summary["failed"], summary["left_out"]) == (50_000, 3_000)
    assert summary["failed_by_code"] == {"InvalidImage.Size": 50_000}
    assert [each["index"] for each in summary["failures"]] == list(range(20))
    assert len(json.dumps(summary)) < 20_000


def test_a_failure_shows_neither_signature_nor_password() -> None:
    image = ImageEntry(3, "https://h/a.png?OSSAccessKeyId=k&Signature=secret", "a")

    failure = ImageFailure.of(image, TransientError(f"cannot read {image.address}"))

    assert str(failure) == "images[3] (a): cannot read https://h/a.png (code TransientError)"
    assert failure.as_dict() == {
        "index": 3,
        "entity_id": "a",
        "image_url": "https://h/a.png",
        "code": "TransientError",
        "message": "cannot read https://h/a.png",
    }


@pytest.mark.parametrize(
    ("backend", "code", "key"),
    [("imgsearch", "ImageDbFull", "db_name"), ("imagesearch", "InstanceFull", "instance_name")],
)
def test_a_full_index_is_named_as_its_service_names_it(backend: Backend, code: str, key: str) -> None:
    report = IndexingReport("shop", backend, images=10, found=2, added=3, is_full=True)

    with pytest.raises(InvalidRequest, match="shop is full: of 10 images 3 were added, 2 were there") as full:
        report.check(max_failed=0)
    assert full.value.code == code
    assert report.as_dict()[key] == "shop"
