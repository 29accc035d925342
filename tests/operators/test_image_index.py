"""Indexing in bulk as a task: what it takes, what it returns, when it fails."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlretrieve

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, ObjectStoragePath
from PIL import Image

import media_samples
from airflow_provider_viapi.alibaba.client import Client
from airflow_provider_viapi.alibaba.services import imgsearch
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidRequest, PermissionDenied, TransientError
from airflow_provider_viapi.hooks.viapi import ViapiHook
from airflow_provider_viapi.image_index import indexer, staged_images
from airflow_provider_viapi.image_index.imgsearch_database import Listing
from airflow_provider_viapi.media.inputs.staging import Staging
from airflow_provider_viapi.operators.image_index import IndexImagesOperator
from airflow_provider_viapi.operators.imgsearch import CreateImageDbOperator
from media.moto_s3 import Bucket, bucket, moto_endpoint
from run_task import run_task
from served_folder import ServedFolder
from timing import set_timing

__all__ = ["bucket", "moto_endpoint"]

MUG = {"image_url": "http://h/mug.png", "entity_id": "mug"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    timing = indexer.IndexingTiming(retry_seconds=3.0, settle_seconds=0.3)
    set_timing(monkeypatch, timing)


@pytest.fixture
def covers(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An account with an empty database ``covers``, and a connection to it."""
    connection = json.loads(viapi_emulator.connection_json())
    connection["extra"]["submit_qps"] = 200
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(connection))
    client = ViapiHook().client
    client.call(imgsearch.CREATE_IMAGE_DB, {"Name": "covers"})
    return client


def held(client: Client) -> Counter[tuple[str, str]]:
    listing = Listing(500)
    while listing.next_page is not None:
        listing.add_page(
            client.call(imgsearch.LIST_IMAGES, {"DbName": "covers", **listing.next_page})["Data"]
        )
    return Counter((entry["EntityId"], entry["ExtraData"]) for entry in listing.entries.values())


def found(client: Client, address: str) -> str:
    request = {"DbName": "covers", "ImageUrl": address, "Limit": 1}
    best = client.call(imgsearch.SEARCH_IMAGE, request)["Data"]["MatchList"][0]
    assert best["Score"] > 9
    return str(best["EntityId"])


def task(images: Any, **arguments: Any) -> IndexImagesOperator:
    return IndexImagesOperator(task_id="index", **{"db_name": "covers", "images": images, **arguments})


def photograph(name: str, size: tuple[int, int] = (200, 200), format: str = "JPEG") -> bytes:
    target = io.BytesIO()
    with Image.open(media_samples.photographs()[name]) as image:
        image.convert("RGB").resize(size).save(target, format)
    return target.getvalue()


def serve(served: ServedFolder, name: str, content: bytes) -> str:
    (served.path / name).write_bytes(content)
    return served.address(name)


@pytest.fixture
def coffee(served: ServedFolder) -> str:
    return serve(served, "indexed_coffee.jpg", photograph("coffee"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": []}, "images is an empty list"),
        ({"images": 3}, "images is of type int"),
        ({"images": [MUG, MUG]}, r"images\[0\] and images\[1\] both have entity_id 'mug'"),
        ({"images": [MUG, {"entity_id": "a"}]}, r"images\[1\]\.image_url is missing"),
        ({"images": [{**MUG, "entity_id": "Mug"}]}, r"images\[0\]: EntityId is 'Mug'"),
        ({"images": [{**MUG, "extra_data": 7.5}]}, r"images\[0\]: ExtraData is 7.5"),
        ({"images": [{**MUG, "image_url": "nfs2://x/a.png"}]}, r"no installed package supports nfs2://"),
        ({"images": "images"}, "images is 'images'; allowed: a list of images, or a folder"),
        ({"images": "https://h/images/"}, "images is 'https://h/images/'; allowed"),
        ({"images": "nfs2://images/"}, "no installed package supports nfs2://"),
        ({"db_name": "Covers"}, "db_name is 'Covers'; allowed: 2 to 64 characters"),
        ({"max_failed": -1}, "max_failed is -1; allowed: a whole number from 0"),
        ({"max_failed": "3"}, "max_failed is '3'"),
        ({"fit": "yes"}, "fit is 'yes'"),
        ({"skip_existing": "yes"}, "skip_existing is 'yes'; allowed: True, False"),
        ({"staging": "s3://bucket"}, "staging is 's3://bucket'"),
    ],
)
def test_a_literal_that_cannot_be_right_fails_when_the_dag_is_parsed(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequest, match=message):
        task(**{"images": [MUG], **arguments})


