"""Walking through the pages of ``ListImages``; no I/O, so that worker and event loop walk the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.alibaba.services.imgsearch import CAPACITY, LIST_IMAGES, REACHED_BY_OFFSET
from airflow_provider_viapi.errors import ServiceError


class Listing:
    """A database's entries, page by page: by ``Offset``, and past 2,000 records by ``Token``.

    Ask for the page at ``position`` and hand it to :meth:`take`, until there is no position any more.

    :param page_size: most entries to ask for at once
    :param most: how many entries are wanted in all
    """

    def __init__(self, page_size: int, most: int = CAPACITY) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        """By their ids: when something is added or deleted meanwhile, pages overlap."""
        self.total: int | None = None
        """How many the service says there are, if it does."""
        self._most = most
        self._size = min(page_size, most)
        self._received = 0
        self._tokens: set[str] = set()
        self.position: dict[str, Any] | None = {"Limit": self._size}
        """Parameters that ask for the next page; ``None`` at the end."""

    @property
    def is_complete(self) -> bool:
        """Whether the service has listed as many entries as it says there are."""
        return self.total is None or len(self.entries) >= self.total

    def take(self, page: Mapping[str, Any]) -> None:
        """Take in the page that was asked for.

        :param page: the answer's ``Data``
        :raises ServiceError: the pages repeat themselves
        """
        before = len(self.entries)
        images = page["ImageList"]
        self._received += len(images)
        self.entries |= {str(image.get("DataId") or image): image for image in images}
        self.total = page.get("TotalCount", self.total)
        if not images or len(self.entries) >= self._most or len(self.entries) == self.total:
            self.position = None
        elif self._received < REACHED_BY_OFFSET:
            room = REACHED_BY_OFFSET - self._received
            self.position = {"Offset": self._received, "Limit": min(self._size, room)}
        else:
            self.position = self._after(page.get("Token"), nothing_new=len(self.entries) == before)

    def _after(self, token: str | None, *, nothing_new: bool) -> dict[str, Any] | None:
        if not token:
            return None
        if token in self._tokens or (self._tokens and nothing_new):
            raise ServiceError(
                f"the pages repeat themselves after {len(self.entries)} pictures", action=LIST_IMAGES.name
            )
        self._tokens.add(token)
        return {"Token": token, "Limit": self._size}
