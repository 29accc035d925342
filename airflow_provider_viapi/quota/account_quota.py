"""The quota of one account, for the processes that call for it, and what they share about its job list.

One process reads the job list at a time, and all learn from it which jobs have ended.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property

from airflow_provider_viapi.errors import ConfigurationError
from airflow_provider_viapi.jobs.backend import Ending
from airflow_provider_viapi.jobs.metrics import QUOTA_UNAVAILABLE, Stats
from airflow_provider_viapi.jobs.polling.rate_limiter import RateLimiter
from airflow_provider_viapi.quota.counters import (
    CountersUnavailable,
    HostCounters,
    SharedCounters,
    open_counters,
)
from airflow_provider_viapi.quota.limiters import (
    SharedRateLimiter,
    SharedSubmitLimiter,
    take_slot,
    wait_for_near_slot,
)
from airflow_provider_viapi.quota.slots import Counters, Slot, SlotReservations

logger = logging.getLogger(__name__)

RESULTS = "results"
"""Kind of the calls that poll jobs."""

KEPT_ENDINGS = 900
"""Seconds for which the end of a job is remembered."""

KEPT_LOG = 7 * 24 * 3600
"""Seconds after which the numbers of the log begin again at 1."""

FIRST_READ = 500
"""New entries of the log that a process reads at most, as when it begins to wait: a page of the job list."""

DIGEST_BITS = 40
"""Length of a job's digest. Equal digests cost a poll."""

TIME_BITS = 12
"""Length of the time at which a job ended, in seconds modulo ``UNKNOWN_END``. With the digest it has 52 bits: scripts
of a storage may handle numbers as floats."""

UNKNOWN_END = (1 << TIME_BITS) - 1
"""The time of a job whose end no list states."""

MAX_AGO = UNKNOWN_END // 2
"""Seconds since the end of a job that can be read from the log: longer than an entry is kept. A time that seems to be
longer ago is that of a clock that is ahead."""


@dataclass(frozen=True)
class Quota:
    """The quota of one account.

    :param owner: identifies the account: its key's id or its role, and the endpoint; only a digest of it is stored
    :param url: of the storage that all processes share; ``None``: the processes of one user on one machine share the
        limit of submissions, and each process limits its own polls
    :param stats: receives the number of times that the storage could not be used
    """

    owner: str
    url: str | None = field(default=None, repr=False)
    stats: Stats = field(default_factory=Stats, compare=False)

    def check(self) -> None:
        """Check that this process can use the shared storage, as far as that is known without connecting.

        :raises ConfigurationError: a package is missing, or the URL cannot be used
        """
        if self.url is not None:
            open_counters(self.url, self.stats)

    async def open(self) -> None:
        """Open the shared storage, if there is one and it can be used, without blocking the event loop."""
        await asyncio.to_thread(lambda: self._shared)

    def limiter(self, kind: str, rate: float) -> RateLimiter:
        """Return the rate limiter of a kind of call, for an event loop.

        :param kind: ``RESULTS``, or the name of an action
        """
        counters = self._shared
        if counters is None:
            return RateLimiter(rate)
        return SharedRateLimiter(rate, SlotReservations(counters, self._key(kind), rate))

    @contextmanager
    def counting_poll(self, rate: float, pause: Callable[[float], None] = time.sleep) -> Iterator[None]:
        """Wait for the slot of a worker's poll in the shared storage, if there is one; a distant slot is not taken.

        :param rate: calls per second
        :param pause: sleeps for seconds
        """
        slots = self._shared and SlotReservations(self._shared, self._key(RESULTS), rate)
        slot = slots and wait_for_near_slot(slots, pause)
        try:
            yield
        finally:
            if slots and slot:
                with suppress(CountersUnavailable):
                    slots.release(slot)

    def submit_limiter(
        self,
        action: str,
        rate: float,
        pause: Callable[[float], None],
        clock: Callable[[], float] = time.time,
    ) -> SharedSubmitLimiter:
        """Return the limiter of an action's submissions, for a worker.

        :param action: as ``service.Action``
        :param pause: sleeps for seconds, or raises ``StopRequested``
        :param clock: Unix time
        """
        shared = self._shared
        counters: list[Counters] = [HostCounters()] if shared is None else [shared, HostCounters()]
        return SharedSubmitLimiter(
            [SlotReservations(each, self._key(action), rate, clock) for each in counters], pause
        )

    def job_list(self, name: str, interval: float) -> SharedJobList | None:
        """Return what processes share about a job list; ``None`` without a shared storage.

        :param name: of the list
        :param interval: seconds between two reads that the service allows the account
        """
        counters = self._shared
        return None if counters is None else SharedJobList(counters, self._key(name), interval)

    @cached_property
    def _shared(self) -> SharedCounters | None:
        if self.url is None:
            return None
        try:
            return open_counters(self.url, self.stats)
        except ConfigurationError as error:
            # Found before anything was submitted, on the worker. Here jobs are paid for, and are waited for.
            logger.warning(
                "This process limits its own polls, and submissions are limited per machine: %s", error
            )
            self.stats.count(QUOTA_UNAVAILABLE, None)
            return None

    def _key(self, kind: str) -> str:
        return f"{hashlib.sha256(self.owner.encode()).hexdigest()[:20]}:{kind}"


