"""Many records in a store that keeps values under keys: on pages, so that neither calls nor values grow too many.

A page is written anew with each record that comes onto it, and never again once the next page is begun. A later
record of the same name takes the place of an earlier one. One process at a time writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_viapi.jobs.ledger import Store

PAGE_BYTES = 24_000
"""How long a page grows. Airflow warns from 65,535 on; each record costs the writing of a page."""

Record = Mapping[str, Any]


class PagedStore:
    """Records by name.

    :param store: keeps the pages
    :param key: of the pages, which their numbers are put to
    :param first: the page to begin reading at; what stands on earlier ones is not known then
    """

    def __init__(self, store: Store, key: str, *, first: int = 0) -> None:
        self._store = store
        self._key = key
        self._page: dict[str, Record] = {}
        self.number = first
        self.records: dict[str, Record] = {}
        number = first
        while (page := store.get(self._key_of(number))) is not None:
            self._page, self.number = page, number
            self.records.update(page)
            number += 1

    def put(self, records: Mapping[str, Record]) -> None:
        """Keep records; when this returns they are all there for the next try, and ``number`` has the last page."""
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

    def forget(self) -> None:
        """Delete the pages that are known."""
        for number in range(self.number, -1, -1):
            self._store.delete(self._key_of(number))

    def _write(self, page: dict[str, Record], number: int) -> None:
        self._store.set(self._key_of(number), page)
        # Only now, so that a write that failed leaves nothing that a later one would keep.
        self._page, self.number = page, number
        self.records.update(page)

    def _key_of(self, number: int) -> str:
        return f"{self._key}_{number}"


def _length(page: Mapping[str, Record]) -> int:
    return len(json.dumps(page))
