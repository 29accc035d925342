"""Data of a batch for Airflow's UI: the XComs ``items_0``, ``items_1`` … and ``usage``; see docs/ui.md.

Each time the task starts to wait it writes one page with the items that have ended since the previous one, so that
the number of writes does not depend on the number of items and no page is ever rewritten.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_viapi.task_instance.xcoms import ITEMS_PREFIX, USAGE_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_viapi.jobs.batch.ledger import Item, Row
    from airflow_provider_viapi.jobs.batch.runner import BatchRunner
    from airflow_provider_viapi.result_fields import ResultField

PAGE_ROWS = 1000
"""Items of one page; more only follow each other when a retry shows what earlier attempts delivered."""

MAX_MESSAGE = 200
"""Characters of an item's error message; the rows that the task returns have more."""


def publish_items(context: Context, batch: BatchRunner, fields: Collection[ResultField], page: int) -> int:
    """Write the items that have ended since the last call, and which run; return the number of the next page.

    :param fields: of the action's result
    :param page: number of the page to write
    """
    head = {
        "version": 1,
        "action": batch.config.action,
        "began": batch.config.began.isoformat(),
        "done_before": batch.config.done_before,
        "count": batch.ledger.count,
    }
    rows = [_shown(item, row, fields) for item, row in batch.ended]
    running = [
        {"index": item.index, "job_id": job_id, "name": _name(item)} for job_id, item in batch.running.items()
    ]
    chunks = [rows[start : start + PAGE_ROWS] for start in range(0, len(rows), PAGE_ROWS)] or [[]]
    for chunk in chunks:
        value = {**head, "rows": chunk, "running": running if chunk is chunks[-1] else []}
        context["ti"].xcom_push(key=f"{ITEMS_PREFIX}{page}", value=value)
        page += 1
    batch.ended.clear()
    return page


def publish_usage(context: Context, action: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the usage of all items together.

    :param action: as ``service.Action``
    :param rows: of the items that have ended
    """
    from airflow_provider_viapi.jobs.usage_and_cost import Usage

    # A job that was not measured leaves the sum incomplete, which ``measured`` shows; a reused one costs nothing.
    paid = [row for row in rows if row["error"] is None and "reused" not in (row["result"] or {})]
    usages = [Usage.from_dict(row["usage"]) if row.get("usage") else Usage(jobs=1) for row in paid]
    context["ti"].xcom_push(key=USAGE_KEY, value={"action": action, **Usage.total(usages).as_dict()})


def landed_files(
    rows: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Return the address of each landed file, and what asset events say about it, both by index and key.

    The size of ten thousand files would take as many requests, so it is not among them.

    :param rows: of the items that have ended
    """
    from airflow_provider_viapi.media.outputs.lineage import type_of

    landed, files = {}, {}
    for row in rows:
        seconds = (row.get("usage") or {}).get("output_seconds")
        for key, address in (row["result"] or {}).get("landed", {}).items():
            media = type_of(address)
            is_clip = media.get("type", "").partition("/")[0] in ("video", "audio")
            name = f"{row['index']}.{key}"
            landed[name] = address
            files[name] = {
                "job_id": row["job_id"],
                **media,
                **({"duration": seconds} if is_clip and seconds else {}),
            }
    return landed, files


def _shown(item: Item, row: Row, fields: Collection[ResultField]) -> dict[str, Any]:
    from airflow_provider_viapi.media.addresses import redacted_address
    from airflow_provider_viapi.result_fields import file_urls

    result = row.result or {}
    files = result.get("landed") or file_urls(result, fields)
    error = row.error and {
        "class": row.error["class"],
        "code": row.error["code"],
        "message": str(row.error["message"])[:MAX_MESSAGE],
    }
    return {
        "index": item.index,
        "name": _name(item),
        "job_id": row.job_id,
        "state": row.state,
        "file": redacted_address(next(iter(files.values()))) if files else None,
        "error": error,
        "seconds": row.usage and row.usage["output_seconds"],
        "cost": row.usage and row.usage["cost"],
    }


def _name(item: Item) -> str:
    """Return the file name of an item's first source, or an empty text."""
    from airflow_provider_viapi.jobs.batch.report import first_address
    from airflow_provider_viapi.media.addresses import file_name

    return file_name(first_address(item.request or {}) or "")[:80]