class SharedJobList:
    """The slots to read the job list, and a log of the jobs that any process has seen finished in it.

    The log is a counter and, for each number up to its value, a counter that holds the digest of a job's id and when
    the job ended, so that all processes fetch results in that order. So any storage that counts can hold it, and it
    costs two calls per job that ends, however many jobs are pending.

    :param counters: shared by all processes
    :param key: names account and list; holds no secret
    :param interval: seconds between two reads that the service allows the account
    :param clock: Unix time
    """

    def __init__(
        self, counters: Counters, key: str, interval: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._counters = counters
        self._key = key
        self._clock = clock
        self._slots = SlotReservations(counters, f"{key}:read", 1 / interval)
        self._published: set[int] = set()
        self._next: int | None = None
        self._missing: set[int] = set()

    async def wait_for_slot(self) -> Slot | None:
        """Wait until this process may read the list; ``None`` at once if the counters cannot be used now."""
        try:
            return await take_slot(self._slots)
        except CountersUnavailable:
            return None

    async def release_slot(self, slot: Slot | None, *, throttled: bool) -> None:
        """Record that the response has arrived, or that none will."""
        with suppress(CountersUnavailable):
            if slot is not None:
                await asyncio.to_thread(self._slots.release, slot)
            if throttled:
                await asyncio.to_thread(self._slots.on_throttled)

    async def publish(self, finished: Mapping[str, Ending | None]) -> None:
        """Report to other processes that jobs have ended, and when, each once."""
        digests = {job_digest(job_id): ending for job_id, ending in finished.items()}
        new = {digest: ending for digest, ending in digests.items() if digest not in self._published}
        with suppress(CountersUnavailable):
            await asyncio.to_thread(self._publish, new)

    async def finished(self, job_ids: Collection[str]) -> Mapping[str, Ending | None]:
        """Return those of the jobs that processes have seen finished since the last call, and when they ended.

        The times are rounded to seconds.
        """
        try:
            endings = await asyncio.to_thread(self._read)
        except CountersUnavailable:
            return {}
        if not endings:
            return {}
        digests = {job_id: job_digest(job_id) for job_id in job_ids}
        return {job_id: endings[digest] for job_id, digest in digests.items() if digest in endings}

    def _publish(self, endings: Mapping[int, Ending | None]) -> None:
        for digest, ending in endings.items():
            if self._counters.incr(f"{self._key}:ended:{digest}", KEPT_ENDINGS) == 1:
                number = self._counters.incr(f"{self._key}:log", KEPT_LOG)
                entry = digest << TIME_BITS | self._encoded_end(ending)
                self._counters.incr(f"{self._key}:log:{number}", KEPT_ENDINGS, entry)
            self._published.add(digest)
        if len(self._published) > 10_000:
            self._published.clear()

    def _encoded_end(self, ending: Ending | None) -> int:
        if ending is None or not 0 <= ending.ago <= MAX_AGO:
            return UNKNOWN_END
        return int(self._clock() - ending.ago) % UNKNOWN_END

    def _decoded_end(self, encoded: int) -> Ending | None:
        if encoded == UNKNOWN_END:
            return None
        ago = (self._clock() - encoded) % UNKNOWN_END
        return Ending(ago if ago <= MAX_AGO else 0.0, took=None)

    def _read(self) -> Mapping[int, Ending | None]:
        last = self._counters.get(f"{self._key}:log")
        first = max(1, last + 1 - FIRST_READ)
        if self._next is None or not first <= self._next <= last + 1:
            # This process begins, or has not read for long, or the numbers have begun again.
            self._next, self._missing = first, set()
        new = range(self._next, last + 1)
        entries = {
            number: self._counters.get(f"{self._key}:log:{number}") for number in (*self._missing, *new)
        }
        # What is being written at the moment is read once more.
        self._missing = {number for number in new if not entries[number]}
        self._next = last + 1
        return {
            entry >> TIME_BITS: self._decoded_end(entry & UNKNOWN_END) for entry in entries.values() if entry
        }


def job_digest(job_id: str) -> int:
    """Return the digest of a job's id in the log, above 0."""
    digest = hashlib.sha256(job_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - DIGEST_BITS) or 1