def test_what_is_templated_is_checked_after_rendering_and_before_anything_is_sent(covers: Client) -> None:
    with DAG("dag", schedule=None):
        index = task([MUG, {**MUG, "extra_data": "{{ what }}"}], db_name="{{ name }}")
    index.render_template_fields({"what": "x" * 513, "name": "covers"})  # type: ignore[arg-type]

    with pytest.raises(AirflowFailException, match=r"images\[1\]: ExtraData"):
        run_task(index)
    assert not held(covers)


def test_a_list_can_come_from_another_task_and_may_then_be_empty(covers: Client) -> None:
    with DAG("dag", schedule=None):
        index = task(CreateImageDbOperator(task_id="create", name="covers").output["Images"])
    index.images = []

    assert run_task(index).result["images"] == 0
    assert index.upstream_task_ids == {"create"}


def test_web_images_are_indexed_as_they_are(covers: Client, coffee: str) -> None:
    images = [{"image_url": coffee, "entity_id": f"e{number}", "extra_data": "杯"} for number in range(5)]

    outcome = run_task(task(images))

    assert held(covers) == {(f"e{number}", "杯"): 1 for number in range(5)}
    assert outcome.result["added"] == 5
    assert outcome.pushed["summary"] == outcome.result


def test_a_retry_adds_only_what_is_missing(covers: Client, coffee: str) -> None:
    images = [{"image_url": coffee, "entity_id": f"e{number}"} for number in range(5)]
    run_task(task(images[:3]))

    outcome = run_task(task(images), try_number=2)

    assert (outcome.result["found"], outcome.result["added"]) == (3, 2)
    assert set(held(covers).values()) == {1}


def test_a_retry_without_skip_existing_adds_everything_again(covers: Client, coffee: str) -> None:
    images = [{"image_url": coffee, "entity_id": "coffee"}]
    run_task(task(images, skip_existing=False))

    again = run_task(task(images, skip_existing=False), try_number=2)

    assert (again.result["added"], again.result["found"]) == (1, 0)


def test_a_missing_database_fails_without_retry(covers: Client, coffee: str) -> None:
    with pytest.raises(AirflowFailException, match="there is no image database films"):
        run_task(task([{"image_url": coffee, "entity_id": "a"}], db_name="films"))


def test_failures_up_to_max_failed_are_reported_and_one_more_fails_the_task(
    covers: Client, coffee: str, served: ServedFolder
) -> None:
    good = [{"image_url": coffee, "entity_id": f"e{number}"} for number in range(3)]
    bad = {"image_url": served.address("gone.jpg?Signature=secret"), "entity_id": "gone"}
    large = {
        "image_url": serve(served, "large.jpg", photograph("coffee", (1500, 900))),
        "entity_id": "large",
    }

    outcome = run_task(task([*good, bad, large], max_failed=2))

    assert outcome.result["failed_by_code"] == {"InvalidImage.Download": 1, "InvalidImage.Resolution": 1}
    assert "secret" not in json.dumps(outcome.result)
    with pytest.raises(AirflowFailException, match=r"2 of 5 images failed, max_failed is 1") as failed:
        run_task(task([*good, bad, large], max_failed=1))
    assert "secret" not in str(failed.value)


def test_a_transient_failure_leaves_the_retries(
    covers: Client, coffee: str, viapi_emulator: EmulatorServer
) -> None:
    viapi_emulator.fault(action="AddImage", code="ServiceUnavailable", times=None)

    with pytest.raises(TransientError):
        run_task(task([{"image_url": coffee, "entity_id": "a"}]))


def test_a_failed_task_has_its_summary_too(covers: Client, served: ServedFolder) -> None:
    from run_task import TaskInstance

    instance = TaskInstance()
    index = task([{"image_url": served.address("gone.jpg"), "entity_id": "gone"}])

    with pytest.raises(AirflowFailException):
        index.execute({"ti": instance})  # type: ignore[typeddict-item, arg-type]

    assert instance.pushed["summary"]["failed"] == 1


def test_a_full_database_fails_without_retry_and_reports_what_was_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, coffee: str
) -> None:
    with EmulatorServer(data_dir=tmp_path) as emulator:
        connection = json.loads(emulator.connection_json())
        connection["extra"]["submit_qps"] = 200
        monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", json.dumps(connection))
        ViapiHook().call(imgsearch.CREATE_IMAGE_DB, {"Name": "covers"})
        with sqlite3.connect(tmp_path / "images.sqlite") as file:
            file.executemany(
                "INSERT INTO images (database, entity_id, image_url, extra_data, vector, created_at) "
                "VALUES ('covers', ?, '', '', x'00', 0)",
                ((f"filler_{number}",) for number in range(imgsearch.CAPACITY - 2)),
            )
        file.close()
        images = [{"image_url": coffee, "entity_id": f"e{number}"} for number in range(10)]

        with pytest.raises(AirflowFailException, match=r"covers is full: of 10 images 2 were added") as full:
            run_task(task(images, max_failed=10))

    assert "8 were not tried" in str(full.value)


