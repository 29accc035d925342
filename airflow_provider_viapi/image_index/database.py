"""An image database at the service: its existence, its contents, adding to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.services.imgsearch import (
    ADD_IMAGE,
    CAPACITY,
    LIST_IMAGE_DBS,
    LIST_IMAGES,
)
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, Throttled
from airflow_provider_viapi.image_index.image import Identity, ImageEntry
from airflow_provider_viapi.image_index.index_listing import Listing
from airflow_provider_viapi.jobs.rate_limiter import RateLimiter
from airflow_provider_viapi.retrying import READ, aretry_call

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.client import AsyncClient
    from airflow_provider_viapi.alibaba.model import Action

LARGE_PAGE, SMALL_PAGE = 500, 50
"""Page sizes: the largest that the service allows is not documented, 50 is its documents' example."""

READ_RETRY_SECONDS = 120.0
"""Seconds over which a read is retried while the service throttles or fails."""


class ImageDatabase:
    """One image database, used from an event loop.

    :param client: calls the service
    :param name: of the database
    :param read_qps: calls per second of each reading action; a quota holds per action, so adding has its own
    """

    def __init__(self, client: AsyncClient, name: str, read_qps: float) -> None:
        self.name = name
        self._client = client
        self._quota = RateLimiter(read_qps)
        self._page_size = LARGE_PAGE

    async def check_exists(self) -> None:
        """Check that the account has such a database.

        :raises InvalidRequest: it has not
        """
        databases = (await self._read(LIST_IMAGE_DBS, {}))["DbList"]
        if self.name not in {each["Name"] for each in databases}:
            raise InvalidRequest(
                f"there is no image database {self.name}; create it with CreateImageDbOperator",
                code="NoSuchImageDb",
                action=ADD_IMAGE.name,
            )

    async def count(self) -> int | None:
        """Return the number of entries, if the service reports it."""
        page = await self._read(LIST_IMAGES, {"DbName": self.name, "Limit": 1})
        total = page.get("TotalCount")
        return None if total is None else int(total)

    async def is_full(self) -> bool:
        """Return whether it is known to hold as many entries as it can."""
        count = await self.count()
        return count is not None and count >= CAPACITY

    async def contents(self) -> Counter[Identity]:
        """Return the identities of its entries, and how many have each.

        :raises ServiceError: the service does not list as many as it reports
        """
        listing = await self._list()
        if not listing.is_complete:
            # Adding what is merely not listed would make duplicates.
            raise ServiceError(
                f"the service counts {listing.total} images in {self.name} but lists only "
                f"{len(listing.entries)}, so it cannot be known which are missing",
                action=LIST_IMAGES.name,
            )
        return Counter(map(_identity, listing.entries.values()))

    async def holds(self, image: ImageEntry) -> bool:
        """Return whether an entry has the identity of the image."""
        listing = await self._list(EntityIdPrefix=image.entity_id)
        return image.identity in map(_identity, listing.entries.values())

    async def add(self, image: ImageEntry, address: str) -> None:
        """Add an image by a single call.

        :param address: where the service can read it
        """
        request = {
            "DbName": self.name,
            "EntityId": image.entity_id,
            "ImageUrl": address,
            "ExtraData": image.extra_data or None,
        }
        await self._client.call_once(ADD_IMAGE, request)

    async def _list(self, **narrowed: str) -> Listing:
        listing = Listing(self._page_size)
        while listing.next_page is not None:
            request = {"DbName": self.name, **narrowed, **listing.next_page}
            try:
                listing.add_page(await self._read(LIST_IMAGES, request))
            except InvalidRequest:
                if self._page_size == SMALL_PAGE:
                    raise
                self._page_size = SMALL_PAGE
                listing = Listing(self._page_size)
        return listing

    async def _read(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        return await aretry_call(
            lambda: self._read_once(action, request), policy=READ, max_seconds=READ_RETRY_SECONDS
        )

    async def _read_once(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        await self._quota.wait()
        try:
            response = await self._client.call_once(action, request)
        except Throttled:
            self._quota.on_throttled()
            raise
        self._quota.on_success()
        data: dict[str, Any] = response["Data"]
        return data


def _identity(entry: Mapping[str, Any]) -> Identity:
    return str(entry.get("EntityId") or ""), str(entry.get("ExtraData") or "")
