"""Pollers and rate limiters shared within an event loop."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow_provider_viapi.errors import ConnectionFailed
from airflow_provider_viapi.hooks.waiting import shared_limiter, shared_poller
from airflow_provider_viapi.jobs.model import Job, JobReport
from airflow_provider_viapi.jobs.polling.poller import Poller
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from jobs import virtual_time
from jobs.fake_account import FakeAccount, FakeBackend

NO_BACKEND: Any = None


class Openings:
    """Counts opened and closed pollers."""

    def __init__(self, fails: int = 0) -> None:
        self.opened = self.closed = 0
        self.fails = fails

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Poller]:
        await asyncio.sleep(0.001)
        if self.fails:
            self.fails -= 1
            raise ConnectionFailed("connection refused")
        self.opened += 1
        try:
            yield Poller(NO_BACKEND)
        finally:
            self.closed += 1


async def use(openings: Openings, seconds: float = 0.01) -> Poller:
    async with shared_poller("viapi_default", openings.open) as poller:
        await asyncio.sleep(seconds)
        return poller


def test_all_waits_of_a_connection_share_one_poller_and_the_last_closes_it() -> None:
    openings = Openings()

    async def crowd() -> list[Poller]:
        return await asyncio.gather(*(use(openings, seconds=0.001 * i) for i in range(50)))

    pollers = asyncio.run(crowd())

    assert len(set(map(id, pollers))) == 1
    assert (openings.opened, openings.closed) == (1, 1)


def test_a_poller_that_could_not_be_opened_does_not_block_the_next_one() -> None:
    openings = Openings(fails=1)

    async def two() -> list[Poller | BaseException]:
        return await asyncio.gather(use(openings), use(openings), return_exceptions=True)

    first, second = asyncio.run(two())

    assert isinstance(first, ConnectionFailed)
    assert isinstance(second, Poller)
    assert (openings.opened, openings.closed) == (1, 1)


def test_a_cancelled_wait_does_not_close_the_poller_of_the_others() -> None:
    openings = Openings()

    async def one_goes() -> Poller:
        going = asyncio.create_task(use(openings, seconds=10))
        staying = asyncio.create_task(use(openings, seconds=0.02))
        await asyncio.sleep(0.01)
        going.cancel()
        return await staying

    asyncio.run(one_goes())

    assert (openings.opened, openings.closed) == (1, 1)


def test_pollers_of_a_connection_share_one_rate_limiter_while_any_exists() -> None:
    async def limiters() -> None:
        first = shared_limiter("a", lambda: RateLimiter(10))
        assert shared_limiter("a", lambda: RateLimiter(10)) is first
        assert shared_limiter("b", lambda: RateLimiter(10)) is not first
        first.on_throttled()
        del first
        gc.collect()
        assert shared_limiter("a", lambda: RateLimiter(10)).rate == 10

    asyncio.run(limiters())


def test_each_event_loop_has_its_own_rate_limiter() -> None:
    async def limiter() -> RateLimiter:
        return shared_limiter("a", lambda: RateLimiter(10))

    assert asyncio.run(limiter()) is not asyncio.run(limiter())


class Unlisted(FakeBackend):
    """The account's jobs without a list, and the time of each poll."""

    list_interval = None

    def __init__(self, account: FakeAccount, polled_at: list[float]) -> None:
        super().__init__(account)
        self.polled_at = polled_at

    async def report(self, job: Job) -> JobReport:
        self.polled_at.append(asyncio.get_running_loop().time())
        return await super().report(job)


def test_pollers_with_one_limiter_stay_within_its_rate_together() -> None:
    polled_at: list[float] = []
    account = FakeAccount({f"J-{number}": number / 10 for number in range(400)})
    deadline = datetime.now(timezone.utc) + timedelta(days=1)

    async def wait() -> None:
        limiter = RateLimiter(10, asyncio.get_running_loop().time)
        pollers = [Poller(Unlisted(account, polled_at), limiter=limiter) for _ in range(4)]
        waiting = (
            pollers[number % 4].wait(Job(job_id, "vias.CreateTask"), deadline=deadline)
            for number, job_id in enumerate(account.ends)
        )
        await asyncio.gather(*waiting)
        for each in pollers:
            await each.close()

    virtual_time.run(wait())

    assert all(later - earlier > 0.999 for earlier, later in zip(polled_at, polled_at[10:], strict=False))
    assert len(polled_at) / polled_at[-1] > 7
