"""Instances of ImageSearch in the emulator: searches, replacement, filters, bulk jobs and exports."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

import media_samples
from airflow_provider_viapi.alibaba.account import Account
from airflow_provider_viapi.alibaba.client import Client
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.imagesearch_storage import ImageInstances, Item
from airflow_provider_viapi.emulator.server import EmulatorServer
from airflow_provider_viapi.errors import InvalidMedia, InvalidRequest, ServiceError
from airflow_provider_viapi.fs.oss import OssFileSystem
from airflow_provider_viapi.renewable_credentials import Credentials

NAMES = ("chelsea", "coffee", "rocket")


def content(name: str, size: tuple[int, int] = (240, 200), kind: str = "JPEG") -> str:
    """A photograph as Base64."""
    file = BytesIO()
    with Image.open(media_samples.photographs()[name]) as image:
        image.convert("RGB").resize(size).save(file, kind)
    return b64encode(file.getvalue()).decode()


class Instance:
    """The instance ``demo`` of an emulator."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def call(self, action: str, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.call(
            f"imagesearch.{action}", {"InstanceName": "demo", **request}
        )["Data"]
        return answer

    def add(self, name: str, **more: Any) -> None:
        request = {"ProductId": name, "PicName": f"{name}.jpg", "PicContent": content(name)}
        self.call("AddImage", **{**request, **more})

    def found(self, **request: Any) -> list[str]:
        matches = self.call("SearchImageByPic", **{"PicContent": content("coffee"), **request})
        return [match["PicName"] for match in matches["Auctions"]]


@pytest.fixture
def instance(viapi_emulator: EmulatorServer) -> Iterator[Instance]:
    key = Credentials(viapi_emulator.access_key_id, viapi_emulator.access_key_secret)
    with Client(Account(key, endpoint=viapi_emulator.url)) as client:
        yield Instance(client)


@pytest.fixture
def filled(instance: Instance) -> Instance:
    """The instance with three photographs, and a number and a text of each."""
    for number, name in enumerate(NAMES):
        instance.add(name, IntAttr=number, StrAttr=name, CustomContent=f"about {name}")
    return instance


def test_the_best_match_is_first_with_its_attributes_and_the_pages_follow_each_other(
    filled: Instance,
) -> None:
    answer = filled.call("SearchImageByPic", PicContent=content("coffee", (300, 250), "PNG"))
    best = answer["Auctions"][0]

    assert (best["PicName"], best["IntAttr"], best["StrAttr"]) == ("coffee.jpg", 1, "coffee")
    assert best["CustomContent"] == "about coffee"
    assert best["Score"] > 0.9 > answer["Auctions"][1]["Score"]
    assert answer["Head"]["DocsFound"] == answer["Head"]["DocsReturn"] == 3
    assert filled.found(Num=1) + filled.found(Num=2, Start=1) == filled.found()


def test_results_are_filtered_limited_by_score_and_made_distinct(filled: Instance) -> None:
    filled.add("coffee", PicName="again.jpg")

    assert set(filled.found(Filter='int_attr >= 1 AND str_attr != "rocket"')) == {"coffee.jpg"}
    assert set(filled.found(ScoreThreshold=0.9)) == {"coffee.jpg", "again.jpg"}
    assert len(filled.found(DistinctProductId=True)) == 3
    assert (
        filled.call("SearchImageByFilter", Filter="int_attr in (0, 2)", Num=1)["Auctions"][0]["PicName"]
        == "chelsea.jpg"
    )


def test_an_image_is_found_by_the_name_of_another(filled: Instance) -> None:
    answer = filled.call("SearchImageByName", ProductId="coffee", PicName="coffee.jpg")

    assert answer["Auctions"][0]["PicName"] == "coffee.jpg"
    with pytest.raises(InvalidRequest, match="no such image"):
        filled.call("SearchImageByName", ProductId="tea", PicName="tea.jpg")


def test_an_image_that_is_added_again_replaces_itself(filled: Instance) -> None:
    filled.add("coffee", IntAttr=9)

    assert filled.call("Detail")["Instance"]["TotalCount"] == 3
    found = filled.call("CheckImageExists", ProductId="coffee", PicName="coffee.jpg")
    assert (found["Exists"], found["Auctions"]["IntAttr"]) == (True, 9)
    assert "StrAttr" not in found["Auctions"]
    assert filled.call("CheckImageExists", ProductId="tea", PicName="tea.jpg")["Exists"] is False


