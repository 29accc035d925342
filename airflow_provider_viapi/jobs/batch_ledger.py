"""What a batch has submitted and got, item by item, written down where its next try finds it.

An item is known by what it asks for and not by its place in the list, so that a list that was changed or put into
another order still finds its jobs. The same request twice in a list is two items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from airflow_provider_viapi.jobs.ledger import Entry, InMemoryStore, Ledger, Store
from airflow_provider_viapi.jobs.paged_store import PagedStore, Record

KEY = "viapi_batch"
"""Under which a deployed batch finds what it has done, so it never changes."""

Standing = Literal["fresh", "open", "running", "delivered", "failed"]
"""``open`` is a submission without an answer; the others say what they are."""

_ENTRY = (
    "nonce",
    "signed_at",
    "account",
    "endpoint",
    "key_id",
    "try_number",
    "job_id",
    "scope",
    "adopted",
)


@dataclass(frozen=True)
class Item:
    """One item of a batch.

    :param index: its place in the list, from 0
    :param request: its checked request by wire names
    :param digest: fingerprint of what is asked for, see ``jobs.ledger``
    :param occurrence: how many items before it ask for the same
    """

    index: int
    request: Mapping[str, Any]
    digest: str
    occurrence: int

    @property
    def name(self) -> str:
        """Under which the batch's ledger knows it."""
        return f"{self.digest[:32]}:{self.occurrence}"


