"""The actions of ImageSearch: instances with images.

Images are what was uploaded for them, or Base64; as the service, the emulator fetches no other address. It uses the
whole image, or its ``Region``: it does not find subjects and knows one category.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from airflow_provider_viapi.alibaba.filter_expressions import Condition, parse
from airflow_provider_viapi.alibaba.parameters import is_base64
from airflow_provider_viapi.emulator.errors import ApiError
from airflow_provider_viapi.emulator.imagesearch_storage import GENERIC_CATEGORY, ImageInstances, Item
from airflow_provider_viapi.emulator.request import Call
from airflow_provider_viapi.emulator.storage.objects import UPLOADS
from airflow_provider_viapi.emulator.storage.storage import Storage
from airflow_provider_viapi.emulator.worker import ImageFeatures, WorkFailure, describe_image
from airflow_provider_viapi.emulator.worker_process import WorkerDied, WorkerProcess

ATTRIBUTES = (
    "CustomContent",
    *(f"{kind}Attr{number}" for kind in ("Int", "Str") for number in ("", "2", "3", "4")),
)
"""Fields of an image besides its identity and category."""

QPS = 5
"""Calls per second that the emulator's instances are said to have; the emulator's own quota is another setting."""

_DONE = {"Success": True, "Code": 0}


class InstanceSearch:
    """The actions on single images. They respond synchronously, and none blocks the event loop.

    :param instances: storage of the images
    :param storage: has the uploads
    :param folder: where images are stored while they are read
    :param now: the clock, in Unix time
    """

    def __init__(
        self, instances: ImageInstances, storage: Storage, folder: Path, now: Callable[[], float]
    ) -> None:
        self._instances = instances
        self._storage = storage
        self._folder = folder
        self._now = now
        self._started = now()
        self._process = WorkerProcess()

    async def stop(self) -> None:
        """Stop all work."""
        await self._process.close()

    async def reset(self) -> None:
        """Delete all images and stop running work."""
        self._process.interrupt()
        await asyncio.to_thread(self._instances.clear)
        await self._process.wait_closed()

    async def add_image(self, call: Call) -> dict[str, Any]:
        """Add an image, or replace the one with its identity.

        :raises ApiError: there is no such instance, it is full, or the image cannot be used
        """
        given = call.parameters
        self._instances.check_exists(given["InstanceName"])
        features = await self._features(given["PicContent"], given.get("Region"))
        item = item_of(given)
        await asyncio.to_thread(self._instances.put, given["InstanceName"], item, features.vector)
        return {**_DONE, "Message": "success", "PicInfo": _info(item.category, features.region)}

    async def update_image(self, call: Call) -> dict[str, Any]:
        """Change the attributes of an image, or of all of a product; those that are not given stay.

        :raises ApiError: there is no such instance or image
        """
        given, name = call.parameters, call.parameters["InstanceName"]
        items = self._of_product(given)
        for item in items:
            changed = {**item.attributes, **_attributes(given)}
            self._instances.update(
                name, Item(item.product_id, item.pic_name, item.category, changed, item.id)
            )
        return {**_DONE, "Message": "success"}

    async def delete_image(self, call: Call) -> dict[str, Any]:
        """Delete an image, all of a product, or what a filter finds.

        :raises ApiError: there is no such instance
        """
        given, name = call.parameters, call.parameters["InstanceName"]
        self._instances.check_exists(name)
        if given.get("IsDeleteByFilter"):
            items = list(self._instances.all(name, parse(given["Filter"])))
        else:
            items = list(self._instances.of_product(name, given["ProductId"], given.get("PicName") or None))
        self._instances.delete(items)
        return {**_DONE, "Message": "success", "Data": {"PicNames": [item.pic_name for item in items]}}

    async def check_image_exists(self, call: Call) -> dict[str, Any]:
        """Return whether an instance has an image.

        :raises ApiError: there is no such instance
        """
        given = call.parameters
        self._instances.check_exists(given["InstanceName"])
        item = self._instances.get(given["InstanceName"], given["ProductId"], given["PicName"])
        found = {"Auctions": item.describe()} if item else {}
        return {**_DONE, "Msg": "success", "Exists": item is not None, **found}

    async def compare_similar_by_image(self, call: Call) -> dict[str, Any]:
        """Return the similarity of two images.

        :raises ApiError: there is no such instance, or an image cannot be used
        """
        given = call.parameters
        self._instances.check_exists(given["InstanceName"])
        first, second = [
            await self._features(given[name], None) for name in ("PrimaryPicContent", "SecondaryPicContent")
        ]
        return {**_DONE, "Msg": "success", "Score": await asyncio.to_thread(_similarity, first, second)}

    async def detail(self, call: Call) -> dict[str, Any]:
        """Describe an instance.

        :raises ApiError: there is no such instance
        """
        name = call.parameters["InstanceName"]
        self._instances.check_exists(name)
        return {
            "Success": True,
            "Instance": {
                "Name": name,
                "Region": "cn-shanghai",
                "ServiceType": 1,
                "Capacity": self._instances.capacity // 10_000,
                "Qps": QPS,
                "TotalCount": self._instances.count(name),
                "UtcCreate": str(int(self._started * 1000)),
                "UtcExpireTime": str(int((self._started + 365 * 86400) * 1000)),
            },
        }

    async def search_image_by_pic(self, call: Call) -> dict[str, Any]:
        """Find the images that are most similar to an image.

        :raises ApiError: there is no such instance, or the image cannot be used
        """
        given = call.parameters
        self._instances.check_exists(given["InstanceName"])
        features = await self._features(given["PicContent"], given.get("Region"))
        category = given.get("CategoryId", GENERIC_CATEGORY)
        return await self._search(given, features.vector, _info(category, features.region))

    async def search_image_by_name(self, call: Call) -> dict[str, Any]:
        """Find the images that are most similar to one of the instance.

        :raises ApiError: there is no such instance or image
        """
        given = call.parameters
        (item,) = self._of_product(given)
        return await self._search(given, self._instances.vector(item), _info(item.category, None))

    async def search_image_by_filter(self, call: Call) -> dict[str, Any]:
        """Return the images that meet a condition.

        :raises ApiError: there is no such instance
        """
        given = call.parameters
        self._instances.check_exists(given["InstanceName"])
        items = list(self._instances.all(given["InstanceName"], parse(given["Filter"])))
        return {**_DONE, "Msg": "success", "Auctions": [item.describe() for item in _page(items, given)]}

    def _of_product(self, given: Mapping[str, Any]) -> list[Item]:
        name = given["InstanceName"]
        self._instances.check_exists(name)
        items = list(self._instances.of_product(name, given["ProductId"], given.get("PicName")))
        if not items:
            raise ApiError("InvalidParameter", f"The instance {name} has no such image.")
        return items

    async def _search(
        self, given: Mapping[str, Any], vector: bytes, info: Mapping[str, Any]
    ) -> dict[str, Any]:
        begun = time.perf_counter()
        found = await asyncio.to_thread(self._found, given, vector)
        page = [
            {**item.describe(), "Score": score, "SortExprValues": f"{score};0"}
            for score, item in _page(found, given)
        ]
        head = {
            "DocsFound": len(found),
            "DocsReturn": len(page),
            "SearchTime": int((time.perf_counter() - begun) * 1000),
        }
        return {**_DONE, "Msg": "success", "Head": head, "PicInfo": info, "Auctions": page}

    def _found(self, given: Mapping[str, Any], vector: bytes) -> list[tuple[float, Item]]:
        condition: Condition | None = parse(given["Filter"]) if given.get("Filter") else None
        found = []
        products: set[str] = set()
        for cosine, item in self._instances.search(
            given["InstanceName"],
            vector,
            lambda item: condition is None or condition.holds(item.attributes),
        ):
            value = _score(cosine)
            if value < given.get("ScoreThreshold", 0.0):
                break
            if given.get("DistinctProductId") and item.product_id in products:
                continue
            products.add(item.product_id)
            found.append((value, item))
        return found

    async def _features(self, content: str, region: str | None) -> ImageFeatures:
        source: Path | str = content if is_base64(content) else self._upload(content)
        return await self.describe(source, region)

    async def describe(self, source: Path | str, region: str | None) -> ImageFeatures:
        """Return the features of an image.

        :param source: a file, or its content as Base64
        :raises ApiError: the image cannot be used
        """
        try:
            features = await self._process.run(describe_image, source, region, self._folder)
        except WorkerDied:
            raise ApiError("InternalError.Algo", "The emulator's worker process died.") from None
        if isinstance(features, WorkFailure):
            raise ApiError(features.code, features.message)
        return features

    def _upload(self, address: str) -> Path:
        bucket, _, key = urlsplit(address).path.lstrip("/").partition("/")
        if bucket != UPLOADS:
            raise ApiError(
                "InvalidParameter",
                "The image is neither Base64 nor the address of an upload by AuthorizeFileUpload.",
            )
        return self._storage.objects.get(bucket, unquote(key)).path


def item_of(given: Mapping[str, Any]) -> Item:
    """Return the image that a request, or a row of increment.meta, describes."""
    return Item(
        given["ProductId"],
        given["PicName"],
        given.get("CategoryId", GENERIC_CATEGORY),
        _attributes(given),
    )


def _attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ATTRIBUTES if name in given}


def _page(found: list[Any], given: Mapping[str, Any]) -> list[Any]:
    start = given.get("Start", 0)
    return found[start : start + given.get("Num", 10)]


def _info(category: int, region: str | None) -> dict[str, Any]:
    return {
        "CategoryId": category,
        "AllCategories": [{"Id": GENERIC_CATEGORY, "Name": "other"}],
        **({"Region": region, "MultiRegion": [{"Region": region}]} if region else {}),
    }


def _score(cosine: float) -> float:
    from airflow_provider_viapi.emulator.media.image_features import score

    return round(score(cosine) / 10, 4)


def _similarity(first: ImageFeatures, second: ImageFeatures) -> float:
    import numpy

    one, other = (numpy.frombuffer(each.vector, numpy.float16).astype(float) for each in (first, second))
    return _score(float(one @ other))
