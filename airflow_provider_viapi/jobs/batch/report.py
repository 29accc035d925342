"""Report of a batch: its progress, and the rows that it returns."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from airflow_provider_viapi.jobs.batch.ledger import Item

MAX_BYTES = 5_000_000
"""Size of all rows together; with 10,000 items 500 bytes for each."""

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