@pytest.fixture
def folder(bucket: Bucket) -> str:
    """A folder in S3 with four images, one of them under a name that needs care, and a file that is none."""
    for key, name in {
        "in/coffee.jpg": "coffee",
        "in/rocket.JPEG": "rocket",
        "in/Katzen 100%/Chelsea 切尔西.png": "chelsea",
        "in/more/coffee.jpg": "astronaut",
        "in-other/coffee.jpg": "coffee",
    }.items():
        format = "PNG" if key.endswith("png") else "JPEG"
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=photograph(name, format=format))
    bucket.client.put_object(Bucket=bucket.name, Key="in/readme.txt", Body=b"Images.")
    return f"{bucket.url}/in/"


def test_a_folder_in_s3_is_indexed_by_the_names_of_its_files(
    covers: Client, folder: str, bucket: Bucket, coffee: str
) -> None:
    outcome = run_task(task(folder))

    assert outcome.result["added"] == 4
    ids = {extra: entity for entity, extra in held(covers)}
    top = f"s3://{bucket.name}/in"
    assert ids[f"{top}/coffee.jpg"] == "coffee"
    assert ids[f"{top}/rocket.JPEG"] == "rocket"
    assert ids[f"{top}/more/coffee.jpg"].startswith("more_coffee_")
    assert ids[f"{top}/Katzen 100%/Chelsea 切尔西.png"].startswith("katzen_100_chelsea_")
    assert len(ids) == len(set(ids.values())) == 4
    assert found(covers, coffee) == "coffee"


def test_a_folder_that_has_grown_gets_what_is_new(covers: Client, folder: str, bucket: Bucket) -> None:
    run_task(task(folder))
    bucket.client.put_object(Bucket=bucket.name, Key="in/new.jpg", Body=photograph("ihc"))

    outcome = run_task(task(folder))

    assert (outcome.result["found"], outcome.result["added"]) == (4, 1)


def test_a_path_of_object_storage_is_a_folder_too(covers: Client, folder: str) -> None:
    assert run_task(task(ObjectStoragePath(folder))).result["added"] == 4


def test_a_folder_without_images_fails_without_retry(covers: Client, bucket: Bucket) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="notes/readme.txt", Body=b"No images.")

    with pytest.raises(AirflowFailException, match="where none of 1 files ends in"):
        run_task(task(f"{bucket.url}/notes/"))


def test_images_in_a_teams_bucket_are_staged_and_the_copies_removed(
    covers: Client, folder: str, coffee: str
) -> None:
    from airflow_provider_viapi.fs.oss_client import open_oss

    oss = open_oss(ViapiHook())
    oss.put("staging", "kept.txt", b"something else")

    outcome = run_task(task(folder, staging="oss://staging/indexing"))

    assert outcome.result["added"] == 4
    assert [each.key for each in oss.list_objects("staging", "") if hasattr(each, "key")] == ["kept.txt"]
    assert found(covers, coffee) == "coffee"


