"""Failures of a batch: what is recorded of an item that has failed, and whether the batch as a whole has failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_viapi.errors import BatchFailed, ResultExpired, ServiceError
from airflow_provider_viapi.jobs.batch.ledger import Row

MAX_NAMED = 3
"""Number of failed items that the error names."""

MAX_MESSAGE = 500
"""Length of an error message in a row."""


def failed_row(
    error: ServiceError,
    is_permanent: Callable[[ServiceError], bool],
    job_id: str | None = None,
    state: str | None = None,
    *,
    is_billed: bool = False,
) -> Row:
    """Return the row of an item that has failed; see :class:`~airflow_provider_viapi.jobs.batch.ledger.Row`.

    :param is_permanent: returns whether no retry of the task can succeed after an error
    :param is_billed: its job was accepted, or may have been, and has not failed
    """
    fields = {"class": type(error).__name__, "code": error.code, "message": error.message[:MAX_MESSAGE]}
    # With expired links the next attempt would find the same ones.
    is_resumable = is_billed and not isinstance(error, ResultExpired)
    return Row(
        job_id, state, None, fields, is_permanent(error), is_resumable=is_resumable, is_billed=is_billed
    )


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