@dataclass(frozen=True)
class Row:
    """What became of an item.

    :param job_id: its job, if one was accepted
    :param state: the job's last state in the service's own word
    :param result: the result's fields
    :param error: ``class``, ``code`` and ``message`` of why there is no result
    :param is_permanent: no retry of the task can mend it
    :param resumable: its job, or its submission in doubt, is for the next try to take up
    """

    job_id: str | None = None
    state: str | None = None
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    is_permanent: bool = False
    resumable: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The row as a batch returns it, but for the index."""
        return {"job_id": self.job_id, "state": self.state, "result": self.result, "error": self.error}


class BatchLedger:
    """Where the items of one task stand.

    A row counts for good once its item has delivered. One that failed counts for the try that saw it fail, or, when
    no retry could mend it, until a person clears the task. A batch that has returned its rows stays as it is for a
    worker that died before Airflow knew of them; a person who clears it after that has everything done anew.

    :param store: keeps the pages
    :param try_number: of the task
    :param max_tries: how many tries the task has in all; a person who clears it grants more
    """

    def __init__(self, store: Store, *, try_number: int, max_tries: int) -> None:
        self._store = store
        self._try_number = try_number
        self._max_tries = max_tries
        head = store.get(KEY) or {"round": 0}
        self._round = int(head["round"])
        self._jobs = PagedStore(store, self._key_of("jobs"))
        self._is_delivered = head.get("delivered_at_max_tries") == max_tries
        if head.get("delivered_at_max_tries") is not None and not self._is_delivered:
            self._begin_anew()
        pages = [int(record["row"]) for record in self._jobs.records.values() if "row" in record]
        self._rows = PagedStore(store, self._key_of("rows"), first=max(pages, default=0))

    @property
    def lasts(self) -> bool:
        """Whether what is written now will be there for the next try."""
        return not isinstance(self._store, InMemoryStore)

    def standing(self, name: str) -> Standing:
        """Where an item stands."""
        record = self._jobs.records.get(name, {})
        if self._has_failed(record):
            return "failed"
        if "row" in record and "failed" not in record:
            return "delivered"
        if "nonce" not in record:
            return "fresh"
        return "running" if record["job_id"] else "open"

    def entry(self, name: str) -> Entry | None:
        """An item's submission, if one is out."""
        record = self._jobs.records.get(name, {})
        return Entry(digest=name, **{field: record[field] for field in _ENTRY}) if "nonce" in record else None

    def open_ledger(self, item: Item) -> Ledger:
        """The ledger of one item, for its submission."""
        return Ledger(_EntryStore(self._jobs, item))

    def names(self) -> Iterable[str]:
        """All items that were ever written down."""
        return self._jobs.records.keys()

    def job_ids(self) -> set[str]:
        """All jobs that were ever accepted for this batch."""
        return {job_id for record in self._jobs.records.values() for job_id in _jobs_of(record)}

    def has_other_doubts(self, item: Item) -> bool:
        """Whether another submission than the item's is out of which it is not known what came of it."""
        return any(
            "nonce" in record and not record["job_id"]
            for name, record in self._jobs.records.items()
            if name != item.name
        )

    def keep(self, rows: Mapping[str, Row]) -> None:
        """Write down what became of items: first the rows, then that they are there."""
        if not rows:
            return
        self._rows.put({name: row.as_dict() for name, row in rows.items()})
        self._jobs.put({name: self._mark(name, row) for name, row in rows.items()})

    def cancelled(self, names: Iterable[str]) -> None:
        """The jobs of these items were cancelled before they cost anything."""
        records = {name: self._jobs.records.get(name, {}) for name in names}
        if records:
            self._jobs.put({name: _without_entry(record) for name, record in records.items()})

    def rows(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """What became of each item that has ended, in their order."""
        kept = PagedStore(self._store, self._key_of("rows")).records
        ended = (item for item in items if self.standing(item.name) in ("delivered", "failed"))
        return [{"index": item.index, **kept[item.name]} for item in ended]

    def delivered(self) -> None:
        """Note that the rows were returned."""
        self._store.set(KEY, {"round": self._round, "delivered_at_max_tries": self._max_tries})

    def _mark(self, name: str, row: Row) -> Record:
        if row.error is None:
            return {"row": self._rows.number, "job_id": row.job_id}
        record = self._jobs.records.get(name, {})
        kept = record if row.resumable else _without_entry(record)
        within = {"within": self._max_tries} if row.is_permanent else {}
        return {**kept, "row": self._rows.number, "failed": self._try_number, **within}

    def _has_failed(self, record: Record) -> bool:
        if "failed" not in record:
            return False
        is_of_this_try = record["failed"] == self._try_number or record.get("within") == self._max_tries
        return is_of_this_try or self._is_delivered

    def _begin_anew(self) -> None:
        """Have everything done once more, but for submissions of which nobody knows yet what came of them."""
        earlier = self._jobs
        rows = PagedStore(self._store, self._key_of("rows"))
        open_ = {
            name: {field: record[field] for field in _ENTRY}
            for name, record in earlier.records.items()
            if "nonce" in record and not record["job_id"]
        }
        self._round += 1
        self._jobs = PagedStore(self._store, self._key_of("jobs"))
        if open_:
            self._jobs.put(open_)
        self._store.set(KEY, {"round": self._round})
        earlier.forget()
        rows.forget()

    def _key_of(self, what: str) -> str:
        return f"{KEY}_{self._round}_{what}"


class _EntryStore:
    """The store of one item's ledger, which has one entry only."""

    def __init__(self, journal: PagedStore, item: Item) -> None:
        self._journal = journal
        self._item = item

    def get(self, key: str) -> Any:
        record = self._journal.records.get(self._item.name, {})
        if "nonce" not in record:
            return None
        return {"digest": self._item.digest} | {field: record[field] for field in _ENTRY}

    def set(self, key: str, value: Any) -> None:
        earlier = self._journal.records.get(self._item.name, {})
        past = [job_id for job_id in _jobs_of(earlier) if job_id != value["job_id"]]
        entry = {field: value[field] for field in _ENTRY}
        self._journal.put({self._item.name: {**entry, "past": past} if past else entry})

    def delete(self, key: str) -> None:
        record = self._journal.records.get(self._item.name, {})
        if "nonce" in record:
            self._journal.put({self._item.name: _without_entry(record)})


def _jobs_of(record: Record) -> list[str]:
    """All jobs that were ever accepted for an item: none of them came of anybody else's submission."""
    return [*record.get("past", ()), *([record["job_id"]] if record.get("job_id") else ())]


def _without_entry(record: Record) -> Record:
    others = {field: value for field, value in record.items() if field not in (*_ENTRY, "past")}
    past = _jobs_of(record)
    return {**others, "past": past} if past else others
