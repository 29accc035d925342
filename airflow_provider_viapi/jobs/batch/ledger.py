"""Durable record of what a batch has submitted and received, item by item, so that each item is paid for once.

An item is identified by its request and not by its place in the list, so a list that was extended or reordered still
finds its jobs. The same request twice in a list is two items.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from airflow_provider_viapi.jobs.attempt_context import Attempt
from airflow_provider_viapi.jobs.batch.limits import Counted
from airflow_provider_viapi.jobs.batch.paged_store import PagedStore, Record
from airflow_provider_viapi.jobs.ledger import Delivery, Entry, Ledger, Store

KEY = "viapi_batch"
"""Prefix of the keys in the store. Deployed batches find their jobs by it, so it never changes."""

Status = Literal["new", "unknown", "running", "delivered", "failed"]
"""``unknown`` is a submission whose outcome is not known."""

MAX_PAST_JOBS = 500
"""Jobs of earlier rounds whose ids are kept; the job list shows as many."""

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
    "sources",
)


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
    :param usage: see ``jobs.usage``; ``None`` if it is not known
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


class BatchLedger:
    """Record of the items of one task.

    The row of an item that was delivered is final. A failure counts for the attempt that saw it, or, if it is
    permanent, until a user clears the task. After the rows were returned, an attempt that was not caused by a user
    (a worker that was lost before Airflow knew of the result) returns the same rows; a user who clears the task gets
    new jobs.

    :param store: keeps the pages
    :param attempt: the running attempt
    """

    def __init__(self, store: Store, attempt: Attempt) -> None:
        self._store = store
        self._attempt = attempt
        self._head: dict[str, Any] = store.get(KEY) or {"round": 0}
        self._jobs = PagedStore(store, self._key("jobs"))
        self._indexes: dict[str, int] = {}
        delivery = self._head.get("delivery")
        self._is_delivered = delivery is not None
        if delivery is not None and Delivery(**delivery).was_cleared_before(attempt):
            self._start_over()
        pages = [int(record["row"]) for record in self._jobs.records.values() if "row" in record]
        self._rows = PagedStore(store, self._key("rows"), first=max(pages, default=0))

    @property
    def is_persistent(self) -> bool:
        """True if the next attempt finds what is recorded now."""
        return self._store.is_persistent

    @property
    def survives_clear(self) -> bool:
        """True if also the next attempt of a cleared task finds what is recorded now."""
        return self._store.survives_clear

    def begin_attempt(self, items: Sequence[Item], began: datetime) -> None:
        """Fix the items of an attempt: those of a resume must be the same.

        Names are recorded, not requests: these may hold presigned addresses.

        :param began: now, aware
        """
        self._indexes = {item.name: item.index for item in items}
        moved = {
            name: {**record, "index": self._indexes.get(name)}
            for name, record in self._jobs.records.items()
            if record.get("index") != self._indexes.get(name)
        }
        if moved:
            self._jobs.put(moved)
        about = {"count": len(items), "items": _fingerprint(items), "began": began.isoformat()}
        self._write_head(attempt=self._attempt.number, **about)

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
        for name, record in self._jobs.records.items():
            if "counted" in record and self.status(name) in ("delivered", "failed"):
                seconds, cost = record["counted"]
                yield seconds, cost

    def begun_items(self) -> list[Item]:
        """Return the items of the attempt that were submitted or ended so far, without their requests."""
        indexes = {name: record.get("index") for name, record in self._jobs.records.items()}
        self._indexes = {name: index for name, index in indexes.items() if index is not None}
        return sorted(
            (Item(index, name) for name, index in self._indexes.items()), key=lambda item: item.index
        )

    def status(self, name: str) -> Status:
        """Return the status of an item."""
        record = self._jobs.records.get(name, {})
        if self._has_failed(record):
            return "failed"
        if "row" in record and "failed" not in record:
            return "delivered"
        if "nonce" not in record:
            return "new"
        return "running" if record["job_id"] else "unknown"

    def entry(self, name: str) -> Entry | None:
        """Return an item's submission, if there is one."""
        record = self._jobs.records.get(name, {})
        return Entry(digest=name, **_entry(record)) if "nonce" in record else None

    def open_ledger(self, item: Item) -> Ledger:
        """Return the ledger of one item, for its submission."""
        return Ledger(_EntryStore(self._jobs, item, self.is_persistent, self.survives_clear))

    def names(self) -> Iterable[str]:
        """Return the names of all items that were ever recorded."""
        return self._jobs.records.keys()

    def job_ids(self) -> set[str]:
        """Return all jobs that were ever accepted for this batch."""
        recorded = {job_id for record in self._jobs.records.values() for job_id in _jobs_of(record)}
        return recorded.union(self._head.get("past", ()))

    def has_unknown(self, *, besides: Item | None = None) -> bool:
        """Return whether the outcome of an item's submission is unknown, besides that of one item."""
        return any(
            "nonce" in record and not record["job_id"]
            for name, record in self._jobs.records.items()
            if besides is None or name != besides.name
        )

    def record_rows(self, rows: Mapping[str, Row]) -> None:
        """Record outcomes by item name: first the rows, then the references to them."""
        if not rows:
            return
        self._rows.put({name: row.as_dict() for name, row in rows.items()})
        self._jobs.put({name: self._with_row(name, row) for name, row in rows.items()})

    def forget_jobs(self, names: Iterable[str]) -> None:
        """Record that these items have no job any more, since it failed or was cancelled; its id is kept."""
        records = {name: self._jobs.records.get(name, {}) for name in names}
        if records:
            self._jobs.put({name: _without_entry(record) for name, record in records.items()})

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
        self._store.set(KEY, self._head)

    def _with_row(self, name: str, row: Row) -> Record:
        about: dict[str, Any] = {"index": self._indexes[name]} if name in self._indexes else {}
        if row.counted is not None:
            about["counted"] = row.counted
        record = {key: value for key, value in self._jobs.records.get(name, {}).items() if key != "counted"}
        if row.error is None:
            past = [job_id for job_id in _jobs_of(record) if job_id != row.job_id]
            ended = {**about, "row": self._rows.number, "job_id": row.job_id}
            return {**ended, "past": past} if past else ended
        kept = record if row.is_resumable else _without_entry(record)
        failed = {**asdict(Delivery.of(self._attempt)), "is_permanent": row.is_permanent}
        return {**kept, **about, "row": self._rows.number, "failed": failed}

    def _has_failed(self, record: Record) -> bool:
        if "failed" not in record:
            return False
        failed = dict(record["failed"])
        is_permanent, when = failed.pop("is_permanent"), Delivery(**failed)
        if when.number == self._attempt.number or self._is_delivered:
            return True
        return is_permanent and not when.was_cleared_before(self._attempt)

    def _start_over(self) -> None:
        """Forget all items except those whose submission has an unknown outcome."""
        earlier = self._jobs
        rows = PagedStore(self._store, self._key("rows"))
        unknown = {
            name: _entry(record)
            for name, record in earlier.records.items()
            if "nonce" in record and not record["job_id"]
        }
        self._is_delivered = False
        # Jobs of this round may still be listed, and belong to no later submission.
        recorded = [job_id for record in earlier.records.values() for job_id in _jobs_of(record)]
        past = [*self._head.get("past", ()), *recorded][-MAX_PAST_JOBS:]
        self._head = {"round": int(self._head["round"]) + 1, "past": past}
        self._jobs = PagedStore(self._store, self._key("jobs"))
        if unknown:
            self._jobs.put(unknown)
        self._write_head()
        earlier.delete()
        rows.delete()

    def _key(self, kind: str) -> str:
        return f"{KEY}_{self._head['round']}_{kind}"


