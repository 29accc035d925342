"""Paged store: each record is durable when put returns, pages are few and small."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from airflow_provider_viapi.jobs.batch.item_records import PAGE_BYTES, PagedStore
from operators.run_batch import Store

NAMES = st.sampled_from([f"item-{number}" for number in range(6)])
RECORDS = st.dictionaries(NAMES, st.fixed_dictionaries({"text": st.text(max_size=20)}), max_size=4)


@given(st.lists(RECORDS, max_size=20))
def test_a_new_reader_finds_the_last_record_of_each_name(puts: list[dict[str, dict[str, str]]]) -> None:
    store, expected = Store(), {}
    for records in puts:
        PagedStore(store, "key").put(records)
        expected |= records

    assert PagedStore(store, "key").records == expected


def test_pages_are_bounded_in_size_and_number() -> None:
    store = Store()
    pages = PagedStore(store, "key")

    for number in range(1000):
        pages.put({f"{number:032x}:0": {"job_id": "0" * 36, "nonce": "0" * 36, "signed_at": "0" * 32}})

    assert max(len(page) for page in store.kept.values()) <= PAGE_BYTES + 2
    assert len(store.kept) < 1000 * 250 / PAGE_BYTES * 1.2
    assert len(PagedStore(store, "key").records) == 1000


def test_a_record_longer_than_a_page_gets_its_own_page() -> None:
    store = Store()
    pages = PagedStore(store, "key")

    pages.put({"a": {"text": "a"}, "long": {"text": "x" * PAGE_BYTES}, "b": {"text": "b"}})

    assert len(store.kept) == 3
    assert pages.number == 2
    assert json.loads(store.kept["key_1"]).keys() == {"long"}


def test_a_record_whose_write_failed_is_not_written_with_the_next() -> None:
    class Failing(Store):
        def set(self, key: str, value: object) -> None:
            if "lost" in str(value):
                raise OSError
            super().set(key, value)

    store = Failing()
    pages = PagedStore(store, "key")
    try:
        pages.put({"lost": {}})
    except OSError:
        pages.put({"kept": {}})

    assert PagedStore(store, "key").records == {"kept": {}}


def test_a_record_whose_write_failed_but_was_stored_does_not_replace_a_later_one() -> None:
    class Failing(Store):
        fails = False

        def set(self, key: str, value: object) -> None:
            super().set(key, value)
            if self.fails and key == "key_1":
                raise OSError

    store = Failing()
    pages = PagedStore(store, "key")
    pages.put({"first": {"text": "x" * (PAGE_BYTES - 500)}})
    store.fails = True
    with pytest.raises(OSError):
        pages.put({"item": {"text": "earlier" * 100}})
    store.fails = False

    pages.put({"item": {"text": "later"}})

    assert PagedStore(store, "key").records["item"] == {"text": "later"}


def test_delete_removes_all_pages() -> None:
    store = Store()
    pages = PagedStore(store, "key")
    for number in range(300):
        pages.put({f"{number}": {"text": "x" * 200}})

    pages.delete()

    assert store.kept == {}
