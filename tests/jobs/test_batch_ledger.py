"""Batch ledger: what a batch knows of its items after a worker was lost, and how much is read and written for it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from airflow_provider_viapi.errors import StateError
from airflow_provider_viapi.jobs.attempt_context import Attempt
from airflow_provider_viapi.jobs.backend import Identity
from airflow_provider_viapi.jobs.batch.item_records import ItemRecord
from airflow_provider_viapi.jobs.batch.ledger import BatchLedger, Item, Row
from airflow_provider_viapi.jobs.model import RequestNonce
from operators.run_batch import Store

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
SENDER = Identity("LTAI" + "x" * 20, "https://videoenhan.cn-shanghai.aliyuncs.com", "LTAI" + "x" * 20)


def items(count: int) -> list[Item]:
    return [
        Item.of(number, {"VideoUrl": f"http://h/{number}.mp4"}, f"{number:032x}" * 2, 0)
        for number in range(count)
    ]


def opened(store: Store, *, try_number: int = 1, max_tries: int = 3) -> BatchLedger:
    return BatchLedger(store, Attempt(try_number, max_tries))


def submit(ledger: BatchLedger, item: Item, job_id: str | None) -> None:
    item_ledger = ledger.open_ledger(item)
    nonce = RequestNonce.new(datetime.now(timezone.utc))
    entry = item_ledger.record_intent(item.digest, nonce, SENDER, 1)
    if job_id is not None:
        item_ledger.record_job(entry, job_id)


def job_id(number: int) -> str:
    return f"{number:08d}-0000-0000-0000-000000000000"


LINK = "http://viapi-result.oss-cn-shanghai.aliyuncs.com/" + "x" * 300
FAILED = Row("J", "PROCESS_FAILED", error={"class": "JobFailed", "code": "c", "message": "m"})


def test_each_item_has_the_status_in_which_it_was_left() -> None:
    store = Store()
    ledger = opened(store)
    new, unknown, running, delivered, failed = items(5)
    submit(ledger, unknown, None)
    for item in (running, delivered, failed):
        submit(ledger, item, job_id(item.index))
    ledger.record_rows({delivered.name: Row("J", "DONE", {"VideoUrl": LINK}), failed.name: FAILED})

    again = opened(store)

    assert [again.status(item.name) for item in (new, unknown, running, delivered, failed)] == [
        *("new", "unknown", "running", "delivered", "failed")
    ]
    assert again.open_ledger(running).read() == ledger.open_ledger(running).read()
    assert [row["index"] for row in again.rows([failed, delivered, running])] == [4, 3]


SUBMISSION = {
    "job_id": None,
    "nonce": "n",
    "signed_at": "2026-01-01T00:00:00+00:00",
    "account": "a",
    "endpoint": "https://h",
    "key_id": "k",
    "try_number": 1,
}
FAILURE = {"number": 1, "max_tries": 3, "clear_number": 0, "is_permanent": True}


@pytest.mark.parametrize(
    ("stored", "status"),
    [
        ({"past": ["J"]}, "new"),
        ({**SUBMISSION, "index": 0}, "unknown"),
        ({**SUBMISSION, "index": 0, "job_id": "J", "adopted": True, "past": ["I"]}, "running"),
        ({"index": 0, "counted": [60.0, None], "row": 2, "job_id": "J"}, "delivered"),
        ({"index": 0, "row": 2, "failed": FAILURE, "past": ["J"]}, "new"),
        ({**SUBMISSION, "index": 0, "row": 2, "failed": FAILURE}, "unknown"),
        ({"row": 2, "failed": {**FAILURE, "began": NOW.isoformat()}}, "new"),
    ],
)
def test_a_record_is_stored_in_the_form_in_which_deployed_batches_read_it(
    stored: dict[str, Any], status: str
) -> None:
    record = ItemRecord.from_dict(stored)

    assert json.loads(json.dumps(record.as_dict())) == stored
    assert record.status == status


@pytest.mark.parametrize(
    ("is_permanent", "try_number", "max_tries", "status"),
    [(False, 2, 3, "new"), (True, 2, 3, "failed"), (True, 2, 4, "new"), (False, 1, 3, "failed")],
)
def test_a_failure_counts_for_its_attempt_or_until_a_user_clears_the_task(
    is_permanent: bool, try_number: int, max_tries: int, status: str
) -> None:
    store = Store()
    (item,) = items(1)
    opened(store).record_rows({item.name: Row(error=FAILED.error, is_permanent=is_permanent)})

    assert opened(store, try_number=try_number, max_tries=max_tries).status(item.name) == status


def test_an_unknown_outcome_survives_a_clear_after_success() -> None:
    store = Store()
    ledger = opened(store)
    done, unknown = items(2)
    submit(ledger, done, job_id(0))
    ledger.record_rows({done.name: Row("J", "DONE", {})})
    submit(ledger, unknown, None)
    ledger.mark_delivered()

    again = opened(store, try_number=2, max_tries=5)

    assert (again.status(done.name), again.status(unknown.name)) == ("new", "unknown")


@pytest.mark.parametrize("is_late", [True, False], ids=["timed out", "no row"])
def test_a_job_that_was_not_delivered_survives_a_clear_after_success(is_late: bool) -> None:
    store = Store()
    ledger = opened(store)
    done, late = items(2)
    submit(ledger, done, "first")
    ledger.record_rows({done.name: Row("first", "DONE", {})})
    submit(ledger, late, "second")
    if is_late:
        error = {"class": "JobTimedOut", "code": None, "message": "late"}
        ledger.record_rows({late.name: Row("second", error=error, is_resumable=True, is_billed=True)})
    ledger.mark_delivered()

    again = opened(store, try_number=2, max_tries=5)

    assert (again.status(done.name), again.status(late.name)) == ("new", "running")
    entry = again.entry(late.name)
    assert entry is not None and entry.job_id == "second"
    assert again.job_ids(besides=late) == {"first"}
    assert again.survived_clear(late.name)
    # So also for a retry, and not for the job that replaces it.
    later = opened(store, try_number=3, max_tries=5)
    assert later.survived_clear(late.name)
    submit(later, late, "third")
    assert not later.survived_clear(late.name)


def test_a_clear_is_recognized_when_retries_was_lowered_meanwhile() -> None:
    store = Store()
    (item,) = items(1)
    # Attempt 1 of a task with retries=2 succeeds; then retries=1 and the task is cleared: max_tries stays 2.
    ledger = BatchLedger(store, Attempt(1, 2, retries=2, clear_number=0))
    submit(ledger, item, job_id(0))
    ledger.record_rows({item.name: Row("J", "DONE", {})})
    ledger.mark_delivered()

    again = BatchLedger(store, Attempt(2, 2, retries=1, clear_number=1))

    assert again.status(item.name) == "new"


def test_a_job_that_was_replaced_is_still_known_as_own() -> None:
    store = Store()
    ledger = opened(store)
    (item,) = items(1)
    submit(ledger, item, "first")
    ledger.record_rows({item.name: FAILED})
    submit(ledger, item, "second")
    ledger.forget_jobs([item.name])

    assert opened(store).job_ids() == {"first", "second"}


def test_a_job_of_two_items_is_known_to_each_as_that_of_the_other() -> None:
    store = Store()
    ledger = opened(store)
    one, other, replaced = items(3)
    submit(ledger, one, "shared")
    submit(ledger, other, "shared")
    submit(ledger, replaced, "first")
    ledger.forget_jobs([replaced.name])
    submit(ledger, replaced, "second")

    for each in (ledger, opened(store)):
        assert each.has_job("shared", besides=one) and each.has_job("shared", besides=other)
        assert each.has_job("second") and not each.has_job("second", besides=replaced)
        assert each.has_job("first", besides=replaced), "an earlier job belongs to no later submission"
        assert each.job_ids(besides=replaced) == {"shared", "first"}
        assert not each.has_job("unknown")

    ledger.forget_jobs([other.name])
    submit(ledger, other, "third")
    assert ledger.has_job("shared", besides=other)
    assert ledger.job_ids() == {"shared", "first", "second", "third"}


def test_jobs_of_an_item_that_succeeded_and_of_a_cleared_batch_are_still_known_as_own() -> None:
    store = Store()
    ledger = opened(store)
    (item,) = items(1)
    ledger.begin_attempt([item], NOW)
    submit(ledger, item, "first")
    ledger.record_rows({item.name: FAILED})
    submit(ledger, item, "second")
    ledger.record_rows({item.name: Row("second", "PROCESS_SUCCESS", {})})
    assert opened(store).job_ids() == {"first", "second"}

    ledger.mark_delivered()
    cleared = opened(store, try_number=2, max_tries=4)

    assert (cleared.status(item.name), cleared.job_ids()) == ("new", {"first", "second"})


def test_an_attempt_knows_the_items_that_it_began_with() -> None:
    store = Store()
    begun = items(4)
    ledger = opened(store)
    ledger.begin_attempt(begun, NOW)
    submit(ledger, begun[2], job_id(2))
    ledger.record_rows({begun[1].name: FAILED})

    again = opened(store)

    assert again.is_same_as_begun(items(4))
    assert not again.is_same_as_begun(items(5))
    assert not again.is_same_as_begun(list(reversed(items(4))))
    assert again.count == 4
    assert [(item.index, item.name) for item in again.begun_items()] == [
        (1, begun[1].name),
        (2, begun[2].name),
    ]


def test_items_of_earlier_attempts_that_are_not_in_the_list_are_not_part_of_the_attempt() -> None:
    store = Store()
    old, kept, new = items(3)
    first = opened(store)
    first.begin_attempt([old, kept], NOW)
    for item in (old, kept):
        submit(first, item, job_id(item.index))
    ledger = opened(store, try_number=2)
    ledger.begin_attempt([Item.of(0, {}, new.digest, 0), Item.of(1, {}, kept.digest, 0)], NOW)

    assert [(item.index, item.name) for item in opened(store, try_number=2).begun_items()] == [(1, kept.name)]


def test_a_thousand_items_are_few_reads_and_small_values() -> None:
    store = Store()
    ledger = opened(store)
    thousand = items(1000)
    ledger.begin_attempt(thousand, NOW)
    for item in thousand:
        submit(ledger, item, job_id(item.index))
    for start in range(0, 1000, 20):
        done = thousand[start : start + 20]
        ledger.record_rows({item.name: Row(job_id(item.index), "DONE", {"VideoUrl": LINK}) for item in done})
    store.reads = 0

    again = opened(store, try_number=2)
    at_the_beginning = store.reads
    rows = again.rows(thousand)

    assert at_the_beginning < 25
    assert store.reads < 60
    assert max(store.writes) < 30_000
    # A submission is two writes, twenty rows are two, and a few more where a page ends.
    assert len(store.writes) < 2 * 1000 + 2 * 50 + 50
    assert [row["index"] for row in rows] == list(range(1000))
    assert len(json.dumps(rows)) < 600_000


def test_a_batch_whose_record_was_deleted_stops_instead_of_paying_again() -> None:
    store = Store()
    ledger = opened(store)
    ledger.begin_attempt(items(1), NOW)
    assert opened(store, try_number=2).status(items(1)[0].name) == "new"
    submit(ledger, items(1)[0], "J")
    store.delete("viapi_batch_0_jobs_0")

    with pytest.raises(StateError, match=r"viapi_batch_0_jobs_0.* Nothing was submitted"):
        opened(store, try_number=2)


def test_a_failure_does_not_count_in_a_run_that_was_created_again() -> None:
    store, (item,) = Store(), items(1)
    ledger = opened(store)
    ledger.begin_attempt([item], NOW)
    ledger.record_rows({item.name: FAILED})
    assert opened(store).status(item.name) == "failed"

    again = opened(store)
    again.begin_attempt([item], NOW + timedelta(hours=1))

    assert again.status(item.name) == "new"
