"""Many named records in a key-value store, kept on pages to bound both the number of writes and the size of values.

A page is rewritten with each record that is added to it, and never again once the next page is begun. A later record
replaces an earlier one of the same name. Only one process writes at a time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.errors import StateError
from airflow_provider_viapi.jobs.ledger import Store

PAGE_BYTES = 24_000
"""Size at which a page is full. Airflow warns from 65,535 bytes on, and each record costs the write of a page."""

Record = Mapping[str, Any]


class PagedStore:
    """Records by name.

    :param store: keeps the pages
    :param key: prefix of the pages' keys, which end with their numbers
    :param first: the page to read from; records of earlier pages are not loaded
    :param is_begun: pages were stored
    :raises StateError: they are not there any more
    """

    def __init__(self, store: Store, key: str, *, first: int = 0, is_begun: bool = False) -> None:
        self._store = store
        self._key = key
        self._page: dict[str, Record] = {}
        self.number = first
        self.records: dict[str, Record] = {}
        number = first
        while (page := store.get(self._page_key(number))) is not None:
            self._page, self.number = page, number
            self.records.update(page)
            number += 1
        if is_begun and number == first:
            raise StateError(
                f"the task's state has no value of {self._page_key(first)}, which records the jobs of the batch: it "
                "was deleted, perhaps by a lifecycle rule of the bucket, or by a retention that is too short. "
                "Nothing was submitted. Look for the jobs of earlier attempts at the service; to submit all items "
                "again, delete the rest of the task's state"
            )

    def put(self, records: Mapping[str, Record]) -> None:
        """Store records durably; afterwards ``number`` is the number of the last page."""
        page, number = dict(self._page), self.number
        length = _length(page)
        for name, record in records.items():
            added = _length({name: record})
            if page and length + added > PAGE_BYTES:
                self._write(page, number)
                page, number, length = {}, number + 1, 0
            page[name] = record
            length += added
        self._write(page, number)

    def delete(self) -> None:
        """Delete all pages."""
        for number in range(self.number, -1, -1):
            self._store.delete(self._page_key(number))

    def _write(self, page: dict[str, Record], number: int) -> None:
        try:
            self._store.set(self._page_key(number), page)
        except BaseException:
            if number != self.number:
                # The page may be stored all the same. Its records must not replace later ones: the next write does.
                self._page, self.number = {}, number
            raise
        # Only after the write: records of a write that failed must not be part of a later one.
        self._page, self.number = page, number
        self.records.update(page)

    def _page_key(self, number: int) -> str:
        return f"{self._key}_{number}"


def _length(page: Mapping[str, Record]) -> int:
    return len(json.dumps(page))
