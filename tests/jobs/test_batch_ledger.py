"""What a batch knows of its items after a worker is gone, and how much is read and written for it."""

from __future__ import annotations

import json

import pytest

from airflow_provider_viapi.jobs.backend import RequestNonce
from airflow_provider_viapi.jobs.batch_ledger import BatchLedger, Item, Row
from operators.run_batch import Store


def items(count: int) -> list[Item]:
    return [
        Item(number, {"VideoUrl": f"http://h/{number}.mp4"}, f"{number:032x}" * 2, 0)
        for number in range(count)
    ]


def opened(store: Store, *, try_number: int = 1, max_tries: int = 3) -> BatchLedger:
    return BatchLedger(store, try_number=try_number, max_tries=max_tries)


def submit(ledger: BatchLedger, item: Item, job_id: str | None) -> None:
    of_item = ledger.open_ledger(item)
    entry = of_item.intend(item.digest, RequestNonce.new(), "LTAI" + "x" * 20, 1)
    if job_id is not None:
        of_item.accepted(entry, job_id)


def job_id(number: int) -> str:
    return f"{number:08d}-0000-0000-0000-000000000000"


LINK = "http://viapi-result.oss-cn-shanghai.aliyuncs.com/" + "x" * 300
FAILED = Row("J", "PROCESS_FAILED", error={"class": "JobFailed", "code": "c", "message": "m"})


def test_each_item_stands_where_it_was_left() -> None:
    store = Store()
    ledger = opened(store)
    fresh, open_, running, delivered, failed = items(5)
    submit(ledger, open_, None)
    for item in (running, delivered, failed):
        submit(ledger, item, job_id(item.index))
    ledger.keep({delivered.name: Row("J", "DONE", {"VideoUrl": LINK}), failed.name: FAILED})

    again = opened(store)

    assert [again.standing(item.name) for item in (fresh, open_, running, delivered, failed)] == [
        *("fresh", "open", "running", "delivered", "failed")
    ]
    assert again.open_ledger(running).read() == ledger.open_ledger(running).read()
    assert [row["index"] for row in again.rows([failed, delivered, running])] == [4, 3]


@pytest.mark.parametrize(
    ("is_permanent", "try_number", "max_tries", "standing"),
    [(False, 2, 3, "fresh"), (True, 2, 3, "failed"), (True, 2, 4, "fresh"), (False, 1, 3, "failed")],
)
def test_a_failure_counts_for_its_try_or_until_a_person_clears_the_task(
    is_permanent: bool, try_number: int, max_tries: int, standing: str
) -> None:
    store = Store()
    (item,) = items(1)
    opened(store).keep({item.name: Row(error=FAILED.error, is_permanent=is_permanent)})

    assert opened(store, try_number=try_number, max_tries=max_tries).standing(item.name) == standing


def test_what_nobody_knows_of_survives_even_a_person_s_clearing_after_success() -> None:
    store = Store()
    ledger = opened(store)
    done, open_ = items(2)
    submit(ledger, done, job_id(0))
    ledger.keep({done.name: Row("J", "DONE", {})})
    submit(ledger, open_, None)
    ledger.delivered()

    again = opened(store, try_number=2, max_tries=5)

    assert (again.standing(done.name), again.standing(open_.name)) == ("fresh", "open")


def test_a_job_that_was_replaced_is_still_known_as_ours() -> None:
    store = Store()
    ledger = opened(store)
    (item,) = items(1)
    submit(ledger, item, "first")
    ledger.keep({item.name: FAILED})
    submit(ledger, item, "second")
    ledger.cancelled([item.name])

    assert opened(store).job_ids() == {"first", "second"}


def test_a_thousand_items_are_few_reads_and_no_long_value() -> None:
    store = Store()
    ledger = opened(store)
    thousand = items(1000)
    for item in thousand:
        submit(ledger, item, job_id(item.index))
    for start in range(0, 1000, 20):
        done = thousand[start : start + 20]
        ledger.keep({item.name: Row(job_id(item.index), "DONE", {"VideoUrl": LINK}) for item in done})
    store.reads = 0

    again = opened(store, try_number=2)
    at_the_beginning = store.reads
    rows = again.rows(thousand)

    assert at_the_beginning < 25
    assert store.reads < 60
    assert max(store.writes) < 30_000
    # A submission is two writes, and twenty rows are two, and a few more where a page ends.
    assert len(store.writes) < 2 * 1000 + 2 * 50 + 50
    assert [row["index"] for row in rows] == list(range(1000))
    assert len(json.dumps(rows)) < 600_000