class _EntryStore:
    """Store of one item's ledger, which has a single entry."""

    def __init__(self, jobs: PagedStore, item: Item, is_persistent: bool, survives_clear: bool) -> None:
        self._jobs = jobs
        self._item = item
        self.is_persistent = is_persistent
        self.survives_clear = survives_clear

    def get(self, key: str) -> Any:
        record = self._jobs.records.get(self._item.name, {})
        if "nonce" not in record:
            return None
        return {"digest": self._item.digest, **_entry(record)}

    def set(self, key: str, value: Any) -> None:
        if "nonce" not in value:
            self.delete(key)
            return
        earlier = self._jobs.records.get(self._item.name, {})
        past = [job_id for job_id in _jobs_of(earlier) if job_id != value["job_id"]]
        record = {**_entry(value), "index": self._item.index}
        self._jobs.put({self._item.name: {**record, "past": past} if past else record})

    def delete(self, key: str) -> None:
        record = self._jobs.records.get(self._item.name, {})
        if "nonce" in record:
            self._jobs.put({self._item.name: _without_entry(record)})


def _fingerprint(items: Sequence[Item]) -> str:
    return hashlib.sha256("\n".join(item.name for item in items).encode()).hexdigest()


def _entry(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a submission; those with their defaults are left out, since each item has a record."""
    fields = {key: record[key] for key in _ENTRY if record.get(key) not in (None, False)}
    return {"job_id": None, **fields}


def _jobs_of(record: Record) -> list[str]:
    """Return all jobs that were ever accepted for an item: none of them belongs to another submission."""
    return [*record.get("past", ()), *([record["job_id"]] if record.get("job_id") else ())]


def _without_entry(record: Record) -> Record:
    others = {key: value for key, value in record.items() if key not in (*_ENTRY, "past")}
    past = _jobs_of(record)
    return {**others, "past": past} if past else others
