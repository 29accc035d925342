"""What the quota itself forces: nobody can know of a job's end before a list shows it, nor fetch results faster."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

PAGE = 500
PHASES = 20


def percentile(values: Sequence[float], share: float) -> float:
    """The value that so large a share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def forced_delays(seconds: Sequence[float], per_second: float, between_looks: float) -> list[float]:
    """Delays from finished to noticed of one who uses both quotas to the full and whose calls take no time.

    It looks at a page of the list (newest first) at every moment that the list allows, passes over what it knows to
    have ended, and fetches results, those of the jobs that ended first before others, at every moment that the quota
    allows. NoAuth can choose where between two looks jobs end: so the first look is at so many moments, evenly spread
    over the time between two looks, and the delays of all are given; of ten jobs, a single one would be luck.

    :param seconds: how long each job takes; all begin at 0
    :param per_second: results
    :param between_looks: seconds
    """
    moments = (between_looks * (phase + 1) / PHASES for phase in range(PHASES))
    return [delay for first in moments for delay in _delays(seconds, per_second, between_looks, first)]


def _delays(
    seconds: Sequence[float], per_second: float, between_looks: float, first_look: float
) -> list[float]:
    pages = [range(start, min(start + PAGE, len(seconds))) for start in range(0, len(seconds), PAGE)]
    unknown, known, delays = set(range(len(seconds))), list[tuple[float, int]](), []
    now, page, next_look = 0.0, 0, first_look
    while len(delays) < len(seconds):
        if known and now < next_look:
            ended, _ = heapq.heappop(known)
            delays.append(now - ended)
            now += 1 / per_second
            continue
        now = max(now, next_look)
        next_look += between_looks
        for number in pages[-1 - page]:
            if number in unknown and seconds[number] <= now:
                unknown.discard(number)
                heapq.heappush(known, (seconds[number], number))
        page = (page + 1) % len(pages)
    return delays


def results_alone(seconds: Sequence[float], per_second: float) -> list[float]:
    """The same for one who knows of every end at once, as nobody can: only the results' quota holds it up."""
    delays, free = [], 0.0
    for ended in sorted(seconds):
        free = max(free, ended)
        delays.append(free - ended)
        free += 1 / per_second
    return delays
