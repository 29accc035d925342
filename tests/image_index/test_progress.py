"""Log lines during the indexing."""

from __future__ import annotations

import pytest

from airflow_provider_viapi.image_index.report import IndexingProgress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def after(seconds: float, done: int, total: int = 5000) -> str:
    clock = Clock()
    progress = IndexingProgress(total, clock)
    clock.now += seconds
    progress.done = done
    return progress.describe()


@pytest.mark.parametrize(
    ("seconds", "done", "described"),
    [
        (24.0, 1200, "1,200 of 5,000 (24 %), 50.0 a second, about 1 min 16 s left"),
        (100.0, 5000, "5,000 of 5,000 (100 %), 50.0 a second, about 0 s left"),
        (30.0, 60, "60 of 5,000 (1 %), 2.0 a second, about 41 min 10 s left"),
        (30.0, 6, "6 of 5,000 (0 %), 0.2 a second, about 6 h 56 min left"),
        (30.0, 0, "0 of 5,000 (0 %), 0.0 a second, no end foreseeable"),
        (0.0, 0, "0 of 5,000 (0 %), 0.0 a second, no end foreseeable"),
    ],
)
def test_progress_has_the_count_the_rate_and_the_time_left(seconds: float, done: int, described: str) -> None:
    assert after(seconds, done) == described


def test_the_rate_is_that_since_the_last_report() -> None:
    clock = Clock()
    progress = IndexingProgress(300, clock)
    clock.now, progress.done = 110, 100
    progress.describe()

    clock.now, progress.done = 120, 120

    assert progress.describe() == "120 of 300 (40 %), 2.0 a second, about 1 min 30 s left"


def test_nothing_to_do_is_all_done() -> None:
    assert after(1.0, 0, total=0) == "0 of 0 (100 %), 0.0 a second, no end foreseeable"
