"""One poller per connection and event loop, for as long as anybody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from airflow_provider_viapi.alibaba.errors import Unreachable
from airflow_provider_viapi.jobs.poller import Poller
from airflow_provider_viapi.jobs.sharing import shared_poller

NOBODY: Any = None


class Doors:
    """Counts how often the way to the service was opened and closed."""

    def __init__(self, fails: int = 0) -> None:
        self.opened = self.closed = 0
        self.fails = fails

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Poller]:
        await asyncio.sleep(0.001)
        if self.fails:
            self.fails -= 1
            raise Unreachable("nobody there")
        self.opened += 1
        try:
            yield Poller(NOBODY)
        finally:
            self.closed += 1


async def use(doors: Doors, seconds: float = 0.01) -> Poller:
    async with shared_poller("viapi_default", doors.open) as poller:
        await asyncio.sleep(seconds)
        return poller


def test_all_jobs_of_a_connection_share_one_poller_and_the_last_closes_it() -> None:
    doors = Doors()

    async def crowd() -> list[Poller]:
        return await asyncio.gather(*(use(doors, seconds=0.001 * i) for i in range(50)))

    pollers = asyncio.run(crowd())

    assert len(set(map(id, pollers))) == 1
    assert (doors.opened, doors.closed) == (1, 1)


def test_a_poller_that_could_not_be_opened_does_not_block_the_next_one() -> None:
    doors = Doors(fails=1)

    async def two() -> list[Poller | BaseException]:
        return await asyncio.gather(use(doors), use(doors), return_exceptions=True)

    first, second = asyncio.run(two())

    assert isinstance(first, Unreachable)
    assert isinstance(second, Poller)
    assert (doors.opened, doors.closed) == (1, 1)


def test_a_cancelled_waiter_leaves_the_others_their_poller() -> None:
    doors = Doors()

    async def one_goes() -> Poller:
        going = asyncio.create_task(use(doors, seconds=10))
        staying = asyncio.create_task(use(doors, seconds=0.02))
        await asyncio.sleep(0.01)
        going.cancel()
        return await staying

    asyncio.run(one_goes())

    assert (doors.opened, doors.closed) == (1, 1)
