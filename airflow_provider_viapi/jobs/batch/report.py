"""Report of a batch: its progress, the rows that it returns, and why it has failed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from airflow_provider_viapi.errors import BatchFailed, ServiceError
from airflow_provider_viapi.jobs.batch.ledger import Item, Row

MAX_BYTES = 5_000_000
"""Size of all rows together; with 10,000 items 500 bytes for each."""

MAX_NAMED = 3
"""Number of failed items that the error names."""

MAX_MESSAGE = 500
"""Length of an error message in a row."""

MIN_TIME_BASE = timedelta(minutes=1)
"""An attempt that runs for less has no rate and no time left: both would be guesses."""


@dataclass(frozen=True)
class Progress:
    """Numbers of items by status.

    :param done: delivered
    :param failed: failed in this attempt, or permanently
    :param running: with a job that is waited for
    :param left: not submitted yet
    """

    done: int
    failed: int
    running: int
    left: int

    def describe(self, elapsed: timedelta, done_before: int) -> str:
        """Return the numbers in words, with the rate and an estimate of the time left.

        :param elapsed: since the attempt began
        :param done_before: how many items had ended when it began
        """
        counts = f"{self.done} done, {self.failed} failed, {self.running} running, {self.left} left"
        finished = self.done + self.failed - done_before
        remaining = self.running + self.left
        if finished <= 0 or not remaining or elapsed < MIN_TIME_BASE:
            return counts
        per_minute = finished / (elapsed.total_seconds() / 60)
        return f"{counts}; {_rate(per_minute)}, about {_duration(remaining / per_minute)} left"


def _rate(per_minute: float) -> str:
    return f"{per_minute:.0f} per minute" if per_minute >= 1.5 else f"{per_minute * 60:.0f} per hour"


def _duration(minutes: float) -> str:
    number, unit = (minutes, "minute") if minutes < 90 else (minutes / 60, "hour")
    rounded = max(1, round(number))
    return f"{rounded} {unit}{'' if rounded == 1 else 's'}"


def failed_row(
    error: ServiceError,
    *,
    is_permanent: bool,
    job_id: str | None = None,
    state: str | None = None,
) -> Row:
    """Return the row of an item that has failed; see :class:`~airflow_provider_viapi.jobs.batch.ledger.Row`."""
    fields = {"class": type(error).__name__, "code": error.code, "message": error.message[:MAX_MESSAGE]}
    return Row(job_id, state, None, fields, is_permanent)


def describe_item(item: Item) -> str:
    """Return an item's index and the first address of its request, without query and credentials."""
    address = first_address(item.request or {})
    if address is None:
        return f"item {item.index}"
    return f"item {item.index} ({re.sub(r'(?<=://)[^/@]*@', '', re.split('[?#]', address)[0])[:200]})"


def first_address(value: Any) -> str | None:
    """Return the first address in a request, however deep."""
    if isinstance(value, str):
        return value if re.match(r"[A-Za-z][\w+.-]*://", value) else None
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return next((found for each in inner if (found := first_address(each))), None)


def batch_failure(
    rows: Sequence[Mapping[str, Any]], *, items: int, left: int, max_failed: int, why_left: str = ""
) -> BatchFailed | None:
    """Return why the batch as a whole has failed, if it has.

    :param rows: of the items that have ended
    :param items: number of items
    :param left: number of items that were not submitted
    :param max_failed: number of items that may fail
    :param why_left: why items were not submitted
    """
    failed = [row for row in rows if row["error"] is not None]
    if len(failed) <= max_failed and not left:
        return None
    counts = [f"{len(failed)} of {items} items failed, allowed are {max_failed}"] if failed else []
    counts += [f"{left} of {items} items were not submitted{why_left}"] if left else []
    named = [f"item {row['index']}: {describe_row_error(row['error'])}" for row in failed[:MAX_NAMED]]
    named += [f"and {len(failed) - MAX_NAMED} more"] if len(failed) > MAX_NAMED else []
    return BatchFailed(". ".join(["; ".join(counts), *named]))


def describe_row_error(error: Mapping[str, Any]) -> str:
    """Return code and message of a row's error."""
    return f"{error['code'] or error['class']}: {str(error['message'])[:200]}"


def truncate(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], int]:
    """Return the rows, without the longest results if all would be too long, and the number of those left out."""
    lengths = [len(json.dumps(row)) for row in rows]
    if sum(lengths) <= MAX_BYTES:
        return list(rows), 0
    allowed = MAX_BYTES // len(rows)
    kept = [
        row if length <= allowed else {**row, "result": None}
        for row, length in zip(rows, lengths, strict=True)
    ]
    return kept, sum(length > allowed for length in lengths)
