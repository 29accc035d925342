"""Data that image search keeps, without HTTP or images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.imgsearch_storage import ImageDatabases


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[ImageDatabases]:
    databases = ImageDatabases(tmp_path / "images.sqlite", capacity=5000)
    databases.create("photos")
    yield databases
    databases.close()


def vectors(count: int) -> numpy.ndarray:
    drawn = numpy.random.default_rng(1).normal(size=(count, 16))
    return (drawn / numpy.linalg.norm(drawn, axis=1, keepdims=True)).astype(numpy.float16)


def test_the_best_matches_are_found_wherever_they_are_stored(databases: ImageDatabases) -> None:
    images = vectors(5000)
    for number, vector in enumerate(images):
        databases.add("photos", f"e{number}", f"http://host/{number}.jpg", "", vector.tobytes(), 0)
    wanted = images[4999]

    matches = databases.search("photos", wanted.tobytes(), 7)

    cosines = images.astype(numpy.float32) @ wanted.astype(numpy.float32)
    best = numpy.argsort(-cosines)[:7]
    assert [match.entity_id for match in matches] == [f"e{number}" for number in best]
    assert [match.cosine for match in matches] == pytest.approx(cosines[best].tolist())


def test_images_that_are_alike_come_in_the_order_they_were_added(databases: ImageDatabases) -> None:
    (vector,) = vectors(1)
    ids = [databases.add("photos", "same", "http://host/a.jpg", "", vector.tobytes(), 0) for _ in range(3)]

    assert [match.data_id for match in databases.search("photos", vector.tobytes(), 3)] == ids


def test_a_database_that_is_full_takes_no_more(tmp_path: Path) -> None:
    small = ImageDatabases(tmp_path / "small.sqlite", capacity=1)
    small.create("photos")
    small.add("photos", "a", "http://host/a.jpg", "", b"\0\0", 0)

    with pytest.raises(ApiError, match="full") as caught:
        small.add("photos", "b", "http://host/b.jpg", "", b"\0\0", 0)

    small.close()
    assert caught.value.code == "InvalidParameter.BadRequest"


def test_images_are_kept_when_the_file_is_reopened(tmp_path: Path) -> None:
    (vector,) = vectors(1)
    first = ImageDatabases(tmp_path / "images.sqlite")
    first.create("photos")
    first.add("photos", "a", "http://host/a.jpg", "extra", vector.tobytes(), 0)
    first.close()

    again = ImageDatabases(tmp_path / "images.sqlite")
    (match,) = again.search("photos", vector.tobytes(), 5)
    again.close()

    assert (match.entity_id, match.image_url, match.extra_data) == ("a", "http://host/a.jpg", "extra")
