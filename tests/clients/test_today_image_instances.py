"""Alibaba's client of today for instances of ImageSearch: every action, with both of its signatures."""

from __future__ import annotations

import json
import os
import subprocess
import time
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from alibabacloud_imagesearch20201214 import models
from alibabacloud_imagesearch20201214.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException, ClientException
from darabonba.runtime import RuntimeOptions

from clients.running_emulator import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    RunningEmulator,
    emulator_command,
)
from clients.tea_clients import config, with_upload_endpoint
from served_folder import ServedFolder

PHOTOGRAPHS = ("chelsea", "coffee", "motorcycle_left", "rocket")


@pytest.fixture
def client(emulator: RunningEmulator, signature: str) -> Client:
    return Client(config(emulator, signature))


def content(media: ServedFolder, name: str) -> str:
    return b64encode((media.path / f"{name}.jpg").read_bytes()).decode()


@pytest.fixture
def shop(client: Client, media: ServedFolder) -> str:
    """An instance with four photographs, and something said of each."""
    for number, name in enumerate(PHOTOGRAPHS):
        request = models.AddImageRequest(
            instance_name="demo",
            product_id=name,
            pic_name=f"{name}.jpg",
            pic_content=content(media, name),
            int_attr=number,
            str_attr_4="照片 * ~ +",
            custom_content=f"{name}: 10 €",
        )
        body = client.add_image(request).body
        assert (body.success, body.code, body.message) == (True, 0, "success")
        assert body.pic_info.region.startswith("0,")
    return "demo"


def test_the_photograph_of_the_same_thing_is_found(client: Client, shop: str, media: ServedFolder) -> None:
    request = models.SearchImageByPicRequest(
        instance_name=shop, pic_content=content(media, "motorcycle_right"), num=2, score_threshold="0.01"
    )
    body = client.search_image_by_pic(request).body
    best, second = body.auctions

    assert (best.product_id, best.custom_content) == ("motorcycle_left", "motorcycle_left: 10 €")
    assert (best.int_attr, best.str_attr_4) == (2, "照片 * ~ +")
    assert 0 <= second.score < 0.5 < best.score <= 1
    assert (body.code, body.success, body.head.docs_return) == (0, True, 2)


def test_images_are_searched_by_name_and_by_filter_and_checked(client: Client, shop: str) -> None:
    by_name = client.search_image_by_name(
        models.SearchImageByNameRequest(
            instance_name=shop, product_id="coffee", pic_name="coffee.jpg", filter="int_attr>0"
        )
    ).body
    by_filter = client.search_image_by_filter(
        models.SearchImageByFilterRequest(
            instance_name=shop, filter='int_attr in (0, 3) AND str_attr4 != "a"'
        )
    ).body
    exists = client.check_image_exists(
        models.CheckImageExistsRequest(instance_name=shop, product_id="coffee", pic_name="coffee.jpg")
    ).body

    assert by_name.auctions[0].product_id == "coffee"
    assert [image.product_id for image in by_filter.auctions] == ["chelsea", "rocket"]
    assert (exists.exists, exists.auctions.int_attr) == (True, 1)


def test_images_are_changed_compared_counted_and_deleted(
    client: Client, shop: str, media: ServedFolder
) -> None:
    client.update_image(
        models.UpdateImageRequest(instance_name=shop, product_id="coffee", int_attr_3=7, str_attr_3="x")
    )
    compared = client.compare_similar_by_image(
        models.CompareSimilarByImageRequest(
            instance_name=shop,
            primary_pic_content=content(media, "motorcycle_left"),
            secondary_pic_content=content(media, "motorcycle_right"),
        )
    ).body
    deleted = client.delete_image(
        models.DeleteImageRequest(instance_name=shop, is_delete_by_filter=True, filter="int_attr3 = 7")
    ).body
    instance = client.detail(models.DetailRequest(instance_name=shop)).body.instance

    assert 0.5 < compared.score <= 1
    assert deleted.data.pic_names == ["coffee.jpg"]
    assert (instance.name, instance.total_count, instance.capacity) == ("demo", 3, 10)


