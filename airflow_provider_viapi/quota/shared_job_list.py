"""One process reads the account's job list at a time, and all learn from it which jobs have ended."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection
from contextlib import suppress

from airflow_provider_viapi.quota.counters import CountersUnavailable
from airflow_provider_viapi.quota.pacing import take_turn
from airflow_provider_viapi.quota.turns import Counters, Turn, Turns

KEPT_ENDINGS = 900
"""Seconds for which the end of a job is remembered."""

KEPT_LOG = 7 * 24 * 3600
"""Seconds after which the numbers of the log begin again at 1."""

FIRST_READ = 500
"""Entries of the log that a process reads which begins to wait: a page of the job list."""

DIGEST_BITS = 52
"""Length of a job's digest: scripts of a storage may handle numbers as floats. Equal digests cost a poll."""


class SharedJobList:
    """The turns to read the job list, and a log of the jobs that any process saw ended in it.

    The log is a counter and, for each number up to its value, a counter that holds the digest of a job's id. So any
    storage that counts can hold it, and it costs two calls per job that ends, however many jobs are pending.

    :param counters: shared by all processes
    :param key: names account and list; holds no secret
    :param interval: seconds between two reads that the service allows the account
    """

    def __init__(self, counters: Counters, key: str, interval: float) -> None:
        self._counters = counters
        self._key = key
        self._turns = Turns(counters, f"{key}:read", 1 / interval)
        self._published: set[int] = set()
        self._next: int | None = None
        self._missing: set[int] = set()

    async def wait_for_turn(self) -> Turn | None:
        """Wait until this process may read the list; ``None`` at once if the counters cannot be used now."""
        try:
            return await take_turn(self._turns)
        except CountersUnavailable:
            return None

    async def end_turn(self, turn: Turn | None, *, throttled: bool) -> None:
        """Record that the response has arrived, or that none will."""
        with suppress(CountersUnavailable):
            if turn is not None:
                await asyncio.to_thread(self._turns.end, turn)
            if throttled:
                await asyncio.to_thread(self._turns.refused)

    async def publish(self, job_ids: Collection[str]) -> None:
        """Report to other processes that these jobs have ended, each once."""
        new = [digest for job_id in job_ids if (digest := digest_of(job_id)) not in self._published]
        with suppress(CountersUnavailable):
            await asyncio.to_thread(self._publish, new)

    async def ended(self, job_ids: Collection[str]) -> Collection[str]:
        """Return those of the jobs that processes have seen ended since the last call."""
        try:
            digests = await asyncio.to_thread(self._read)
        except CountersUnavailable:
            return ()
        return [job_id for job_id in job_ids if digest_of(job_id) in digests] if digests else ()

    def _publish(self, digests: Collection[int]) -> None:
        for digest in digests:
            if self._counters.incr(f"{self._key}:ended:{digest}", KEPT_ENDINGS) == 1:
                number = self._counters.incr(f"{self._key}:log", KEPT_LOG)
                self._counters.incr(f"{self._key}:log:{number}", KEPT_ENDINGS, digest)
            self._published.add(digest)
        if len(self._published) > 10_000:
            self._published.clear()

    def _read(self) -> Collection[int]:
        last = self._counters.get(f"{self._key}:log")
        if self._next is None or self._next > last + 1:
            # This process begins, or the numbers have begun again.
            self._next, self._missing = max(1, last + 1 - FIRST_READ), set()
        new = range(self._next, last + 1)
        digests = {
            number: self._counters.get(f"{self._key}:log:{number}") for number in (*self._missing, *new)
        }
        # What is being written at the moment is read once more.
        self._missing = {number for number in new if not digests[number]}
        self._next = last + 1
        return set(digests.values()) - {0}


def digest_of(job_id: str) -> int:
    """Return the digest of a job's id in the log, above 0."""
    digest = hashlib.sha256(job_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - DIGEST_BITS) or 1
