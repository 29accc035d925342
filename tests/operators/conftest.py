"""Fixtures for tests of several operators."""

from __future__ import annotations

from collections import Counter

import pytest

from airflow_provider_viapi.hooks.airflow_stats import AirflowStats


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str | None]]:
    """The sums of the counters, by name and action."""
    found: Counter[tuple[str, str | None]] = Counter()

    def count(_: AirflowStats, name: str, action: str | None, by: int = 1) -> None:
        found[name, action] += by

    monkeypatch.setattr(AirflowStats, "count", count)
    return found
