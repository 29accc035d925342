"""Pagination of ``ListImages``, without I/O, so that worker and event loop share it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.alibaba.services.imgsearch import CAPACITY, LIST_IMAGES, REACHED_BY_OFFSET
from airflow_provider_viapi.errors import ServiceError


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
