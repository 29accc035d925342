"""Alibaba's client of today for image search, with both of its signatures."""

from __future__ import annotations

import asyncio

import pytest
from alibabacloud_imgsearch20200320 import models
from alibabacloud_imgsearch20200320.client import Client

from clients.running_emulator import RunningEmulator
from clients.tea_clients import config
from served_folder import ServedFolder

PHOTOGRAPHS = ("chelsea", "coffee", "motorcycle_left", "rocket")


@pytest.fixture
def client(emulator: RunningEmulator, signature: str) -> Client:
    return Client(config(emulator, signature))


@pytest.fixture
def shop(client: Client, media: ServedFolder) -> str:
    """A database with four photographs, and something said of each."""
    client.create_image_db(models.CreateImageDbRequest(name="shop"))
    for name in PHOTOGRAPHS:
        client.add_image(
            models.AddImageRequest(
                db_name="shop",
                entity_id=name,
                image_url=media.address(f"{name}.jpg"),
                extra_data=f"{name}: 10 € * 2 ~ 照片",
            )
        )
    return "shop"


def test_the_photograph_of_the_same_thing_is_found(client: Client, shop: str, media: ServedFolder) -> None:
    request = models.SearchImageRequest(
        db_name=shop, image_url=media.address("motorcycle_right.jpg"), limit=2
    )
    best, second = client.search_image(request).body.data.match_list

    assert (best.entity_id, best.extra_data) == ("motorcycle_left", "motorcycle_left: 10 € * 2 ~ 照片")
    assert best.image_url == media.address("motorcycle_left.jpg")
    assert 0 <= second.score < 5 < best.score <= 10


def test_a_photograph_is_most_like_itself(client: Client, shop: str, media: ServedFolder) -> None:
    found = {}
    for name in PHOTOGRAPHS:
        request = models.SearchImageRequest(db_name=shop, image_url=media.address(f"{name}.jpg"), limit=1)
        found[name] = client.search_image(request).body.data.match_list[0]

    assert {name: match.entity_id for name, match in found.items()} == {name: name for name in PHOTOGRAPHS}
    assert all(match.score == pytest.approx(10, abs=0.1) for match in found.values())


def test_pages_of_photographs_follow_each_other_by_token(client: Client, shop: str) -> None:
    first = client.list_images(models.ListImagesRequest(db_name=shop, limit=3)).body.data
    second = client.list_images(models.ListImagesRequest(db_name=shop, limit=3, token=first.token)).body.data

    assert tuple(image.entity_id for image in first.image_list + second.image_list) == PHOTOGRAPHS
    assert (first.total_count, second.token) == (4, None)


def test_deleted_pictures_are_not_found(client: Client, shop: str) -> None:
    client.delete_image(models.DeleteImageRequest(db_name=shop, entity_id="coffee"))
    left = client.list_images(models.ListImagesRequest(db_name=shop)).body.data.image_list
    databases = client.list_image_dbs().body.data.db_list
    client.delete_image_db(models.DeleteImageDbRequest(name=shop))

    assert [image.entity_id for image in left] == ["chelsea", "motorcycle_left", "rocket"]
    assert [database.name for database in databases] == ["shop"]
    assert client.list_image_dbs().body.data.db_list == []


def test_many_asynchronous_searches_are_answered_at_once(
    client: Client, shop: str, media: ServedFolder
) -> None:
    async def search_all() -> list[str]:
        requests = [
            models.SearchImageRequest(db_name=shop, image_url=media.address(f"{name}.jpg"), limit=1)
            for name in PHOTOGRAPHS
        ]
        answers = await asyncio.gather(*(client.search_image_async(request) for request in requests))
        return [answer.body.data.match_list[0].entity_id for answer in answers]

    assert tuple(asyncio.run(search_all())) == PHOTOGRAPHS
