"""Images come into a database once each, whatever goes wrong on the way."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from airflow_provider_viapi.alibaba.services import imgsearch
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, PermissionDenied, TransientError
from airflow_provider_viapi.image_index import indexer
from airflow_provider_viapi.image_index.images import ImageEntry
from airflow_provider_viapi.image_index.imgsearch_database import ImageDatabase
from image_index.bulk import QUICK, fill, index
from image_index.conftest import Service
from served_folder import ServedFolder

Numbered = Callable[[int], list[dict[str, str]]]

IMPATIENT = replace(QUICK, retry_seconds=1.0)


def once_each(images: list[dict[str, str]]) -> dict[tuple[str, str], int]:
    return {(image["entity_id"], image.get("extra_data", "")): 1 for image in images}


def test_every_image_is_added_once(service: Service, numbered: Numbered, photograph: str) -> None:
    images = [*numbered(100), {"image_url": photograph, "entity_id": "e000", "extra_data": "杯子 2"}]

    report = index(service.url, "covers", images)

    assert service.held() == once_each(images)
    assert report.as_dict() == {
        "db_name": "covers",
        "images": 101,
        "added": 101,
        "found": 0,
        "failed": 0,
        "left_out": 0,
        "is_full": False,
        "failed_by_code": {},
        "failures": [],
    }


def test_a_second_run_finds_them_all_and_sends_nothing(service: Service, numbered: Numbered) -> None:
    index(service.url, "covers", numbered(30))

    report = index(service.url, "covers", numbered(30))

    assert (report.found, report.added) == (30, 0)
    assert service.added() == 30


def test_an_existing_image_is_recognized_by_entity_id_and_extra_data(
    service: Service, photograph: str, numbered: Numbered
) -> None:
    service.add("e000", photograph)
    service.add("e001", photograph, "another image of it")

    report = index(service.url, "covers", numbered(3))

    assert (report.found, report.added) == (1, 2)
    assert service.held() == once_each(numbered(3)) | {("e001", "another image of it"): 1}


def test_a_database_of_more_than_2000_is_looked_through_to_its_end(
    tmp_path: Path, photograph: str, numbered: Numbered
) -> None:
    with EmulatorServer(data_dir=tmp_path) as emulator:
        service = Service(emulator)
        fill(tmp_path / "images.sqlite", "covers", 2600)
        service.add("e001", photograph)

        report = index(service.url, "covers", numbered(3))

        assert (report.found, report.added) == (1, 2)
        assert service.held().total() == 2603


def test_a_lost_answer_is_looked_for_and_not_sent_again(service: Service, numbered: Numbered) -> None:
    service.emulator.fault(action="AddImage", drop="after", times=5)

    report = index(service.url, "covers", numbered(20))

    assert report.added == 20
    assert service.added() == 20
    assert service.held() == once_each(numbered(20))


def test_a_call_that_never_arrived_is_made_again(service: Service, numbered: Numbered) -> None:
    service.emulator.fault(action="AddImage", drop="before", times=3)

    report = index(service.url, "covers", numbered(10))

    assert report.added == 10
    assert service.held() == once_each(numbered(10))


def test_an_answer_that_cannot_be_read_is_a_lost_one(service: Service, numbered: Numbered) -> None:
    service.emulator.fault(action="AddImage", status=502, performed=True, times=3)

    report = index(service.url, "covers", numbered(10))

    assert report.added == 10
    assert service.held() == once_each(numbered(10))


@pytest.mark.parametrize("code", ["InternalError.Timeout", "ServiceUnavailable", "InternalError.Algo"])
def test_an_image_that_was_added_although_the_service_reports_an_error_is_not_added_again(
    service: Service, numbered: Numbered, code: str
) -> None:
    service.emulator.fault(action="AddImage", code=code, status=500, performed=True, times=3)

    report = index(service.url, "covers", numbered(10))

    assert report.added == 10
    assert service.held() == once_each(numbered(10))


@pytest.mark.parametrize("code", ["Throttling.User", "ServiceUnavailable", "InternalError.Busy"])
def test_what_passes_is_tried_again(service: Service, numbered: Numbered, code: str) -> None:
    service.emulator.fault(action="AddImage", code=code, times=4)

    report = index(service.url, "covers", numbered(20))

    assert (report.added, report.failed) == (20, 0)
    assert service.held() == once_each(numbered(20))


def test_looks_are_tried_again_too(service: Service, numbered: Numbered) -> None:
    service.emulator.fault(action="ListImages", code="Throttling.User", times=2)
    service.emulator.fault(action="ListImageDbs", status=502)

    assert index(service.url, "covers", numbered(3)).added == 3


def test_a_smaller_page_is_asked_for_when_a_large_one_is_refused(
    service: Service, numbered: Numbered
) -> None:
    service.emulator.fault(action="ListImages", code="InvalidParameter")

    assert index(service.url, "covers", numbered(3)).added == 3


def test_an_image_that_is_refused_is_reported_and_the_others_go_on(
    service: Service, served: ServedFolder, numbered: Numbered
) -> None:
    (served.path / "letter.jpg").write_text("Dear reader, this is no image.")
    images = numbered(20)
    images[3]["image_url"] = served.address("letter.jpg")
    images[7]["image_url"] = served.address("nothing.jpg?Signature=secret")

    report = index(service.url, "covers", images, max_failed=2)

    failures = {failure["index"]: failure for failure in report.as_dict()["failures"]}
    assert (report.added, report.failed, report.left_out) == (18, 2, 0)
    assert {number: each["code"] for number, each in failures.items()} == {
        3: "InvalidImage.Decode",
        7: "InvalidImage.Download",
    }
    assert failures[7]["image_url"] == served.address("nothing.jpg")
    assert "secret" not in str(report.as_dict())


def test_one_failure_too_many_ends_it_at_once(
    service: Service, served: ServedFolder, numbered: Numbered
) -> None:
    images = [{**image, "image_url": served.address("nothing.jpg")} for image in numbered(300)]

    report = index(service.url, "covers", images, max_failed=10)

    assert 11 <= report.failed <= 11 + indexer.MAX_IN_FLIGHT
    assert report.left_out == 300 - report.failed
    assert service.emulator.calls()["AddImage"]["rejected"] < 300


def test_an_image_that_the_service_always_stumbles_over_fails_alone(
    service: Service, numbered: Numbered
) -> None:
    class Stumbling(ImageDatabase):
        async def add(self, image: ImageEntry, address: str) -> None:
            if image.index == 1:
                raise TransientError("it stumbled", code="InternalError.Algo")
            await super().add(image, address)

    report = index(
        service.url, "covers", numbered(40), max_failed=1, qps=10, timing=IMPATIENT, kind=Stumbling
    )

    assert report.added == 39
    assert [failure.code for failure in report.failures] == ["InternalError.Algo"]


@pytest.mark.parametrize("code", ["ServiceUnavailable", "Throttling.User"])
def test_a_service_that_is_down_fails_no_image_but_the_whole(
    service: Service, numbered: Numbered, code: str
) -> None:
    service.emulator.fault(action="AddImage", code=code, times=None)

    with pytest.raises(TransientError, match="requested by a fault"):
        index(service.url, "covers", numbered(5), max_failed=5, timing=IMPATIENT)

    service.emulator.clear_faults()
    assert index(service.url, "covers", numbered(5), resumed=True).added == 5


def test_a_missing_permission_ends_it(service: Service, numbered: Numbered) -> None:
    service.emulator.fault(action="AddImage", code="Forbidden.RAM", times=None)

    with pytest.raises(PermissionDenied):
        index(service.url, "covers", numbered(5), max_failed=5, timing=IMPATIENT)


def test_a_missing_database_is_reported_before_anything_is_sent(service: Service, numbered: Numbered) -> None:
    with pytest.raises(InvalidRequest, match="there is no image database films"):
        index(service.url, "films", numbered(3))

    assert "AddImage" not in service.emulator.calls()


def test_a_database_that_is_deleted_meanwhile_ends_it(service: Service, numbered: Numbered) -> None:
    class Deleted(ImageDatabase):
        async def add(self, image: ImageEntry, address: str) -> None:
            if image.index == 3:
                service.call(imgsearch.DELETE_IMAGE_DB, Name="covers")
            await super().add(image, address)

    with pytest.raises(InvalidRequest, match="there is no image database covers"):
        index(service.url, "covers", numbered(50), max_failed=50, qps=50, kind=Deleted)


def test_a_full_database_ends_it_and_is_named(
    tmp_path: Path, numbered: Numbered, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with EmulatorServer(data_dir=tmp_path) as emulator:
        service = Service(emulator)
        fill(tmp_path / "images.sqlite", "covers", imgsearch.CAPACITY - 4)

        report = index(service.url, "covers", numbered(300), max_failed=300)

        assert (report.added, report.failed, report.is_full) == (4, 0, True)
        assert report.left_out == 296
        assert emulator.calls()["AddImage"]["rejected"] <= indexer.MAX_IN_FLIGHT
    assert "covers holds 49,996 images and can take 4 of the 300 that are missing" in caplog.text
    assert caplog.text.count("covers is full: it holds 50,000 images") == 1


def test_no_more_calls_a_second_are_made_than_the_quota_has(tmp_path: Path, numbered: Numbered) -> None:
    with EmulatorServer(data_dir=tmp_path, calls_per_second=20) as emulator:
        service = Service(emulator)

        report = index(service.url, "covers", numbered(40), qps=15)

        assert report.added == 40
        assert service.held() == once_each(numbered(40))


def test_the_progress_is_logged_at_intervals_and_not_for_each_image(
    service: Service,
    numbered: Numbered,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="indexing")

    index(service.url, "covers", numbered(60), qps=40, timing=replace(QUICK, progress_interval=0.5))

    logged = [record.getMessage() for record in caplog.records if record.name == "indexing"]
    assert 1 <= len(logged) < 30
    assert " of 60 (" in logged[0]
    assert "a second" in logged[0]