def test_attributes_are_changed_and_others_stay(filled: Instance) -> None:
    filled.call("UpdateImage", ProductId="coffee", IntAttr3=7)

    found = filled.call("CheckImageExists", ProductId="coffee", PicName="coffee.jpg")["Auctions"]
    assert (found["IntAttr"], found["IntAttr3"], found["CustomContent"]) == (1, 7, "about coffee")


def test_images_are_deleted_by_product_by_name_and_by_filter(filled: Instance) -> None:
    filled.add("coffee", PicName="again.jpg")

    assert filled.call("DeleteImage", ProductId="coffee", PicName="again.jpg")["PicNames"] == ["again.jpg"]
    assert filled.call("DeleteImage", ProductId="coffee")["PicNames"] == ["coffee.jpg"]
    by_filter = filled.call("DeleteImage", IsDeleteByFilter=True, Filter="int_attr=0")
    assert by_filter["PicNames"] == ["chelsea.jpg"]
    assert filled.found() == ["rocket.jpg"]


def test_two_images_are_compared(instance: Instance) -> None:
    same = instance.call(
        "CompareSimilarByImage",
        PrimaryPicContent=content("coffee"),
        SecondaryPicContent=content("coffee", (400, 333)),
    )
    other = instance.call(
        "CompareSimilarByImage", PrimaryPicContent=content("coffee"), SecondaryPicContent=content("rocket")
    )

    assert other["Score"] < 0.5 < 0.9 < same["Score"] <= 1


def test_only_the_rectangle_of_an_image_counts(instance: Instance) -> None:
    instance.add("coffee", Region="0,120,0,100")

    part = instance.call("SearchImageByPic", PicContent=content("coffee"), Region="0,120,0,100")
    whole = instance.call("SearchImageByPic", PicContent=content("coffee"))

    assert part["PicInfo"]["Region"] == "0,120,0,100"
    assert part["Auctions"][0]["Score"] > whole["Auctions"][0]["Score"]
    with pytest.raises(InvalidMedia, match="outside of 240x200"):
        instance.call("SearchImageByPic", PicContent=content("coffee"), Region="0,300,0,100")


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (content("coffee", (90, 200)), "InvalidImage.Resolution"),
        (b64encode(b"no image " * 20).decode(), "InvalidImage.Decode"),
        (content("coffee", kind="PDF"), "InvalidImage.Decode"),
        (content("coffee", kind="ICO"), "InvalidImage.Decode"),
    ],
)
def test_an_image_that_the_service_does_not_take_is_refused(
    image: str, code: str, instance: Instance
) -> None:
    with pytest.raises(InvalidMedia) as refusal:
        instance.call("AddImage", ProductId="a", PicName="a.jpg", PicContent=image)
    assert refusal.value.code == code


def test_an_instance_that_was_not_bought_does_not_exist(instance: Instance) -> None:
    with pytest.raises(
        InvalidRequest, match=r"emulator has demo; viapi-emulator --image-instance"
    ) as refusal:
        instance.call("Detail", InstanceName="shop")
    assert refusal.value.code == "InvalidInstance"


def test_a_full_instance_takes_no_more(tmp_path: Path) -> None:
    store = ImageInstances(tmp_path / "a.sqlite", ["demo"], capacity=1)
    store.put("demo", Item("1", "a", 0, {}), b"\0\0")
    store.put("demo", Item("1", "a", 0, {"IntAttr": 1}), b"\0\0")

    with pytest.raises(ApiError, match="full"):
        store.put("demo", Item("1", "b", 0, {}), b"\0\0")
    store.close()


