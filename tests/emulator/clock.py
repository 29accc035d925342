"""A clock that a test holds."""

from __future__ import annotations


class Clock:
    """A clock that only tests advance."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time