def test_a_file_that_is_several_images_is_there_until_the_last_was_added(
    covers: Client, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [{"image_url": f"{folder}coffee.jpg", "entity_id": f"e{number}"} for number in range(4)]
    staged: list[str] = []
    all_staged, first_is_away = asyncio.Event(), asyncio.Event()
    add = indexer.ImageDatabase.add

    async def last_ones_wait(database: Any, image: Any, address: str) -> None:
        staged.append(address)
        if len(staged) == len(images):
            all_staged.set()
        await all_staged.wait()
        if image.index:
            await first_is_away.wait()
        await add(database, image, address)

    readable = staged_images.StagedImages.stage

    @asynccontextmanager
    async def first_signals(staged: Any, image: Any) -> AsyncIterator[str]:
        async with readable(staged, image) as address:
            yield address
        first_is_away.set()

    monkeypatch.setattr(indexer.ImageDatabase, "add", last_ones_wait)
    monkeypatch.setattr(staged_images.StagedImages, "stage", first_signals)

    outcome = run_task(task(images, staging="oss://staging/indexing"))

    assert outcome.result["added"] == 4


def test_an_image_that_may_not_be_read_fails_alone(
    covers: Client, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Staging.stage

    def stage_what_may_be_read(self: Staging, action: Any, request: Any) -> Any:
        if "locked" in request["ImageUrl"]:
            raise PermissionDenied("locked.jpg may not be read", code="AccessDenied")
        return stage(self, action, request)

    monkeypatch.setattr(Staging, "stage", stage_what_may_be_read)
    images = [
        {"image_url": f"{folder}locked.jpg", "entity_id": "locked"},
        {"image_url": f"{folder}coffee.jpg", "entity_id": "coffee"},
    ]

    outcome = run_task(task(images, max_failed=1))

    assert (outcome.result["added"], outcome.result["failed_by_code"]) == (1, {"AccessDenied": 1})


def test_an_image_that_vanishes_from_storage_fails_alone(covers: Client, folder: str) -> None:
    images = [
        {"image_url": f"{folder}coffee.jpg", "entity_id": "coffee"},
        {"image_url": f"{folder}gone.jpg", "entity_id": "gone"},
    ]

    outcome = run_task(task(images, max_failed=1))

    assert (outcome.result["added"], outcome.result["failed_by_code"]) == (1, {"InvalidFile.NotFound": 1})


def test_what_is_too_large_is_made_smaller_first_if_wanted(
    covers: Client, bucket: Bucket, served: ServedFolder, coffee: str
) -> None:
    bucket.client.put_object(
        Bucket=bucket.name, Key="large.png", Body=photograph("coffee", (2400, 1600), "PNG")
    )
    images = [
        {"image_url": f"{bucket.url}/large.png", "entity_id": "stored"},
        {"image_url": serve(served, "wide.jpg", photograph("rocket", (3000, 1000))), "entity_id": "web"},
        {"image_url": coffee, "entity_id": "fits"},
        {
            "image_url": serve(served, "strip.jpg", photograph("rocket", (4000, 200))),
            "entity_id": "strip",
        },
    ]

    outcome = run_task(task(images, fit=True, max_failed=1))

    assert outcome.result["added"] == 3
    assert outcome.result["failed_by_code"] == {"InvalidImage.Resolution": 1}
    assert "1023×51 pixels" in outcome.result["failures"][0]["message"]
    assert found(covers, serve(served, "rocket.jpg", photograph("rocket", (600, 200)))) == "web"


def test_it_stops_when_the_task_is_killed(
    covers: Client, coffee: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [{"image_url": coffee, "entity_id": f"e{number:03}"} for number in range(300)]
    index = task(images)
    add = indexer.ImageDatabase.add

    async def killed_meanwhile(database: Any, image: Any, address: str) -> None:
        await add(database, image, address)
        if image.index == 20:
            index.on_kill()

    monkeypatch.setattr(indexer.ImageDatabase, "add", killed_meanwhile)

    with pytest.raises(Exception, match="the task was stopped"):
        run_task(index)

    monkeypatch.undo()
    assert 0 < held(covers).total() < 300


def test_a_killed_task_continues_in_its_retry(covers: Client, coffee: str) -> None:
    images = [{"image_url": coffee, "entity_id": f"e{number:03}"} for number in range(30)]
    index = task(images)
    index.on_kill()
    with pytest.raises(Exception, match="the task was stopped"):
        run_task(index)

    outcome = run_task(task(images), try_number=2)

    assert outcome.result["found"] + outcome.result["added"] == 30
    assert set(held(covers).values()) == {1}


def test_no_secret_is_in_what_airflow_shows_of_the_task(covers: Client, viapi_emulator: Any) -> None:
    index = task([MUG])

    shown = json.dumps({name: getattr(index, name) for name in index.template_fields})

    assert viapi_emulator.access_key_secret not in shown


def test_lazy_sequences_and_path_objects_are_lists_and_addresses(
    covers: Client, coffee: str, tmp_path: Path
) -> None:
    class Lazy(Sequence[Any]):
        """Output of a mapped task: it can be iterated, and knows its length only by doing so."""

        def __getitem__(self, index: Any) -> Any:
            return [{"image_url": coffee, "entity_id": "lazy"}][index]

        def __len__(self) -> int:
            return 1

        def __bool__(self) -> bool:
            raise AssertionError("asks the database for the length")

    assert run_task(task(Lazy())).result["added"] == 1
    assert run_task(task(iter([{"image_url": coffee, "entity_id": "iterated"}]))).result["added"] == 1
    urlretrieve(coffee, tmp_path / "path.jpg")
    assert run_task(task([{"image_url": tmp_path / "path.jpg", "entity_id": "path"}])).result["added"] == 1
    assert run_task(task(tmp_path)).result["added"] == 1
