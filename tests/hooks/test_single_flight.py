"""Thousands of triggers that start at the same time read their connection once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from airflow_provider_viapi.hooks.connection import single_flight
from jobs import virtual_time


@dataclass
class Readable:
    """Counts how often it was read, and fails the first few times."""

    fails: int = 0
    reads: int = 0

    async def read(self) -> str:
        self.reads += 1
        number = self.reads
        await asyncio.sleep(0.001)
        if number <= self.fails:
            raise LookupError(f"reading {number} failed")
        return f"reading {number}"


def test_all_who_come_within_a_minute_share_one_reading() -> None:
    readable = Readable()

    async def crowd() -> set[str]:
        first = await asyncio.gather(*(single_flight("c", readable.read) for _ in range(1000)))
        return {*first, await single_flight("c", readable.read)}

    assert asyncio.run(crowd()) == {"reading 1"}


def test_what_was_changed_holds_for_those_who_come_later() -> None:
    readable = Readable()

    async def later() -> list[str]:
        early = await single_flight("c", readable.read)
        await asyncio.sleep(61)
        return [early, await single_flight("c", readable.read)]

    assert virtual_time.run(later()) == ["reading 1", "reading 2"]


def test_other_connections_are_read_by_themselves() -> None:
    readable = Readable()

    async def two() -> list[str]:
        return await asyncio.gather(single_flight("c", readable.read), single_flight("d", readable.read))

    assert asyncio.run(two()) == ["reading 1", "reading 2"]


def test_a_failure_is_raised_to_all_callers_and_the_next_one_reads_again() -> None:
    readable = Readable(fails=1)

    async def three() -> list[str | BaseException]:
        asking = (single_flight("c", readable.read) for _ in range(2))
        failed = await asyncio.gather(*asking, return_exceptions=True)
        return [*failed, await single_flight("c", readable.read)]

    first, second, third = asyncio.run(three())

    assert str(first) == str(second) == "reading 1 failed"
    assert third == "reading 2"


def test_who_leaves_takes_the_reading_from_nobody() -> None:
    readable = Readable()

    async def one_leaves() -> str:
        leaving = asyncio.create_task(single_flight("c", readable.read))
        staying = asyncio.create_task(single_flight("c", readable.read))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(one_leaves()) == "reading 1"


def test_each_event_loop_reads_for_itself() -> None:
    readable = Readable()

    assert asyncio.run(single_flight("c", readable.read)) == "reading 1"
    assert asyncio.run(single_flight("c", readable.read)) == "reading 2"
