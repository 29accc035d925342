"""Durable record of what a batch has submitted and received, item by item, so that each item is paid for once.

An item is identified by its request and not by its place in the list, so a list that was extended or reordered still
finds its jobs. The same request twice in a list is two items.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from airflow_provider_viapi.jobs.attempt_context import Attempt
from airflow_provider_viapi.jobs.batch.item_records import (
    ItemFailure,
    ItemRecord,
    ItemRecords,
    PagedStore,
    Status,
    submission_of,
)
from airflow_provider_viapi.jobs.batch.limits import Counted
from airflow_provider_viapi.jobs.ledger import Delivery, Entry, KeptInStore, Ledger, Store

BATCH_KEY = "viapi_batch"
"""Prefix of the keys in the store. Deployed batches find their jobs by it, so it never changes."""

MAX_PAST_JOBS = 500
"""Jobs of earlier rounds whose ids are kept; the job list shows as many."""


@dataclass(frozen=True)
class Item:
    """One item of a batch.

    :param index: its place in the list, from 0
    :param name: identifies it in the batch's ledger
    :param digest: fingerprint of its request, see ``jobs.ledger``
    :param request: its checked request by wire names; ``None`` if only the ledger knows the item
    """

    index: int
    name: str
    digest: str = ""
    request: Mapping[str, Any] | None = field(default=None, compare=False)

    @classmethod
    def of(cls, index: int, request: Mapping[str, Any], digest: str, occurrence: int) -> Item:
        """Build an item.

        :param occurrence: how many earlier items have the same request
        """
        return cls(index, f"{digest[:32]}:{occurrence}", digest, request)


@dataclass(frozen=True)
class Row:
    """Outcome of an item.

    :param job_id: its job, if one was accepted
    :param state: the job's last state, in the service's own name
    :param result: fields of the result
    :param error: ``class``, ``code`` and ``message`` of why there is no result
    :param is_permanent: no retry of the task can succeed
    :param is_resumable: the next attempt resumes its job, or its submission whose outcome is unknown
    :param is_billed: its job was accepted, or may have been, and has not failed
    :param usage: see ``jobs.usage_and_cost``; ``None`` if it is not known
    :param counted: seconds and cost that the limits of the batch count for it; ``None``: nothing
    """

    job_id: str | None = None
    state: str | None = None
    result: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    is_permanent: bool = False
    is_resumable: bool = False
    is_billed: bool = False
    usage: Mapping[str, Any] | None = None
    counted: Counted | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the row as a batch returns it, without its index."""
        row = {"job_id": self.job_id, "state": self.state, "result": self.result, "error": self.error}
        return row if self.usage is None else {**row, "usage": self.usage}


