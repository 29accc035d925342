"""Walking through a database's pages, whatever the service grants."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from airflow_provider_viapi.errors import ServiceError
from airflow_provider_viapi.image_index.imgsearch_database import Listing

REACHED_BY_OFFSET = 2000


def page(count: int, position: dict[str, Any], first: int, largest: int, total: bool) -> dict[str, Any]:
    """A page as the documents describe it; where they are silent, the arguments decide."""
    if "Token" in position:
        start = int(position["Token"])
    else:
        start = max(0, position.get("Offset", first) - first)
        assert position.get("Offset", 0) + position["Limit"] <= REACHED_BY_OFFSET
    numbers = range(count)[start : start + min(position["Limit"], largest)]
    images = [{"DataId": str(number), "EntityId": f"e{number}"} for number in numbers]
    data = {"ImageList": images, "Token": str(start + len(images))}
    return data | ({"TotalCount": count} if total else {})


@settings(max_examples=60)
@given(
    count=st.integers(0, 4500),
    page_size=st.integers(20, 900),
    largest=st.integers(20, 1000),
    first=st.integers(0, 1),
    total=st.booleans(),
)
def test_every_entry_is_listed_once(
    count: int, page_size: int, largest: int, first: int, total: bool
) -> None:
    listing = Listing(page_size)

    while listing.next_page is not None:
        listing.add_page(page(count, listing.next_page, first, largest, total))

    assert [entry["EntityId"] for entry in listing.entries.values()] == [f"e{n}" for n in range(count)]
    assert listing.is_complete


def test_no_more_is_asked_for_than_wanted() -> None:
    listing = Listing(50, max_entries=60)

    asked = []
    while listing.next_page is not None:
        asked.append(listing.next_page)
        listing.add_page(page(500, listing.next_page, 0, 1000, True))

    assert asked == [{"Limit": 50}, {"Limit": 50, "Offset": 50}]


def test_a_list_that_ends_before_its_count_is_not_whole() -> None:
    listing = Listing(500)

    while listing.next_page is not None:
        listing.add_page(page(2600, listing.next_page, 0, 1000, True) | {"Token": ""})

    assert len(listing.entries) == 2000
    assert not listing.is_complete


def test_pages_that_repeat_themselves_end_the_walk() -> None:
    listing = Listing(500)

    with pytest.raises(ServiceError, match="repeats pages"):
        while listing.next_page is not None:
            listing.add_page(page(2600, listing.next_page, 0, 1000, True) | {"Token": "2000"})
