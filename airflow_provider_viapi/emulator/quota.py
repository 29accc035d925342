"""How many calls of an action an account has in a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from airflow_provider_viapi.emulator.errors import ApiError

CallsPerSecond = int | Mapping[str, int] | None
"""A quota as it is given: of each action, by the action's name, or none."""


class Quota:
    """Lets so many calls of each action pass in any one second; those over it fail at once and do not count.

    :param calls_per_second: how many, the same for each action or by the action's name; as many as come if ``None``
        or not named
    :param now: the clock, in Unix time
    """

    def __init__(self, calls_per_second: CallsPerSecond, now: Callable[[], float]) -> None:
        self._calls_per_second = calls_per_second
        self._now = now
        self._passed: dict[str, deque[float]] = {}

    def take(self, action: str) -> None:
        """Let a call of that action pass.

        :raises ApiError: it is one too many
        """
        most = self._most(action)
        if most is None:
            return
        now = self._now()
        passed = self._passed.setdefault(action, deque(maxlen=most))
        if len(passed) == most and now - passed[0] < 1.0:
            raise ApiError(
                "Throttling.User", f"Request was denied: {action} is limited to {most} calls a second."
            )
        passed.append(now)

    def _most(self, action: str) -> int | None:
        if isinstance(self._calls_per_second, Mapping):
            return self._calls_per_second.get(action)
        return self._calls_per_second

    def reset(self) -> None:
        """Let the whole quota be used again."""
        self._passed.clear()