class BatchLedger(KeptInStore):
    """Record of the items of one task.

    The row of an item that was delivered is final. A failure counts for the attempt that saw it, or, if it is
    permanent, until a user clears the task. After the rows were returned, an attempt that was not caused by a user
    (a worker that was lost before Airflow knew of the result) returns the same rows; a user who clears the task gets
    new jobs.

    :param store: keeps the pages
    :param attempt: the running attempt
    :raises StateError: what was recorded of the items is not there any more
    """

    def __init__(self, store: Store, attempt: Attempt) -> None:
        super().__init__(store)
        self._attempt = attempt
        self._head: dict[str, Any] = store.get(BATCH_KEY) or {"round": 0}
        self._past = frozenset(self._head.get("past", ()))
        self._indexes: dict[str, int] = {}
        delivery = self._head.get("delivery")
        self._is_delivered = delivery is not None
        is_cleared = delivery is not None and Delivery(**delivery).was_cleared_before(attempt)
        # A batch that starts over does not need its records, some of which may have expired.
        is_begun = "is_begun" in self._head and not is_cleared
        self._records = ItemRecords(store, self._key("jobs"), is_begun=is_begun)
        if is_cleared:
            self._start_over()
        pages = [record.page for record in self._records.by_name.values() if record.page is not None]
        self._rows = PagedStore(store, self._key("rows"), first=max(pages, default=0))

    def begin_attempt(self, items: Sequence[Item], began: datetime) -> None:
        """Fix the items of an attempt: those of a resume must be the same.

        Names are recorded, not requests: these may hold presigned addresses.

        :param began: now, aware
        """
        self._indexes = {item.name: item.index for item in items}
        moved = {
            name: replace(record, index=self._indexes.get(name))
            for name, record in self._records.by_name.items()
            if record.index != self._indexes.get(name)
        }
        self._records.put(moved)
        self._records.begin()
        about = {"count": len(items), "items": _fingerprint(items), "began": began.isoformat()}
        self._write_head(attempt=self._attempt.number, is_begun=True, **about)

    def is_same_as_begun(self, items: Sequence[Item]) -> bool:
        """Return whether the items are those that the attempt began with."""
        if self._head.get("items") != _fingerprint(items):
            return False
        self._indexes = {item.name: item.index for item in items}
        return True

    @property
    def count(self) -> int:
        """Number of items that the attempt began with."""
        return int(self._head.get("count", 0))

    @property
    def began(self) -> datetime | None:
        """When the attempt began; ``None`` if nothing is recorded."""
        return datetime.fromisoformat(self._head["began"]) if "began" in self._head else None

    def counted(self) -> Iterator[Counted]:
        """Yield what the limits of the batch count for each item that has ended."""
        for name, record in self._records.by_name.items():
            if record.counted is not None and self.status(name) in ("delivered", "failed"):
                yield record.counted

    def begun_items(self) -> list[Item]:
        """Return the items of the attempt that were submitted or ended so far, without their requests."""
        indexes = {name: record.index for name, record in self._records.by_name.items()}
        self._indexes = {name: index for name, index in indexes.items() if index is not None}
        return sorted(
            (Item(index, name) for name, index in self._indexes.items()), key=lambda item: item.index
        )

    def status(self, name: str) -> Status:
        """Return the status of an item."""
        record = self._records.get(name)
        failure, began = record.failure, self._head.get("began")
        if failure is not None and (self._is_delivered or failure.counts_in(self._attempt, began)):
            return "failed"
        return record.status

    def has_failed_permanently(self, name: str) -> bool:
        """Return whether an item has failed and no retry of the task can succeed."""
        failure = self._records.get(name).failure
        return failure is not None and failure.is_permanent and self.status(name) == "failed"

    def entry(self, name: str) -> Entry | None:
        """Return an item's submission, if there is one."""
        return self._records.get(name).entry(digest=name)

    def survived_clear(self, name: str) -> bool:
        """Return whether an item has a job of a round that was delivered without it, and that a user has cleared."""
        return self._records.get(name).survived_clear

    def open_ledger(self, item: Item) -> Ledger:
        """Return the ledger of one item, for its submission."""
        return Ledger(_EntryStore(self._records, item, self.is_persistent, self.survives_clear))

    def names(self) -> Iterable[str]:
        """Return the names of all items that were ever recorded."""
        return self._records.by_name.keys()

    def job_ids(self, *, besides: Item | None = None) -> set[str]:
        """Return all jobs that were ever accepted for this batch, besides the current one of one item."""
        known = (*self._records.job_counts, *self._past)
        return {job_id for job_id in known if self.has_job(job_id, besides=besides)}

    def has_job(self, job_id: str, *, besides: Item | None = None) -> bool:
        """Return whether a job is among :meth:`job_ids`, without reading each record."""
        is_current = besides is not None and self._records.get(besides.name).job_id == job_id
        return self._records.job_counts[job_id] > is_current or job_id in self._past

    def has_unknown(self, *, besides: Item | None = None) -> bool:
        """Return whether the outcome of an item's submission is unknown, besides that of one item."""
        return any(
            record.is_unknown
            for name, record in self._records.by_name.items()
            if besides is None or name != besides.name
        )

    def record_rows(self, rows: Mapping[str, Row]) -> None:
        """Record outcomes by item name: first the rows, then the references to them."""
        if not rows:
            return
        self._rows.put({name: row.as_dict() for name, row in rows.items()})
        self._records.put({name: self._with_row(name, row) for name, row in rows.items()})

    def forget_jobs(self, names: Iterable[str]) -> None:
        """Record that these items have no job any more, since it failed or was cancelled; its id is kept."""
        self._records.put({name: self._records.get(name).without_job() for name in names})

    def rows(self, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Return the rows of the items that have ended, in their order."""
        stored = PagedStore(self._store, self._key("rows")).records
        ended = (item for item in items if self.status(item.name) in ("delivered", "failed"))
        return [{"index": item.index, **stored[item.name]} for item in ended]

    def mark_delivered(self) -> None:
        """Record that the rows were returned."""
        self._write_head(delivery=asdict(Delivery.of(self._attempt)))

    def _write_head(self, **fields: Any) -> None:
        self._head = {**self._head, **fields}
        self._store.set(BATCH_KEY, self._head)

    def _with_row(self, name: str, row: Row) -> ItemRecord:
        record = self._records.get(name)
        index, page = self._indexes.get(name, record.index), self._rows.number
        if row.error is None:
            past = record.past_besides(row.job_id)
            return ItemRecord(index, job_id=row.job_id, page=page, counted=row.counted, past=past)
        kept = record if row.is_resumable else record.without_job()
        failure = ItemFailure(Delivery.of(self._attempt), row.is_permanent, self._head.get("began"))
        return replace(kept, index=index, page=page, failure=failure, counted=row.counted)

    def _start_over(self) -> None:
        """Forget all items except those with a submission: their jobs may be running, or were not delivered."""
        earlier = self._records
        rows = PagedStore(self._store, self._key("rows"))
        kept = {
            name: ItemRecord(
                submission=record.submission, job_id=record.job_id, survived_clear=record.job_id is not None
            )
            for name, record in earlier.by_name.items()
            if record.submission is not None
        }
        self._is_delivered = False
        # Other jobs of this round may still be listed, and belong to no later submission.
        recorded = [
            job_id
            for name, record in earlier.by_name.items()
            for job_id in (record.past if name in kept else record.jobs)
        ]
        past = [*self._head.get("past", ()), *recorded][-MAX_PAST_JOBS:]
        self._past = frozenset(past)
        self._head = {"round": int(self._head["round"]) + 1, "past": past}
        self._records = ItemRecords(self._store, self._key("jobs"))
        self._records.put(kept)
        self._write_head()
        earlier.delete()
        rows.delete()

    def _key(self, kind: str) -> str:
        return f"{BATCH_KEY}_{self._head['round']}_{kind}"


class _EntryStore:
    """Store of one item's ledger, which has a single entry."""

    def __init__(self, records: ItemRecords, item: Item, is_persistent: bool, survives_clear: bool) -> None:
        self._records = records
        self._item = item
        self.is_persistent = is_persistent
        self.survives_clear = survives_clear

    def get(self, key: str) -> Any:
        record = self._records.get(self._item.name)
        if record.submission is None:
            return None
        return {"digest": self._item.digest, "job_id": record.job_id, **record.submission}

    def set(self, key: str, value: Any) -> None:
        if "nonce" not in value:
            self.delete(key)
            return
        name, job_id = self._item.name, value["job_id"]
        past = self._records.get(name).past_besides(job_id)
        record = ItemRecord(self._item.index, submission_of(value), job_id, past=past)
        self._records.put({name: record})

    def delete(self, key: str) -> None:
        record = self._records.get(self._item.name)
        if record.submission is not None:
            self._records.put({self._item.name: record.without_job()})


def _fingerprint(items: Sequence[Item]) -> str:
    return hashlib.sha256("\n".join(item.name for item in items).encode()).hexdigest()