def test_a_file_is_uploaded_and_looked_for(
    emulator: RunningEmulator, media: ServedFolder, certificate: Path
) -> None:
    settings = config(emulator, open_platform_endpoint=emulator.host)
    client = with_upload_endpoint(Client(settings), settings)
    runtime = RuntimeOptions(ca=str(certificate))
    with (media.path / "coffee.jpg").open("rb") as file:
        add = models.AddImageAdvanceRequest(
            instance_name="demo", product_id="coffee", pic_name="coffee.jpg", pic_content_object=file
        )
        assert client.add_image_advance(add, runtime).body.success
    with (media.path / "coffee.jpg").open("rb") as file:
        search = models.SearchImageByPicAdvanceRequest(instance_name="demo", pic_content_object=file)
        found = client.search_image_by_pic_advance(search, runtime).body.auctions

    assert [image.product_id for image in found] == ["coffee"]


def ended(read: Any) -> Any:
    while True:
        tasks = read()
        if tasks[0].status != "PROCESSING":
            return tasks[0]
        time.sleep(0.05)


def test_tasks_are_begun_and_listed(client: Client, shop: str) -> None:
    begun = client.increase_instance(
        models.IncreaseInstanceRequest(instance_name=shop, bucket_name="none", path="/nowhere")
    ).body.data
    dumped = client.dump_meta(models.DumpMetaRequest(instance_name=shop)).body.data

    increases = models.IncreaseListRequest(instance_name=shop, id=int(begun.id))
    increase = ended(lambda: client.increase_list(increases).body.data.increments.instance)
    dumps = models.DumpMetaListRequest(instance_name=shop, id=int(dumped.id))
    dump = ended(lambda: client.dump_meta_list(dumps).body.data.dump_meta_list)

    assert (increase.status, increase.path, increase.bucket_name) == ("FAIL", "/nowhere", "none")
    assert dump.status == "SUCCESS"
    assert dump.meta_url.startswith("http")


def test_a_bulk_task_adds_and_deletes_what_a_file_in_oss_lists_and_reports_the_rest(
    client: Client, shop: str, emulator: RunningEmulator, media: ServedFolder, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "OperationType": "ADD",
            "ProductId": "bike",
            "PicName": "bike.jpg",
            "IntAttr": 9,
            "StrAttr": "自行车",
        },
        {"OperationType": "ADD", "ProductId": "gone", "PicName": "gone.jpg"},
        {"OperationType": "DELETE", "ProductId": "rocket", "PicName": "rocket.jpg"},
    ]
    meta = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    (tmp_path / "increment.meta").write_text(meta, "utf-8")
    (tmp_path / "bike.jpg").write_bytes((media.path / "motorcycle_right.jpg").read_bytes())
    fill_bucket(emulator, tmp_path, "team", "bulk")

    request = models.IncreaseInstanceRequest(instance_name=shop, bucket_name="team", path="/bulk")
    begun = client.increase_instance(request).body.data
    listed = models.IncreaseListRequest(instance_name=shop, bucket_name="team", path="/bulk")
    task = ended(lambda: client.increase_list(listed).body.data.increments.instance)
    found = client.search_image_by_filter(
        models.SearchImageByFilterRequest(instance_name=shop, filter='str_attr = "自行车"')
    ).body.auctions
    rocket = models.CheckImageExistsRequest(instance_name=shop, product_id="rocket", pic_name="rocket.jpg")

    assert (task.status, task.code, str(task.id)) == ("SUCCESS", "0", str(begun.id))
    with urlopen(task.error_url) as report:
        (rejected,) = report.read().decode().splitlines()
    assert "gone.jpg" in rejected
    assert [(image.product_id, image.int_attr) for image in found] == [("bike", 9)]
    assert client.check_image_exists(rocket).body.exists is False


def fill_bucket(emulator: RunningEmulator, *arguments: Any) -> None:
    python, script = emulator_command().with_name("python"), Path(__file__).with_name("fill_bucket.py")
    key = {"OSS_ACCESS_KEY_ID": ACCESS_KEY_ID, "OSS_ACCESS_KEY_SECRET": ACCESS_KEY_SECRET}
    command = [str(python), str(script), emulator.url, *map(str, arguments)]
    subprocess.run(command, check=True, env={**os.environ, **key})


def test_what_cannot_be_done_is_refused_with_a_code(client: Client) -> None:
    with pytest.raises((AlibabaCloudException, ClientException)) as missing:
        client.detail(models.DetailRequest(instance_name="shop"))
    with pytest.raises((AlibabaCloudException, ClientException)) as by_text:
        client.search_image_by_text(models.SearchImageByTextRequest(instance_name="demo", text="cup"))

    assert missing.value.code == "InvalidInstance"
    assert by_text.value.code == "InvalidApi.ForbiddenInvoke"