@pytest.fixture
def bucket(viapi_emulator: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> OssFileSystem:
    monkeypatch.setenv("AIRFLOW_CONN_VIAPI_DEFAULT", viapi_emulator.connection_json())
    return OssFileSystem("viapi_default", skip_instance_cache=True)


def ended(instance: Instance, action: str, **request: Any) -> dict[str, Any]:
    """The newest task of an instance, once it is done."""
    while True:
        data = instance.call(action, **request)
        tasks = data["Increments"]["Instance"] if "Increments" in data else data["DumpMetaList"]
        if tasks[0]["Status"] != "PROCESSING":
            task: dict[str, Any] = tasks[0]
            return task
        time.sleep(0.02)


def test_a_bulk_task_adds_and_deletes_what_its_file_lists_and_reports_rows_that_failed(
    filled: Instance, bucket: OssFileSystem
) -> None:
    rows = [
        {"OperationType": "ADD", "ProductId": "new", "PicName": "new.jpg", "IntAttr": 5},
        {"OperationType": "ADD", "ProductId": "gone", "PicName": "gone.jpg"},
        {"OperationType": "DELETE", "ProductId": "rocket", "PicName": "rocket.jpg"},
        {"OperationType": "MOVE", "ProductId": "a", "PicName": "a.jpg"},
        {"OperationType": "ADD", "PicName": "a.jpg"},
    ]
    meta = "\n".join(map(json.dumps, rows)) + "\nnot json\n"
    bucket.pipe_file("team/bulk/increment.meta", meta.encode())
    with Image.open(media_samples.photographs()["astronaut"]) as image:
        file = BytesIO()
        image.convert("RGB").resize((200, 200)).save(file, "JPEG")
    bucket.pipe_file("team/bulk/new.jpg", file.getvalue())

    begun = filled.call("IncreaseInstance", BucketName="team", Path="/bulk")
    task = ended(filled, "IncreaseList", Id=begun["Id"])

    assert (begun["IncrementStatus"], task["Status"], task["Code"]) == ("PROCESSING", "SUCCESS", "0")
    report = [json.loads(line) for line in requests.get(task["ErrorUrl"], timeout=10).text.splitlines()]
    assert [(row["Line"], row["Code"]) for row in report] == [
        (2, "NoSuchKey"),
        (4, "InvalidMetaItem"),
        (5, "InvalidMetaItem"),
        (6, "InvalidMetaItem"),
    ]
    assert filled.found(Filter="int_attr = 5") == ["new.jpg"]
    assert not filled.call("CheckImageExists", ProductId="rocket", PicName="rocket.jpg")["Exists"]


def test_a_bulk_task_without_a_file_fails(instance: Instance, bucket: OssFileSystem) -> None:
    instance.call("IncreaseInstance", BucketName="team", Path="/nowhere")

    task = ended(instance, "IncreaseList", Path="/nowhere")

    assert task["Status"] == "FAIL"
    assert "increment.meta does not exist in nowhere" in task["Msg"]


def test_an_instance_runs_one_bulk_task_at_a_time(instance: Instance, bucket: OssFileSystem) -> None:
    row = json.dumps({"OperationType": "ADD", "ProductId": "a", "PicName": "a.jpg"})
    bucket.pipe_file("team/slow/increment.meta", (f"{row}\n" * 40).encode())
    bucket.pipe_file("team/slow/a.jpg", b"no image")
    instance.call("IncreaseInstance", BucketName="team", Path="/slow")

    with pytest.raises(ServiceError, match="previous batch task") as refusal:
        instance.call("IncreaseInstance", BucketName="team", Path="/slow")

    assert refusal.value.code == "InstanceStatusError"
    assert ended(instance, "IncreaseList")["Status"] == "FAIL"


def test_an_export_has_every_image(filled: Instance) -> None:
    begun = filled.call("DumpMeta")

    task = ended(filled, "DumpMetaList", Id=begun["Id"])

    rows = [json.loads(line) for line in requests.get(task["MetaUrl"], timeout=10).text.splitlines()]
    assert [row["PicName"] for row in rows] == [f"{name}.jpg" for name in NAMES]


def test_a_file_may_be_at_the_top_of_the_bucket_and_a_line_that_is_no_object_is_a_row_that_failed(
    instance: Instance, bucket: OssFileSystem
) -> None:
    row = {"OperationType": "DELETE", "ProductId": "a", "PicName": "a\u2028b.jpg"}
    bucket.pipe_file(
        "team/increment.meta", f"{json.dumps(row, ensure_ascii=False)}\n[{json.dumps(row)}]\n".encode()
    )

    instance.call("IncreaseInstance", BucketName="team", Path="/increment.meta")
    task = ended(instance, "IncreaseList")

    assert task["Status"] == "SUCCESS"
    (failed,) = requests.get(task["ErrorUrl"], timeout=10).text.splitlines()
    assert (json.loads(failed)["Line"], json.loads(failed)["Code"]) == (2, "InvalidMetaItem")


def test_a_bulk_task_ends_as_its_fault_says(
    instance: Instance, bucket: OssFileSystem, viapi_emulator: EmulatorServer
) -> None:
    bucket.pipe_file("team/bulk/increment.meta", b'{"OperationType": "DELETE", "ProductId": "a"}')
    job = {"processing": 3600, "state": "PROCESS_FAILED", "code": "Busy", "message": "try later"}
    viapi_emulator.fault(action="IncreaseInstance", job=job)

    instance.call("IncreaseInstance", BucketName="team", Path="/bulk")
    (task,) = instance.call("IncreaseList")["Increments"]["Instance"]
    viapi_emulator.clear_faults()

    assert task["Status"] == "PROCESSING"
    task = ended(instance, "IncreaseList")
    assert (task["Status"], task["Code"], task["Msg"]) == ("FAIL", "Busy", "try later")
