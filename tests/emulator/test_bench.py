"""A worker process: what it does, and what happens when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import psutil
import pytest

from airflow_provider_viapi.emulator.bench import Bench, WorkerDied


@contextlib.asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    try:
        yield made
    finally:
        await made.close()


def run(scenario: Callable[[Bench], Awaitable[None]]) -> None:
    async def on_a_bench() -> None:
        async with bench() as made:
            await scenario(made)

    asyncio.run(on_a_bench())


def test_all_work_is_done_in_one_other_process() -> None:
    async def scenario(bench: Bench) -> None:
        pids = set(await asyncio.gather(*(bench.run(os.getpid) for _ in range(3))))
        assert len(pids) == 1
        assert os.getpid() not in pids

    run(scenario)


def test_a_process_that_died_is_replaced() -> None:
    async def scenario(bench: Bench) -> None:
        first = await bench.run(os.getpid)
        with pytest.raises(WorkerDied):
            await bench.run(os._exit, 1)
        assert await bench.run(os.getpid) != first

    run(scenario)


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_work_that_is_interrupted_ends_whether_or_not_its_process_had_started(seconds: float) -> None:
    async def scenario(bench: Bench) -> None:
        work = asyncio.ensure_future(bench.run(time.sleep, 60))
        await asyncio.sleep(seconds)
        bench.interrupt()
        with pytest.raises(WorkerDied):
            await work
        await bench.settle()
        assert psutil.pid_exists(await bench.run(os.getpid))

    run(scenario)


def test_an_idle_process_is_not_interrupted() -> None:
    async def scenario(bench: Bench) -> None:
        pid = await bench.run(os.getpid)
        bench.interrupt()
        assert await bench.run(os.getpid) == pid

    run(scenario)


def test_no_process_is_left_when_it_is_closed() -> None:
    async def scenario() -> int:
        async with bench() as made:
            pid = await made.run(os.getpid)
            working = asyncio.ensure_future(made.run(time.sleep, 60))
            await asyncio.sleep(0)
        with pytest.raises(WorkerDied):
            await working
        return pid

    assert not psutil.pid_exists(asyncio.run(scenario()))


@pytest.mark.parametrize(
    ("work", "argument", "error"), [(int, "three", ValueError), (os.listdir, "/nothing", OSError)]
)
def test_what_the_work_raises_comes_back(work: Any, argument: str, error: type[Exception]) -> None:
    async def scenario(bench: Bench) -> None:
        pid = await bench.run(os.getpid)
        with pytest.raises(error):
            await bench.run(work, argument)
        assert await bench.run(os.getpid) == pid

    run(scenario)
