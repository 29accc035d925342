"""A worker process, started when it is first needed and replaced when it dies.

Each has one process of its own, so that a crash in a codec affects only the work that caused it.
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

from airflow_provider_viapi.emulator.worker import exit_with_parent

Result = TypeVar("Result")


class WorkerDied(Exception):
    """The worker process ended before its work did."""


class WorkerProcess:
    """Run work in a process of its own, one piece after the other; used from one event loop."""

    def __init__(self) -> None:
        self._opening: asyncio.Future[tuple[ProcessPoolExecutor, int]] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting = 0

    async def run(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Run a function after the ones that were submitted before.

        :param work: a function that can be pickled, as its arguments and its result
        :raises WorkerDied: the process has ended; the next call starts a new one
        """
        if self._opening is None:
            self._opening = asyncio.ensure_future(asyncio.to_thread(_open))
        opening = self._opening
        self._waiting += 1
        try:
            # Shielded: if this call is cancelled, the process must still be closed at the end.
            pool, _ = await asyncio.shield(opening)
            if self._opening is not opening:
                raise WorkerDied
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(pool, partial(work, *arguments))
        except (BrokenProcessPool, WorkerDied):
            if self._opening is opening:
                self._discard()
            raise WorkerDied from None
        finally:
            self._waiting -= 1

    def interrupt(self) -> None:
        """Stop the running work, if any; whoever awaits it gets ``WorkerDied``."""
        if self._waiting:
            self._discard()

    async def close(self) -> None:
        """End the process and wait until it has ended."""
        self._discard()
        await self.wait_closed()

    async def wait_closed(self) -> None:
        """Wait until every discarded process has ended."""
        if self._closing:
            await asyncio.wait(self._closing)

    def _discard(self) -> None:
        if self._opening is not None:
            closing = asyncio.ensure_future(_close(self._opening))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._opening = None


def _open() -> tuple[ProcessPoolExecutor, int]:
    pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=exit_with_parent)
    try:
        return pool, pool.submit(os.getpid).result()
    except OSError as error:
        raise WorkerDied(f"cannot start a process: {error.strerror}") from error


async def _close(opening: asyncio.Future[tuple[ProcessPoolExecutor, int]]) -> None:
    with contextlib.suppress(BrokenProcessPool, WorkerDied):
        pool, pid = await opening
        for child in multiprocessing.active_children():
            if child.pid == pid:
                child.kill()
        await asyncio.to_thread(pool.shutdown)
