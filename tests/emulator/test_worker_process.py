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

from airflow_provider_viapi.emulator.worker_process import WorkerDied, WorkerProcess


@contextlib.asynccontextmanager
async def worker_process() -> AsyncIterator[WorkerProcess]:
    made = WorkerProcess()
    try:
        yield made
    finally:
        await made.close()


def run(scenario: Callable[[WorkerProcess], Awaitable[None]]) -> None:
    async def with_a_process() -> None:
        async with worker_process() as made:
            await scenario(made)

    asyncio.run(with_a_process())


def test_all_work_is_done_in_one_other_process() -> None:
    async def scenario(process: WorkerProcess) -> None:
        pids = set(await asyncio.gather(*(process.run(os.getpid) for _ in range(3))))
        assert len(pids) == 1
        assert os.getpid() not in pids

    run(scenario)


def test_a_process_that_died_is_replaced() -> None:
    async def scenario(process: WorkerProcess) -> None:
        first = await process.run(os.getpid)
        with pytest.raises(WorkerDied):
            await process.run(os._exit, 1)
        assert await process.run(os.getpid) != first

    run(scenario)


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_work_that_is_interrupted_ends_whether_or_not_its_process_had_started(seconds: float) -> None:
    async def scenario(process: WorkerProcess) -> None:
        work = asyncio.ensure_future(process.run(time.sleep, 60))
        await asyncio.sleep(seconds)
        process.interrupt()
        with pytest.raises(WorkerDied):
            await work
        await process.wait_closed()
        assert psutil.pid_exists(await process.run(os.getpid))

    run(scenario)


def test_an_idle_process_is_not_interrupted() -> None:
    async def scenario(process: WorkerProcess) -> None:
        pid = await process.run(os.getpid)
        process.interrupt()
        assert await process.run(os.getpid) == pid

    run(scenario)


def test_no_process_is_left_when_it_is_closed() -> None:
    async def scenario() -> int:
        async with worker_process() as made:
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
def test_an_exception_of_the_work_is_raised(work: Any, argument: str, error: type[Exception]) -> None:
    async def scenario(process: WorkerProcess) -> None:
        pid = await process.run(os.getpid)
        with pytest.raises(error):
            await process.run(work, argument)
        assert await process.run(os.getpid) == pid

    run(scenario)
