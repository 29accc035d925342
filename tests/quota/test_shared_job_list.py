"""State that processes share about the account's job list: the slots to read it, and which jobs have ended."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, strategies as st
from limits.storage import MemoryStorage

from airflow_provider_viapi.jobs.backend import Ending
from airflow_provider_viapi.quota.account_quota import (
    DIGEST_BITS,
    FIRST_READ,
    KEPT_ENDINGS,
    TIME_BITS,
    SharedJobList,
    job_digest,
)
from airflow_provider_viapi.quota.counters import SharedCounters
from quota.processes import BrokenCounters, DictCounters


def lists(count: int) -> list[SharedJobList]:
    counters = SharedCounters(MemoryStorage())
    return [SharedJobList(counters, "account:list", 0.01) for _ in range(count)]


def test_a_job_that_one_process_saw_ended_is_known_to_all_others_once() -> None:
    async def main() -> None:
        first, second, third = lists(3)
        assert not await second.finished(["a", "b"])  # it has begun to follow

        await first.publish({"a": None})
        await third.publish({"a": None, "x": None})

        assert list(await second.finished(["a", "b"])) == ["a"]
        assert list(await second.finished(["a", "b"])) == []

    asyncio.run(main())


def test_a_process_that_begins_later_learns_what_ended_lately() -> None:
    async def main() -> None:
        first, second = lists(2)
        await first.publish({f"J-{number}": None for number in range(20)})

        assert len(await second.finished([f"J-{number}" for number in range(10, 30)])) == 10

    asyncio.run(main())


def test_an_entry_that_is_being_written_is_read_later() -> None:
    async def main() -> None:
        counters = DictCounters()
        reader = SharedJobList(counters, "account:list", 5)
        assert not await reader.finished(["a"])
        counters.values["account:list:log"] = 1
        assert not await reader.finished(["a"])
        counters.values["account:list:log:1"] = job_digest("a") << TIME_BITS

        assert list(await reader.finished(["a"])) == ["a"]

    asyncio.run(main())


def test_numbers_that_begin_again_are_followed() -> None:
    async def main() -> None:
        counters = DictCounters()
        reader, writer = (SharedJobList(counters, "account:list", 5) for _ in range(2))
        await writer.publish({"a": None, "b": None, "c": None})
        assert len(await reader.finished(["a", "b", "c"])) == 3
        counters.values.clear()  # all of them have expired
        await writer.publish({"d": None})

        assert list(await reader.finished(["d"])) == ["d"]

    asyncio.run(main())


def test_a_process_that_has_not_read_for_long_reads_only_what_ended_lately() -> None:
    async def main() -> None:
        counters = DictCounters()
        reader, writer = (SharedJobList(counters, "account:list", 5) for _ in range(2))
        assert not await reader.finished(["a"])
        counters.values["account:list:log"] = 100_000  # the jobs of a day; what is known of them has expired
        await writer.publish({"a": None})
        counters.calls = 0

        assert list(await reader.finished(["a"])) == ["a"]
        assert counters.calls <= FIRST_READ + 1

    asyncio.run(main())


def test_without_the_storage_nothing_is_known_and_nothing_fails() -> None:
    async def main() -> None:
        shared = SharedJobList(BrokenCounters(), "account:list", 5)

        assert await shared.wait_for_slot() is None
        await shared.release_slot(None, throttled=True)
        await shared.publish({"a": None})
        assert not await shared.finished(["a"])

    asyncio.run(main())


@given(
    began=st.floats(1.6e9, 2e9),
    ago=st.floats(0, 600),
    passed=st.floats(0, KEPT_ENDINGS),
    clock_ahead=st.floats(-1, 1),
)
def test_all_processes_know_when_a_job_ended_to_the_second(
    began: float, ago: float, passed: float, clock_ahead: float
) -> None:
    async def main() -> None:
        counters, now = DictCounters(), [began]
        writer = SharedJobList(counters, "account:list", 5, lambda: now[0])
        reader = SharedJobList(counters, "account:list", 5, lambda: now[0] - clock_ahead)
        await writer.publish({"a": Ending(ago, took=3.0), "b": None})
        now[0] += passed

        finished = await reader.finished(["a", "b", "c"])

        assert finished.keys() == {"a", "b"}
        assert finished["b"] is None
        assert (ending := finished["a"]) is not None
        assert ending.ago == pytest.approx(max(0.0, ago + passed - clock_ahead), abs=1.01)
        assert ending.took is None

    asyncio.run(main())


def test_every_storage_holds_an_entry_exactly() -> None:
    async def main() -> None:
        counters = DictCounters()
        await SharedJobList(counters, "account:list", 5).publish({"a": Ending(1.0, None)})

        entry = counters.values["account:list:log:1"]
        assert 0 < entry < 2**53

    asyncio.run(main())


@given(st.text())
def test_a_digest_is_never_the_value_of_a_missing_counter(job_id: str) -> None:
    assert 0 < job_digest(job_id) < 2**DIGEST_BITS
