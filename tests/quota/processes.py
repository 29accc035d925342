"""Processes that share counters and call one account, in virtual time: each is a generator that yields sleeps."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count

from airflow_provider_viapi.quota.counters import CountersUnavailable
from airflow_provider_viapi.quota.slots import SlotReservations


class Simulation:
    """Runs generators that yield the seconds to sleep, in the order of their times."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now
        self._order = count()
        self._queue: list[tuple[float, int, Iterator[float]]] = []

    def clock(self) -> float:
        return self.now

    def start(self, process: Iterator[float], at: float = 0.0) -> None:
        heapq.heappush(self._queue, (self.now + at, next(self._order), process))

    def run(self) -> None:
        while self._queue:
            self.now, _, process = heapq.heappop(self._queue)
            if (seconds := next(process, None)) is not None:
                self.start(process, seconds)


class DictCounters:
    """Counters that a dict holds; nothing expires."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.calls = 0

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        self.calls += 1
        self.values[key] = self.values.get(key, 0) + amount
        return self.values[key]

    def get(self, key: str) -> int:
        self.calls += 1
        return self.values.get(key, 0)


class ExpiringCounters(DictCounters):
    """Counters that are forgotten when their time is over.

    :param clock: Unix time
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._until: dict[str, float] = {}

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        if self.get(key) == 0:
            self.values.pop(key, None)
            self._until[key] = self._clock() + expiry
        return super().incr(key, expiry, amount)

    def get(self, key: str) -> int:
        return super().get(key) if self._until.get(key, 0.0) > self._clock() else 0


class BrokenCounters(DictCounters):
    """Counters that cannot be reached."""

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise CountersUnavailable

    def get(self, key: str) -> int:
        raise CountersUnavailable


class ReadOnlyCounters(DictCounters):
    """Counters that can be read and not written, as of a storage that is full; each slot of others is taken.

    :param taken: number below which others have taken all slots
    """

    def __init__(self, taken: int) -> None:
        super().__init__()
        self._taken = taken

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise CountersUnavailable

    def get(self, key: str) -> int:
        _, is_slot, number = key.rpartition(":slot:")
        return int(bool(is_slot) and int(number) < self._taken)


class Account:
    """A service that accepts so many calls in any one second, by their arrival."""

    def __init__(self, simulation: Simulation, calls_per_second: int) -> None:
        self._simulation = simulation
        self._accepted: deque[float] = deque(maxlen=calls_per_second)
        self.accepted = 0
        self.throttled = 0

    def arrive(self) -> bool:
        now = self._simulation.now
        is_full = len(self._accepted) == self._accepted.maxlen
        if is_full and now - self._accepted[0] < 1.0:
            self.throttled += 1
            return False
        self._accepted.append(now)
        self.accepted += 1
        return True


def caller(
    slots: SlotReservations,
    account: Account,
    calls: int,
    latency: Callable[[], float],
    late: Callable[[], float],
) -> Iterator[float]:
    """Make so many calls one after the other; a throttled one is repeated.

    :param latency: seconds in transit, each way
    :param late: seconds by which the process wakes up late
    """
    while calls:
        slot = slots.reserve()
        for seconds in slots.pauses(slot):
            yield seconds + late()
        yield latency()
        accepted = account.arrive()
        yield latency()
        slots.release(slot)
        if accepted:
            calls -= 1
        else:
            slots.on_throttled()


def uniform(seed: int, low: float, high: float) -> Callable[[], float]:
    chance = random.Random(seed)
    return lambda: chance.uniform(low, high)
