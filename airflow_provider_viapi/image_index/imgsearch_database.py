"""An image database at the service: its contents page by page, adding to it, and what it holds already.

AddImage has no idempotency key, so the database itself is read to find out which images were added. A call that a
killed process had sent may be worked on when the next one reads. So where an earlier run seems to have been
interrupted, the database is read again until it no longer changes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.alibaba.services.imgsearch import (
    ADD_IMAGE,
    CAPACITY,
    LIST_IMAGE_DBS,
    LIST_IMAGES,
    REACHED_BY_OFFSET,
)
from airflow_provider_viapi.errors import InvalidRequest, ServiceError, Throttled
from airflow_provider_viapi.image_index.images import Backend, Identity, ImageEntry
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.retrying import READ, aretry_call

if TYPE_CHECKING:
    from airflow_provider_viapi.alibaba.client import AsyncClient
    from airflow_provider_viapi.alibaba.model import Action
    from airflow_provider_viapi.jobs.model import Log


LARGE_PAGE, SMALL_PAGE = 500, 50
"""Page sizes: the largest that the service allows is not documented, 50 is its documents' example."""


SETTLE_SECONDS = 5.0
"""A database that has not grown for so long has no call of an earlier run in flight. How long the service may work on
one is not documented; the emulator takes hundredths of a second."""

MAX_READS = 6
"""After so many reads another task is adding, and waiting would not end."""

READS_FOR_A_LOST_IMAGE = 2
"""An image may take a moment to be listed."""

RETRY_SECONDS = 120.0
"""Seconds over which a read is retried while the service throttles or fails."""


class ServiceReads:
    """Calls that read, from one event loop.

    :param client: calls the service
    :param qps: calls per second; the service's quota holds per action, so calls that add have their own
    """

    def __init__(self, client: AsyncClient, qps: float) -> None:
        self._client = client
        self._limiter = RateLimiter(qps)

    async def read(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the field ``Data`` of a response.

        :raises ServiceError: the service refuses, or still fails after two minutes
        """
        return await aretry_call(
            lambda: self._read_once(action, request), policy=READ, max_seconds=RETRY_SECONDS
        )

    async def _read_once(self, action: Action, request: Mapping[str, Any]) -> dict[str, Any]:
        await self._limiter.wait()
        try:
            response = await self._client.call_once(action, request)
        except Throttled:
            self._limiter.on_throttled()
            raise
        self._limiter.on_success()
        data: dict[str, Any] = response["Data"]
        return data


class ImageDatabase:
    """One image database, used from an event loop.

    :param client: calls the service
    :param name: of the database
    :param read_qps: calls per second of each reading action; a quota holds per action, so adding has its own
    """

    backend: Backend = "imgsearch"
    capacity = CAPACITY

    def __init__(self, client: AsyncClient, name: str, read_qps: float) -> None:
        self.name = name
        self._client = client
        self._reads = ServiceReads(client, read_qps)
        self._page_size = LARGE_PAGE

    async def check_exists(self) -> None:
        """Check that the account has such a database.

        :raises InvalidRequest: it has not
        """
        databases = (await self._reads.read(LIST_IMAGE_DBS, {}))["DbList"]
        if self.name not in {each["Name"] for each in databases}:
            raise InvalidRequest(
                f"there is no image database {self.name}; create it with CreateImageDbOperator",
                code="NoSuchImageDb",
                action=ADD_IMAGE.name,
            )

    async def count(self) -> int | None:
        """Return the number of entries, if the service reports it."""
        page = await self._reads.read(LIST_IMAGES, {"DbName": self.name, "Limit": 1})
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

    async def missing(
        self, images: Sequence[ImageEntry], *, resumed: bool, log: Log, settle_seconds: float
    ) -> list[ImageEntry]:
        """Return the images that it does not hold, in their order.

        :param resumed: an earlier run of the same work was begun
        :param settle_seconds: pause between reads
        """
        held = await self.contents()
        absent = _absent(images, held)
        if not absent or not (resumed or len(absent) < len(images)):
            return absent
        log.info(
            "%s of %s images are in %s already; waiting until it no longer changes, since calls of an earlier run "
            "may be in flight",
            f"{len(images) - len(absent):,}",
            f"{len(images):,}",
            self.name,
        )
        for _ in range(MAX_READS):
            await asyncio.sleep(settle_seconds)
            if await self.count() == held.total():
                return absent
            before, held = held, await self.contents()
            absent = _absent(images, held)
            if held == before:
                return absent
        log.warning(
            "Database %s still changes, so another task adds images to it: an image that both add may be in it twice",
            self.name,
        )
        return absent

    async def was_added(self, image: ImageEntry, settle_seconds: float) -> bool:
        """Return whether an image whose response was lost is there after all."""
        for _ in range(READS_FOR_A_LOST_IMAGE):
            await asyncio.sleep(settle_seconds)
            if await self.holds(image):
                return True
        return False

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
                listing.add_page(await self._reads.read(LIST_IMAGES, request))
            except InvalidRequest:
                if self._page_size == SMALL_PAGE:
                    raise
                self._page_size = SMALL_PAGE
                listing = Listing(self._page_size)
        return listing


def _identity(entry: Mapping[str, Any]) -> Identity:
    return str(entry.get("EntityId") or ""), str(entry.get("ExtraData") or "")


class Listing:
    """A database's entries, page by page: by ``Offset``, and past 2,000 records by ``Token``.

    Request the page with the parameters ``next_page`` and pass it to :meth:`add_page`, until it is ``None``.

    :param page_size: largest number of entries in a request
    :param max_entries: largest number of entries in all
    """

    def __init__(self, page_size: int, max_entries: int = CAPACITY) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        """By id: when an entry is added or deleted meanwhile, pages overlap."""
        self.total: int | None = None
        """Number of entries in the database, if the service reports it."""
        self._max_entries = max_entries
        self._size = min(page_size, max_entries)
        self._received = 0
        self._tokens: set[str] = set()
        self.next_page: dict[str, Any] | None = {"Limit": self._size}
        """Parameters of the next request; ``None`` at the end."""

    @property
    def is_complete(self) -> bool:
        """True if the service has listed as many entries as it reports."""
        return self.total is None or len(self.entries) >= self.total

    def add_page(self, page: Mapping[str, Any]) -> None:
        """Add the page that was requested.

        :param page: the response's ``Data``
        :raises ServiceError: the pages repeat
        """
        before = len(self.entries)
        images = page["ImageList"]
        self._received += len(images)
        self.entries |= {str(image.get("DataId") or image): image for image in images}
        self.total = page.get("TotalCount", self.total)
        if not images or len(self.entries) >= self._max_entries or len(self.entries) == self.total:
            self.next_page = None
        elif self._received < REACHED_BY_OFFSET:
            left = REACHED_BY_OFFSET - self._received
            self.next_page = {"Offset": self._received, "Limit": min(self._size, left)}
        else:
            self.next_page = self._after(page.get("Token"), nothing_new=len(self.entries) == before)

    def _after(self, token: str | None, *, nothing_new: bool) -> dict[str, Any] | None:
        if not token:
            return None
        if token in self._tokens or (self._tokens and nothing_new):
            raise ServiceError(
                f"the service repeats pages of the list after {len(self.entries)} images",
                action=LIST_IMAGES.name,
            )
        self._tokens.add(token)
        return {"Token": token, "Limit": self._size}


def _absent(images: Sequence[ImageEntry], held: Collection[Identity]) -> list[ImageEntry]:
    return [image for image in images if image.identity not in held]
