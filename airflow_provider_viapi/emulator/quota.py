"""The limit of calls per second that an account has for each action."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from airflow_provider_viapi.emulator.errors import ApiError

CallsPerSecond = int | Mapping[str, int] | None
"""A limit for each action, or by action name; ``None``: no limit."""

WINDOW = 60.0
"""Seconds for which calls are counted for :meth:`Quota.usage`."""

NOMINAL_CALLS = 100_000
"""Calls per minute that :meth:`Quota.usage` returns if there is no limit."""


class Quota:
    """Limit the calls of each action in any one second; rejected calls do not count.

    :param calls_per_second: the limit; actions that a mapping does not name have none
    :param now: the clock, in Unix time
    """

    def __init__(self, calls_per_second: CallsPerSecond, now: Callable[[], float]) -> None:
        self._calls_per_second = calls_per_second
        self._now = now
        self._accepted: dict[str, deque[float]] = {}

    def take(self, action: str) -> None:
        """Count a call of an action.

        :raises ApiError: the limit is reached
        """
        limit, accepted, now = self.limit(action), self._recent(action), self._now()
        if limit is not None and len(accepted) >= limit and now - accepted[-limit] < 1.0:
            raise ApiError(
                "Throttling.User", f"Request was denied: {action} is limited to {limit} calls per second."
            )
        accepted.append(now)

    def limit(self, action: str) -> int | None:
        """Return the largest number of calls of an action per second, or ``None`` if there is no limit."""
        if isinstance(self._calls_per_second, Mapping):
            return self._calls_per_second.get(action)
        return self._calls_per_second

    def usage(self, action: str) -> tuple[int, int]:
        """Return how many calls of an action are allowed per minute, and how many of them remain."""
        limit = self.limit(action)
        total = NOMINAL_CALLS if limit is None else int(limit * WINDOW)
        return total, max(0, total - len(self._recent(action)))

    def reset(self) -> None:
        """Forget all calls."""
        self._accepted.clear()

    def _recent(self, action: str) -> deque[float]:
        accepted, now = self._accepted.setdefault(action, deque()), self._now()
        while accepted and now - accepted[0] >= WINDOW:
            accepted.popleft()
        return accepted
