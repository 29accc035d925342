from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

import media_samples
from airflow_provider_viapi.alibaba.client import Client
from airflow_provider_viapi.alibaba.services import imgsearch
from airflow_provider_viapi.image_index.imgsearch_database import Listing
from image_index.bulk import account
from served_folder import ServedFolder


@pytest.fixture(scope="session")
def photograph(served: ServedFolder) -> str:
    """The address of a small photograph."""
    with Image.open(media_samples.photographs()["coffee"]) as image:
        image.convert("RGB").resize((160, 160)).save(served.path / "small_coffee.jpg")
    return served.address("small_coffee.jpg")


class Service:
    """The emulator with a database ``covers``, as a caller sees it."""

    def __init__(self, emulator: Any) -> None:
        self.emulator = emulator
        self.url: str = emulator.url
        self.create("covers")

    def create(self, name: str) -> None:
        self.call(imgsearch.CREATE_IMAGE_DB, Name=name)

    def call(self, action: Any, **request: Any) -> Any:
        with Client(account(self.url)) as client:
            return client.call(action, request)["Data"]

    def add(self, entity_id: str, image_url: str, extra_data: str | None = None) -> None:
        request = {"EntityId": entity_id, "ImageUrl": image_url, "ExtraData": extra_data}
        self.call(imgsearch.ADD_IMAGE, DbName="covers", **request)

    def held(self) -> Counter[tuple[str, str]]:
        """Number of entries of each entity id and extra data."""
        listing = Listing(500)
        while listing.next_page is not None:
            listing.add_page(self.call(imgsearch.LIST_IMAGES, DbName="covers", **listing.next_page))
        return Counter((entry["EntityId"], entry["ExtraData"]) for entry in listing.entries.values())

    def added(self) -> int:
        """Calls of AddImage that the emulator accepted."""
        return int(self.emulator.calls().get("AddImage", {"accepted": 0})["accepted"])


@pytest.fixture
def service(viapi_emulator: Any) -> Service:
    return Service(viapi_emulator)


@pytest.fixture
def numbered(photograph: str) -> Callable[[int], list[dict[str, str]]]:
    """So many images under entity ids of their own."""
    return lambda count: [{"image_url": photograph, "entity_id": f"e{n:03}"} for n in range(count)]
