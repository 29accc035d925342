"""Filters and pages of lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

PAGE_SIZE = 10
"""Default number of items on a page; the documents do not name the services' default."""

_NOT_FILTERS = {"offset", "limit", "sort_key", "sort_dir", "create_since", "create_until"}


def page_of(items: Iterable[Mapping[str, Any]], asked: Mapping[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """Return the number of items that match the filters, and one page of them.

    Names match if they contain the filter's value. A filter for a field that an item does not have is ignored.

    :param items: oldest first; the page is newest first unless ``sort_dir`` is ``asc``
    :param asked: ``offset`` and ``limit``, ``create_since`` and ``create_until``, and fields by name
    """
    matching = [dict(item) for item in items if _matches(item, asked)]
    if asked.get("sort_dir") != "asc":
        matching.reverse()
    offset = asked.get("offset") or 0
    limit = PAGE_SIZE if asked.get("limit") is None else asked["limit"]
    return len(matching), matching[offset : offset + limit]


def _matches(item: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    created = item.get("create_time")
    if isinstance(created, str) and not (
        asked.get("create_since", "") <= created <= asked.get("create_until", "9")
    ):
        return False
    return all(
        _has_value(name, item[name], wanted)
        for name, wanted in asked.items()
        if name not in _NOT_FILTERS and name in item and wanted != ""
    )


def _has_value(name: str, value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return value in wanted
    if name.endswith("name") and isinstance(value, str):
        return str(wanted) in value
    return bool(value == wanted)
