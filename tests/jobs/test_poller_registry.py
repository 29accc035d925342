"""One poller per connection and kind of job in an event loop, and one quota per connection, while anybody waits."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_viapi.errors import ConnectionFailed
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.poller import Poller
from airflow_provider_viapi.jobs.poller_registry import shared_poller, shared_quota
from airflow_provider_viapi.jobs.rate_limiter import RateLimiter
from jobs import virtual_time
from jobs.fake_account import FakeAccount, Jobs

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
            raise ConnectionFailed("nobody there")
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

    assert isinstance(first, ConnectionFailed)
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


def test_all_pollers_of_a_connection_share_one_quota_as_long_as_they_are_there() -> None:
    async def quotas() -> None:
        first = shared_quota("a", 10)
        assert shared_quota("a", 10) is first
        assert shared_quota("b", 10) is not first
        first.refused()
        del first
        gc.collect()
        assert shared_quota("a", 10).rate == 10

    asyncio.run(quotas())


def test_each_event_loop_has_a_quota_of_its_own() -> None:
    async def quota() -> RateLimiter:
        return shared_quota("a", 10)

    assert asyncio.run(quota()) is not asyncio.run(quota())


class OneByOne(Jobs):
    """The account's jobs without a list, and when each was asked after."""

    list_interval = None

    def __init__(self, account: FakeAccount, asked: list[float]) -> None:
        super().__init__(account)
        self.asked = asked

    async def report(self, job: Job) -> JobReport:
        self.asked.append(asyncio.get_running_loop().time())
        return await super().report(job)


def test_several_pollers_with_one_quota_keep_to_it_together() -> None:
    asked: list[float] = []
    account = FakeAccount({f"J-{number}": number / 10 for number in range(400)})
    until = datetime.now(timezone.utc) + timedelta(days=1)

    async def wait() -> None:
        quota = RateLimiter(10, asyncio.get_running_loop().time)
        pollers = [Poller(OneByOne(account, asked), quota=quota) for _ in range(4)]
        waiting = (
            pollers[number % 4].wait(Job(job_id, "vias.CreateTask"), until=until)
            for number, job_id in enumerate(account.ends)
        )
        await asyncio.gather(*waiting)
        for each in pollers:
            await each.close()

    virtual_time.run(wait())

    assert all(later - earlier > 0.999 for earlier, later in zip(asked, asked[10:], strict=False))
    assert len(asked) / asked[-1] > 7
