"""What a batch returns, kept to a size, and the error that says that too much of it failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_viapi.errors import ServiceError

MOST_BYTES = 5_000_000
"""How long all rows are together; with 10,000 items that is 500 bytes for each."""

NAMED = 3
"""So many of the items that failed are named in the error."""


class BatchFailed(ServiceError):
    """More items of a batch have failed than may, or there was no time for all."""


def failure(
    rows: Sequence[Mapping[str, Any]], *, items: int, left: int, max_failed: int
) -> BatchFailed | None:
    """Why a batch as a whole has failed, if it has.

    :param rows: of the items that have ended
    :param items: how many there are
    :param left: how many were not submitted
    :param max_failed: how many may fail
    """
    failed = [row for row in rows if row["error"] is not None]
    if len(failed) <= max_failed and not left:
        return None
    told = [f"{len(failed)} of {items} items failed, allowed are {max_failed}"] if failed else []
    told += [f"{left} of {items} items were not submitted"] if left else []
    named = [f"item {row['index']}: {_named(row['error'])}" for row in failed[:NAMED]]
    named += [f"and {len(failed) - NAMED} more"] if len(failed) > NAMED else []
    return BatchFailed(". ".join(["; ".join(told), *named]), code="BatchFailed")


def _named(error: Mapping[str, Any]) -> str:
    return f"{error['code'] or error['class']}: {str(error['message'])[:200]}"


def bounded(rows: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], int]:
    """The rows, without the longest results if they would be too long together, and how many that are."""
    lengths = [len(json.dumps(row)) for row in rows]
    if sum(lengths) <= MOST_BYTES:
        return list(rows), 0
    allowed = MOST_BYTES // len(rows)
    kept = [
        row if length <= allowed else {**row, "result": None}
        for row, length in zip(rows, lengths, strict=True)
    ]
    return kept, sum(length > allowed for length in lengths)
