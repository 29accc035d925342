"""How many calls of an action an account has in a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from airflow_provider_viapi.emulator.api_error import ApiError


class Quota:
    """Lets so many calls of each action pass in any one second; those over it fail at once and do not count.

    :param calls_per_second: how many; as many as come if ``None``
    :param now: the clock, in Unix time
    """

    def __init__(self, calls_per_second: int | None, now: Callable[[], float]) -> None:
        self._most = calls_per_second
        self._now = now
        self._passed: dict[str, deque[float]] = {}

    def take(self, action: str) -> None:
        """Let a call of that action pass.

        :raises ApiError: it is one too many
        """
        if self._most is None:
            return
        now = self._now()
        passed = self._passed.setdefault(action, deque(maxlen=self._most))
        if len(passed) == self._most and now - passed[0] < 1.0:
            raise ApiError(
                "Throttling.User", f"Request was denied: {action} is limited to {self._most} calls a second."
            )
        passed.append(now)

    def reset(self) -> None:
        """Let the whole quota be used again."""
        self._passed.clear()
