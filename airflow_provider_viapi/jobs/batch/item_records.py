"""Records of the items of a batch in the task's store: submission, outcome, earlier jobs; on pages."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from airflow_provider_viapi.errors import StateError
from airflow_provider_viapi.jobs.attempt_context import Attempt
from airflow_provider_viapi.jobs.batch.limits import Counted
from airflow_provider_viapi.jobs.ledger import Delivery, Entry, Store

PAGE_BYTES = 24_000
"""Size at which a page is full. Airflow warns from 65,535 bytes on, and each record costs the write of a page."""

Record = Mapping[str, Any]

Status = Literal["new", "unknown", "running", "delivered", "failed"]
"""``unknown`` is a submission whose outcome is not known."""

_SUBMISSION = (
    "nonce",
    "signed_at",
    "account",
    "endpoint",
    "key_id",
    "try_number",
    "scope",
    "adopted",
    "sources",
)
"""Fields of ``jobs.ledger.Entry`` that are stored beside those of the record."""


@dataclass(frozen=True)
class ItemFailure:
    """Failure of an item.

    :param when: the attempt that saw it
    :param is_permanent: it counts for later attempts too, until a user clears the task
    :param began: when that attempt began, ISO 8601; ``None``: an earlier version of the provider has recorded it
    """

    when: Delivery
    is_permanent: bool
    began: str | None = None

    def counts_in(self, attempt: Attempt, began: str | None) -> bool:
        """Return whether the item is not tried again in an attempt.

        :param began: when the attempt began: one of a DAG run that was deleted and created again has the same number
        """
        if self.when.number == attempt.number and self.began in (None, began):
            return True
        return self.is_permanent and not self.when.was_cleared_before(attempt)


@dataclass(frozen=True)
class ItemRecord:
    """Record of an item.

    :param index: its place in the list of the attempt; ``None``: it is not in it
    :param submission: fields of its submission besides digest and job, see ``jobs.ledger.Entry``; ``None``: it has
        none, or that led to a job that was delivered, was cancelled or has failed
    :param job_id: the job of the submission, or the one that was delivered
    :param page: page with its last row; ``None`` if it never ended
    :param failure: why that row has no result; ``None`` if it has one
    :param counted: what the limits of the batch count for the row
    :param past: its earlier jobs
    :param survived_clear: a user has cleared the delivered batch while the item had this job, which was not delivered
    """

    index: int | None = None
    submission: Mapping[str, Any] | None = None
    job_id: str | None = None
    page: int | None = None
    failure: ItemFailure | None = None
    counted: Counted | None = None
    past: tuple[str, ...] = ()
    survived_clear: bool = False

    @property
    def status(self) -> Status:
        """Status of the item in an attempt in which no earlier failure counts."""
        if self.page is not None and self.failure is None:
            return "delivered"
        if self.submission is None:
            return "new"
        return "running" if self.job_id else "unknown"

    @property
    def is_unknown(self) -> bool:
        """True if there is a submission whose outcome is not known, whether that counts as a failure or not."""
        return self.submission is not None and not self.job_id

    @property
    def jobs(self) -> tuple[str, ...]:
        """All jobs that were ever accepted for the item: none of them belongs to another submission."""
        return (*self.past, self.job_id) if self.job_id else self.past

    def past_besides(self, job_id: str | None) -> tuple[str, ...]:
        """Return the earlier jobs of the item once it has this one."""
        return tuple(each for each in self.jobs if each != job_id)

    def without_job(self) -> ItemRecord:
        """Return the record without submission and job; the id of the job is kept."""
        return replace(self, submission=None, job_id=None, past=self.jobs, survived_clear=False)

    def entry(self, digest: str) -> Entry | None:
        """Return the submission, if there is one."""
        if self.submission is None:
            return None
        return Entry(digest=digest, job_id=self.job_id, **self.submission)

    def as_dict(self) -> dict[str, Any]:
        """Return JSON values: :meth:`from_dict` is the inverse. Deployed batches have stored this form."""
        stored: dict[str, Any] = {**(self.submission or {})}
        if self.submission is not None or self.job_id is not None:
            stored["job_id"] = self.job_id
        if self.failure is not None:
            failure = asdict(self.failure)
            stored["failed"] = {**failure.pop("when"), **failure}
            if self.failure.began is None:
                del stored["failed"]["began"]
        others = {
            "index": self.index,
            "row": self.page,
            "counted": self.counted,
            "past": [*self.past] or None,
            "survived_clear": self.survived_clear or None,
        }
        return stored | {name: value for name, value in others.items() if value is not None}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ItemRecord:
        """Build a record from its stored form."""
        failed, counted = dict(stored.get("failed", {})), stored.get("counted")
        is_permanent, began = failed.pop("is_permanent", False), failed.pop("began", None)
        return cls(
            index=stored.get("index"),
            submission=submission_of(stored) if "nonce" in stored else None,
            job_id=stored.get("job_id"),
            page=stored.get("row"),
            failure=ItemFailure(Delivery(**failed), is_permanent, began) if failed else None,
            counted=None if counted is None else (counted[0], counted[1]),
            past=tuple(stored.get("past", ())),
            survived_clear=stored.get("survived_clear", False),
        )


def submission_of(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record holds of an entry: without defaults, since each item has a record."""
    return {name: entry[name] for name in _SUBMISSION if entry.get(name) not in (None, False)}


class ItemRecords:
    """Records by the names of their items.

    :param store: keeps the pages
    :param key: prefix of the pages' keys
    :param is_begun: see ``PagedStore``
    """

    def __init__(self, store: Store, key: str, *, is_begun: bool = False) -> None:
        self._pages = PagedStore(store, key, is_begun=is_begun)
        self.by_name: dict[str, ItemRecord] = {}
        # Of how many items a job is: each submission asks for one, and a batch may have many thousands.
        self.job_counts: Counter[str] = Counter()
        self._update({name: ItemRecord.from_dict(stored) for name, stored in self._pages.records.items()})

    def get(self, name: str) -> ItemRecord:
        """Return the record of an item; an empty one if nothing is recorded."""
        return self.by_name.get(name, ItemRecord())

    def put(self, records: Mapping[str, ItemRecord]) -> None:
        """Store records durably, if there are any."""
        if records:
            self._pages.put({name: record.as_dict() for name, record in records.items()})
            self._update(records)

    def _update(self, records: Mapping[str, ItemRecord]) -> None:
        for name, record in records.items():
            self.job_counts.subtract(self.get(name).jobs)
            self.job_counts.update(record.jobs)
            self.by_name[name] = record

    def begin(self) -> None:
        """Store a page, unless there is one: from now on a missing one means that records were lost."""
        if not self.by_name:
            self._pages.put({})

    def delete(self) -> None:
        """Delete all records from the store."""
        self._pages.delete()


class PagedStore:
    """Many named records in a store, kept on pages to bound both the number of writes and the size of values.

    A page is rewritten with each record that is added to it, and never again once the next page is begun. A later
    record replaces an earlier one of the same name. Only one process writes at a time.

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
