"""Lists: which items fit, and which of those are on the page that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

PAGE_SIZE = 10
"""Items on a page unless the caller says how many; the documents do not tell the services' default."""

_NO_FILTERS = {"offset", "limit", "sort_key", "sort_dir", "create_since", "create_until"}


def page_of(items: Iterable[Mapping[str, Any]], asked: Mapping[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    """How many items fit, and those of them on the page.

    A question about a field that items do not have is not heeded. Names fit when they hold what is asked for.

    :param items: the oldest first; they are told the newest first unless ``sort_dir`` is ``asc``
    :param asked: ``offset`` and ``limit``, ``create_since`` and ``create_until``, and fields by name
    """
    fitting = [dict(item) for item in items if _fits(item, asked)]
    if asked.get("sort_dir") != "asc":
        fitting.reverse()
    offset = asked.get("offset") or 0
    limit = PAGE_SIZE if asked.get("limit") is None else asked["limit"]
    return len(fitting), fitting[offset : offset + limit]


def _fits(item: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    created = item.get("create_time")
    if isinstance(created, str) and not (
        asked.get("create_since", "") <= created <= asked.get("create_until", "9")
    ):
        return False
    return all(
        _is(name, item[name], wanted)
        for name, wanted in asked.items()
        if name not in _NO_FILTERS and name in item and wanted != ""
    )


def _is(name: str, value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return value in wanted
    if name.endswith("name") and isinstance(value, str):
        return str(wanted) in value
    return bool(value == wanted)
