"""A worker process, started when it is first needed and replaced when it dies.

One process each, so that a crash in a codec takes no other work with it and it is plain whose work it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TypeVar

from airflow_provider_viapi.emulator.worker import live_with_parent

Result = TypeVar("Result")


class WorkerDied(Exception):
    """The worker process ended, or was ended, before its work did."""


class WorkerProcess:
    """Does work in a process of its own, one piece after the other; used from one event loop."""

    def __init__(self) -> None:
        self._opening: asyncio.Future[tuple[ProcessPoolExecutor, int]] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting = 0

    async def run(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Do a piece of work, after those that were given before.

        :param work: a function that another process can import; so can its arguments and its result travel
        :raises WorkerDied: the process ended meanwhile; the next piece of work gets a new one
        """
        if self._opening is None:
            self._opening = asyncio.ensure_future(asyncio.to_thread(_open))
        opening = self._opening
        self._waiting += 1
        try:
            # The process must not be lost sight of when this piece of work is given up meanwhile.
            pool, _ = await asyncio.shield(opening)
            if self._opening is not opening:
                raise WorkerDied
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(pool, partial(work, *arguments))
        except (BrokenProcessPool, WorkerDied):
            if self._opening is opening:
                self._retire()
            raise WorkerDied from None
        finally:
            self._waiting -= 1

    def interrupt(self) -> None:
        """End the work at hand, if there is any; where it is awaited, ``WorkerDied`` is raised."""
        if self._waiting:
            self._retire()

    async def close(self) -> None:
        """End the process, whatever it does, and return when it is gone."""
        self._retire()
        await self.settle()

    async def settle(self) -> None:
        """Return when no process is left that was interrupted or died."""
        if self._closing:
            await asyncio.wait(self._closing)

    def _retire(self) -> None:
        if self._opening is not None:
            closing = asyncio.ensure_future(_close(self._opening))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._opening = None


def _open() -> tuple[ProcessPoolExecutor, int]:
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=live_with_parent)
    try:
        return pool, pool.submit(os.getpid).result()
    except OSError as error:
        raise WorkerDied(f"no process could be started: {error.strerror}") from error


async def _close(opening: asyncio.Future[tuple[ProcessPoolExecutor, int]]) -> None:
    with contextlib.suppress(BrokenProcessPool, WorkerDied):
        pool, pid = await opening
        for child in multiprocessing.active_children():
            if child.pid == pid:
                child.kill()
        await asyncio.to_thread(pool.shutdown)
