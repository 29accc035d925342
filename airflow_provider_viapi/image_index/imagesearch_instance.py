"""An instance of ImageSearch, as the indexer uses it.

An image has an identity of its own there: ProductId and PicName. Adding it again replaces it, so nothing can be there
twice, and which images are there already is asked one by one. The instance cannot be listed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.services.imagesearch import ADD_IMAGE, CHECK_IMAGE_EXISTS, DETAIL
from airflow_provider_viapi.image_index.images import Backend, ImageEntry
from airflow_provider_viapi.image_index.imgsearch_database import ServiceReads

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.client import AsyncClient
    from airflow_provider_viapi.jobs.model import Log

CHECKS_IN_FLIGHT = 16
"""Calls of CheckImageExists at the same time; the rate limiter spaces them."""


class ImageInstance:
    """One instance, used from an event loop.

    :param client: calls the service
    :param name: of the instance
    :param read_qps: calls per second of each reading action
    """

    backend: Backend = "imagesearch"

    def __init__(self, client: AsyncClient, name: str, read_qps: float) -> None:
        self.name = name
        self.capacity = 0
        """Largest number of images, once :meth:`check_exists` was called."""
        self._client = client
        self._reads = ServiceReads(client, read_qps)

    async def check_exists(self) -> None:
        """Check that the account has such an instance.

        :raises InvalidRequest: it has not (code ``InvalidInstance``)
        """
        self.capacity = int((await self._detail()).get("Capacity") or 0) * 10_000

    async def count(self) -> int | None:
        """Return the number of images, if the service reports it."""
        total = (await self._detail()).get("TotalCount")
        return None if total is None else int(total)

    async def is_full(self) -> bool:
        """Return whether it is known to hold as many images as it can."""
        count = await self.count()
        return bool(self.capacity) and count is not None and count >= self.capacity

    async def missing(
        self, images: Sequence[ImageEntry], *, resumed: bool, log: Log, settle_seconds: float
    ) -> list[ImageEntry]:
        """Return the images that it does not have, in their order; one call for each unless it is empty.

        :param resumed: without a meaning here: a call of an earlier run that is still in flight adds no second image
        """
        if await self.count() == 0:
            return list(images)
        semaphore = asyncio.Semaphore(CHECKS_IN_FLIGHT)

        async def holds(image: ImageEntry) -> bool:
            async with semaphore:
                return await self.holds(image)

        there = await asyncio.gather(*map(holds, images))
        return [image for image, is_there in zip(images, there, strict=True) if not is_there]

    async def holds(self, image: ImageEntry) -> bool:
        """Return whether it has an image."""
        request = {
            "InstanceName": self.name,
            "ProductId": image.entity_id,
            "PicName": image.extra_data,
        }
        return bool((await self._reads.read(CHECK_IMAGE_EXISTS, request)).get("Exists"))

    async def was_added(self, image: ImageEntry, settle_seconds: float) -> bool:
        """Return whether an image whose response was lost is there; if not, it may be added again without harm."""
        return await self.holds(image)

    async def add(self, image: ImageEntry, address: str) -> None:
        """Add an image by a single call.

        :param address: of its upload
        """
        request = {
            "InstanceName": self.name,
            "ProductId": image.entity_id,
            "PicName": image.extra_data,
            "PicContent": address,
            **image.fields,
        }
        await self._client.call_once(ADD_IMAGE, request)

    async def _detail(self) -> Mapping[str, Any]:
        data = await self._reads.read(DETAIL, {"InstanceName": self.name})
        found: Mapping[str, Any] = data.get("Instance") or {}
        return found
