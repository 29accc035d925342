"""The cursor of a watched list: each entry once, whatever the paging, and over restarts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from airflow_provider_viapi.watch.cursor import (
    MAX_REMEMBERED,
    MAX_UNCONFIRMED,
    Cursor,
    ListEntry,
    NewEntry,
    Page,
)


def entries(*names: str, moment: int | None = 100) -> list[ListEntry]:
    return [ListEntry(name, moment) for name in names]


def page(*names: str, **fields: Any) -> Page:
    return Page(entries(*names), **{"source": "account", **fields})


def keys(deliveries: list[NewEntry]) -> list[str]:
    return [each.entry.key for each in deliveries]


def following(*listed: str, **options: Any) -> Cursor:
    """A cursor that has read a list once."""
    cursor = Cursor(**options)
    cursor.take(page(*listed))
    return cursor


def restarted(cursor: Cursor, **options: Any) -> Cursor:
    return Cursor(json.loads(json.dumps(cursor.state())), **options)


def test_what_is_listed_at_first_is_not_delivered_and_what_is_new_is_delivered_once() -> None:
    cursor = following("old")

    first = cursor.take(page("old", "new"))

    assert keys(first) == ["new"]
    assert cursor.take(page("old", "new")) == []
    cursor.confirm(first)
    assert cursor.take(page("old", "new")) == []


def test_everything_listed_is_delivered_if_that_is_wanted() -> None:
    assert keys(Cursor(start_from="listed").take(page("a", "b"))) == ["a", "b"]


def test_a_first_reading_counts_only_if_it_is_whole() -> None:
    cursor = Cursor()
    # The watcher begins while somebody else's reading is under way.
    assert cursor.take(page("p2", is_first=False, is_last=True)) == []
    assert cursor.take(page("p1", is_last=False)) == []
    assert cursor.take(page("p2", is_first=False)) == []

    assert keys(cursor.take(page("p1", "new", is_last=False))) == ["new"]
    assert cursor.take(page("p2", is_first=False)) == []


def test_entries_of_one_moment_are_each_delivered() -> None:
    cursor = following()

    assert keys(cursor.take(page("a", "b"))) == ["a", "b"]
    assert keys(cursor.take(page("a", "b", "c"))) == ["c"]


def test_the_oldest_is_first_and_what_has_no_time_is_last() -> None:
    mixed = [ListEntry("none", None), ListEntry("late", 9), ListEntry("early", 5)]

    assert keys(Cursor(start_from="listed").take(Page(mixed))) == ["early", "late", "none"]


def test_no_more_than_the_limit_is_unconfirmed_at_a_time() -> None:
    names = [f"j{number:04}" for number in range(2 * MAX_UNCONFIRMED)]
    cursor = following()

    first = cursor.take(page(*names))

    assert len(first) == MAX_UNCONFIRMED
    assert cursor.take(page(*names)) == []
    cursor.confirm(first)
    second = cursor.take(page(*names))
    assert sorted(keys(first) + keys(second)) == names


def test_a_restart_repeats_what_was_not_confirmed_and_marks_it() -> None:
    cursor = following()
    cursor.confirm(cursor.take(page("a")))
    cursor.take(page("a", "b"))

    again = restarted(cursor).take(page("a", "b", "c"))

    assert [(each.entry.key, each.redelivered) for each in again] == [("b", True), ("c", False)]


def test_what_is_not_wanted_counts_as_delivered_when_the_choice_changes() -> None:
    cursor = following(wants=lambda entry: entry.key.startswith("a"))
    cursor.confirm(cursor.take(page("a1", "b1")))

    changed = restarted(cursor)

    assert keys(changed.take(page("a1", "b1", "b2"))) == ["b2"]


def test_another_account_begins_again_and_another_key_of_the_same_account_does_not() -> None:
    cursor = following("a")
    cursor.confirm(cursor.take(page("a", "b")))

    other = restarted(cursor, recognizes=True)
    assert other.take(page("x", "y", source="other")) == []
    assert keys(other.take(page("x", "y", "z", source="other"))) == ["z"]

    same = restarted(cursor, recognizes=True)
    assert same.take(page("b", "c", source="another key")) == []
    assert keys(same.take(page("b", "c", source="another key"))) == ["c"]


def test_another_folder_begins_again_even_if_a_file_is_in_both() -> None:
    other = restarted(following("_SUCCESS", "a"))

    assert other.take(page("_SUCCESS", "old1", "old2", source="other")) == []
    assert keys(other.take(page("_SUCCESS", "old1", "old2", "new", source="other"))) == ["new"]


def test_what_has_no_time_and_is_still_listed_is_not_delivered_again() -> None:
    cursor = Cursor(start_from="listed")
    # What leaves the list is forgotten first.
    for begin in range(0, 3 * MAX_REMEMBERED, 500):
        listed = entries("first", *(f"f{number}" for number in range(begin, begin + 1000)), moment=None)
        while handed_out := cursor.take(Page(listed, source="account")):
            cursor.confirm(handed_out)
            assert begin == 0 or "first" not in keys(handed_out)
        assert restarted(cursor).take(Page(listed, source="account")) == []

    assert len(json.dumps(cursor.state())) < 65_535


def test_a_page_that_leaves_something_out_delivers_the_rest() -> None:
    cursor = following("a")

    assert keys(cursor.take(page("a", "b", problem="a name is not UTF-8"))) == ["b"]


def test_a_page_that_could_not_be_read_changes_nothing() -> None:
    cursor = following("a")
    cursor.state()

    assert cursor.take(Page(problem="no permission")) == []
    assert not cursor.is_changed


def test_the_state_stays_small_and_old_entries_are_not_delivered_again() -> None:
    cursor = Cursor(start_from="listed")
    everything = [ListEntry(f"j{number}", number) for number in range(MAX_REMEMBERED + 1000)]
    delivered = 0
    while handed_out := cursor.take(Page(everything, source="account")):
        cursor.confirm(handed_out)
        delivered += len(handed_out)
    cursor.take(Page(everything, source="account"))

    assert delivered == len(everything)
    assert len(json.dumps(cursor.state())) < 65_535
    assert restarted(cursor).take(Page(everything, source="account")) == []


def test_entries_are_forgotten_some_time_after_they_cannot_be_listed_any_more() -> None:
    cursor = Cursor(start_from="listed", kept=1000)
    for moment in range(0, 100_000, 100):
        cursor.confirm(cursor.take(Page([ListEntry(f"j{moment}", moment)], source="account")))

    assert len(json.dumps(cursor.state())) < 1000


@pytest.mark.parametrize(
    "state", [{"version": 2}, {"version": 1}, {"version": 1, "source": "a", "floor": "x"}]
)
def test_a_state_of_another_form_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not the state of a cursor of version 1"):
        Cursor(state)


class Deliveries(RuleBasedStateMachine):
    """An account whose jobs finish while a watcher reads its list, and whose triggerer may be killed at any time."""

    @initialize(before=st.integers(0, 5))
    def begin(self, before: int) -> None:
        self.listed = [ListEntry(f"before{number}", number) for number in range(before)]
        self.count = before
        self.cursor = Cursor(kept=50)
        self.stored: dict[str, Any] = {}
        self.handed_out: list[list[NewEntry]] = []
        self.events: dict[str, list[bool]] = {}
        self.number, self.size = 0, 3
        self.has_begun = False
        self.promised: set[str] = set()
        self.may_repeat: set[str] = set()

    @rule(moments=st.lists(st.integers(0, 2), max_size=5), readable=st.booleans())
    def jobs_finish(self, moments: list[int], readable: bool) -> None:
        for moment in moments:
            self.count += 1
            # Several in the same second, and some that the list shows late.
            entry = ListEntry(f"job{self.count}", 100 + self.count // 4 - moment if readable else None)
            self.listed.insert(0, entry)
            if self.has_begun:
                self.promised.add(entry.key)

    @rule(size=st.integers(1, 8))
    def the_page_size_changes(self, size: int) -> None:
        self.size, self.number = size, 0

    @rule()
    def read_a_page(self) -> None:
        start = self.number * self.size
        is_last = start + self.size >= len(self.listed)
        shown = Page(
            self.listed[start : start + self.size],
            is_first=self.number == 0,
            is_last=is_last,
            source="account",
        )
        self.number = 0 if is_last else self.number + 1
        deliveries = self.cursor.take(shown)
        self.save()
        self.has_begun = self.has_begun or bool(self.stored)
        if deliveries:
            self.handed_out.append(deliveries)

    @rule()
    def events_are_stored(self) -> None:
        for deliveries in self.handed_out:
            self.store(deliveries)
            self.cursor.confirm(deliveries)
        self.handed_out.clear()
        self.save()

    @rule(are_stored=st.booleans())
    def the_triggerer_is_killed(self, are_stored: bool) -> None:
        for deliveries in self.handed_out:
            if are_stored:
                self.store(deliveries)
        self.handed_out.clear()
        self.number = 0
        self.cursor = Cursor(json.loads(json.dumps(self.stored)), kept=50)

    @rule()
    def old_jobs_leave_the_list(self) -> None:
        while self.listed and self.listed[-1].key in self.events:
            self.listed.pop()

    def save(self) -> None:
        if self.cursor.is_changed:
            self.stored = self.cursor.state()

    def store(self, deliveries: list[NewEntry]) -> None:
        for each in deliveries:
            self.events.setdefault(each.entry.key, []).append(each.redelivered)

    @invariant()
    def nothing_old_is_delivered_and_a_repetition_says_that_it_is_one(self) -> None:
        for key, redelivered in getattr(self, "events", {}).items():
            assert not key.startswith("before")
            assert all(redelivered[1:]), key

    def teardown(self) -> None:
        if not hasattr(self, "listed"):
            return
        self.number = 0
        for _ in range(3 * (len(self.listed) + 1)):
            self.read_a_page()
            self.events_are_stored()
        assert self.promised <= self.events.keys()


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=200, stateful_step_count=40)
