"""Lower bound of the delay: no client can notice a job's end before a list shows it, nor fetch results faster."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

QUOTA = 10
"""Calls per second that the emulator answers."""

PAGE = 500
PHASES = 20


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that the given share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def forced_delays(seconds: Sequence[float], per_second: float, list_interval: float) -> list[float]:
    """Return the delays from finished to noticed of an ideal client that uses both quotas fully.

    Its calls take no time. It reads a page of the list (newest first) whenever the list's quota allows, skips jobs
    that it knows to have ended, and fetches results, in the order in which jobs ended, whenever the results' quota
    allows. Where jobs end between two list requests is chance, so the simulation runs with several times of the
    first list request, evenly spread over one interval, and returns the delays of all runs.

    :param seconds: duration of each job; all start at 0
    :param per_second: quota of results
    :param list_interval: seconds between two list requests
    """
    moments = (list_interval * (phase + 1) / PHASES for phase in range(PHASES))
    return [delay for first in moments for delay in _delays(seconds, per_second, list_interval, first)]


def _delays(
    seconds: Sequence[float], per_second: float, list_interval: float, first_list: float
) -> list[float]:
    pages = [range(start, min(start + PAGE, len(seconds))) for start in range(0, len(seconds), PAGE)]
    unknown, known, delays = set(range(len(seconds))), list[tuple[float, int]](), []
    now, page, next_list = 0.0, 0, first_list
    while len(delays) < len(seconds):
        if known and now < next_list:
            ended, _ = heapq.heappop(known)
            delays.append(now - ended)
            now += 1 / per_second
            continue
        now = max(now, next_list)
        next_list += list_interval
        for number in pages[-1 - page]:
            if number in unknown and seconds[number] <= now:
                unknown.discard(number)
                heapq.heappush(known, (seconds[number], number))
        page = (page + 1) % len(pages)
    return delays


def results_alone(seconds: Sequence[float], per_second: float) -> list[float]:
    """Return the delays of a client that knows every end immediately: only the results' quota delays it."""
    delays, free = [], 0.0
    for ended in sorted(seconds):
        free = max(free, ended)
        delays.append(free - ended)
        free += 1 / per_second
    return delays
